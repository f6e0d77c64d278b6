#include "ds_check.h"

#include <apr_strings.h>

static const ds_stmt_e checks[] = {
    STMT_CHECK_COUNTERS,     STMT_CHECK_OWNER,    STMT_CHECK_FINISHED, STMT_CHECK_LANE,
    STMT_CHECK_INPUT,        STMT_CHECK_FAILURES, STMT_CHECK_OUTPUT,   STMT_CHECK_FILE_SIZE,
    STMT_CHECK_CHUNK_ORPHAN, STMT_CHECK_OUTBOX};

apr_status_t ds_check_run(apr_array_header_t **faults, ds_db_t *db, apr_pool_t *pool)
{
    apr_status_t status = APR_SUCCESS;
    ds_db_rows_t *rows;
    unsigned i;

    *faults = apr_array_make(pool, 4, sizeof(const char *));
    for (i = 0; i < sizeof(checks) / sizeof(*checks) && status == APR_SUCCESS; i++) {
        status = ds_db_select(&rows, db, checks[i], DS_NO_ARGS, pool);
        while (status == APR_SUCCESS && ds_db_rows_next(rows))
            APR_ARRAY_PUSH(*faults, const char *) =
                apr_psprintf(pool, "%s (id %" APR_INT64_T_FMT ")", ds_db_rows_text(rows, 0),
                             ds_db_rows_int(rows, 1));
    }
    return status;
}
