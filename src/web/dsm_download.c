#include "dsm_download.h"

#include <http_core.h>
#include <http_log.h>
#include <http_main.h>
#include <http_protocol.h>
#include <http_request.h>
#include <util_filter.h>

#include <apr_buckets.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include <string.h>

#include "ds_fmt_utf8.h"
#include "ds_log.h"
#include "dsm_db.h"
#include "dsm_reply.h"

APLOG_USE_MODULE(datasync);

/* A bucket that stands for bytes of a stored file. Its start and length are those bytes; reading it
 * turns it into one chunk in memory, followed by a bucket for the rest. It needs no pool and no
 * connection until it is read, so it can be kept for as long as anybody likes. */
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

static apr_bucket *stored_create(apr_int64_t file_id, apr_int64_t size, apr_bucket_alloc_t *list)
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

/* Read the chunk at offset into pool; a second try with another connection where the first is
 * broken. */
static apr_status_t chunk_read(const char **data, apr_size_t *size, apr_int64_t *start,
                               apr_int64_t file_id, apr_int64_t offset, apr_pool_t *pool)
{
    dsm_db_t *connection;
    apr_status_t status = DS_EBUSY;
    int try;

    for (try = 0; try < 2 && (status == DS_EBUSY || status == DS_EDB); ++try) {
        status = dsm_db_acquire(&connection);
        if (status == APR_SUCCESS) {
            status = ds_file_chunk_read(data, size, start, connection->db, file_id, offset, pool);
            dsm_db_release(connection, status);
        }
    }
    return status;
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

static apr_status_t stored_read(apr_bucket *bucket, const char **data, apr_size_t *size,
                                apr_read_type_e block)
{
    const stored_t *stored = bucket->data;
    const char *chunk;
    apr_size_t skipped, available;
    apr_int64_t start;
    apr_pool_t *pool;
    apr_status_t status = apr_pool_create(&pool, NULL);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = chunk_read(&chunk, &available, &start, stored->file_id, bucket->start, pool);
    if (status == APR_SUCCESS) {
        skipped = (apr_size_t)(bucket->start - start);
        available -= skipped;
        bucket_fill(bucket, chunk + skipped,
                    available < bucket->length ? available : bucket->length);
        status = apr_bucket_read(bucket, data, size, block);
    }
    else {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, ap_server_conf,
                     DSLOGNO(0090) "a download was broken off, file %" APR_INT64_T_FMT
                                   " cannot be read at %" APR_INT64_T_FMT ": %s",
                     stored->file_id, (apr_int64_t)bucket->start,
                     ds_problem_status_text(status, pool));
    }
    apr_pool_destroy(pool);
    return status;
}

/* The last part of a path, as the client's system wrote it. */
static const char *base_name(const char *path)
{
    const char *p, *name = path;

    for (p = path; *p; ++p) {
        if (*p == '/' || *p == '\\') {
            name = p + 1;
        }
    }
    return name;
}

/* RFC 6266: a name in ASCII for old clients, and the whole one by RFC 8187 where it differs. */
static const char *disposition_make(const char *path, apr_pool_t *pool)
{
    static const char hex[] = "0123456789ABCDEF";
    const char *name = base_name(path);
    apr_size_t size = strlen(name);
    char *plain = apr_palloc(pool, size + 1);
    char *coded = apr_palloc(pool, 3 * size + 1);
    apr_size_t i, bad = 0;
    char *to = coded;

    for (i = 0; i < size; ++i) {
        unsigned char c = (unsigned char)name[i];

        if (apr_isalnum(c) || (c && strchr("-._", c))) {
            plain[i] = (char)c;
            *to++ = (char)c;
            continue;
        }
        plain[i] = c == ' ' ? ' ' : '_';
        bad += c != ' ';
        *to++ = '%';
        *to++ = hex[c >> 4];
        *to++ = hex[c & 15];
    }
    plain[size] = *to = '\0';
    if (!bad) {
        return apr_pstrcat(pool, "attachment; filename=\"", plain, "\"", NULL);
    }
    return apr_pstrcat(pool, "attachment; filename=\"", plain, "\"; filename*=UTF-8''", coded,
                       NULL);
}

static void headers_set(request_rec *r, const ds_file_t *file, const char *name)
{
    const char *stored = file->name && *base_name(file->name) ? file->name : name;

    dsm_reply_headers_set(r);
    ap_set_content_type(r, "text/csv");
    ap_set_content_length(r, (apr_off_t)file->size);
    apr_table_setn(r->headers_out, "Content-Disposition", disposition_make(stored, r->pool));
    if (file->sha256) {
        apr_table_setn(r->headers_out, "ETag",
                       apr_pstrcat(r->pool, "\"", file->sha256, "\"", NULL));
    }
}

int dsm_download_send(request_rec *r, const ds_file_t *file, const char *name)
{
    apr_bucket_brigade *brigade;
    apr_bucket_alloc_t *list = r->connection->bucket_alloc;
    int status;

    headers_set(r, file, name);
    status = ap_meets_conditions(r);
    if (status != OK) {
        r->status = status;
        return status;
    }
    brigade = apr_brigade_create(r->pool, list);
    if (file->size > 0) {
        APR_BRIGADE_INSERT_TAIL(brigade, stored_create(file->id, file->size, list));
    }
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(list));
    ap_pass_brigade(r->output_filters, brigade);
    return OK;
}
