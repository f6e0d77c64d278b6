#include "dsm_bucket.h"

#include <http_log.h>
#include <http_main.h>

#include <string.h>

#include "ds_file.h"
#include "ds_log.h"
#include "dsm_db.h"

APLOG_USE_MODULE(datasync);

/* What all buckets of one file share. Start and length of a bucket are its bytes of the file. */
typedef struct stored_t {
    apr_bucket_refcount refcount; /* must be first */
    apr_int64_t file_id;
} stored_t;

static apr_status_t stored_read(apr_bucket *bucket, const char **data, apr_size_t *size,
                                apr_read_type_e block);

static void stored_destroy(void *data)
{
    if (apr_bucket_shared_destroy(data)) {
        apr_bucket_free(data);
    }
}

static const apr_bucket_type_t stored_type = {
    "DATASYNC_FILE",
    5,
    APR_BUCKET_DATA,
    stored_destroy,
    stored_read,
    apr_bucket_setaside_noop,
    apr_bucket_shared_split,
    apr_bucket_shared_copy,
};

apr_bucket *dsm_bucket_file_create(apr_int64_t file_id, apr_int64_t size, apr_bucket_alloc_t *list)
{
    apr_bucket *bucket = apr_bucket_alloc(sizeof(*bucket), list);
    stored_t *stored = apr_bucket_alloc(sizeof(*stored), list);

    APR_BUCKET_INIT(bucket);
    bucket->free = apr_bucket_free;
    bucket->list = list;
    stored->file_id = file_id;
    bucket = apr_bucket_shared_make(bucket, stored, 0, (apr_size_t)size);
    bucket->type = &stored_type;
    return bucket;
}

/* The bucket becomes the bytes at its beginning, up to the end of their chunk. */
static void bucket_fill(apr_bucket *bucket, const char *bytes, apr_size_t size)
{
    stored_t *stored = bucket->data;
    char *copy = apr_bucket_alloc(size, bucket->list);

    memcpy(copy, bytes, size);
    if (bucket->length > size) {
        apr_bucket_split(bucket, size);
    }
    apr_bucket_heap_make(bucket, copy, size, apr_bucket_free);
    stored_destroy(stored);
}

/* Read the chunk and fill the bucket. The chunk's memory is the connection's and goes at once. */
static apr_status_t chunk_fetch(apr_bucket *bucket, dsm_db_t *connection)
{
    const stored_t *stored = bucket->data;
    const char *chunk;
    apr_size_t size;
    apr_int64_t start;
    apr_pool_t *pool;
    apr_status_t status = apr_pool_create(&pool, connection->pool);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = ds_file_chunk_read(&chunk, &size, &start, connection->db, stored->file_id,
                                bucket->start, pool);
    if (status == APR_SUCCESS) {
        chunk += bucket->start - start;
        size -= (apr_size_t)(bucket->start - start);
        bucket_fill(bucket, chunk, size < bucket->length ? size : bucket->length);
    }
    apr_pool_destroy(pool);
    return status;
}

/* A second try with another connection where the first is broken. */
static apr_status_t chunk_fetch_safely(apr_bucket *bucket)
{
    dsm_db_t *connection;
    apr_status_t status = DS_EBUSY;
    int try;

    for (try = 0; try < 2 && (status == DS_EBUSY || status == DS_EDB); ++try) {
        status = dsm_db_reader_acquire(&connection);
        if (status == APR_SUCCESS) {
            status = chunk_fetch(bucket, connection);
            dsm_db_release(connection, status);
        }
    }
    return status;
}

static void fault_log(const apr_bucket *bucket, apr_status_t status)
{
    const stored_t *stored = bucket->data;
    apr_pool_t *pool;

    apr_pool_create(&pool, NULL);
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, ap_server_conf,
                 DSLOGNO(0090) "a download was broken off, file %" APR_INT64_T_FMT
                               " cannot be read at %" APR_INT64_T_FMT ": %s",
                 stored->file_id, (apr_int64_t)bucket->start, ds_problem_status_text(status, pool));
    apr_pool_destroy(pool);
}

static apr_status_t stored_read(apr_bucket *bucket, const char **data, apr_size_t *size,
                                apr_read_type_e block)
{
    apr_status_t status = chunk_fetch_safely(bucket);

    if (status != APR_SUCCESS) {
        fault_log(bucket, status);
        return status;
    }
    return apr_bucket_read(bucket, data, size, block);
}
