#include "dsw_pull.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "ds_log.h"
#include "ds_options.h"
#include "ds_pull.h"
#include "ds_src_map.h"
#include "ds_src_window.h"
#include "dsw_fetch.h"
#include "dsw_import.h"
#include "dsw_page.h"
#include "dsw_process.h"

#define PAUSES_MAX apr_time_from_sec(86400) /* before one page: others of the object wait, too */

/* Where in the pages a launch is. */
typedef enum {
    PAGE_BEFORE, /* the page is not here yet */
    PAGE_INSIDE, /* its records are read */
    PAGE_BEHIND  /* they are all read; it is done when that is committed */
} where_e;

typedef struct {
    ds_db_t *db;
    const ds_claim_t *claim;
    const ds_sync_t *sync;
    apr_pool_t *pool;
    apr_pool_t *page_pool;   /* from one page to the next */
    apr_pool_t *record_pool; /* of one record */
    apr_pool_t *look_pool;
    ds_src_spec_t *spec;
    ds_src_values_t values;
    ds_src_map_t *map;
    dsw_fetch_t *fetch;
    dsw_page_t *reader;
    const char **texts;       /* of a record, for each field of the object */
    ds_fmt_csv_cell_t *cells; /* likewise */
    ds_pull_t known;          /* what the database keeps */
    where_e where;
    ds_src_page_t page;     /* the one that is read */
    ds_src_page_t after;    /* the one that follows it */
    int is_empty;           /* it has no record */
    ds_src_step_e step;     /* whether one follows */
    const char *step_fault; /* why nobody knows */
    apr_int64_t records;    /* of the page, that were given */
    apr_int64_t done;       /* of the page, that an earlier runner has committed */
    apr_int64_t stored;     /* of the page as it is here, that are committed */
    apr_int64_t kept;       /* that are when the batch at hand is; -1: it ends with the page */
    ds_problem_t *lost;     /* why the page is not where it should be again */
    const char *fault;
    int is_config_fault; /* somebody must change something before it can go on */
} pull_t;

/* Keep the lease while others are slow, and learn whether to stop. A database that is busy may
 * answer the next time. */
static apr_status_t launch_look(void *baton)
{
    pull_t *pull = baton;
    apr_status_t status;
    int cancelled = 0;

    if (dsw_process_stopping())
        return DS_ESTOPPED;
    apr_pool_clear(pull->look_pool);
    status = ds_queue_keep(&cancelled, pull->db, pull->claim, pull->look_pool);
    if (status != APR_SUCCESS && status != DS_EBUSY)
        return status;
    return cancelled ? DS_ESTOPPED : APR_SUCCESS;
}

static void launch_sleep(apr_interval_time_t time)
{
    dsw_process_wait(-1, time);
}

/* --- pages --- */

static ds_problem_t *request_make(ds_src_request_t **request, const pull_t *pull)
{
    ds_src_pair_t header;
    ds_problem_t *problem = ds_src_request_make(request, pull->spec, pull->sync->source->host,
                                                &pull->values, pull->page_pool);

    if (problem)
        return ds_problem_make(pull->page_pool, DS_EDENIED, "config_error: %s", problem->text);
    (*request)->url = ds_src_page_url(&header, &pull->page, &pull->spec->paging, (*request)->url,
                                      pull->page_pool);
    if (header.name)
        APR_ARRAY_PUSH((*request)->headers, ds_src_pair_t) = header;
    return NULL;
}

/* A problem of the page itself: with its number. */
static ds_problem_t *page_problem(const pull_t *pull, const ds_problem_t *problem)
{
    return problem ? ds_problem_make(pull->page_pool, problem->status,
                                     "error: page %" APR_INT64_T_FMT ": %s",
                                     pull->page.requests + 1, problem->text)
                   : NULL;
}

/* What an earlier runner has committed of this page is passed over, if the page is still the same.
 */
static ds_problem_t *page_resume(pull_t *pull)
{
    apr_int64_t count = pull->done;
    ds_problem_t *problem = dsw_page_skip(&pull->records, pull->reader, count);

    pull->done = 0;
    if (!count || problem)
        return problem;
    if (pull->records == count && dsw_page_digest(pull->reader) == pull->page.done) {
        pull->stored = count;
        return NULL;
    }
    ds_log(DS_LOG_NOTICE, APR_SUCCESS,
           DSLOGNO(0616) "sync %s: page %" APR_INT64_T_FMT
                         " has changed since it was interrupted: it is taken from its beginning",
           pull->sync->id, pull->page.requests + 1);
    dsw_page_rewind(pull->reader);
    pull->records = 0;
    return NULL;
}

/* The host wants no request for a while. */
static ds_problem_t *pause_count(pull_t *pull, ds_problem_t *problem)
{
    pull->page.paused += dsw_fetch_pause(pull->fetch);
    if (pull->page.paused <= PAUSES_MAX)
        return problem;
    return ds_problem_make(pull->page_pool, DS_EREMOTE,
                           "error: page %" APR_INT64_T_FMT
                           ": %s: the pauses before this page would be more than 24 hours together",
                           pull->page.requests + 1, problem->text);
}

static ds_problem_t *page_fetch(pull_t *pull)
{
    ds_src_request_t *request;
    ds_src_http_answer_t *answer;
    ds_src_facts_t facts;
    apr_file_t *body;
    ds_problem_t *problem = request_make(&request, pull), *trouble = NULL;

    if (!problem)
        problem = dsw_fetch_send(&answer, &body, &pull->page.attempts, pull->fetch, request,
                                 pull->spec->paging.delay, pull->page_pool);
    if (problem && problem->status == DS_EPAUSE)
        return pause_count(pull, problem);
    if (problem)
        return problem;
    pull->page.attempts = 0;
    pull->page.paused = 0;
    problem = page_problem(pull, dsw_page_open(&facts, pull->reader, answer, body));
    if (problem)
        return problem;
    pull->after = pull->page;
    pull->step = ds_src_page_step(&pull->after, &trouble, &pull->spec->paging, &facts, request->url,
                                  pull->page_pool);
    trouble = page_problem(pull, trouble);
    pull->step_fault = trouble ? apr_pstrdup(pull->pool, trouble->text) : NULL;
    pull->is_empty = facts.records == 0;
    pull->where = pull->is_empty ? PAGE_BEHIND : PAGE_INSIDE;
    return !pull->is_empty ? page_problem(pull, page_resume(pull)) : NULL;
}

/* The page at hand was committed: on to the one behind it. */
static void page_advance(pull_t *pull)
{
    char *next = pull->after.next ? strdup(pull->after.next) : NULL;

    dsw_page_close(pull->reader);
    apr_pool_clear(pull->page_pool);
    pull->page = pull->after;
    pull->page.next = next ? apr_pstrdup(pull->page_pool, next) : NULL;
    free(next);
    pull->where = PAGE_BEFORE;
    pull->records = pull->stored = 0;
}

/* --- records, as dsw_input.h wants them --- */

/* The row as it would stand in a file: for the failures file. */
static void raw_make(ds_fmt_csv_record_t *record, const pull_t *pull)
{
    apr_size_t room = 1;
    char *to;
    int i;

    for (i = 0; i < record->count; i++)
        room += 2 * record->cells[i].length + 3;
    record->raw = to = apr_palloc(pull->record_pool, room);
    for (i = 0; i < record->count; i++) {
        if (i)
            *to++ = ',';
        to += ds_fmt_csv_cell_write(to, record->cells[i].text, record->cells[i].length, ',');
    }
    record->raw_length = (apr_size_t)(to - record->raw);
}

static void record_fill(ds_fmt_csv_record_t *record, pull_t *pull, json_t *found)
{
    int i;

    apr_pool_clear(pull->record_pool);
    ds_src_map_apply(pull->texts, pull->map, found, pull->record_pool);
    for (i = 0; i < pull->sync->object->fields->nelts; i++) {
        const char *text = pull->texts[i] ? pull->texts[i] : "";

        pull->cells[i].length = strlen(text);
        pull->cells[i].text = apr_pstrmemdup(pull->record_pool, text, pull->cells[i].length);
    }
    *record = (ds_fmt_csv_record_t){.cells = pull->cells,
                                    .count = pull->sync->object->fields->nelts,
                                    .line_end = "\n",
                                    .offset = (pull->page.requests << 32) + pull->records,
                                    .line = pull->records,
                                    .fault = json_is_null(found) ? DS_CSV_BROKEN : DS_CSV_GOOD};
    raw_make(record, pull);
}

static int is_for_people(const ds_problem_t *problem)
{
    return problem->status == DS_EREMOTE || problem->status == DS_ELIMIT ||
           problem->status == DS_EDENIED || problem->status == DS_EINPUT;
}

/* Nothing more can be had: the launch fails with the problem, or it is not to go on. */
static apr_status_t problem_take(ds_fmt_csv_next_e *next, pull_t *pull, const ds_problem_t *problem)
{
    if (!is_for_people(problem))
        return problem->status;
    pull->fault = apr_pstrdup(pull->pool, problem->text);
    pull->is_config_fault = problem->status == DS_EDENIED;
    *next = DS_CSV_END;
    return APR_SUCCESS;
}

static ds_problem_t *record_next(json_t **found, pull_t *pull)
{
    ds_problem_t *problem;

    *found = NULL;
    if (pull->where == PAGE_BEHIND)
        page_advance(pull);
    if (pull->where == PAGE_BEFORE) {
        problem = page_fetch(pull);
        if (problem || pull->where == PAGE_BEHIND)
            return problem;
    }
    problem = page_problem(pull, dsw_page_next(found, pull->reader));
    if (!problem && !*found)
        pull->where = PAGE_BEHIND;
    return problem;
}

static apr_status_t pull_next(ds_fmt_csv_next_e *next, ds_fmt_csv_record_t *record, void *baton)
{
    pull_t *pull = baton;
    json_t *found;
    ds_problem_t *problem;

    if (pull->kept >= 0) /* who goes on has committed */
        pull->stored = pull->kept;
    pull->kept = -1;
    problem = pull->lost ? pull->lost : record_next(&found, pull);
    if (problem)
        return problem_take(next, pull, problem);
    if (found) {
        pull->records++;
        record_fill(record, pull, found);
        *next = DS_CSV_RECORD;
        return APR_SUCCESS;
    }
    if (pull->step == DS_SRC_FAULT)
        pull->fault = pull->step_fault;
    *next = pull->step == DS_SRC_MORE ? DS_CSV_MORE : DS_CSV_END;
    return APR_SUCCESS;
}

/* The page that was not committed is still here. It may be another one than the checkpoint tells
 * of: one that has changed, or the first one of a new window. */
static void pull_seek(void *baton, const ds_checkpoint_t *checkpoint)
{
    pull_t *pull = baton;

    pull->kept = -1;
    if (pull->where == PAGE_BEFORE) {
        pull->done = checkpoint->offset == pull->page.requests ? checkpoint->line : 0;
        return;
    }
    if (pull->is_empty)
        return;
    dsw_page_rewind(pull->reader);
    pull->where = PAGE_INSIDE;
    pull->lost = page_problem(pull, dsw_page_skip(&pull->records, pull->reader, pull->stored));
}

/* Pages that are done, and records of the one at hand. */
static ds_checkpoint_t pull_checkpoint(const void *baton)
{
    const pull_t *pull = baton;

    if (pull->where == PAGE_BEHIND)
        return (ds_checkpoint_t){pull->after.requests, 0};
    return (ds_checkpoint_t){pull->page.requests, pull->records};
}

static const char *pull_fault(const void *baton)
{
    return ((const pull_t *)baton)->fault;
}

static apr_status_t pull_keep(void *baton)
{
    pull_t *pull = baton;
    ds_src_page_t *page = pull->where == PAGE_BEHIND ? &pull->after : &pull->page;

    if (pull->where == PAGE_BEHIND && pull->step == DS_SRC_END)
        return ds_pull_finish(pull->db, pull->sync->id, &pull->known);
    if (pull->where == PAGE_INSIDE) {
        page->done = dsw_page_digest(pull->reader);
        pull->kept = pull->records;
    }
    pull->known.page = ds_src_page_write(page, pull->page_pool);
    return ds_pull_page_set(pull->db, pull->sync->id, &pull->known);
}

/* --- the launch --- */

static ds_problem_t *spec_read(pull_t *pull)
{
    const ds_source_t *source = pull->sync->source;
    ds_src_report_t report;
    apr_array_header_t *params = NULL;

    ds_src_spec_read(&pull->spec, &report, source->spec, strlen(source->spec), pull->pool);
    if (pull->spec)
        ds_src_params_check(&params, &report, pull->spec, source->params, pull->pool);
    pull->values.params = params;
    if (report.mistakes->nelts)
        return ds_problem_make(pull->pool, DS_EINPUT, "config_error: the source spec: %s",
                               APR_ARRAY_IDX(report.mistakes, 0, const char *));
    return ds_src_map_make(&pull->map, source, pull->spec, pull->sync->object, pull->pool);
}

/* Is everything in, and only the end of the launch was not stored? */
static int is_finished(const pull_t *pull)
{
    return pull->known.launch_id == pull->claim->launch->id && pull->known.page &&
           !*pull->known.page;
}

/* The window of this launch: the one it has begun, or a new one. */
static apr_status_t window_begin(pull_t *pull)
{
    const ds_source_t *source = pull->sync->source;
    ds_src_window_t window;
    apr_time_t now;
    apr_status_t status = ds_pull_get(&pull->known, pull->db, pull->sync->id, pull->pool);

    if (status == APR_SUCCESS)
        status = ds_db_now(&now, pull->db);
    if (status != APR_SUCCESS)
        return status;
    ds_src_page_begin(&pull->page, &pull->spec->paging);
    if (is_finished(pull))
        return APR_SUCCESS;
    if (pull->known.launch_id == pull->claim->launch->id && pull->known.page &&
        ds_src_page_read(&pull->page, pull->known.page, pull->page_pool))
        return APR_SUCCESS;
    window = ds_src_window_make(pull->known.watermark, source->backfill_from, source->look_back,
                                source->backfill, now);
    pull->known.launch_id = pull->claim->launch->id;
    pull->known.window_start = window.start;
    pull->known.window_end = window.end;
    pull->known.window_first = window.first;
    pull->known.page = NULL;
    return ds_queue_options_set(pull->db, pull->claim,
                                ds_options_window_write(pull->claim->launch->options, window.start,
                                                        window.end, pull->pool));
}

static ds_problem_t *parts_make(pull_t *pull, const ds_egress_t *egress)
{
    const ds_src_watch_t watch = {launch_look, pull, launch_sleep};
    const apr_size_t element_bytes = (apr_size_t)pull->sync->limits.row_length;
    ds_problem_t *problem =
        ds_src_values_window(&pull->values, pull->spec, pull->known.window_start,
                             pull->known.window_end, pull->known.window_first, pull->pool);

    if (!problem)
        problem = dsw_fetch_make(&pull->fetch, pull->db, pull->sync->id, pull->sync->source, egress,
                                 pull->sync->limits.upload, &watch, pull->pool);
    if (problem)
        return ds_problem_make(pull->pool, problem->status, "config_error: %s", problem->text);
    pull->reader = dsw_page_make(pull->spec, element_bytes, &watch, pull->pool);
    return NULL;
}

static dsw_result_t pause_result(apr_status_t status, const char *message)
{
    if (status == APR_SUCCESS)
        return (dsw_result_t){.outcome = DSW_PAUSED, .message = message};
    if (status == DS_ELOST) /* perhaps it was cancelled: whoever hands it back learns that */
        return (dsw_result_t){.outcome = DSW_INTERRUPTED};
    return (dsw_result_t){.outcome = DSW_TROUBLE, .status = status};
}

/* The host wants no request for a while: the launch waits in the database, and this runner is free.
 */
static dsw_result_t pull_pause(pull_t *pull)
{
    apr_time_t until;
    char day[APR_RFC822_DATE_LEN];
    const char *message;
    apr_status_t status = ds_db_now(&until, pull->db);

    if (status == APR_SUCCESS)
        status = ds_db_begin(pull->db);
    if (status != APR_SUCCESS)
        return pause_result(status, NULL);
    until += dsw_fetch_pause(pull->fetch);
    apr_rfc822_date(day, until);
    message = apr_psprintf(pull->pool, "Waits until %s: its server wants no request before", day);
    status = ds_queue_pause(pull->db, pull->claim, until, message);
    pull->known.page = ds_src_page_write(&pull->page, pull->page_pool);
    if (status == APR_SUCCESS)
        status = ds_pull_page_set(pull->db, pull->sync->id, &pull->known);
    if (status == APR_SUCCESS)
        return pause_result(ds_db_commit(pull->db), message);
    ds_db_rollback(pull->db);
    return pause_result(status, NULL);
}

/* The names of the fields, as the first line of a file would have them. */
static void header_make(ds_fmt_csv_record_t *header, pull_t *pull)
{
    const apr_array_header_t *fields = pull->sync->object->fields;
    apr_size_t count = (apr_size_t)fields->nelts;
    ds_fmt_csv_cell_t *cells = apr_palloc(pull->pool, sizeof(*cells) * count);
    int i;

    for (i = 0; i < fields->nelts; i++) {
        const char *name = APR_ARRAY_IDX(fields, i, ds_field_t).name;

        cells[i] =
            (ds_fmt_csv_cell_t){.text = apr_pstrdup(pull->pool, name), .length = strlen(name)};
    }
    *header = (ds_fmt_csv_record_t){.cells = cells, .count = fields->nelts, .line_end = "\n"};
    raw_make(header, pull);
    header->raw = apr_pstrmemdup(pull->pool, header->raw, header->raw_length);
    pull->texts = apr_pcalloc(pull->pool, sizeof(char *) * count);
    pull->cells = apr_pcalloc(pull->pool, sizeof(*pull->cells) * count);
}

dsw_result_t dsw_pull_run(ds_db_t *db, const ds_claim_t *claim, const ds_sync_t *sync,
                          const ds_egress_t *egress, apr_pool_t *pool)
{
    static const dsw_input_source_t source = {pull_next, pull_seek, pull_checkpoint, pull_fault,
                                              pull_keep};
    pull_t *pull = apr_pcalloc(pool, sizeof(*pull));
    ds_fmt_csv_record_t header;
    dsw_result_t result;
    ds_problem_t *problem;
    apr_status_t status;

    pull->db = db;
    pull->claim = claim;
    pull->sync = sync;
    pull->pool = pool;
    pull->kept = -1;
    apr_pool_create(&pull->page_pool, pool);
    apr_pool_create(&pull->record_pool, pool);
    apr_pool_create(&pull->look_pool, pool);
    problem = spec_read(pull);
    if (problem)
        return (dsw_result_t){DSW_DONE, DS_LAUNCH_REJECTED, problem->text, APR_SUCCESS};
    status = window_begin(pull);
    if (status != APR_SUCCESS)
        return (dsw_result_t){.outcome = DSW_TROUBLE, .status = status};
    if (is_finished(pull))
        return (dsw_result_t){DSW_DONE, DS_LAUNCH_FINISHED,
                              ds_launch_summary(claim->launch, &claim->launch->rows, pool),
                              APR_SUCCESS};
    problem = parts_make(pull, egress);
    if (problem)
        return (dsw_result_t){DSW_DONE, DS_LAUNCH_REJECTED, problem->text, APR_SUCCESS};
    header_make(&header, pull);
    result = dsw_rows_run_input(db, claim, sync, &dsw_import_kind,
                                dsw_input_of(&source, pull, pool), &header, pool);
    if (result.outcome == DSW_TROUBLE && result.status == DS_EPAUSE)
        return pull_pause(pull);
    if (pull->is_config_fault && result.outcome == DSW_DONE && result.state == DS_LAUNCH_FAILED)
        result.state = DS_LAUNCH_REJECTED;
    return result;
}
