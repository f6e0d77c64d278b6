/* What a job of Marketo's bulk extract is to write: the body of its creation. */
#include "dsm_api_marketo.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include <string.h>
#include <strings.h>

#include "ds_clock.h"
#include "ds_options.h"

#define SPAN_MAX apr_time_from_sec(31 * 86400) /* of a filter */
#define TITLE_MAX 255                          /* bytes of a column's name */

static const char NULL_TEXT[] = "null"; /* what an empty value is written as */

/* The column of a name that clients know; NULL when there is none, or the sync does not give it. */
static const char *column_find(const ds_sync_t *sync, const char *name)
{
    static const char *const known[][2] = {{"createdAt", DS_COLUMN_CREATED},
                                           {"updatedAt", DS_COLUMN_UPDATED},
                                           {"marketoGUID", DS_COLUMN_GUID}};
    const apr_array_header_t *given = sync->export.fields;
    int position = ds_object_field_find(sync->object, name), i;
    const char *field;
    size_t k;

    for (k = 0; k < sizeof(known) / sizeof(known[0]); ++k) {
        if (!strcasecmp(known[k][0], name)) {
            return known[k][1];
        }
    }
    if (position < 0) {
        return NULL;
    }
    field = APR_ARRAY_IDX(sync->object->fields, position, ds_field_t).name;
    for (i = 0; i < given->nelts; ++i) {
        if (!strcmp(APR_ARRAY_IDX(given, i, const char *), field)) {
            return field;
        }
    }
    return given->nelts ? NULL : field;
}

static int is_title(const char *text)
{
    const char *p = text;

    while (*p && !apr_iscntrl(*p)) {
        ++p;
    }
    return p > text && !*p && p - text <= TITLE_MAX;
}

/* HTTP_OK, or it was answered; so below. */
static int field_take(ds_export_t *export, dsm_marketo_call_t *call, const json_t *root,
                      const char *name)
{
    request_rec *r = call->r;
    const json_t *titles = json_object_get(root, "columnHeaderNames");
    const char *column = name ? column_find(call->request->sync, name) : NULL;
    const char *title = name ? json_string_value(json_object_get(titles, name)) : NULL;

    if (!column) {
        return dsm_marketo_error(r, "1006", "Field '%s' not found", name ? name : "");
    }
    if (!title) {
        title = name;
    }
    if (!is_title(title)) {
        return dsm_marketo_error(r, "1001", "Invalid value '%s'. Required of type '%s'",
                                 "columnHeaderNames", "names of at most 255 characters");
    }
    APR_ARRAY_PUSH(export->fields, const char *) = column;
    APR_ARRAY_PUSH(export->titles, const char *) = apr_pstrdup(r->pool, title);
    return HTTP_OK;
}

static int fields_take(ds_export_t *export, dsm_marketo_call_t *call, const json_t *root)
{
    request_rec *r = call->r;
    const json_t *fields = json_object_get(root, "fields");
    int answer = HTTP_OK;
    size_t i;

    if (!json_array_size(fields)) {
        return dsm_marketo_error(r, "1002", "Missing value for the required parameter 'fields'");
    }
    if (json_array_size(fields) > DS_OBJECT_FIELDS_MAX) {
        return dsm_marketo_error(r, "1003", "Too many fields");
    }
    export->fields = apr_array_make(r->pool, 16, sizeof(const char *));
    export->titles = apr_array_make(r->pool, 16, sizeof(const char *));
    for (i = 0; i < json_array_size(fields) && answer == HTTP_OK; ++i) {
        answer = field_take(export, call, root, json_string_value(json_array_get(fields, i)));
    }
    return answer;
}

/* A moment in the form in which datetimes are stored; NULL when it is none. */
static const char *moment_read(const json_t *text, apr_pool_t *pool)
{
    char *normal = apr_palloc(pool, DS_VALUE_NORMAL_SIZE);
    const char *given = json_string_value(text), *why, *moment;
    apr_size_t length = given ? strlen(given) : 0;

    if (!length) {
        return NULL;
    }
    moment =
        ds_value_check(normal, &why, DS_TYPE_DATETIME, 0, apr_pstrdup(pool, given), length, length);
    return moment;
}

/* The time behind it: days count, so parts of a second do not. */
static apr_time_t moment_time(const char *moment)
{
    apr_time_exp_t t = {0};
    apr_time_t when = 0;

    t.tm_year = (int)apr_atoi64(moment) - 1900;
    t.tm_mon = (int)apr_atoi64(moment + 5) - 1;
    t.tm_mday = (int)apr_atoi64(moment + 8);
    t.tm_hour = (int)apr_atoi64(moment + 11);
    t.tm_min = (int)apr_atoi64(moment + 14);
    t.tm_sec = (int)apr_atoi64(moment + 17);
    apr_time_exp_gmt_get(&when, &t);
    return when;
}

static apr_status_t now_read(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    return ds_db_now(baton, connection->db);
}

/* A span without an end ends now, by the clock that the times of rows are of. */
static int span_take(ds_export_t *export, const dsm_marketo_call_t *call, const char *column,
                     const json_t *span)
{
    request_rec *r = call->r;
    apr_status_t status;
    apr_time_t now;
    int answer;

    export->span_column = column;
    export->span[0] = moment_read(json_object_get(span, "startAt"), r->pool);
    export->span[1] = moment_read(json_object_get(span, "endAt"), r->pool);
    if (!export->span[0] || (json_object_get(span, "endAt") && !export->span[1])) {
        return dsm_marketo_error(r, "704", "Invalid date format");
    }
    if (!export->span[1]) {
        if (!dsm_marketo_db_use(&answer, &status, r, call->request, now_read, &now)) {
            return answer;
        }
        export->span[1] = ds_clock_rfc3339(now, r->pool);
    }
    if (moment_time(export->span[1]) < moment_time(export->span[0]) ||
        moment_time(export->span[1]) - moment_time(export->span[0]) > SPAN_MAX) {
        return dsm_marketo_error(r, "1003", "Invalid data: the filter must span 31 days at most");
    }
    return HTTP_OK;
}

static int filter_take(ds_export_t *export, const dsm_marketo_call_t *call, json_t *root)
{
    request_rec *r = call->r;
    json_t *filter = json_object_get(root, "filter"), *value;
    const char *name;

    if (!json_object_size(filter)) {
        return dsm_marketo_error(r, "1002", "Missing value for the required parameter 'filter'");
    }
    if (json_object_size(filter) > 1) {
        return dsm_marketo_error(r, "1003", "Invalid data: write one filter");
    }
    json_object_foreach(filter, name, value)
    {
        if (!strcasecmp(name, "createdAt")) {
            return span_take(export, call, DS_COLUMN_CREATED, value);
        }
        if (!strcasecmp(name, "updatedAt")) {
            return span_take(export, call, DS_COLUMN_UPDATED, value);
        }
        return dsm_marketo_error(r, "1035", "Unsupported filter type '%s'", name);
    }
    return HTTP_OK;
}

int dsm_marketo_order_read(const char **options, dsm_marketo_call_t *call, json_t *root)
{
    request_rec *r = call->r;
    const ds_export_t *usual = &call->request->sync->export;
    ds_export_t export = {.empty = NULL_TEXT, .header = usual->header, .format = usual->format};
    const json_t *format = json_object_get(root, "format");
    const char *name = format ? json_string_value(format) : "CSV";
    char delimiter = ',';
    int answer = fields_take(&export, call, root);

    if (answer == HTTP_OK && !dsm_marketo_format_read(&delimiter, name ? name : "")) {
        return dsm_marketo_error(r, "1001", "Invalid value '%s'. Required of type 'CSV, TSV, SSV'",
                                 name ? name : "");
    }
    if (answer == HTTP_OK) {
        answer = filter_take(&export, call, root);
    }
    if (answer == HTTP_OK) {
        *options = ds_options_export_write(delimiter, &export, r->pool);
    }
    return answer;
}
