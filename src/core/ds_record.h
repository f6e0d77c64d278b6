/* Single records of an object: read, written and removed one by one, at once. For protocols that
 * answer about each record; files go through launches' runners instead.
 *
 * A ds_records_t belongs to one connection and lives as long as it. Values are texts in normal
 * form, one for each field of the object in its order, NULL for none. */
#ifndef DS_RECORD_H
#define DS_RECORD_H

#include "ds_db.h"
#include "ds_guid.h"
#include "ds_launch.h"
#include "ds_object.h"

typedef struct ds_records_t ds_records_t;

typedef struct ds_record_t {
    const char *const *values;
    const char *created_at; /* RFC 3339 in UTC, or NULL */
    const char *updated_at;
} ds_record_t;

ds_records_t *ds_records_make(ds_db_t *db, const ds_object_t *object, apr_pool_t *pool);

/* The record with the key of `values`; the other values do not matter. With `locked`, inside a
 * transaction, nobody else changes it before its end. DS_ENOTFOUND. */
apr_status_t ds_record_get(ds_record_t **record, ds_records_t *records, const char *const *values,
                           int locked, apr_pool_t *pool);

/* Inside a transaction: write a record with all its values, or remove one. now is RFC 3339. */
apr_status_t ds_record_put(ds_records_t *records, const char *const *values, apr_int64_t launch_id,
                           const char *now);
apr_status_t ds_record_remove(int *found, ds_records_t *records, const char *const *values,
                              apr_int64_t launch_id, const char *now);

/* The id of a record (ds_guid.h). */
apr_status_t ds_record_guid(char guid[DS_GUID_SIZE], ds_records_t *records,
                            const char *const *values, apr_pool_t *scratch);

/* Ids that were told to somebody are kept, so that they can be asked for. store: inside a
 * transaction, or not. find gives the values of the key, the others NULL; DS_ENOTFOUND for an id
 * that nobody was told, or of another object. */
apr_status_t ds_record_guid_store(ds_records_t *records, const char *guid,
                                  const char *const *values, apr_pool_t *scratch);
apr_status_t ds_record_guid_find(const char *const **values, ds_records_t *records,
                                 const char *guid, apr_pool_t *pool);

/* Inside a transaction: a launch that stands for what is written without a file. It is finished
 * from the beginning; `end` gives it its counters and its message. */
apr_status_t ds_record_launch_begin(ds_launch_t **launch, ds_db_t *db,
                                    const ds_launch_request_t *request, apr_pool_t *pool);
apr_status_t ds_record_launch_end(ds_db_t *db, const ds_launch_t *launch, const ds_counters_t *rows,
                                  const char *message);

#endif
