#include "ds_file.h"

#include <apr_strings.h>

#include "ds_db_chunk.h"

struct ds_file_writer_t {
    ds_db_t *db;
    apr_pool_t *pool;
    const char *role;
    const char *name;
    const char *content_type;
    ds_digest_t *digest;
    apr_int64_t id;      /* 0 until the first chunk is written */
    apr_int64_t kept_id; /* the same, as far as it is committed: another file may get an id that was
                            rolled back */
    apr_int64_t written; /* bytes in the database */
    apr_size_t filled;   /* bytes in the buffer */
    char *buffer;        /* DS_FILE_CHUNK_SIZE bytes */
    char sha256[DS_SHA256_HEX_SIZE]; /* empty until no more bytes come */
};

static apr_status_t writer_abandon(void *data)
{
    ds_file_writer_t *writer = data;

    if (writer->kept_id)
        ds_db_query(writer->db, NULL, STMT_FILE_ABANDON, DS_ARGS(DS_INT(writer->kept_id)));
    return APR_SUCCESS;
}

apr_status_t ds_file_writer_begin(ds_file_writer_t **writer, ds_db_t *db, const char *role,
                                  const char *name, const char *content_type, apr_pool_t *pool)
{
    ds_file_writer_t *made = apr_pcalloc(pool, sizeof(*made));
    apr_status_t status = ds_digest_begin(&made->digest, pool);

    made->db = db;
    made->pool = pool;
    made->role = role;
    made->name = name ? apr_pstrdup(pool, name) : NULL;
    made->content_type = content_type ? apr_pstrdup(pool, content_type) : NULL;
    made->buffer = apr_palloc(pool, DS_FILE_CHUNK_SIZE);
    /* before the pools below this one go, of which the connection may need some */
    apr_pool_pre_cleanup_register(pool, made, writer_abandon);
    *writer = made;
    return status;
}

/* Inside a transaction: the file's row, before its first chunk. */
static apr_status_t row_create(ds_file_writer_t *writer)
{
    apr_time_t now;
    ds_db_rows_t *rows;
    apr_pool_t *scratch;
    apr_status_t status = ds_db_now(&now, writer->db);

    if (status != APR_SUCCESS)
        return status;
    apr_pool_create(&scratch, writer->pool);
    status = ds_db_select(&rows, writer->db, STMT_FILE_BEGIN,
                          DS_ARGS(DS_TEXT(writer->role), DS_TEXT(writer->name),
                                  DS_TEXT(writer->content_type), DS_INT(now), DS_INT(now)),
                          scratch);
    if (status == APR_SUCCESS && ds_db_rows_next(rows))
        writer->id = ds_db_rows_int(rows, 0);
    apr_pool_destroy(scratch);
    return status;
}

/* Inside a transaction: the buffer as the next chunk, after the file's row where there is none. */
static apr_status_t buffer_write(ds_file_writer_t *writer)
{
    apr_status_t status = APR_SUCCESS;

    writer->id = writer->kept_id;
    if (!writer->id)
        status = row_create(writer);

    if (status != APR_SUCCESS || writer->filled == 0)
        return status;
    return ds_db_query(writer->db, NULL, STMT_CHUNK_WRITE,
                       DS_ARGS(DS_INT(writer->id), DS_INT(writer->written),
                               DS_BLOB(writer->buffer, writer->filled)));
}

/* Nothing depends on the row, or on a chunk, before the file is finished. */
static apr_status_t row_commit(ds_file_writer_t *writer)
{
    apr_status_t status;

    ds_db_lazy_set(writer->db);
    status = ds_db_begin(writer->db);
    if (status != APR_SUCCESS)
        return status;
    status = row_create(writer);
    if (status == APR_SUCCESS)
        status = ds_db_commit(writer->db);
    else
        ds_db_rollback(writer->db);
    if (status == APR_SUCCESS)
        writer->kept_id = writer->id;
    return status;
}

/* The chunk before, as far as it is not known yet to be stored. */
static apr_status_t chunk_settle(ds_file_writer_t *writer)
{
    return writer->written ? ds_db_chunk_finish(writer->db) : APR_SUCCESS;
}

static apr_status_t chunk_append(ds_file_writer_t *writer)
{
    const ds_db_chunk_t chunk = {writer->written, writer->buffer, writer->filled};
    apr_status_t status = writer->kept_id ? chunk_settle(writer) : row_commit(writer);

    if (status == APR_SUCCESS)
        status = ds_db_chunk_append(writer->db, &chunk, writer->kept_id);
    if (status == APR_SUCCESS) {
        writer->written += writer->filled;
        writer->filled = 0;
    }
    return status;
}

apr_status_t ds_file_writer_append(ds_file_writer_t *writer, const char *data, apr_size_t size)
{
    apr_status_t status = ds_digest_update(writer->digest, data, size);

    while (size && status == APR_SUCCESS) {
        apr_size_t room = DS_FILE_CHUNK_SIZE - writer->filled;
        apr_size_t piece = size < room ? size : room;

        memcpy(writer->buffer + writer->filled, data, piece);
        writer->filled += piece;
        data += piece;
        size -= piece;
        if (writer->filled == DS_FILE_CHUNK_SIZE)
            status = chunk_append(writer);
    }
    return status;
}

apr_int64_t ds_file_writer_size(const ds_file_writer_t *writer)
{
    return writer->written + (apr_int64_t)writer->filled;
}

apr_status_t ds_file_writer_digest(const char **sha256, ds_file_writer_t *writer)
{
    apr_status_t status =
        *writer->sha256 ? APR_SUCCESS : ds_digest_end(writer->sha256, writer->digest);

    *sha256 = writer->sha256;
    return status;
}

apr_status_t ds_file_writer_finish(ds_file_writer_t *writer, apr_int64_t launch_id)
{
    const char *sha256;
    int changed = 0;
    apr_status_t status = ds_file_writer_digest(&sha256, writer);

    if (status == APR_SUCCESS)
        status = chunk_settle(writer);
    if (status == APR_SUCCESS)
        status = buffer_write(writer);
    if (status != APR_SUCCESS)
        return status;
    status = ds_db_query(writer->db, &changed, STMT_FILE_BIND,
                         DS_ARGS(DS_INT(launch_id), DS_INT(ds_file_writer_size(writer)),
                                 DS_TEXT(sha256), DS_INT(writer->id)));
    return status == APR_SUCCESS && changed != 1 ? DS_EBUSY : status;
}

void ds_file_writer_close(ds_file_writer_t *writer)
{
    apr_pool_cleanup_kill(writer->pool, writer, writer_abandon);
}

apr_status_t ds_file_append(ds_db_t *db, apr_int64_t launch_id, const char *role,
                            const char *content_type, const char *data, apr_size_t size,
                            apr_pool_t *scratch)
{
    apr_time_t now;
    ds_db_rows_t *rows;
    apr_status_t status = ds_db_now(&now, db);

    if (status == APR_SUCCESS)
        status = ds_db_select(&rows, db, STMT_FILE_GROW,
                              DS_ARGS(DS_INT(launch_id), DS_TEXT(role), DS_TEXT(content_type),
                                      DS_INT(size), DS_INT(now), DS_INT(now)),
                              scratch);
    if (status != APR_SUCCESS)
        return status;
    if (!ds_db_rows_next(rows))
        return DS_EDB;
    return ds_db_query(db, NULL, STMT_CHUNK_WRITE,
                       DS_ARGS(DS_INT(ds_db_rows_int(rows, 0)),
                               DS_INT(ds_db_rows_int(rows, 1) - (apr_int64_t)size),
                               DS_BLOB(data, size)));
}

/* The file of the first row, when there is one. */
static apr_status_t file_read(ds_file_t **file, ds_db_rows_t *rows, apr_pool_t *pool)
{
    ds_file_t *found;

    if (!ds_db_rows_next(rows))
        return DS_ENOTFOUND;
    found = apr_palloc(pool, sizeof(*found));
    found->id = ds_db_rows_int(rows, 0);
    found->launch_id = ds_db_rows_int(rows, 1);
    found->role = ds_db_rows_text(rows, 2);
    found->name = ds_db_rows_text(rows, 3);
    found->content_type = ds_db_rows_text(rows, 4);
    found->size = ds_db_rows_int(rows, 5);
    found->sha256 = ds_db_rows_text(rows, 6);
    found->created_at = ds_db_rows_int(rows, 7);
    *file = found;
    return APR_SUCCESS;
}

apr_status_t ds_file_get(ds_file_t **file, ds_db_t *db, apr_int64_t launch_id, const char *role,
                         apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status =
        ds_db_select(&rows, db, STMT_FILE_GET, DS_ARGS(DS_INT(launch_id), DS_TEXT(role)), pool);

    return status == APR_SUCCESS ? file_read(file, rows, pool) : status;
}

apr_status_t ds_file_latest_output(ds_file_t **file, ds_db_t *db, const char *sync_id,
                                   apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status =
        ds_db_select(&rows, db, STMT_FILE_LATEST_OUTPUT, DS_ARGS(DS_TEXT(sync_id)), pool);

    return status == APR_SUCCESS ? file_read(file, rows, pool) : status;
}

apr_status_t ds_file_chunk_read(const char **data, apr_size_t *size, apr_int64_t *start,
                                ds_db_t *db, apr_int64_t file_id, apr_int64_t offset,
                                apr_pool_t *pool)
{
    ds_db_chunk_t chunk;
    apr_status_t status = ds_db_chunk_read(&chunk, db, file_id, offset, pool);

    if (status != APR_SUCCESS)
        return status;
    *start = chunk.start;
    *data = chunk.data;
    *size = chunk.size;
    return offset < chunk.start + (apr_int64_t)chunk.size ? APR_SUCCESS : DS_ENOTFOUND;
}

/* Some chunks of one file; when none is left, the file's row. */
static apr_status_t stale_delete(ds_db_t *db, apr_int64_t id, apr_time_t before)
{
    int stale = 0, deleted = 0;
    apr_status_t status = ds_db_begin(db);

    if (status != APR_SUCCESS)
        return status;
    status = ds_db_query(db, &stale, STMT_FILE_STALE_MARK, DS_ARGS(DS_INT(id), DS_INT(before)));
    if (status == APR_SUCCESS && stale)
        status = ds_db_query(db, &deleted, STMT_CHUNK_DELETE_SOME, DS_ARGS(DS_INT(id), DS_INT(id)));
    if (status == APR_SUCCESS && stale && deleted == 0)
        ds_db_query(db, NULL, STMT_FILE_STALE_DELETE, DS_ARGS(DS_INT(id), DS_INT(before)));
    return ds_db_commit(db);
}

apr_status_t ds_file_sweep(int *more, ds_db_t *db, apr_time_t before, apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status =
        ds_db_select(&rows, db, STMT_FILE_STALE_FIND, DS_ARGS(DS_INT(before)), pool);

    *more = status == APR_SUCCESS && ds_db_rows_next(rows);
    return *more ? stale_delete(db, ds_db_rows_int(rows, 0), before) : status;
}
