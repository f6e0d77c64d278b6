/* Adobe: the runs of a flow, and what each of them did. Times are milliseconds since 1970. What
 * nobody counts is -1, what has no name here is "". */
#include "dsm_api_adobe.h"

#include <http_protocol.h>

#include <apr_strings.h>

#include <string.h>

#include "ds_options.h"
#include "ds_run.h"
#include "dsm_config.h"
#include "dsm_db.h"
#include "dsm_reply.h"

#define RUNS_USUAL 20 /* of one page */
#define UNKNOWN (-1)
#define KNOWN_PROPERTIES                                                                           \
    "flowId==ID, metrics.statusSummary.status==STATUS with success, failed or inProgress, and "    \
    "metrics.durationSummary.startedAtUTC with == > >= < <= and milliseconds since 1970"

/* By ds_run_outcome_e. */
static const char *const status_names[] = {"", "inProgress", "success", "failed"};

#define STATUSES ((int)(sizeof(status_names) / sizeof(*status_names)))

/* --- what is asked for --- */

/* One call: what is wanted, and what was found. */
typedef struct runs_t {
    const dsm_request_t *request;
    dsm_adobe_list_t list;
    ds_run_filter_t filter;
    const char *flow_id; /* as the request has it; NULL: it has none */
    const ds_sync_t *sync;
    apr_array_header_t *found; /* of ds_run_t */
    apr_int64_t rest;          /* the next page begins below this id; 0: there is none */
} runs_t;

static int status_find(ds_run_outcome_e *outcome, const char *name)
{
    int i;

    for (i = 1; i < STATUSES; ++i) {
        if (!ap_cstr_casecmp(status_names[i], name)) {
            *outcome = (ds_run_outcome_e)i;
            return 1;
        }
    }
    return 0;
}

/* A millisecond is all of its microseconds. */
static int start_narrow(ds_run_filter_t *filter, const char *op, const char *value)
{
    apr_size_t digits = strspn(value, "0123456789");
    apr_time_t first, after;

    if (!digits || digits > 15 || value[digits] || !strcmp(op, "!=")) {
        return 0;
    }
    first = apr_time_from_msec(apr_atoi64(value));
    after = first + apr_time_from_msec(1);
    if (op[0] == '>' || op[0] == '=') {
        apr_time_t from = strcmp(op, ">") ? first : after;

        filter->from = filter->from > from ? filter->from : from;
    }
    if (op[0] == '<' || op[0] == '=') {
        apr_time_t before = strcmp(op, "<") ? after : first;

        filter->before = filter->before < before ? filter->before : before;
    }
    return 1;
}

/* False when it is none that the list takes, or was there already. */
static int property_take(runs_t *runs, const dsm_adobe_property_t *property)
{
    int is_equal = !strcmp(property->op, "==");

    if (!strcmp(property->path, "flowId") && is_equal && !runs->flow_id) {
        runs->flow_id = property->value;
        return 1;
    }
    if (!strcmp(property->path, "metrics.statusSummary.status") && is_equal) {
        return runs->filter.outcome == DS_RUN_ANY &&
               status_find(&runs->filter.outcome, property->value);
    }
    return !strcmp(property->path, "metrics.durationSummary.startedAtUTC") &&
           start_narrow(&runs->filter, property->op, property->value);
}

/* The flow that is meant, of those that the key may see. */
static const ds_sync_t *flow_find(const request_rec *r, const dsm_request_t *request,
                                  const char *flow_id)
{
    char uuid[DS_UUID_SIZE];
    const ds_sync_t *sync = NULL;

    if (ds_digest_uuid_read(uuid, flow_id)) {
        sync = ds_def_integration_get(dsm_config_get(r->server)->def, uuid);
    }
    return dsm_adobe_has_flow(request, sync) ? sync : NULL;
}

/* False when it was answered. */
static int runs_begin(int *answer, runs_t *runs, request_rec *r, const dsm_request_t *request)
{
    int i;

    *runs = (runs_t){.request = request, .filter = ds_run_filter_make()};
    if (!dsm_adobe_list_read(answer, &runs->list, r, RUNS_USUAL)) {
        return 0;
    }
    if (runs->list.at) {
        runs->filter.below = runs->list.at;
    }
    for (i = 0; i < runs->list.properties->nelts; ++i) {
        const dsm_adobe_property_t *property =
            &APR_ARRAY_IDX(runs->list.properties, i, dsm_adobe_property_t);

        if (!property_take(runs, property)) {
            *answer = dsm_adobe_property_refuse(r, property, KNOWN_PROPERTIES ", each once");
            return 0;
        }
    }
    if (!runs->flow_id) {
        *answer = dsm_adobe_error(r, HTTP_BAD_REQUEST,
                                  "Runs are listed flow by flow: write property=flowId==ID.");
        return 0;
    }
    runs->sync = flow_find(r, request, runs->flow_id);
    if (!runs->sync) {
        *answer = dsm_adobe_error(r, HTTP_NOT_FOUND, "There is no such flow.");
    }
    return runs->sync != NULL;
}

/* --- a run --- */

/* The numbers of a run, or of one of its activities. */
typedef struct summary_t {
    const ds_launch_t *launch;
    apr_int64_t records_in;
    apr_int64_t records_out;
    apr_int64_t records_failed; /* UNKNOWN: none can fail there */
    apr_int64_t files_in;
    apr_int64_t files_out;
    ds_run_outcome_e outcome;
    apr_int64_t rows_failed; /* that the errors tell of */
    int has_window;
} summary_t;

static void number_write(ds_fmt_doc_t *doc, const char *key, apr_int64_t number)
{
    ds_fmt_doc_key(doc, key);
    ds_fmt_doc_integer(doc, number);
}

static void map_begin(ds_fmt_doc_t *doc, const char *key)
{
    ds_fmt_doc_key(doc, key);
    ds_fmt_doc_map_begin(doc);
}

static void error_write(ds_fmt_doc_t *doc, const char *code, const char *message)
{
    ds_fmt_doc_map_begin(doc);
    dsm_adobe_text_write(doc, "code", code);
    dsm_adobe_text_write(doc, "message", message);
    ds_fmt_doc_map_end(doc);
}

/* Adobe's two: the source was not read to its end; records of it could not be taken. */
static void errors_write(ds_fmt_doc_t *doc, const summary_t *summary, apr_pool_t *pool)
{
    const ds_launch_t *launch = summary->launch;
    int is_broken = launch->finished_at && launch->state != DS_LAUNCH_FINISHED;

    if (!is_broken && !summary->rows_failed) {
        return;
    }
    ds_fmt_doc_key(doc, "errors");
    ds_fmt_doc_array_begin(doc);
    if (is_broken) {
        error_write(doc, "CONNECTOR-1001-500", launch->message ? launch->message : "");
    }
    if (summary->rows_failed) {
        error_write(doc, "CONNECTOR-2001-500",
                    apr_psprintf(pool,
                                 "%" APR_INT64_T_FMT " of %" APR_INT64_T_FMT
                                 " records could not be taken",
                                 summary->rows_failed, launch->rows.read));
    }
    ds_fmt_doc_array_end(doc);
}

static void counts_write(ds_fmt_doc_t *doc, const summary_t *summary)
{
    map_begin(doc, "sizeSummary");
    number_write(doc, "inputBytes", UNKNOWN);
    number_write(doc, "outputBytes", UNKNOWN);
    ds_fmt_doc_map_end(doc);
    map_begin(doc, "recordSummary");
    number_write(doc, "inputRecordCount", summary->records_in);
    number_write(doc, "outputRecordCount", summary->records_out);
    if (summary->records_failed != UNKNOWN) {
        number_write(doc, "failedRecordCount", summary->records_failed);
    }
    ds_fmt_doc_map_end(doc);
    map_begin(doc, "fileSummary");
    number_write(doc, "inputFileCount", summary->files_in);
    number_write(doc, "outputFileCount", summary->files_out);
    ds_fmt_doc_map_end(doc);
}

/* The changes of which time it asks for; one that fetches everything has no beginning. */
static void window_write(ds_fmt_doc_t *doc, const ds_launch_t *launch)
{
    apr_time_t start, end;

    if (!ds_options_window_read(&start, &end, launch->options)) {
        return;
    }
    map_begin(doc, "extensions");
    if (start) {
        number_write(doc, "windowStart", apr_time_as_msec(start));
    }
    number_write(doc, "windowEnd", apr_time_as_msec(end));
    ds_fmt_doc_map_end(doc);
}

static void summary_write(ds_fmt_doc_t *doc, const summary_t *summary, apr_pool_t *pool)
{
    const ds_launch_t *launch = summary->launch;

    map_begin(doc, "durationSummary");
    number_write(doc, "startedAtUTC", apr_time_as_msec(launch->started_at));
    if (launch->finished_at) {
        number_write(doc, "completedAtUTC", apr_time_as_msec(launch->finished_at));
    }
    if (summary->has_window) {
        window_write(doc, launch);
    }
    ds_fmt_doc_map_end(doc);
    counts_write(doc, summary);
    map_begin(doc, "statusSummary");
    dsm_adobe_text_write(doc, "status", status_names[summary->outcome]);
    errors_write(doc, summary, pool);
    ds_fmt_doc_map_end(doc);
}

static apr_time_t changed_at(const ds_launch_t *launch)
{
    return launch->finished_at ? launch->finished_at : launch->started_at;
}

static void end_write(ds_fmt_doc_t *doc, const char *key, const char *id, const char *type,
                      const char *reference, const char *name)
{
    ds_fmt_doc_key(doc, key);
    ds_fmt_doc_array_begin(doc);
    ds_fmt_doc_map_begin(doc);
    dsm_adobe_text_write(doc, "id", id);
    dsm_adobe_text_write(doc, "type", type);
    map_begin(doc, "reference");
    dsm_adobe_text_write(doc, "type", reference);
    ds_fmt_doc_key(doc, "ids");
    ds_fmt_doc_array_begin(doc);
    ds_fmt_doc_text(doc, name);
    ds_fmt_doc_array_end(doc);
    ds_fmt_doc_map_end(doc);
    ds_fmt_doc_map_end(doc);
    ds_fmt_doc_array_end(doc);
}

static void activity_begin(ds_fmt_doc_t *doc, const char *id, const char *name,
                           const summary_t *summary, apr_pool_t *pool)
{
    ds_fmt_doc_map_begin(doc);
    dsm_adobe_text_write(doc, "id", id);
    dsm_adobe_text_write(doc, "name", name);
    number_write(doc, "updatedAtUTC", apr_time_as_msec(changed_at(summary->launch)));
    summary_write(doc, summary, pool);
}

/* Pages come in, and their records go on into the table. */
static void activities_write(ds_fmt_doc_t *doc, const ds_run_t *run, const summary_t *whole,
                             const ds_sync_t *sync, apr_pool_t *pool)
{
    char spec_id[DS_UUID_SIZE] = "";
    summary_t copy = *whole;

    copy.records_out = copy.records_in;
    copy.files_out = copy.files_in;
    copy.records_failed = UNKNOWN;
    copy.rows_failed = 0;
    copy.has_window = 1;
    if (run->launch->state == DS_LAUNCH_FINISHED) {
        copy.outcome = DS_RUN_GOOD;
    }
    dsm_adobe_spec_id(spec_id, sync, pool);
    ds_fmt_doc_key(doc, "activities");
    ds_fmt_doc_array_begin(doc);
    activity_begin(doc, "copyActivity", "Copy Activity", &copy, pool);
    end_write(doc, "sourceInfo", spec_id, "SourceConnection", "LaunchId",
              apr_psprintf(pool, "%" APR_INT64_T_FMT, run->launch->id));
    ds_fmt_doc_map_end(doc);
    activity_begin(doc, "promotionActivity", "Promotion Activity", whole, pool);
    end_write(doc, "targetInfo", run->launch->object, "TargetConnection", "Object",
              run->launch->object);
    ds_fmt_doc_map_end(doc);
    ds_fmt_doc_array_end(doc);
}

static void owner_write(ds_fmt_doc_t *doc, const ds_launch_t *launch)
{
    static const char *const empty[] = {"createdBy",     "updatedBy", "createdClient",
                                        "updatedClient", "sandboxId", "sandboxName",
                                        "imsOrgId"};
    size_t i;

    number_write(doc, "createdAt", apr_time_as_msec(launch->scheduled_at));
    number_write(doc, "updatedAt", apr_time_as_msec(changed_at(launch)));
    for (i = 0; i < sizeof(empty) / sizeof(*empty); ++i) {
        dsm_adobe_text_write(doc, empty[i], "");
    }
}

static void run_write(ds_fmt_doc_t *doc, const ds_run_t *run, const ds_sync_t *sync,
                      apr_pool_t *pool)
{
    const ds_launch_t *launch = run->launch;
    summary_t whole = {.launch = launch,
                       .records_in = launch->rows.read,
                       .records_out = launch->rows.ok,
                       .records_failed = launch->rows.failed,
                       .files_in = run->pages,
                       .outcome = run->outcome,
                       .rows_failed = launch->rows.failed};

    ds_fmt_doc_map_begin(doc);
    dsm_adobe_text_write(doc, "id", launch->uuid);
    owner_write(doc, launch);
    dsm_adobe_text_write(doc, "flowId", sync->integration_id);
    dsm_adobe_text_write(doc, "providerRefId", apr_psprintf(pool, "%" APR_INT64_T_FMT, launch->id));
    dsm_adobe_text_write(doc, "etag",
                         apr_psprintf(pool, "\"%s-%" APR_INT64_T_FMT "\"",
                                      ds_launch_state_name(launch->state), launch->rows.read));
    map_begin(doc, "metrics");
    summary_write(doc, &whole, pool);
    ds_fmt_doc_map_end(doc);
    activities_write(doc, run, &whole, sync, pool);
    ds_fmt_doc_map_end(doc);
}

/* --- lists --- */

static ds_fmt_doc_t *items_begin(apr_pool_t *pool)
{
    ds_fmt_doc_t *doc = ds_fmt_doc_make(DS_DOC_JSON, pool);

    ds_fmt_doc_map_begin(doc);
    ds_fmt_doc_key(doc, "items");
    ds_fmt_doc_array_begin(doc);
    return doc;
}

/* next: a reference to the next page, or NULL. */
static int items_send(request_rec *r, ds_fmt_doc_t *doc, const char *next)
{
    const char *body;
    apr_size_t size;

    ds_fmt_doc_array_end(doc);
    map_begin(doc, "_links");
    if (next) {
        map_begin(doc, "next");
        dsm_adobe_text_write(doc, "href", next);
        ds_fmt_doc_map_end(doc);
    }
    ds_fmt_doc_map_end(doc);
    ds_fmt_doc_map_end(doc);
    body = ds_fmt_doc_result(&size, doc);
    return dsm_adobe_body_send(r, HTTP_OK, body, size);
}

static apr_status_t runs_read(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    runs_t *runs = baton;
    apr_status_t status = ds_run_list(&runs->found, connection->db, runs->sync->id, &runs->filter,
                                      runs->list.limit + 1, pool);

    if (status == APR_SUCCESS && runs->found->nelts > runs->list.limit) {
        runs->found->nelts = runs->list.limit;
        runs->rest = APR_ARRAY_IDX(runs->found, runs->list.limit - 1, ds_run_t).launch->id;
    }
    return status;
}

int dsm_adobe_runs(request_rec *r, const dsm_request_t *request)
{
    const char *cause, *next = NULL;
    apr_status_t status;
    ds_fmt_doc_t *doc;
    runs_t runs;
    int answer, i;

    if (!runs_begin(&answer, &runs, r, request)) {
        return answer;
    }
    status = dsm_db_use(&cause, runs_read, &runs, r->pool);
    if (status != APR_SUCCESS) {
        return dsm_reply_failure(r, request, status, "The runs could not be read.", cause);
    }
    doc = items_begin(r->pool);
    for (i = 0; i < runs.found->nelts; ++i) {
        run_write(doc, &APR_ARRAY_IDX(runs.found, i, ds_run_t), runs.sync, r->pool);
    }
    if (runs.rest) {
        next = dsm_adobe_next_make(&runs.list, "/runs", runs.rest, r->pool);
    }
    return items_send(r, doc, next);
}

/* --- one --- */

typedef struct search_t {
    const char *uuid;
    ds_run_t run;
} search_t;

static apr_status_t run_read(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    search_t *search = baton;

    return ds_run_find(&search->run, connection->db, search->uuid, pool);
}

int dsm_adobe_run(request_rec *r, const dsm_request_t *request)
{
    char uuid[DS_UUID_SIZE];
    search_t search = {.uuid = uuid};
    const ds_sync_t *sync = NULL;
    const char *cause = NULL;
    apr_status_t status = DS_ENOTFOUND;
    ds_fmt_doc_t *doc;

    if (ds_digest_uuid_read(uuid, request->launch)) {
        status = dsm_db_use(&cause, run_read, &search, r->pool);
    }
    if (status == APR_SUCCESS) {
        sync = ds_def_sync_get(dsm_config_get(r->server)->def, search.run.launch->sync_id);
        status = dsm_adobe_has_flow(request, sync) ? APR_SUCCESS : DS_ENOTFOUND;
    }
    if (status == DS_ENOTFOUND) {
        return dsm_adobe_error(r, HTTP_NOT_FOUND, "There is no such run.");
    }
    if (status != APR_SUCCESS) {
        return dsm_reply_failure(r, request, status, "The run could not be read.", cause);
    }
    doc = items_begin(r->pool);
    run_write(doc, &search.run, sync, r->pool);
    return items_send(r, doc, NULL);
}
