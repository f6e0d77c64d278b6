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

static apr_status_t chunk_write(ds_db_t *db, const ds_db_chunk_t *chunk, apr_int64_t file_id)
{
    apr_time_t now;
    apr_status_t status = ds_db_now(&now, db);

    if (status == APR_SUCCESS)
        status = ds_db_query(
            db, NULL, STMT_CHUNK_WRITE,
            DS_ARGS(DS_INT(file_id), DS_INT(chunk->start), DS_BLOB(chunk->data, chunk->size)));
    if (status != APR_SUCCESS)
        return status;
    return ds_db_query(
        db, &db->settled, STMT_SQLITE_FILE_TOUCH,
        DS_ARGS(DS_INT(chunk->start + (apr_int64_t)chunk->size), DS_INT(now), DS_INT(file_id)));
}

apr_status_t ds_db_sqlite_chunk_append(ds_db_t *db, const ds_db_chunk_t *chunk, apr_int64_t file_id)
{
    apr_status_t status;

    ds_db_lazy_set(db);
    status = ds_db_begin(db);
    if (status != APR_SUCCESS)
        return status;
    status = chunk_write(db, chunk, file_id);
    if (status == APR_SUCCESS && db->settled == 1)
        return ds_db_commit(db);
    ds_db_rollback(db);
    return status == APR_SUCCESS ? DS_EBUSY : status;
}

apr_status_t ds_db_chunk_append(ds_db_t *db, const ds_db_chunk_t *chunk, apr_int64_t file_id)
{
    return db->dialect->chunk_append(db, chunk, file_id);
}

apr_status_t ds_db_chunk_finish(ds_db_t *db)
{
    apr_status_t status = ds_db_settle(db);

    return status == APR_SUCCESS && db->settled != 1 ? DS_EBUSY : status;
}

apr_status_t ds_db_chunk_read(ds_db_chunk_t *chunk, ds_db_t *db, apr_int64_t file_id,
                              apr_int64_t offset, apr_pool_t *pool)
{
    *chunk = (ds_db_chunk_t){0};
    return db->dialect->chunk_read(chunk, db, file_id, offset, pool);
}
