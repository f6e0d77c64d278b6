#include "ds_upload_key.h"

#include <string.h>

#define KEY_LIFE apr_time_from_sec(24 * 3600)

apr_status_t ds_upload_key_find(apr_int64_t *launch_id, ds_db_t *db, const ds_upload_key_t *key,
                                apr_time_t now, apr_pool_t *scratch)
{
    ds_db_rows_t *rows;
    apr_status_t status = ds_db_select(
        &rows, db, STMT_UPLOAD_KEY_GET,
        DS_ARGS(DS_TEXT(key->sync_id), DS_TEXT(key->key), DS_INT(now - KEY_LIFE)), scratch);

    if (status != APR_SUCCESS)
        return status;
    if (!ds_db_rows_next(rows))
        return DS_ENOTFOUND;
    *launch_id = ds_db_rows_int(rows, 1);
    return strcmp(ds_db_rows_text(rows, 0), key->sha256) ? DS_ECONFLICT : APR_SUCCESS;
}

apr_status_t ds_upload_key_store(ds_db_t *db, const ds_upload_key_t *key, apr_int64_t launch_id,
                                 apr_time_t now)
{
    return ds_db_query(db, NULL, STMT_UPLOAD_KEY_SET,
                       DS_ARGS(DS_TEXT(key->sync_id), DS_TEXT(key->key), DS_TEXT(key->sha256),
                               DS_INT(launch_id), DS_INT(now)));
}

apr_status_t ds_upload_key_expire(ds_db_t *db, apr_time_t now)
{
    return ds_db_query(db, NULL, STMT_UPLOAD_KEY_EXPIRE, DS_ARGS(DS_INT(now - KEY_LIFE)));
}
