/* A chunk by libpq itself, as the bytes that it is: apr_dbd's driver asks for text, which is two
 * letters for each byte and takes twenty times as long. */
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

static PGresult *chunk_select(ds_db_t *db, apr_int64_t file_id, apr_int64_t offset,
                              apr_pool_t *pool)
{
    const char *values[] = {apr_psprintf(pool, "%" APR_INT64_T_FMT, file_id),
                            apr_psprintf(pool, "%" APR_INT64_T_FMT, offset)};
    PGresult *answer;

    ds_db_call_begin(db);
    answer = PQexecParams(apr_dbd_native_handle(db->driver, db->handle),
                          ds_db_text(db, STMT_PGSQL_CHUNK_READ), 2, NULL, values, NULL, NULL, 1);
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
