#include "dsw_rows.h"

#include <string.h>

#include <apr_strings.h>

#include "dsw_items.h"
#include "dsw_keys.h"
#include "dsw_process.h"

typedef struct {
    ds_db_t *db;
    const ds_claim_t *claim;
    const ds_sync_t *sync;
    const dsw_rows_kind_t *kind;
    void *baton; /* the kind's */
    apr_pool_t *pool;
    ds_fmt_csv_record_t header;
    dsw_input_t *input;
    dsw_columns_t *columns;
    dsw_items_t *items; /* of a file of JSON; NULL: it is CSV */
    dsw_keys_t *keys;   /* of the rows so far; NULL: nobody asks */
    dsw_batch_t *batch;
    apr_status_t trouble; /* why a batch was given up */
    const char *fault;    /* why nothing more of the file can be read */
} rows_t;

/* Why reading has paused. */
typedef enum {
    BATCH_FULL,
    BATCH_LAST,    /* the file has ended, or cannot be read further */
    BATCH_REFUSED, /* the database refused something: once more, row by row */
    BATCH_GIVEN_UP /* the database is away */
} batch_e;

static apr_int64_t row_number(const rows_t *rows)
{
    return dsw_batch_counters(rows->batch)->read + 1;
}

/* --- failures and warnings: each line is the row's own bytes and the reason --- */

static const char *line_end(const ds_fmt_csv_record_t *record, const rows_t *rows)
{
    if (*record->line_end)
        return record->line_end;
    return *rows->header.line_end ? rows->header.line_end : "\n";
}

static void side_line_add(rows_t *rows, dsw_side_e side, const ds_fmt_csv_record_t *record,
                          const char *reason)
{
    char delimiter = dsw_input_delimiter(rows->input), cell[2 * DSW_REASON_SIZE + 3] = {delimiter};
    const char *end = line_end(record, rows);
    apr_size_t size = 1 + ds_fmt_csv_cell_write(cell + 1, reason, strlen(reason), delimiter);

    dsw_batch_side_add(rows->batch, side, record->raw, record->raw_length);
    dsw_batch_side_add(rows->batch, side, cell, size);
    dsw_batch_side_add(rows->batch, side, end, strlen(end));
}

static void side_item_add(rows_t *rows, dsw_side_e side, const ds_fmt_csv_record_t *record,
                          const char *reason)
{
    apr_size_t size;
    const char *line = dsw_items_line(&size, rows->items, record, row_number(rows), reason);

    dsw_batch_side_add(rows->batch, side, line, size);
}

static void side_add(rows_t *rows, dsw_row_e row, const ds_fmt_csv_record_t *record,
                     const char *reason)
{
    dsw_side_e side = row == DSW_ROW_FAILED ? DSW_FAILURES : DSW_WARNINGS;

    if (!rows->items && dsw_batch_side_is_empty(rows->batch, side))
        side_line_add(rows, side, &rows->header,
                      side == DSW_FAILURES ? DSW_FAILURE_COLUMN : DSW_WARNING_COLUMN);
    if (rows->items)
        side_item_add(rows, side, record, reason);
    else
        side_line_add(rows, side, record, reason);
    dsw_batch_row_count(rows->batch, row, record->raw_length);
}

/* --- rows --- */

/* The database refused a row of a careful batch. */
static apr_status_t refusal_take(rows_t *rows, const ds_fmt_csv_record_t *record)
{
    char reason[DSW_REASON_SIZE];

    apr_snprintf(reason, sizeof(reason),
                 "row %" APR_INT64_T_FMT " (line %" APR_INT64_T_FMT
                 "): the database refused it: %s",
                 row_number(rows), record->line, ds_db_error(rows->db));
    if (ds_db_forgive(rows->db) != APR_SUCCESS) {
        rows->fault = apr_pstrdup(rows->pool, reason);
        return DS_EDB;
    }
    side_add(rows, DSW_ROW_FAILED, record, reason);
    return APR_SUCCESS;
}

/* Words for a good row's warning, or NULL. */
static const char *warning_find(rows_t *rows, const ds_fmt_csv_record_t *record)
{
    if (rows->keys && dsw_keys_add(rows->keys, rows->columns, record->offset))
        return rows->sync->import.phrases[DS_REASON_DUPLICATE];
    return *rows->columns->warning ? rows->columns->warning : NULL;
}

static void time_note(rows_t *rows)
{
    int slot = rows->columns->updated_at;

    if (slot >= 0 && rows->columns->values[slot])
        dsw_batch_time_note(rows->batch, rows->columns->values[slot]);
}

static int record_check(char reason[DSW_REASON_SIZE], rows_t *rows,
                        const ds_fmt_csv_record_t *record, apr_int64_t row)
{
    return rows->items ? dsw_items_check(reason, rows->items, record)
                       : dsw_columns_check(reason, rows->columns, record, row);
}

static apr_status_t row_take(rows_t *rows, const ds_fmt_csv_record_t *record)
{
    char reason[DSW_REASON_SIZE];
    const char *skipped, *warning;
    apr_status_t status;

    if (!record_check(reason, rows, record, row_number(rows))) {
        side_add(rows, DSW_ROW_FAILED, record, reason);
        return APR_SUCCESS;
    }
    warning = warning_find(rows, record);
    status = rows->kind->row(&skipped, rows->baton, rows->batch, rows->columns->values);
    if (status == DS_ECONSTRAINT && dsw_batch_is_careful(rows->batch))
        return refusal_take(rows, record);
    if (status != APR_SUCCESS)
        return status;
    if (skipped) {
        side_add(rows, DSW_ROW_SKIPPED, record, skipped);
        return APR_SUCCESS;
    }
    if (warning)
        side_add(rows, DSW_ROW_WARNED, record, warning);
    else
        dsw_batch_row_count(rows->batch, DSW_ROW_OK, record->raw_length);
    time_note(rows);
    return APR_SUCCESS;
}

static void fault_set(rows_t *rows, const char *what)
{
    rows->fault =
        apr_psprintf(rows->pool, "Row %" APR_INT64_T_FMT " (line %" APR_INT64_T_FMT ") %s",
                     row_number(rows), dsw_input_checkpoint(rows->input).line, what);
}

/* True when there is no next record, or none that may be read. */
static int input_is_over(rows_t *rows, ds_fmt_csv_next_e next)
{
    if (next == DS_CSV_TOO_LONG)
        fault_set(rows, dsw_input_break(rows->input, rows->pool));
    else if (next == DS_CSV_RECORD &&
             dsw_batch_counters(rows->batch)->read >= rows->sync->limits.rows)
        fault_set(rows, apr_psprintf(rows->pool, "is over the limit of rows, %" APR_INT64_T_FMT,
                                     rows->sync->limits.rows));
    else if (next == DS_CSV_END)
        rows->fault = dsw_input_fault(rows->input);
    return next != DS_CSV_RECORD || rows->fault;
}

static batch_e batch_fill(rows_t *rows, ds_checkpoint_t *checkpoint)
{
    ds_fmt_csv_record_t record;
    ds_fmt_csv_next_e next;
    apr_status_t status = APR_SUCCESS;

    while (status == APR_SUCCESS && !dsw_batch_is_full(rows->batch)) {
        *checkpoint = dsw_input_checkpoint(rows->input);
        status = dsw_input_next(&next, &record, rows->input);
        if (status != APR_SUCCESS)
            break;
        if (next == DS_CSV_MORE)
            break;
        if (input_is_over(rows, next))
            return BATCH_LAST;
        status = row_take(rows, &record);
    }
    *checkpoint = dsw_input_checkpoint(rows->input);
    if (status == APR_SUCCESS)
        return BATCH_FULL;
    rows->trouble = status;
    return status == DS_ECONSTRAINT ? BATCH_REFUSED : BATCH_GIVEN_UP;
}

static batch_e batch_drop(rows_t *rows, batch_e why)
{
    dsw_batch_rollback(rows->batch);
    if (rows->kind->drop)
        rows->kind->drop(rows->baton);
    return why;
}

/* One batch from reading to commit. */
static batch_e batch_run(rows_t *rows, int *cancelled, int careful)
{
    ds_checkpoint_t checkpoint;
    batch_e batch;
    apr_status_t status = APR_SUCCESS;

    if (careful)
        dsw_batch_careful_set(rows->batch);
    batch = batch_fill(rows, &checkpoint);
    if (batch != BATCH_FULL && batch != BATCH_LAST)
        return batch_drop(rows, batch);
    if (rows->kind->flush)
        status = rows->kind->flush(rows->baton, rows->batch);
    if (status == APR_SUCCESS)
        status = dsw_batch_open(rows->batch);
    if (status == APR_SUCCESS)
        status = dsw_input_keep(rows->input);
    if (status == APR_SUCCESS)
        status = dsw_batch_commit(cancelled, rows->batch, &checkpoint);
    if (status == APR_SUCCESS)
        return batch;
    rows->trouble = status;
    rows->fault = NULL;
    return batch_drop(rows, status == DS_ECONSTRAINT ? BATCH_REFUSED : BATCH_GIVEN_UP);
}

/* --- the launch --- */

static dsw_result_t result_make(const rows_t *rows, ds_launch_state_e state)
{
    const char *message =
        ds_launch_summary(rows->claim->launch, dsw_batch_counters(rows->batch), rows->pool);

    if (rows->columns->unknown)
        message = apr_pstrcat(rows->pool, message, "; ", rows->columns->unknown, NULL);
    if (rows->fault)
        message = apr_pstrcat(rows->pool, rows->fault, ". ", message, NULL);
    return (dsw_result_t){DSW_DONE, state, message, APR_SUCCESS};
}

static dsw_result_t result_given_up(const rows_t *rows)
{
    if (rows->fault)
        return result_make(rows, DS_LAUNCH_FAILED);
    if (rows->trouble == DS_ESTOPPED)
        return dsw_process_stopping() ? (dsw_result_t){.outcome = DSW_INTERRUPTED}
                                      : result_make(rows, DS_LAUNCH_CANCELLED);
    return (dsw_result_t){.outcome = rows->trouble == DS_ELOST ? DSW_LOST : DSW_TROUBLE,
                          .status = rows->trouble};
}

/* Items of many kinds wear a connection out: the launch goes on with a new one. */
static dsw_result_t batches_run(rows_t *rows)
{
    int cancelled = 0, careful = 0;

    dsw_input_seek(rows->input, &rows->claim->checkpoint);
    for (;;) {
        batch_e batch = batch_run(rows, &cancelled, careful);

        if (batch == BATCH_GIVEN_UP || (batch == BATCH_REFUSED && careful))
            return result_given_up(rows);
        careful = batch == BATCH_REFUSED;
        if (batch == BATCH_REFUSED)
            dsw_input_seek(rows->input, dsw_batch_checkpoint(rows->batch));
        else if (cancelled)
            return result_make(rows, DS_LAUNCH_CANCELLED);
        else if (batch == BATCH_LAST)
            return result_make(rows, rows->fault ? DS_LAUNCH_FAILED : DS_LAUNCH_FINISHED);
        if (dsw_process_stopping() || (rows->items && !careful && ds_db_is_worn(rows->db)))
            return (dsw_result_t){.outcome = DSW_INTERRUPTED};
    }
}

/* After an interruption: the keys of the rows before the checkpoint. */
static apr_status_t keys_read(rows_t *rows)
{
    const ds_checkpoint_t start = {0, 0};
    char reason[DSW_REASON_SIZE];
    ds_fmt_csv_record_t record;
    ds_fmt_csv_next_e next;
    apr_status_t status = APR_SUCCESS;

    dsw_input_seek(rows->input, &start);
    while (dsw_input_checkpoint(rows->input).offset < rows->claim->checkpoint.offset) {
        status = dsw_input_next(&next, &record, rows->input);
        if (status != APR_SUCCESS || next != DS_CSV_RECORD)
            break;
        if (record_check(reason, rows, &record, 0))
            dsw_keys_add(rows->keys, rows->columns, record.offset);
    }
    return status;
}

static dsw_result_t result_of_problem(const ds_problem_t *problem)
{
    if (problem->status == DS_EINPUT || problem->status == DS_ELIMIT ||
        problem->status == DS_ENOTFOUND)
        return (dsw_result_t){DSW_DONE, DS_LAUNCH_FAILED, problem->text, APR_SUCCESS};
    return (dsw_result_t){.outcome = DSW_TROUBLE, .status = problem->status};
}

dsw_result_t dsw_rows_run_input(ds_db_t *db, const ds_claim_t *claim, const ds_sync_t *sync,
                                const dsw_rows_kind_t *kind, dsw_input_t *input,
                                const ds_fmt_csv_record_t *header, apr_pool_t *pool)
{
    rows_t rows = {.db = db,
                   .claim = claim,
                   .sync = sync,
                   .kind = kind,
                   .pool = pool,
                   .input = input,
                   .header = *header};
    apr_status_t status;
    ds_problem_t *problem =
        dsw_columns_map(&rows.columns, sync, &rows.header, kind->keys_only, pool);

    if (problem)
        return result_of_problem(problem);
    if (sync->import.is_json)
        rows.items = dsw_items_make(rows.columns, sync, pool);
    if (sync->import.phrases[DS_REASON_DUPLICATE] && !kind->keys_only) {
        rows.keys = dsw_keys_make(pool);
        status = keys_read(&rows);
        if (status != APR_SUCCESS)
            return (dsw_result_t){.outcome = DSW_TROUBLE, .status = status};
    }
    rows.batch = dsw_batch_make(db, claim, rows.items ? "application/x-ndjson" : "text/csv", pool);
    rows.baton = kind->begin(db, claim, rows.columns, pool);
    return batches_run(&rows);
}

dsw_result_t dsw_rows_run(ds_db_t *db, const ds_claim_t *claim, const ds_sync_t *sync,
                          const dsw_rows_kind_t *kind, apr_pool_t *pool)
{
    ds_fmt_csv_record_t header;
    dsw_input_t *input;
    ds_problem_t *problem = dsw_input_open(&input, &header, db, claim->launch, sync, pool);

    return problem ? result_of_problem(problem)
                   : dsw_rows_run_input(db, claim, sync, kind, input, &header, pool);
}
