/* The Idempotency-Keys that came with uploads: for a day each tells which bytes it came with, and
 * which launch they became. It outlives that launch where retention removes it earlier. */
#ifndef DS_UPLOAD_KEY_H
#define DS_UPLOAD_KEY_H

#include <apr_time.h>

#include "ds_db.h"

typedef struct ds_upload_key_t {
    const char *sync_id; /* keys of different syncs have nothing to do with each other */
    const char *key;
    const char *sha256; /* of the bytes, with a mark where the same bytes mean something else */
} ds_upload_key_t;

/* Inside a transaction: the launch that the key stands for. DS_ENOTFOUND: none within a day;
 * DS_ECONFLICT: it came with other bytes. */
apr_status_t ds_upload_key_find(apr_int64_t *launch_id, ds_db_t *db, const ds_upload_key_t *key,
                                apr_time_t now, apr_pool_t *scratch);

/* Inside the transaction that makes the launch. */
apr_status_t ds_upload_key_store(ds_db_t *db, const ds_upload_key_t *key, apr_int64_t launch_id,
                                 apr_time_t now);

/* Remove those that are older than a day. For the keeper. */
apr_status_t ds_upload_key_expire(ds_db_t *db, apr_time_t now);

#endif
