/* What a job of the protocol Liquid is to do, from the parameters of its call. Whatever is wrong
 * with them makes a job that is rejected, with the reason. */
#include "dsm_api_liquid.h"

#include <http_core.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include <string.h>

#include "ds_fmt_literal.h"
#include "ds_json.h"
#include "ds_options.h"
#include "ds_template.h"
#include "dsm_config.h"

#define TEXT_SIZE_MAX 255 /* bytes of a name that is kept */

/* --- single parameters --- */

/* A fault with the value that has it; it may be a stranger's. */
static void fault_set(dsm_liquid_order_t *order, const char *name, const char *why,
                      apr_pool_t *pool)
{
    order->fault = apr_psprintf(pool, "%s: %s", name, why);
}

/* A text as it may be kept and told again: UTF-8 without control characters, not long. */
static const char *text_read(dsm_liquid_order_t *order, const apr_table_t *fields, const char *name,
                             apr_pool_t *pool)
{
    const char *text = apr_table_get(fields, name), *p;
    apr_size_t chars, bad;

    if (!text || !*text) {
        return NULL;
    }
    for (p = text; *p && !apr_iscntrl(*p); ++p) {
    }
    if (*p || p - text > TEXT_SIZE_MAX ||
        !ds_value_utf8(&chars, &bad, text, (apr_size_t)(p - text))) {
        fault_set(order, name, "not a line of UTF-8 of at most 255 bytes", pool);
        return NULL;
    }
    return apr_pstrdup(pool, text);
}

static void email_check(dsm_liquid_order_t *order, apr_pool_t *pool)
{
    char normal[DS_VALUE_NORMAL_SIZE], *text;
    const char *why;

    if (!order->job.email || !strcmp(order->job.email, "None")) {
        order->job.email = NULL;
        return;
    }
    text = apr_pstrdup(pool, order->job.email);
    if (!ds_value_check(normal, &why, DS_TYPE_EMAIL, 0, text, strlen(text), strlen(text))) {
        fault_set(order, "notificationEmail", why, pool);
        order->job.email = NULL;
    }
}

/* True and false as Python, Java and people spell them; missing or empty: `otherwise`. */
static int switch_read(dsm_liquid_order_t *order, const apr_table_t *fields, const char *name,
                       int otherwise, apr_pool_t *pool)
{
    static const char *const words[2][6] = {{"false", "0", "no", "off", "none", "null"},
                                            {"true", "1", "yes", "on", "y", "t"}};
    const char *text = apr_table_get(fields, name);
    int value, i;

    if (!text || !*text) {
        return otherwise;
    }
    for (value = 0; value < 2; ++value) {
        for (i = 0; i < 6; ++i) {
            if (!ap_cstr_casecmp(words[value][i], text)) {
                return value;
            }
        }
    }
    fault_set(order, name, "write true or false", pool);
    return otherwise;
}

/* Both spellings of one parameter. */
static int header_row_read(dsm_liquid_order_t *order, const apr_table_t *fields, apr_pool_t *pool)
{
    return switch_read(order, fields, "headerRow", 0, pool) ||
           switch_read(order, fields, "rowHeader", 0, pool);
}

static int type_is(const char *content_type, const char *type)
{
    apr_size_t length = strcspn(content_type, "; ");

    return strlen(type) == length && !ap_cstr_casecmpn(type, content_type, length);
}

/* Both words for CSV, and the usual one; its parameters do not matter. */
static int is_csv(const char *content_type)
{
    return type_is(content_type, "plain/text") || type_is(content_type, "text/plain") ||
           type_is(content_type, "text/csv");
}

static int is_lines_of_json(const char *content_type)
{
    return type_is(content_type, "application/x-ndjson") ||
           type_is(content_type, "application/ndjson") ||
           type_is(content_type, "application/jsonl");
}

static int is_json(const char *content_type)
{
    return type_is(content_type, "application/json") || type_is(content_type, "text/json") ||
           is_lines_of_json(content_type);
}

/* --- what it is about --- */

static void job_read(dsm_liquid_order_t *order, const apr_table_t *fields, apr_pool_t *pool)
{
    order->job.name = text_read(order, fields, "jobName", pool);
    order->job.item_type = text_read(order, fields, "itemType", pool);
    order->job.content_type = text_read(order, fields, "contentType", pool);
    order->job.email = text_read(order, fields, "notificationEmail", pool);
    email_check(order, pool);
}

/* Another client's object looks like one that does not exist. */
static void sync_find(dsm_liquid_order_t *order, request_rec *r, const dsm_request_t *request,
                      ds_sync_kind_e kind)
{
    const ds_def_t *def = dsm_config_get(r->server)->def;
    const char *name = order->job.item_type;
    const ds_object_t *object = name ? ds_def_object_get(def, name) : NULL;

    if (object && ds_client_has_object(request->client, object->name)) {
        order->sync = ds_def_sync_of_object(def, object, kind);
    }
    if (order->fault || order->sync) {
        return;
    }
    if (!name) {
        order->fault = "itemType: it is missing";
    }
    else if (!object || !ds_client_has_object(request->client, object->name)) {
        fault_set(order, "itemType", "there is no such item type", r->pool);
    }
    else {
        fault_set(order, "itemType",
                  kind == DS_KIND_IMPORT ? "items of this type cannot be imported"
                                         : "items of this type cannot be exported",
                  r->pool);
    }
}

/* --- the template of an import: which column fills which field --- */

static int columns_have_key(const ds_import_t *import, const ds_object_t *object)
{
    int i, j, found;

    for (i = 0; i < object->keys->nelts; ++i) {
        int key = APR_ARRAY_IDX(object->keys, i, int);

        for (j = found = 0; j < import->columns->nelts && !found; ++j) {
            found = ds_object_field_find(object, APR_ARRAY_IDX(import->columns, j, const char *)) ==
                    key;
        }
        if (!found) {
            return 0;
        }
    }
    return 1;
}

/* A column that fills a field (NULL: none); by its name, or at the end of those so far. */
static const char *column_add(ds_import_t *import, const ds_object_t *object, const char *field,
                              const char *title, apr_pool_t *pool)
{
    int position = field ? ds_object_field_find(object, field) : -1;

    if (field && position < 0) {
        return "it names a field that the item type does not have";
    }
    APR_ARRAY_PUSH(import->columns, const char *) =
        field ? APR_ARRAY_IDX(object->fields, position, ds_field_t).name : "";
    if (title) {
        APR_ARRAY_PUSH(import->titles, const char *) = apr_pstrdup(pool, title);
    }
    return NULL;
}

/* ["vin", null, "make"]: fields in the order of the columns. */
static const char *template_list_read(ds_import_t *import, const json_t *list,
                                      const ds_object_t *object, apr_pool_t *pool)
{
    const char *fault = NULL;
    size_t i;

    for (i = 0; i < json_array_size(list) && !fault; ++i) {
        const json_t *field = json_array_get(list, i);

        fault = json_is_string(field) || json_is_null(field)
                    ? column_add(import, object, json_string_value(field), NULL, pool)
                    : "a list holds names of fields, and null for columns that are passed over";
    }
    return fault;
}

/* {"vin": "Chassis number"}: fields and the names of their columns in the first line. */
static const char *template_names_read(ds_import_t *import, const json_t *names,
                                       const ds_object_t *object, apr_pool_t *pool)
{
    const char *fault = NULL;
    const char *field;
    json_t *title;

    import->titles = apr_array_make(pool, 8, sizeof(const char *));
    json_object_foreach((json_t *)names, field, title)
    {
        if (!fault) {
            fault = json_is_string(title)
                        ? column_add(import, object, field, json_string_value(title), pool)
                        : "a map gives each field the name of its column";
        }
    }
    return fault;
}

/* Names need something that has them: a first line, or members. */
static const char *template_read(ds_import_t *import, const char *text, int has_names,
                                 const ds_object_t *object, apr_pool_t *pool)
{
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    const char *fault = "write it as JSON: a list of fields, or a map from fields to columns";

    import->columns = apr_array_make(pool, 8, sizeof(const char *));
    if (json_is_array(root) && import->is_json) {
        fault = "items of JSON have names: write a map from fields to members";
    }
    else if (json_is_array(root)) {
        fault = template_list_read(import, root, object, pool);
    }
    else if (json_is_object(root) && !has_names) {
        fault = "names of columns need headerRow=true";
    }
    else if (json_is_object(root)) {
        fault = template_names_read(import, root, object, pool);
    }
    json_decref(root);
    if (!fault && !columns_have_key(import, object)) {
        fault = "it leaves out a field of the key";
    }
    return fault;
}

/* No header and no template: the fields as the item type has them. */
static void fields_list(ds_import_t *import, const ds_object_t *object, apr_pool_t *pool)
{
    int i;

    import->columns = apr_array_make(pool, object->fields->nelts, sizeof(const char *));
    for (i = 0; i < object->fields->nelts; ++i) {
        APR_ARRAY_PUSH(import->columns, const char *) =
            APR_ARRAY_IDX(object->fields, i, ds_field_t).name;
    }
}

/* --- */

/* What the file is. */
static void file_type_read(dsm_liquid_order_t *order, ds_import_t *import, apr_pool_t *pool)
{
    const char *type = order->job.content_type;

    if (!type) {
        order->fault = "contentType: it is missing";
        return;
    }
    import->is_json = is_json(type);
    if (!import->is_json && !is_csv(type)) {
        fault_set(order, "contentType", "write application/json, or text/plain for a CSV file",
                  pool);
    }
}

static void way_read(dsm_liquid_order_t *order, ds_import_t *import, const apr_table_t *fields,
                     apr_pool_t *pool)
{
    const char *template = dsm_liquid_value_get(fields, "template"), *fault = NULL;
    int header = header_row_read(order, fields, pool);

    import->whole = !switch_read(order, fields, "merge", 0, pool);
    if (!order->fault) {
        file_type_read(order, import, pool);
    }
    if (order->fault) {
        return;
    }
    import->headless = import->is_json || !header;
    if (template) {
        fault =
            template_read(import, template, import->is_json || header, order->sync->object, pool);
    }
    else if (import->headless) {
        fields_list(import, order->sync->object, pool);
    }
    if (fault) {
        fault_set(order, "template", fault, pool);
    }
}

void dsm_liquid_import_read(dsm_liquid_order_t *order, request_rec *r, const dsm_request_t *request,
                            const apr_table_t *fields)
{
    const ds_def_t *def = dsm_config_get(r->server)->def;
    ds_import_t import = {.headless = 0};

    *order = (dsm_liquid_order_t){.fault = NULL};
    job_read(order, fields, r->pool);
    sync_find(order, r, request, DS_KIND_IMPORT);
    if (!order->fault) {
        import.removes = ds_def_sync_of_object(def, order->sync->object, DS_KIND_DELETE) != NULL;
        way_read(order, &import, fields, r->pool);
    }
    if (!order->fault) {
        order->options = ds_options_import_write('\0', &import, r->pool);
        order->options = ds_job_write(order->options, &order->job, r->pool);
    }
}

/* --- exports --- */

/* A value of a filter as a text; NULL for what is none. */
static const char *filter_text(const json_t *value, apr_pool_t *pool)
{
    return json_is_null(value) ? "" : ds_json_text(value, pool);
}

/* NULL, or what is wrong. */
static const char *filter_add(ds_sync_t *sync, const char *field, const json_t *value,
                              apr_pool_t *pool)
{
    const char *text = filter_text(value, pool);
    ds_problem_t *problem;

    if (!text) {
        return "a value is a text, a number, true, false or none";
    }
    problem = ds_sync_filter_add(sync, field, "=", text, pool);
    return problem ? problem->text : NULL;
}

/* Conditions that must all hold: {"field": value}, as JSON or as Python prints it. */
static apr_array_header_t *filters_read(dsm_liquid_order_t *order, const char *text,
                                        apr_pool_t *pool)
{
    ds_sync_t sync = *order->sync;
    const char *json = ds_fmt_literal_to_json(text, pool), *field, *fault = NULL;
    json_t *root =
               json ? ds_json_load(json, strlen(json), JSON_REJECT_DUPLICATES, NULL, pool) : NULL,
           *value;

    sync.export.filters = apr_array_make(pool, 4, sizeof(ds_filter_t));
    if (!json_is_object(root)) {
        fault = "write a map from fields to values, as JSON or as Python prints a dict";
    }
    json_object_foreach(root, field, value)
    {
        fault = fault ? fault : filter_add(&sync, field, value, pool);
    }
    json_decref(root);
    if (fault) {
        fault_set(order, "filters", fault, pool);
    }
    return sync.export.filters;
}

/* What the client may read by a query: its objects, where the export of each takes queries. */
static apr_array_header_t *query_syncs_list(request_rec *r, const dsm_request_t *request)
{
    const ds_def_t *def = dsm_config_get(r->server)->def;
    apr_array_header_t *syncs = apr_array_make(r->pool, 4, sizeof(const char *));
    int i;

    for (i = 0; i < def->objects->nelts; ++i) {
        const ds_object_t *object = APR_ARRAY_IDX(def->objects, i, const ds_object_t *);
        const ds_sync_t *sync = ds_client_has_object(request->client, object->name)
                                    ? ds_def_sync_of_object(def, object, DS_KIND_EXPORT)
                                    : NULL;

        if (sync && sync->export.query.is_allowed) {
            APR_ARRAY_PUSH(syncs, const char *) = sync->id;
        }
    }
    return syncs;
}

/* The query itself is read by the worker alone. */
static void query_read(dsm_liquid_order_t *order, ds_query_t *query, const char *text,
                       request_rec *r, const dsm_request_t *request)
{
    apr_size_t length = strlen(text), chars, bad;

    if (!order->sync->export.query.is_allowed) {
        fault_set(order, "sqlQuery", "it is not allowed here: write filters", r->pool);
    }
    else if (length > DS_QUERY_SIZE_MAX || !ds_value_utf8(&chars, &bad, text, length)) {
        fault_set(order, "sqlQuery", "not a text in UTF-8 of at most 64 KiB", r->pool);
    }
    else {
        query->text = text;
        query->syncs = query_syncs_list(r, request);
    }
}

/* Which rows: those of a query, else those that pass the filters. */
static void export_rows_read(dsm_liquid_order_t *order, ds_export_t *export, request_rec *r,
                             const dsm_request_t *request, const apr_table_t *fields)
{
    const char *filters = dsm_liquid_value_get(fields, "filters");
    const char *query = dsm_liquid_value_get(fields, "sqlQuery");

    if (query) {
        query_read(order, &export->query, query, r, request);
    }
    else if (filters) {
        export->filters = filters_read(order, filters, r->pool);
    }
}

static void export_way_read(dsm_liquid_order_t *order, ds_export_t *export,
                            const apr_table_t *fields, apr_pool_t *pool)
{
    const char *type = order->job.content_type;
    ds_fmt_velocity_t *template;
    ds_problem_t *problem;

    export->header = header_row_read(order, fields, pool);
    if (order->fault) {
        return;
    }
    if (!type) {
        order->fault = "contentType: it is missing";
    }
    else if (is_json(type)) {
        export->format = is_lines_of_json(type) ? DS_FORMAT_NDJSON : DS_FORMAT_JSON;
    }
    else if (!is_csv(type)) {
        fault_set(order, "contentType", "write application/json, or text/plain for a CSV file",
                  pool);
    }
    else {
        export->template = dsm_liquid_value_get(fields, "template");
        problem = export->template ? ds_template_parse(&template, export->template, pool) : NULL;
        if (problem) {
            fault_set(order, "template", problem->text, pool);
        }
    }
}

void dsm_liquid_export_read(dsm_liquid_order_t *order, request_rec *r, const dsm_request_t *request,
                            const apr_table_t *fields)
{
    ds_export_t export = {.format = DS_FORMAT_CSV};

    *order = (dsm_liquid_order_t){.fault = NULL};
    job_read(order, fields, r->pool);
    sync_find(order, r, request, DS_KIND_EXPORT);
    if (!order->fault) {
        export.fields = order->sync->export.fields;
        export.empty = order->sync->export.empty;
        export_way_read(order, &export, fields, r->pool);
    }
    if (!order->fault) {
        export_rows_read(order, &export, r, request, fields);
    }
    if (!order->fault) {
        order->options = ds_options_export_write('\0', &export, r->pool);
        order->options = ds_job_write(order->options, &order->job, r->pool);
    }
}
