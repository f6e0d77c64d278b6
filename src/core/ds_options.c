#include "ds_options.h"

#include <jansson.h>
#include <stdlib.h>

#include <apr_strings.h>

static json_t *names_write(const apr_array_header_t *names)
{
    json_t *list = json_array();
    int i;

    for (i = 0; names && i < names->nelts; i++)
        json_array_append_new(list, json_string(APR_ARRAY_IDX(names, i, const char *)));
    return list;
}

static const char *text_take(json_t *root, apr_pool_t *pool)
{
    char *text = json_dumps(root, JSON_COMPACT | JSON_PRESERVE_ORDER);
    const char *copy = apr_pstrdup(pool, text ? text : "{}");

    free(text);
    json_decref(root);
    return copy;
}

const char *ds_options_import_write(char delimiter, const ds_import_t *import, apr_pool_t *pool)
{
    char separator[2] = {delimiter, '\0'};
    json_t *phrases = json_object();
    int i;

    for (i = 0; i < DS_REASONS; i++)
        if (import->phrases[i])
            json_object_set_new(phrases, ds_reason_name((ds_reason_e)i),
                                json_string(import->phrases[i]));
    return text_take(
        json_pack("{s:s, s:o, s:o, s:o*, s:o*, s:b, s:b, s:b, s:b}", "delimiter", separator,
                  "phrases", phrases, "read_only", names_write(import->read_only), "columns",
                  import->columns ? names_write(import->columns) : NULL, "titles",
                  import->titles ? names_write(import->titles) : NULL, "headless", import->headless,
                  "whole", import->whole, "json", import->is_json, "removes", import->removes),
        pool);
}

static json_t *filters_write(const apr_array_header_t *filters)
{
    json_t *list = json_array();
    int i;

    for (i = 0; i < filters->nelts; i++) {
        const ds_filter_t *filter = &APR_ARRAY_IDX(filters, i, ds_filter_t);

        json_array_append_new(list,
                              json_pack("[s, s, s]", filter->field, filter->op, filter->value));
    }
    return list;
}

const char *ds_options_export_write(char delimiter, const ds_export_t *export, apr_pool_t *pool)
{
    char separator[2] = {delimiter, '\0'};
    json_t *root = json_pack("{s:s, s:o, s:o, s:s}", "delimiter", separator, "fields",
                             names_write(export->fields), "titles", names_write(export->titles),
                             "empty", export->empty);

    if (export->template)
        json_object_set_new(root, "template", json_string(export->template));
    if (export->filters)
        json_object_set_new(root, "filters", filters_write(export->filters));
    json_object_set_new(root, "header", json_boolean(export->header));
    json_object_set_new(root, "format", json_string(ds_sync_format_name(export->format)));
    if (export->span_column)
        json_object_set_new(
            root, "span",
            json_pack("[s, s, s]", export->span_column, export->span[0], export->span[1]));
    if (export->query.text)
        json_object_set_new(root, "query",
                            json_pack("{s:s, s:o}", "text", export->query.text, "syncs",
                                      names_write(export->query.syncs)));
    return text_take(root, pool);
}

const char *ds_options_window_write(const char *options, apr_time_t start, apr_time_t end,
                                    apr_pool_t *pool)
{
    json_t *root = options ? json_loads(options, 0, NULL) : NULL;

    root = root ? root : json_object();
    json_object_set_new(root, "window", json_pack("[I, I]", (json_int_t)start, (json_int_t)end));
    return text_take(root, pool);
}

int ds_options_window_read(apr_time_t *start, apr_time_t *end, const char *options)
{
    json_t *root = options ? json_loads(options, 0, NULL) : NULL;
    const json_t *window = json_object_get(root, "window");

    *start = json_integer_value(json_array_get(window, 0));
    *end = json_integer_value(json_array_get(window, 1));
    json_decref(root);
    return *end != 0;
}

static apr_array_header_t *names_read(const json_t *list, apr_pool_t *pool)
{
    apr_array_header_t *names = apr_array_make(pool, 8, sizeof(const char *));
    size_t i;

    for (i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));

        if (text)
            APR_ARRAY_PUSH(names, const char *) = apr_pstrdup(pool, text);
    }
    return names;
}

/* The launch's conditions hold beside those of its sync. */
static void filters_read(ds_export_t *export, const json_t *list, apr_pool_t *pool)
{
    size_t i;

    if (json_array_size(list))
        export->filters = apr_array_copy(pool, export->filters);
    for (i = 0; i < json_array_size(list); i++) {
        const apr_array_header_t *texts = names_read(json_array_get(list, i), pool);

        if (texts->nelts == 3)
            APR_ARRAY_PUSH(export->filters, ds_filter_t) = (ds_filter_t){
                APR_ARRAY_IDX(texts, 0, const char *), APR_ARRAY_IDX(texts, 1, const char *),
                APR_ARRAY_IDX(texts, 2, const char *)};
    }
}

static void query_read(ds_query_t *query, const json_t *root, apr_pool_t *pool)
{
    const char *text = json_string_value(json_object_get(root, "text"));

    query->text = text ? apr_pstrdup(pool, text) : NULL;
    query->syncs = names_read(json_object_get(root, "syncs"), pool);
}

static void export_read(ds_export_t *export, const json_t *fields, const json_t *root,
                        apr_pool_t *pool)
{
    const json_t *span = json_object_get(root, "span");
    const char *empty = json_string_value(json_object_get(root, "empty"));
    const char *format = json_string_value(json_object_get(root, "format"));
    const char *template = json_string_value(json_object_get(root, "template"));
    apr_array_header_t *texts = names_read(span, pool);

    export->fields = names_read(fields, pool);
    export->titles = names_read(json_object_get(root, "titles"), pool);
    if (template)
        export->template = apr_pstrdup(pool, template);
    query_read(&export->query, json_object_get(root, "query"), pool);
    filters_read(export, json_object_get(root, "filters"), pool);
    if (json_object_get(root, "header"))
        export->header = json_is_true(json_object_get(root, "header"));
    if (format)
        ds_sync_format_find(&export->format, format);
    if (empty)
        export->empty = apr_pstrdup(pool, empty);
    if (texts->nelts == 3) {
        export->span_column = APR_ARRAY_IDX(texts, 0, const char *);
        export->span[0] = APR_ARRAY_IDX(texts, 1, const char *);
        export->span[1] = APR_ARRAY_IDX(texts, 2, const char *);
    }
}

static apr_array_header_t *names_find(const json_t *root, const char *name, apr_pool_t *pool)
{
    const json_t *list = json_object_get(root, name);

    return list ? names_read(list, pool) : NULL;
}

static void import_read(ds_import_t *import, const json_t *phrases, const json_t *read_only,
                        const json_t *root, apr_pool_t *pool)
{
    const char *text;
    size_t i;

    import->columns = names_find(root, "columns", pool);
    import->titles = names_find(root, "titles", pool);
    import->headless = import->columns && json_is_true(json_object_get(root, "headless"));
    import->whole = json_is_true(json_object_get(root, "whole"));
    import->is_json = import->columns && json_is_true(json_object_get(root, "json"));
    import->removes = json_is_true(json_object_get(root, "removes"));

    for (i = 0; i < DS_REASONS; i++) {
        text = json_string_value(json_object_get(phrases, ds_reason_name((ds_reason_e)i)));
        import->phrases[i] = text ? apr_pstrdup(pool, text) : NULL;
    }
    if (import->phrases[DS_REASON_READ_ONLY])
        import->read_only = names_read(read_only, pool);
}

ds_problem_t *ds_options_apply(const ds_sync_t **sync, const ds_sync_t *base, const char *options,
                               apr_pool_t *pool)
{
    const char *delimiter = "";
    json_t *root, *phrases = NULL, *read_only = NULL, *fields = NULL;
    json_error_t error;
    ds_problem_t *problem = NULL;
    ds_sync_t *own;

    *sync = base;
    if (!options)
        return NULL;
    own = apr_pmemdup(pool, base, sizeof(*base));
    root = json_loads(options, JSON_REJECT_DUPLICATES, &error);
    if (!root ||
        json_unpack_ex(root, &error, 0, "{s?:s, s?:o, s?:o, s?:o}", "delimiter", &delimiter,
                       "phrases", &phrases, "read_only", &read_only, "fields", &fields))
        problem = ds_problem_make(pool, DS_EINPUT, "The launch's options are not readable: %s",
                                  error.text);
    else {
        if (*delimiter)
            own->delimiter = *delimiter;
        if (phrases)
            import_read(&own->import, phrases, read_only, root, pool);
        if (fields)
            export_read(&own->export, fields, root, pool);
        if (own->source && json_is_true(json_object_get(root, "backfill"))) {
            own->source = apr_pmemdup(pool, own->source, sizeof(*own->source));
            own->source->backfill = 1;
        }
        *sync = own;
    }
    json_decref(root);
    return problem;
}
