/* Chunks by libpq itself. It gives bytes as they are, where apr_dbd's driver asks for text: two
 * letters for each byte. And it lets us go on while the server stores them. */
#include <libpq-fe.h>
#include <string.h>

#include <apr_strings.h>

#include "ds_db_chunk.h"
#include "ds_db_private.h"

static apr_status_t answer_clear(void *answer)
{
    PQclear(answer);
    return APR_SUCCESS;
}

/* Numbers come in network byte order. */
static apr_int64_t number_read(const char *bytes)
{
    apr_uint64_t number = 0;
    int i;

    for (i = 0; i < 8; i++)
        number = number << 8 | (unsigned char)bytes[i];
    return (apr_int64_t)number;
}

static PGconn *native(const ds_db_t *db)
{
    return apr_dbd_native_handle(db->driver, db->handle);
}

static const char *number_text(apr_int64_t number, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%" APR_INT64_T_FMT, number);
}

static PGresult *chunk_select(ds_db_t *db, apr_int64_t file_id, apr_int64_t offset,
                              apr_pool_t *pool)
{
    const char *values[] = {number_text(file_id, pool), number_text(offset, pool)};
    PGresult *answer;

    ds_db_call_begin(db);
    answer = PQexecParams(native(db), ds_db_text(db, STMT_PGSQL_CHUNK_READ), 2, NULL, values, NULL,
                          NULL, 1);
    ds_db_call_end(db);
    apr_pool_cleanup_register(pool, answer, answer_clear, apr_pool_cleanup_null);
    return answer;
}

static apr_status_t chunk_take(ds_db_chunk_t *chunk, ds_db_t *db, const PGresult *answer)
{
    if (PQresultStatus(answer) != PGRES_TUPLES_OK)
        return ds_db_failure(db, 1);
    if (PQntuples(answer) == 0)
        return DS_ENOTFOUND;
    chunk->start = number_read(PQgetvalue(answer, 0, 0));
    chunk->data = PQgetvalue(answer, 0, 1);
    chunk->size = (apr_size_t)PQgetlength(answer, 0, 1);
    return ds_db_statement_passed(db);
}

apr_status_t ds_db_pgsql_chunk_read(ds_db_chunk_t *chunk, ds_db_t *db, apr_int64_t file_id,
                                    apr_int64_t offset, apr_pool_t *pool)
{
    apr_status_t status = ds_db_settle(db);

    if (status != APR_SUCCESS)
        return status;
    status = chunk_take(chunk, db, chunk_select(db, file_id, offset, pool));
    if (status != APR_SUCCESS && status != DS_ENOTFOUND && !db->in_transaction &&
        db->dialect->revive(db))
        status = chunk_take(chunk, db, chunk_select(db, file_id, offset, pool));
    return status;
}

apr_status_t ds_db_pgsql_chunk_append(ds_db_t *db, const ds_db_chunk_t *chunk, apr_int64_t file_id)
{
    char id[24], start[24];
    const char *values[] = {id, start, chunk->data};
    const int sizes[] = {0, 0, (int)chunk->size}, are_bytes[] = {0, 0, 1};
    apr_status_t status = ds_db_settle(db);
    int sent;

    if (status != APR_SUCCESS)
        return status;
    apr_snprintf(id, sizeof(id), "%" APR_INT64_T_FMT, file_id);
    apr_snprintf(start, sizeof(start), "%" APR_INT64_T_FMT, chunk->start);
    ds_db_call_begin(db);
    sent = PQsendQueryParams(native(db), ds_db_text(db, STMT_PGSQL_CHUNK_APPEND), 3, NULL, values,
                             sizes, are_bytes, 0);
    ds_db_call_end(db);
    if (!sent)
        return ds_db_failure(db, 1);
    db->under_way = 1;
    return APR_SUCCESS;
}
