/* Syncs: the configured flows, and what is known of them at run time. */
#ifndef DS_SYNC_H
#define DS_SYNC_H

#include <apr_pools.h>

#include "ds_db.h"
#include "ds_object.h"

#define DS_SYNC_ID_MAX 64

typedef enum ds_sync_kind_e {
    DS_KIND_IMPORT,
    DS_KIND_DELETE,
    DS_KIND_EXPORT,
    DS_KIND_PULL
} ds_sync_kind_e;

typedef enum ds_sync_auth_e {
    DS_AUTH_TOKEN, /* a token of this sync's: the default */
    DS_AUTH_NONE,  /* open to everybody who reaches the server */
    DS_AUTH_HTTPD  /* the server's own Require lines decide */
} ds_sync_auth_e;

/* What a reader of strangers' files allows. */
typedef struct ds_limits_t {
    apr_int64_t upload;       /* bytes of one uploaded file */
    apr_int64_t rows;         /* records of one file, the header not counted */
    apr_int64_t row_length;   /* bytes of one record with its quotes and line end */
    apr_int64_t field_length; /* bytes of one cell, unquoted */
    apr_int64_t fields;       /* cells of one record */
} ds_limits_t;

typedef struct ds_sync_t {
    const char *id;
    const char *name; /* never NULL: the id where nothing was given */
    ds_sync_kind_e kind;
    const char *object_name;
    const ds_object_t *object; /* set by ds_def_check */
    ds_sync_auth_e auth;
    char delimiter; /* ',' ';' or '\t'; NUL: taken from the header line */
    ds_limits_t limits;
} ds_sync_t;

/* A sync of kind import with the default limits, in pool. */
ds_sync_t *ds_sync_make(const char *id, apr_pool_t *pool);

/* May this be the id of a sync: letters, digits, - _ and ., starting with a letter or digit, at
 * most DS_SYNC_ID_MAX bytes, and none of the words that are parts of our paths (import, export,
 * delete, remove)? NULL when it may, else what is wrong. */
const char *ds_sync_id_fault(const char *id);

const char *ds_sync_kind_name(ds_sync_kind_e kind);
int ds_sync_kind_find(ds_sync_kind_e *kind, const char *name);
const char *ds_sync_auth_name(ds_sync_auth_e auth);
int ds_sync_auth_find(ds_sync_auth_e *auth, const char *name);

/* Is the sync switched on? A sync that nobody has switched is. */
apr_status_t ds_sync_enabled_get(int *enabled, ds_db_t *db, const char *id, apr_pool_t *scratch);

/* Switch it, for all nodes and from now on. */
apr_status_t ds_sync_enabled_set(ds_db_t *db, const char *id, int enabled);

#endif
