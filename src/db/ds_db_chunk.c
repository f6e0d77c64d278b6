#include "ds_db_chunk.h"

#include <apr_buckets.h>

#include "ds_db_private.h"

/* The driver gives bytes as a bucket. */
static void bytes_read(ds_db_chunk_t *chunk, ds_db_rows_t *rows, int column)
{
    apr_bucket_alloc_t *alloc = apr_bucket_alloc_create(rows->pool);
    apr_bucket_brigade *brigade = apr_brigade_create(rows->pool, alloc);

    apr_dbd_datum_get(rows->db->driver, rows->row, column, APR_DBD_TYPE_BLOB, brigade);
    if (!APR_BRIGADE_EMPTY(brigade))
        apr_bucket_read(APR_BRIGADE_FIRST(brigade), &chunk->data, &chunk->size, APR_BLOCK_READ);
    apr_brigade_destroy(brigade); /* or the end of the pool would copy the bytes once more */
}

apr_status_t ds_db_sqlite_chunk_read(ds_db_chunk_t *chunk, ds_db_t *db, apr_int64_t file_id,
                                     apr_int64_t offset, apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status = ds_db_select(&rows, db, STMT_SQLITE_CHUNK_READ,
                                       DS_ARGS(DS_INT(file_id), DS_INT(offset)), pool);

    if (status != APR_SUCCESS)
        return status;
    if (!ds_db_rows_next(rows))
        return DS_ENOTFOUND;
    chunk->start = ds_db_rows_int(rows, 0);
    bytes_read(chunk, rows, 1);
    return APR_SUCCESS;
}

apr_status_t ds_db_chunk_read(ds_db_chunk_t *chunk, ds_db_t *db, apr_int64_t file_id,
                              apr_int64_t offset, apr_pool_t *pool)
{
    *chunk = (ds_db_chunk_t){0};
    return db->dialect->chunk_read(chunk, db, file_id, offset, pool);
}
