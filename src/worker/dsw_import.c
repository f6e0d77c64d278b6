#include "dsw_import.h"

#include <apr_strings.h>

#include "dsw_columns.h"
#include "dsw_input.h"
#include "dsw_load.h"
#include "dsw_process.h"

typedef struct {
    ds_db_t *db;
    const ds_claim_t *claim;
    const ds_sync_t *sync;
    apr_pool_t *pool;
    ds_fmt_csv_record_t header;
    dsw_input_t *input;
    dsw_columns_t *columns;
    dsw_load_t *load;
    int lost;          /* another runner owns the launch */
    const char *fault; /* why nothing more of the file can be read */
} import_t;

/* Why reading has paused. */
typedef enum {
    BATCH_FULL,
    BATCH_LAST,    /* the file has ended, or cannot be read further */
    BATCH_REFUSED, /* the database refused something: once more, row by row */
    BATCH_GIVEN_UP /* the database is away */
} batch_e;

static apr_int64_t row_number(const import_t *import)
{
    return dsw_load_counters(import->load)->read + 1;
}

/* --- the failures file: each line is the row's own bytes and the reason --- */

static const char *line_end(const ds_fmt_csv_record_t *record, const import_t *import)
{
    if (*record->line_end)
        return record->line_end;
    return *import->header.line_end ? import->header.line_end : "\n";
}

static const char *failure_line(apr_size_t *size, const import_t *import,
                                const ds_fmt_csv_record_t *record, const char *reason,
                                apr_pool_t *pool)
{
    apr_size_t length = strlen(reason);
    const char *end = line_end(record, import);
    char *line = apr_palloc(pool, record->raw_length + 2 * length + 8), *to = line;

    memcpy(to, record->raw, record->raw_length);
    to += record->raw_length;
    *to++ = dsw_input_delimiter(import->input);
    to += ds_fmt_csv_cell_write(to, reason, length, dsw_input_delimiter(import->input));
    memcpy(to, end, strlen(end));
    *size = (apr_size_t)(to - line) + strlen(end);
    return line;
}

static void failure_add(import_t *import, const ds_fmt_csv_record_t *record, const char *reason)
{
    apr_pool_t *scratch;
    const char *line;
    apr_size_t size;

    apr_pool_create(&scratch, import->pool);
    if (dsw_load_counters(import->load)->failed == 0) {
        line = failure_line(&size, import, &import->header, DSW_REASON_COLUMN, scratch);
        dsw_load_failure_text(import->load, line, size);
    }
    line = failure_line(&size, import, record, reason, scratch);
    dsw_load_failure_add(import->load, line, size);
    apr_pool_destroy(scratch);
}

/* --- rows --- */

static apr_status_t refusal_take(import_t *import, const ds_fmt_csv_record_t *record,
                                 apr_status_t status)
{
    char reason[DSW_REASON_SIZE];

    apr_snprintf(reason, sizeof(reason),
                 "row %" APR_INT64_T_FMT " (line %" APR_INT64_T_FMT
                 "): the database refused it: %s",
                 row_number(import), record->line, ds_db_error(import->db));
    if (status == DS_ESTATE) {
        import->fault = apr_pstrdup(import->pool, reason);
        return status;
    }
    failure_add(import, record, reason);
    return APR_SUCCESS;
}

static apr_status_t row_take(import_t *import, const ds_fmt_csv_record_t *record, int careful)
{
    char reason[DSW_REASON_SIZE];
    apr_status_t status;

    if (!dsw_columns_check(reason, import->columns, record, row_number(import))) {
        failure_add(import, record, reason);
        return APR_SUCCESS;
    }
    status = dsw_load_row_add(import->load, import->columns->values);
    if (careful && (status == DS_ECONSTRAINT || status == DS_ESTATE))
        return refusal_take(import, record, status);
    return status;
}

static void fault_set(import_t *import, const char *what, apr_int64_t limit)
{
    import->fault = apr_psprintf(
        import->pool, "Row %" APR_INT64_T_FMT " (line %" APR_INT64_T_FMT ") %s %" APR_INT64_T_FMT,
        row_number(import), dsw_input_checkpoint(import->input).line, what, limit);
}

/* True when there is no next record, or none that may be read. */
static int input_is_over(import_t *import, ds_fmt_csv_next_e next)
{
    if (next == DS_CSV_TOO_LONG)
        fault_set(import, "is longer than the limit of bytes,", import->sync->limits.row_length);
    else if (next == DS_CSV_RECORD &&
             dsw_load_counters(import->load)->read >= import->sync->limits.rows)
        fault_set(import, "is over the limit of rows,", import->sync->limits.rows);
    return next != DS_CSV_RECORD || import->fault;
}

static batch_e batch_fill(import_t *import, ds_checkpoint_t *checkpoint, int careful)
{
    ds_fmt_csv_record_t record;
    ds_fmt_csv_next_e next;
    apr_status_t status = APR_SUCCESS;

    while (status == APR_SUCCESS && !dsw_load_is_full(import->load)) {
        *checkpoint = dsw_input_checkpoint(import->input);
        status = dsw_input_next(&next, &record, import->input);
        if (status != APR_SUCCESS)
            break;
        if (input_is_over(import, next))
            return BATCH_LAST;
        status = row_take(import, &record, careful);
    }
    *checkpoint = dsw_input_checkpoint(import->input);
    if (status == APR_SUCCESS)
        return BATCH_FULL;
    return status == DS_ECONSTRAINT ? BATCH_REFUSED : BATCH_GIVEN_UP;
}

/* One batch from reading to commit. */
static batch_e batch_run(import_t *import, int *cancelled, int careful)
{
    ds_checkpoint_t checkpoint;
    batch_e batch;
    apr_status_t status;

    if (careful)
        dsw_load_careful_set(import->load);
    batch = batch_fill(import, &checkpoint, careful);
    if (batch != BATCH_FULL && batch != BATCH_LAST) {
        dsw_load_rollback(import->load);
        return batch;
    }
    status = dsw_load_commit(cancelled, import->load, &checkpoint);
    if (status == APR_SUCCESS)
        return batch;
    import->lost = status == DS_ELOST;
    import->fault = NULL;
    return status == DS_ECONSTRAINT ? BATCH_REFUSED : BATCH_GIVEN_UP;
}

/* --- the launch --- */

static dsw_result_t result_make(const import_t *import, ds_launch_state_e state)
{
    const ds_counters_t *rows = dsw_load_counters(import->load);
    const char *message = ds_launch_summary(DS_KIND_IMPORT, rows, import->pool);

    if (import->columns->unknown)
        message = apr_pstrcat(import->pool, message, "; ", import->columns->unknown, NULL);
    if (import->fault)
        message = apr_pstrcat(import->pool, import->fault, ". ", message, NULL);
    return (dsw_result_t){DSW_DONE, state, message};
}

static dsw_result_t result_given_up(const import_t *import)
{
    if (import->fault)
        return result_make(import, DS_LAUNCH_FAILED);
    return (dsw_result_t){.outcome = import->lost ? DSW_LOST : DSW_TROUBLE};
}

static dsw_result_t batches_run(import_t *import)
{
    int cancelled = 0, careful = 0;

    dsw_input_seek(import->input, &import->claim->checkpoint);
    for (;;) {
        batch_e batch = batch_run(import, &cancelled, careful);

        if (batch == BATCH_GIVEN_UP || (batch == BATCH_REFUSED && careful))
            return result_given_up(import);
        careful = batch == BATCH_REFUSED;
        if (batch == BATCH_REFUSED)
            dsw_input_seek(import->input, dsw_load_checkpoint(import->load));
        else if (cancelled)
            return result_make(import, DS_LAUNCH_CANCELLED);
        else if (batch == BATCH_LAST)
            return result_make(import, import->fault ? DS_LAUNCH_FAILED : DS_LAUNCH_FINISHED);
        if (dsw_process_stopping())
            return (dsw_result_t){.outcome = DSW_INTERRUPTED};
    }
}

dsw_result_t dsw_import_run(ds_db_t *db, const ds_claim_t *claim, const ds_sync_t *sync,
                            apr_pool_t *pool)
{
    import_t import = {.db = db, .claim = claim, .sync = sync, .pool = pool};
    ds_problem_t *problem =
        dsw_input_open(&import.input, &import.header, db, claim->launch, sync, pool);

    if (!problem)
        problem = dsw_columns_map(&import.columns, sync->object, &import.header, pool);
    if (problem && (problem->status == DS_EINPUT || problem->status == DS_ELIMIT))
        return (dsw_result_t){DSW_DONE, DS_LAUNCH_FAILED, problem->text};
    if (problem)
        return (dsw_result_t){.outcome = DSW_TROUBLE};
    import.load = dsw_load_make(db, claim, &import.columns->table, pool);
    return batches_run(&import);
}
