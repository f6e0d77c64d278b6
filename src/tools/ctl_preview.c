/* datasyncctl source preview: what a source would give, and which fields it would fill. Nothing is
 * written but tokens of OAuth. */
#include "ctl.h"

#include <apr_strings.h>
#include <string.h>

#include "ds_json.h"
#include "ds_src_fill.h"
#include "ds_src_flatten.h"
#include "ds_src_http.h"
#include "ds_src_login.h"
#include "ds_src_map.h"
#include "ds_src_page.h"
#include "ds_src_path.h"
#include "ds_src_url.h"
#include "ds_syntax.h"

#define RECORDS_DEFAULT 3
#define ANSWER_MOST (16 * 1024 * 1024) /* bytes */

/* What is previewed. */
typedef struct preview_t {
    ctl_t *ctl;
    const ds_sync_t *sync;
    ds_src_spec_t *spec;
    ds_src_values_t values;
    ds_src_map_t *map;
    int left;     /* records to show */
    json_t *rows; /* of the table */
} preview_t;

/* Bytes that grow. */
typedef struct buffer_t {
    char *data;
    apr_size_t size;
    apr_size_t room;
    apr_pool_t *pool;
} buffer_t;

static apr_status_t buffer_write(void *baton, const char *data, apr_size_t size)
{
    buffer_t *buffer = baton;
    char *larger;

    if (size > ANSWER_MOST - buffer->size) {
        return DS_ELIMIT;
    }
    if (buffer->size + size > buffer->room) {
        buffer->room = 2 * (buffer->size + size);
        larger = apr_palloc(buffer->pool, buffer->room);
        if (buffer->size) {
            memcpy(larger, buffer->data, buffer->size);
        }
        buffer->data = larger;
    }
    memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    return APR_SUCCESS;
}

static int problem_fail(const ds_problem_t *problem)
{
    return ctl_fail(CTL_REFUSED, "%s", problem->text);
}

/* --- the request --- */

/* The URL of the first page. */
static const char *page_url(const preview_t *preview, const char *url)
{
    const ds_src_paging_t *paging = &preview->spec->paging;
    ds_src_page_t page;
    ds_src_pair_t none_yet;

    ds_src_page_begin(&page, paging);
    return ds_src_page_url(&none_yet, &page, paging, url, preview->ctl->pool);
}

/* The exit code. */
static int request_make(ds_src_http_request_t *request, const preview_t *preview)
{
    apr_pool_t *pool = preview->ctl->pool;
    apr_array_header_t *headers = apr_array_make(pool, 8, sizeof(ds_src_http_header_t));
    ds_src_request_t *made;
    ds_problem_t *problem = ds_src_request_make(&made, preview->spec, preview->sync->source->host,
                                                &preview->values, pool);

    if (problem) {
        return problem_fail(problem);
    }
    for (int i = 0; i < made->headers->nelts; i++) {
        const ds_src_pair_t *pair = &APR_ARRAY_IDX(made->headers, i, ds_src_pair_t);

        APR_ARRAY_PUSH(headers, ds_src_http_header_t) =
            (ds_src_http_header_t){pair->name, pair->value};
    }
    if (made->body) {
        APR_ARRAY_PUSH(headers, ds_src_http_header_t) =
            (ds_src_http_header_t){"Content-Type", "application/json"};
    }
    *request = (ds_src_http_request_t){.method = made->method,
                                       .url = page_url(preview, made->url),
                                       .headers = headers,
                                       .body = made->body,
                                       .body_size = made->body ? strlen(made->body) : 0,
                                       .write = buffer_write};
    return CTL_OK;
}

/* Nobody looks for the end of a tool: its signals end it. */
static apr_status_t preview_look(void *baton)
{
    return APR_SUCCESS;
}

/* Who asks the source, and who has its credential. */
static ds_problem_t *client_make(ds_src_http_t **http, ds_src_login_t **login,
                                 const preview_t *preview)
{
    static const ds_src_watch_t watch = {preview_look, NULL, apr_sleep};
    const ds_egress_t *allowed = &preview->ctl->def->egress;
    apr_pool_t *pool = preview->ctl->pool;
    ds_src_http_rules_t rules;
    ds_src_egress_t *egress;
    ds_problem_t *problem = ds_src_egress_make(&egress, allowed->allow, pool);

    if (problem) {
        return problem;
    }
    rules = ds_src_http_rules(egress);
    rules.plain = allowed->http;
    rules.ca = allowed->ca;
    rules.body_bytes = ANSWER_MOST;
    *http = ds_src_http_make(&rules, pool);
    if (!*http) {
        return ds_problem_make(pool, DS_EDENIED, "libcurl cannot be used");
    }
    return ds_src_login_make(login, preview->ctl->db, &preview->sync->source->auth, &rules, &watch,
                             pool);
}

/* Send it with the credential. refused: the one before was not taken. */
static ds_problem_t *request_send(ds_src_http_answer_t **answer, ds_src_http_t *http,
                                  ds_src_login_t *login, const ds_src_http_request_t *request,
                                  int refused, apr_pool_t *pool)
{
    ds_src_http_request_t complete = *request;
    apr_array_header_t *headers = apr_array_copy(pool, request->headers);
    ds_src_http_header_t credential;
    ds_problem_t *problem = ds_src_login_header(&credential, login, refused, pool);

    if (problem) {
        return problem;
    }
    if (credential.name) {
        APR_ARRAY_PUSH(headers, ds_src_http_header_t) = credential;
    }
    complete.headers = headers;
    ((buffer_t *)request->baton)->size = 0;
    return ds_src_http_send(answer, http, &complete, pool);
}

/* Ask once; twice where a token of OAuth has to be renewed. The exit code; the message is printed.
 */
static int answer_fetch(buffer_t *buffer, const preview_t *preview)
{
    apr_pool_t *pool = preview->ctl->pool;
    ds_src_http_request_t request;
    ds_src_http_answer_t *answer = NULL;
    ds_src_http_t *http = NULL;
    ds_src_login_t *login = NULL;
    ds_problem_t *problem = client_make(&http, &login, preview);
    int code = problem ? problem_fail(problem) : request_make(&request, preview);

    if (code != CTL_OK) {
        return code;
    }
    request.baton = buffer;
    problem = request_send(&answer, http, login, &request, 0, pool);
    if (!problem && answer->status == 401 && ds_src_login_is_renewable(login)) {
        problem = request_send(&answer, http, login, &request, 1, pool);
    }
    if (problem) {
        return ctl_fail(CTL_REFUSED, "%s: %s", ds_src_url_show(request.url, pool),
                        ds_src_login_mask(login, problem->text, pool));
    }
    return answer->status / 100 == 2 ? CTL_OK
                                     : ctl_fail(CTL_REFUSED, "%s: the server answered %d: %s",
                                                ds_src_url_show(request.url, pool), answer->status,
                                                ds_src_login_mask(login, answer->excerpt, pool));
}

static int answer_read(buffer_t *buffer, const ctl_t *ctl, const char *path)
{
    char *piece = apr_palloc(ctl->pool, 65536);
    apr_status_t status = APR_SUCCESS;
    apr_size_t size;

    while (status == APR_SUCCESS) {
        size = 65536;
        status = apr_file_read(ctl->input, piece, &size);
        if (status == APR_SUCCESS) {
            status = buffer_write(buffer, piece, size);
        }
    }
    return APR_STATUS_IS_EOF(status)
               ? CTL_OK
               : ctl_fail(CTL_REFUSED, "%s: %s", path, ds_problem_status_text(status, ctl->pool));
}

/* --- records --- */

static void row_add(preview_t *preview, int number, const char *what, const char *name,
                    const char *value)
{
    apr_pool_t *pool = preview->ctl->pool;

    json_array_append_new(preview->rows, json_pack("{si ss so so}", "record", number, "what", what,
                                                   "name", ctl_json_text(name, pool), "value",
                                                   ctl_json_text(value, pool)));
}

static void record_add(preview_t *preview, json_t *record, int number)
{
    const apr_array_header_t *fields = preview->sync->object->fields;
    apr_pool_t *pool = preview->ctl->pool;
    const char **texts = apr_palloc(pool, sizeof(*texts) * (apr_size_t)fields->nelts);
    apr_array_header_t *columns;

    ds_src_columns_list(&columns, record, pool);
    for (int i = 0; i < columns->nelts; i++) {
        const ds_src_column_t *column = &APR_ARRAY_IDX(columns, i, ds_src_column_t);

        row_add(preview, number, "column", column->name, column->text);
    }
    ds_src_map_apply(texts, preview->map, record, pool);
    for (int i = 0; i < fields->nelts; i++) {
        row_add(preview, number, "field", APR_ARRAY_IDX(fields, i, ds_field_t).name, texts[i]);
    }
}

/* The object that an array stands in. */
static json_t *parent_get(json_t *root, const ds_fmt_jsonpath_t *path)
{
    ds_fmt_jsonpath_t above = {path->count - 1, path->steps};

    return path->count ? ds_src_path_get(root, &above) : NULL;
}

static int records_add(preview_t *preview, json_t *root)
{
    const ds_fmt_jsonpath_t *path = preview->spec->content.path;
    json_t *array = ds_src_path_get(root, path), *record;
    apr_pool_t *pool = preview->ctl->pool;
    ds_src_records_t *records;
    int number = 0;

    if (!json_is_array(array)) {
        return ctl_fail(CTL_REFUSED, "the answer has no array at %s",
                        ds_fmt_jsonpath_print(path, pool));
    }
    records = ds_src_records_make(preview->spec, parent_get(root, path), pool);
    for (size_t i = 0; i < json_array_size(array) && number < preview->left; i++) {
        ds_src_records_begin(records, json_array_get(array, i));
        while (number < preview->left && (record = ds_src_records_next(records)) != NULL) {
            record_add(preview, record, ++number);
        }
    }
    return CTL_OK;
}

static int answer_print(preview_t *preview, const buffer_t *buffer)
{
    static const ctl_column_t columns[] = {
        {"record", "RECORD"}, {"what", "WHAT"}, {"name", "NAME"}, {"value", "VALUE"}, {NULL, NULL}};
    json_error_t error;
    json_t *root = ds_json_load(buffer->size ? buffer->data : "", buffer->size, JSON_DECODE_ANY,
                                &error, preview->ctl->pool);
    int code;

    if (!root) {
        return ctl_fail(CTL_REFUSED, "the answer is not JSON: line %d, column %d: %s", error.line,
                        error.column, ds_syntax_fault(&error));
    }
    preview->rows = json_array();
    code = records_add(preview, root);
    if (code == CTL_OK) {
        code = ctl_rows_print(preview->ctl, preview->rows, columns);
    }
    else {
        json_decref(preview->rows);
    }
    json_decref(root);
    return code;
}

/* --- the source --- */

static int source_read(preview_t *preview)
{
    const ds_source_t *source = preview->sync->source;
    apr_pool_t *pool = preview->ctl->pool;
    apr_array_header_t *values = NULL;
    ds_src_report_t report;
    ds_problem_t *problem;

    ds_src_spec_read(&preview->spec, &report, source->spec, strlen(source->spec), pool);
    if (preview->spec) {
        ds_src_params_check(&values, &report, preview->spec, source->params, pool);
    }
    if (report.mistakes->nelts) {
        return ctl_fail(CTL_REFUSED, "%s", APR_ARRAY_IDX(report.mistakes, 0, const char *));
    }
    preview->values.params = values;
    problem = ds_src_map_make(&preview->map, source, preview->spec, preview->sync->object, pool);
    return problem ? problem_fail(problem) : CTL_OK;
}

static int window_set(preview_t *preview)
{
    ctl_t *ctl = preview->ctl;
    apr_time_t now;
    apr_status_t status = ds_db_now(&now, ctl->db);
    ds_problem_t *problem;

    if (status != APR_SUCCESS) {
        return ctl_fail_status(ctl, status, "read the time");
    }
    problem = ds_src_values_window(&preview->values, preview->spec,
                                   preview->sync->source->backfill_from, now, 1, ctl->pool);
    return problem ? problem_fail(problem) : CTL_OK;
}

int ctl_source_preview(ctl_t *ctl, const char *const *arguments)
{
    preview_t preview = {
        .ctl = ctl, .sync = ctl_sync_find(ctl, arguments[0]), .left = RECORDS_DEFAULT};
    buffer_t buffer = {.pool = ctl->pool};
    int code;

    if (!preview.sync) {
        return CTL_REFUSED;
    }
    if (preview.sync->kind != DS_KIND_PULL) {
        return ctl_fail(CTL_USAGE, "%s is of kind %s: only a pull has a source", preview.sync->id,
                        ds_sync_kind_name(preview.sync->kind));
    }
    code = ctl->limit ? ctl_limit_read(&preview.left, ctl) : CTL_OK;
    if (code == CTL_OK) {
        code = source_read(&preview);
    }
    if (code == CTL_OK) {
        code = window_set(&preview);
    }
    if (code == CTL_OK) {
        code = arguments[1] ? answer_read(&buffer, ctl, arguments[1])
                            : answer_fetch(&buffer, &preview);
    }
    return code == CTL_OK ? answer_print(&preview, &buffer) : code;
}
