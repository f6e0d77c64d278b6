#include "dsw_export.h"

#include <string.h>

#include <apr_strings.h>

#include "dsw_process.h"
#include "dsw_query.h"
#include "dsw_record.h"
#include "dsw_sign.h"

typedef struct {
    ds_db_t *db;     /* for the launch and its file */
    ds_db_t *reader; /* holds the snapshot */
    const ds_claim_t *claim;
    const ds_sync_t *sync;
    const ds_def_t *def;
    apr_pool_t *pool;
    apr_pool_t *look_pool;
    const dsw_layout_t *layout;
    ds_db_scan_t *scan;
    dsw_query_t *query; /* in place of the scan; NULL: none */
    dsw_record_t *record;
    int is_read; /* behind the last row */
    ds_file_writer_t *writer;
    apr_int64_t bytes; /* of its file so far */
    ds_counters_t rows;
    ds_counters_t whole; /* its synced_until, which counts when the file is whole */
    int cancelled;
} export_t;

/* --- rows --- */

/* Keep the lease, show progress, learn whether to stop. */
static apr_status_t launch_look(export_t *export)
{
    static const ds_checkpoint_t start;
    apr_status_t status = ds_db_begin(export->db);

    if (status != APR_SUCCESS)
        return status;
    status = ds_queue_checkpoint(&export->cancelled, export->db, export->claim, &export->rows,
                                 &start, export->look_pool);
    if (status == APR_SUCCESS)
        return ds_db_commit(export->db);
    ds_db_rollback(export->db);
    return status;
}

static void row_count(export_t *export, const char *const *values)
{
    int updated_at = export->layout->updated_at;

    export->rows.read++;
    export->rows.ok++;
    if (updated_at >= 0 && values[updated_at])
        ds_counters_time_raise(&export->whole, values[updated_at]);
}

static apr_status_t text_write(void *baton, const char *text, apr_size_t size)
{
    export_t *export = baton;
    const ds_query_t *terms = &export->sync->export.query;

    export->bytes += (apr_int64_t)size;
    if (export->query && export->bytes > terms->bytes)
        return dsw_query_limit(export->query, terms->bytes, "bytes");
    return ds_file_writer_append(export->writer, text, size);
}

static apr_status_t row_write(export_t *export, const char *const *values)
{
    apr_size_t size;
    const char *text = dsw_record_print(&size, export->record, values);

    if (dsw_record_problem(export->record))
        return DS_EINPUT;
    row_count(export, values);
    return text_write(export, text, size);
}

static apr_status_t values_next(const char *const **values, export_t *export)
{
    const ds_query_t *terms = &export->sync->export.query;
    apr_status_t status = export->query ? dsw_query_next(values, export->query)
                                        : ds_db_scan_next(values, export->scan);

    if (status == APR_SUCCESS && *values && export->query && export->rows.read >= terms->rows)
        return dsw_query_limit(export->query, terms->rows, "rows");
    return status;
}

/* For a template that walks the rows, perhaps once more behind the last one. */
static apr_status_t row_next(const char *const **values, void *baton)
{
    export_t *export = baton;
    apr_status_t status;

    *values = NULL;
    if (export->is_read)
        return APR_SUCCESS;
    status = values_next(values, export);
    if (status == APR_SUCCESS && *values)
        row_count(export, *values);
    export->is_read = !*values;
    return status;
}

/* The scan asks whether to go on. A database that is busy may answer the next time. */
static apr_status_t launch_watch(void *baton)
{
    export_t *export = baton;
    apr_status_t status;

    if (dsw_process_stopping())
        return DS_ESTOPPED;
    apr_pool_clear(export->look_pool);
    status = launch_look(export);
    if (status != APR_SUCCESS && status != DS_EBUSY)
        return status;
    return export->cancelled ? DS_ESTOPPED : APR_SUCCESS;
}

static apr_status_t rows_write(export_t *export)
{
    const char *const *values;
    apr_size_t size;
    const char *text = dsw_record_header(&size, export->record);
    apr_status_t status = text_write(export, text, size);

    if (status == APR_SUCCESS && dsw_record_walks(export->record))
        return dsw_record_walk(export->record, row_next, text_write, export, export->pool);
    while (status == APR_SUCCESS) {
        status = values_next(&values, export);
        if (status != APR_SUCCESS || !values)
            break;
        status = row_write(export, values);
    }
    if (status != APR_SUCCESS)
        return status;
    text = dsw_record_end(&size, export->record);
    return text_write(export, text, size);
}

static ds_problem_t *record_prepare(export_t *export, const dsw_layout_t *layout)
{
    export->layout = layout;
    export->record = dsw_record_make(layout, export->sync, export->pool);
    return dsw_record_problem(export->record);
}

static apr_status_t scan_write(export_t *export)
{
    apr_status_t status = ds_db_scan_begin(&export->scan, export->reader, &export->layout->query,
                                           launch_watch, export, export->pool);

    if (status != APR_SUCCESS)
        return status;
    status = rows_write(export);
    ds_db_scan_end(export->scan);
    return status;
}

static apr_status_t query_write(export_t *export)
{
    apr_status_t status = dsw_query_begin(&export->query, export->reader, export->sync, export->def,
                                          launch_watch, export, export->pool);

    if (status == APR_SUCCESS && record_prepare(export, dsw_query_layout(export->query)))
        status = DS_EINPUT;
    if (status == APR_SUCCESS)
        status = rows_write(export);
    dsw_query_end(export->query);
    return status;
}

/* --- the launch --- */

static dsw_result_t result_make(const export_t *export, ds_launch_state_e state)
{
    return (dsw_result_t){DSW_DONE, state,
                          ds_launch_summary(export->claim->launch, &export->rows, export->pool),
                          APR_SUCCESS};
}

/* The rest of the file and the last counters in one transaction; then the launch may end. */
static apr_status_t file_finish(export_t *export)
{
    static const ds_checkpoint_t start;
    apr_status_t status = ds_db_begin(export->db);

    if (status != APR_SUCCESS)
        return status;
    apr_cpystrn(export->rows.synced_until, export->whole.synced_until, DS_VALUE_NORMAL_SIZE);
    status = ds_file_writer_finish(export->writer, export->claim->launch->id);
    if (status == APR_SUCCESS)
        status = ds_queue_checkpoint(&export->cancelled, export->db, export->claim, &export->rows,
                                     &start, export->pool);
    if (status != APR_SUCCESS) {
        ds_db_rollback(export->db);
        return status;
    }
    status = ds_db_commit(export->db);
    if (status == APR_SUCCESS)
        ds_file_writer_close(export->writer);
    return status;
}

/* The reader's connection is as old as this run: what it said last is the trouble, if it said
 * anything. */
static dsw_result_t result_of_trouble(const export_t *export, apr_status_t status)
{
    const char *words = export->reader ? ds_db_error(export->reader) : "";

    return (dsw_result_t){.outcome = status == DS_ELOST ? DSW_LOST : DSW_TROUBLE,
                          .message = *words ? apr_pstrdup(export->pool, words) : NULL,
                          .status = status};
}

/* Somebody cancelled the launch, or this process is to end. */
static dsw_result_t stopped_end(export_t *export)
{
    apr_status_t status;

    export->rows = (ds_counters_t){0};
    status = launch_look(export);
    if (status != APR_SUCCESS)
        return result_of_trouble(export, status);
    return export->cancelled ? result_make(export, DS_LAUNCH_CANCELLED)
                             : (dsw_result_t){.outcome = DSW_INTERRUPTED};
}

/* What the client wants cannot be done. */
static dsw_result_t fault_end(export_t *export, ds_launch_state_e state, const char *fault)
{
    dsw_result_t result = stopped_end(export);

    if (result.outcome == DSW_INTERRUPTED)
        result = (dsw_result_t){DSW_DONE, state, fault, APR_SUCCESS};
    return result;
}

/* A row that the template does not take ends the export without a file. */
static dsw_result_t template_end(export_t *export)
{
    const char *fault = dsw_record_problem(export->record)->text;

    fault = dsw_record_walks(export->record)
                ? apr_psprintf(export->pool, "The template failed: %s", fault)
                : apr_psprintf(export->pool, "The template failed at row %" APR_INT64_T_FMT ": %s",
                               export->rows.read + 1, fault);
    return fault_end(export, DS_LAUNCH_FAILED, fault);
}

static dsw_result_t query_end(export_t *export, const ds_problem_t *problem)
{
    return fault_end(export, problem->status == DS_EINPUT ? DS_LAUNCH_REJECTED : DS_LAUNCH_FAILED,
                     problem->text);
}

/* The second connection of this process: a server that is full lets it wait, and the lease is not
 * kept meanwhile. */
static apr_status_t reader_open(export_t *export, const dsw_t *worker)
{
    apr_status_t status;

    dsw_sign_set(1);
    export->reader = dsw_db_open(worker, 0, 0, export->pool);
    status = launch_watch(export);
    dsw_sign_set(0);
    return status;
}

static dsw_result_t rows_export(export_t *export, const dsw_t *worker)
{
    const ds_problem_t *problem;
    apr_status_t status = reader_open(export, worker);

    if (status == APR_SUCCESS)
        status = export->sync->export.query.text ? query_write(export) : scan_write(export);
    problem = export->query ? dsw_query_problem(export->query) : NULL;
    if (status == DS_ESTOPPED)
        return stopped_end(export);
    if (status != APR_SUCCESS && problem)
        return query_end(export, problem);
    if (status == DS_EINPUT)
        return template_end(export);
    if (status == APR_SUCCESS)
        status = file_finish(export);
    return status == APR_SUCCESS ? result_make(export, DS_LAUNCH_FINISHED)
                                 : result_of_trouble(export, status);
}

static apr_status_t writer_begin(export_t *export)
{
    static const char *const types[] = {[DS_FORMAT_CSV] = "text/csv",
                                        [DS_FORMAT_NDJSON] = "application/x-ndjson",
                                        [DS_FORMAT_JSON] = "application/json"};
    ds_sync_format_e format = export->sync->export.format;
    const char *name =
        apr_pstrcat(export->pool, export->sync->id, ".", ds_sync_format_name(format), NULL);

    return ds_file_writer_begin(&export->writer, export->db, "output", name, types[format],
                                export->pool);
}

dsw_result_t dsw_export_run(const dsw_t *worker, ds_db_t *db, const ds_claim_t *claim,
                            const ds_sync_t *sync, const ds_def_t *def, apr_pool_t *pool)
{
    export_t export = {.db = db, .claim = claim, .sync = sync, .def = def, .pool = pool};
    dsw_layout_t *layout;
    dsw_result_t result;
    ds_problem_t *problem;
    ds_file_t *file;
    apr_status_t status = ds_file_get(&file, db, claim->launch->id, "output", pool);

    export.rows = claim->launch->rows;
    if (status == APR_SUCCESS)
        return result_make(&export, DS_LAUNCH_FINISHED); /* whole: only the end was missing */
    export.rows = (ds_counters_t){0};
    apr_pool_create(&export.look_pool, pool);
    problem = dsw_layout_make(&layout, sync, pool);
    if (!problem)
        problem = record_prepare(&export, layout); /* also before a query: it may be refused soon */
    if (problem)
        return (dsw_result_t){DSW_DONE, DS_LAUNCH_REJECTED, problem->text, APR_SUCCESS};
    status = writer_begin(&export);
    if (status != APR_SUCCESS)
        return result_of_trouble(&export, status);
    result = rows_export(&export, worker);
    if (export.reader)
        ds_db_close(export.reader);
    return result;
}
