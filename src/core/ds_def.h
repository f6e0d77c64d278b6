/* All definitions of a server: its objects and syncs.
 *
 * httpd parses them from its configuration and answers from that; the worker program writes them
 * to the database as JSON, where workers of other machines and datasyncctl read them. */
#ifndef DS_DEF_H
#define DS_DEF_H

#include <apr_hash.h>

#include "ds_db.h"
#include "ds_db_table.h"
#include "ds_digest.h"
#include "ds_sync.h"

/* How long what has ended is kept. 0: for ever. */
typedef struct ds_retention_t {
    apr_interval_time_t files;    /* age at which the files of an ended launch go */
    apr_interval_time_t launches; /* age at which the launch itself goes */
    int count;                    /* launches of one sync, the newest, that are kept */
} ds_retention_t;

typedef struct ds_def_t {
    apr_array_header_t *objects; /* of ds_object_t *, in the order of the configuration */
    apr_array_header_t *syncs;   /* of ds_sync_t *, likewise */
    apr_hash_t *object_by_name;
    apr_hash_t *sync_by_id;
    apr_hash_t *sync_by_integration; /* by integration_id */
    ds_retention_t retention;
    int queue_limit;             /* launches that may wait, of all syncs together; 0: no limit */
    ds_egress_t egress;          /* allow is never NULL */
    apr_array_header_t *outlets; /* of const char *: who is told of launches (ds_outbox.h) */
    const char *links_url;       /* where results can be fetched, up to the protocol's own paths;
                                    NULL: mail has no links */
    apr_interval_time_t links_life;
} ds_def_t;

/* No definitions, in pool. */
ds_def_t *ds_def_make(apr_pool_t *pool);

/* Add one; the problem when its name is taken (object names are compared without case). A sync
 * without an integration id gets the one that follows from its id. */
ds_problem_t *ds_def_object_add(ds_def_t *def, ds_object_t *object, apr_pool_t *pool);
ds_problem_t *ds_def_sync_add(ds_def_t *def, ds_sync_t *sync, apr_pool_t *pool);

/* NULL when there is none. */
const ds_object_t *ds_def_object_get(const ds_def_t *def, const char *name);
const ds_sync_t *ds_def_sync_get(const ds_def_t *def, const char *id);
const ds_sync_t *ds_def_integration_get(const ds_def_t *def, const char *integration_id);

/* The first sync of this kind, in the order of the configuration, that is about an object; NULL
 * when there is none. For protocols that name objects, not syncs. */
const ds_sync_t *ds_def_sync_of_object(const ds_def_t *def, const ds_object_t *object,
                                       ds_sync_kind_e kind);

/* Connect a sync with its object. NULL, or the problem when there is no such object. */
ds_problem_t *ds_def_sync_bind(ds_def_t *def, ds_sync_t *sync, apr_pool_t *pool);

/* As one JSON text in pool, keys in a fixed order: the same definitions give the same bytes. */
const char *ds_def_to_json(const ds_def_t *def, apr_pool_t *pool);

/* One object of them. */
const char *ds_def_object_to_json(const ds_object_t *object, apr_pool_t *pool);

/* When an object was first defined, and when its definition changed last. DS_ENOTFOUND: no worker
 * knows it yet. */
apr_status_t ds_def_object_times(apr_time_t *created_at, apr_time_t *updated_at, ds_db_t *db,
                                 const char *object, apr_pool_t *pool);

/* Read them back, every rule checked again. */
ds_problem_t *ds_def_from_json(ds_def_t **def, const char *json, apr_pool_t *pool);

/* The definitions that the database has; DS_ENOTFOUND when no worker has written any. */
apr_status_t ds_def_load(ds_def_t **def, ds_db_t *db, apr_pool_t *pool);

/* Load them again when the database has others than `hash` says, which is then set; "" at first.
 * *def stays what it was when nothing changed. Each load takes memory of pool. */
apr_status_t ds_def_refresh(ds_def_t **def, char hash[DS_SHA256_HEX_SIZE], ds_db_t *db,
                            apr_pool_t *pool);

/* Make the database know exactly these: JSON, hash, and a table for each object with a column for
 * each field (missing ones are added, nothing is ever dropped). Does nothing when the hash is
 * the same. Only the worker's setup step calls it. */
ds_problem_t *ds_def_store(const ds_def_t *def, ds_db_t *db, apr_pool_t *pool);

/* The column of a field, as src/db wants it described. Names are not copied. */
void ds_def_column_get(ds_db_column_t *column, const ds_field_t *field);

#endif
