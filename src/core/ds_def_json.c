/* Definitions as JSON and back. */
#include <jansson.h>

#include <apr_strings.h>

#include "ds_def.h"

static json_t *keys_to_json(const ds_object_t *object)
{
    json_t *keys = json_array();
    int i;

    for (i = 0; i < object->keys->nelts; i++) {
        int position = APR_ARRAY_IDX(object->keys, i, int);

        json_array_append_new(
            keys, json_string(APR_ARRAY_IDX(object->fields, position, ds_field_t).name));
    }
    return keys;
}

static const char *updated_at_name(const ds_object_t *object)
{
    return object->updated_at < 0
               ? NULL
               : APR_ARRAY_IDX(object->fields, object->updated_at, ds_field_t).name;
}

static json_t *object_to_json(const ds_object_t *object)
{
    json_t *fields = json_array();
    int i;

    for (i = 0; i < object->fields->nelts; i++) {
        const ds_field_t *field = &APR_ARRAY_IDX(object->fields, i, ds_field_t);
        json_t *member =
            json_pack("{s:s, s:s}", "name", field->name, "type", ds_value_type_name(field->type));

        if (field->max_length)
            json_object_set_new(member, "length", json_integer(field->max_length));
        if (strcmp(field->label, field->name))
            json_object_set_new(member, "label", json_string(field->label));
        json_array_append_new(fields, member);
    }
    return json_pack("{s:s, s:s, s:s*, s:o, s:o, s:b, s:s*}", "name", object->name, "display_name",
                     object->display_name, "description", object->description, "fields", fields,
                     "key", keys_to_json(object), "delete_marks", object->delete_marks,
                     "updated_at", updated_at_name(object));
}

static json_t *limits_to_json(const ds_limits_t *limits)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "upload", (json_int_t)limits->upload, "rows",
                     (json_int_t)limits->rows, "row_length", (json_int_t)limits->row_length,
                     "field_length", (json_int_t)limits->field_length, "fields",
                     (json_int_t)limits->fields);
}

static json_t *query_to_json(const ds_query_t *query)
{
    return query->is_allowed ? json_pack("{s:i, s:I, s:I, s:I}", "seconds", query->seconds, "rows",
                                         (json_int_t)query->rows, "bytes", (json_int_t)query->bytes,
                                         "memory", (json_int_t)query->memory)
                             : NULL;
}

static json_t *export_to_json(const ds_export_t *export)
{
    json_t *fields = json_array(), *filters = json_array(), *order = json_array();
    int i;

    for (i = 0; i < export->fields->nelts; i++)
        json_array_append_new(fields, json_string(APR_ARRAY_IDX(export->fields, i, const char *)));
    for (i = 0; i < export->filters->nelts; i++) {
        const ds_filter_t *filter = &APR_ARRAY_IDX(export->filters, i, ds_filter_t);

        json_array_append_new(filters, json_pack("{s:s, s:s, s:s}", "field", filter->field, "op",
                                                 filter->op, "value", filter->value));
    }
    for (i = 0; i < export->order->nelts; i++) {
        const ds_order_t *by = &APR_ARRAY_IDX(export->order, i, ds_order_t);

        json_array_append_new(
            order, json_pack("{s:s, s:b}", "field", by->field, "descending", by->descending));
    }
    return json_pack("{s:o, s:o, s:o, s:b, s:s, s:o*}", "fields", fields, "filters", filters,
                     "order", order, "header", export->header, "format",
                     ds_sync_format_name(export->format), "query", query_to_json(&export->query));
}

static json_t *sync_to_json(const ds_sync_t *sync)
{
    char delimiter[2] = {sync->delimiter, '\0'};

    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:i, s:s*, s:s, s:s, s:o*}", "id",
                     sync->id, "name", sync->name, "kind", ds_sync_kind_name(sync->kind), "object",
                     sync->object_name, "auth", ds_sync_auth_name(sync->auth), "delimiter",
                     delimiter, "limits", limits_to_json(&sync->limits), "export",
                     export_to_json(&sync->export), "queue_limit", sync->queue_limit, "schedule",
                     sync->schedule, "zone", sync->zone, "integration_id", sync->integration_id,
                     "source", sync->source ? ds_source_to_json(sync->source) : NULL);
}

static json_t *retention_to_json(const ds_retention_t *retention)
{
    return json_pack("{s:I, s:I, s:i}", "files_seconds", (json_int_t)apr_time_sec(retention->files),
                     "launches_seconds", (json_int_t)apr_time_sec(retention->launches), "count",
                     retention->count);
}

static json_t *outlets_to_json(const ds_def_t *def)
{
    json_t *outlets = json_array();
    int i;

    for (i = 0; i < def->outlets->nelts; i++)
        json_array_append_new(outlets, json_string(APR_ARRAY_IDX(def->outlets, i, const char *)));
    return outlets;
}

/* Frees root. */
static const char *text_take(json_t *root, apr_pool_t *pool)
{
    char *text = json_dumps(root, JSON_COMPACT | JSON_PRESERVE_ORDER);
    const char *copy = apr_pstrdup(pool, text ? text : "");

    free(text);
    json_decref(root);
    return copy;
}

const char *ds_def_object_to_json(const ds_object_t *object, apr_pool_t *pool)
{
    return text_take(object_to_json(object), pool);
}

const char *ds_def_to_json(const ds_def_t *def, apr_pool_t *pool)
{
    json_t *objects = json_array(), *syncs = json_array();
    int i;

    for (i = 0; i < def->objects->nelts; i++)
        json_array_append_new(objects,
                              object_to_json(APR_ARRAY_IDX(def->objects, i, ds_object_t *)));
    for (i = 0; i < def->syncs->nelts; i++)
        json_array_append_new(syncs, sync_to_json(APR_ARRAY_IDX(def->syncs, i, ds_sync_t *)));
    return text_take(json_pack("{s:o, s:o, s:o, s:i, s:o*, s:o, s:s*, s:I}", "objects", objects,
                               "syncs", syncs, "retention", retention_to_json(&def->retention),
                               "queue_limit", def->queue_limit, "egress",
                               ds_egress_to_json(&def->egress), "outlets", outlets_to_json(def),
                               "links", def->links_url, "links_seconds",
                               (json_int_t)apr_time_sec(def->links_life)),
                     pool);
}

/* --- reading --- */

static ds_problem_t *shape_problem(const json_error_t *error, apr_pool_t *pool)
{
    return ds_problem_make(pool, DS_EINPUT, "the definitions are not readable: %s", error->text);
}

static ds_problem_t *field_from_json(ds_object_t *object, json_t *json, apr_pool_t *pool)
{
    const char *name, *type, *label = NULL;
    json_int_t length = 0;
    json_error_t error;
    ds_problem_t *problem;

    if (json_unpack_ex(json, &error, 0, "{s:s, s:s, s?:I, s?:s}", "name", &name, "type", &type,
                       "length", &length, "label", &label))
        return shape_problem(&error, pool);
    problem = ds_object_field_add(
        object, name, type,
        length ? apr_psprintf(pool, "%" APR_INT64_T_FMT, (apr_int64_t)length) : NULL, pool);
    return problem || !label ? problem : ds_object_label_set(object, name, label, pool);
}

static ds_problem_t *object_from_json(ds_def_t *def, json_t *json, apr_pool_t *pool)
{
    const char *name, *display_name, *description = NULL, *updated_at = NULL;
    json_t *fields, *keys, *member;
    json_error_t error;
    ds_object_t *object;
    ds_problem_t *problem = NULL;
    int marks = 0;
    size_t i;

    if (json_unpack_ex(json, &error, 0, "{s:s, s:s, s?:s, s:o, s:o, s?:b, s?:s}", "name", &name,
                       "display_name", &display_name, "description", &description, "fields",
                       &fields, "key", &keys, "delete_marks", &marks, "updated_at", &updated_at))
        return shape_problem(&error, pool);
    object = ds_object_make(name, pool);
    object->delete_marks = marks;
    object->display_name = apr_pstrdup(pool, display_name);
    object->description = description ? apr_pstrdup(pool, description) : NULL;
    for (i = 0; !problem && i < json_array_size(fields); i++)
        problem = field_from_json(object, json_array_get(fields, i), pool);
    for (i = 0; !problem && i < json_array_size(keys); i++) {
        member = json_array_get(keys, i);
        problem = ds_object_key_add(object, json_is_string(member) ? json_string_value(member) : "",
                                    pool);
    }
    if (!problem && updated_at)
        problem = ds_object_updated_at_set(object, updated_at, pool);
    if (!problem)
        problem = ds_object_check(object, pool);
    return problem ? problem : ds_def_object_add(def, object, pool);
}

static ds_problem_t *limits_from_json(ds_limits_t *limits, json_t *json, apr_pool_t *pool)
{
    json_int_t upload, rows, row_length, field_length, fields;
    json_error_t error;

    if (json_unpack_ex(json, &error, 0, "{s:I, s:I, s:I, s:I, s:I}", "upload", &upload, "rows",
                       &rows, "row_length", &row_length, "field_length", &field_length, "fields",
                       &fields))
        return shape_problem(&error, pool);
    limits->upload = upload;
    limits->rows = rows;
    limits->row_length = row_length;
    limits->field_length = field_length;
    limits->fields = fields;
    return NULL;
}

static ds_problem_t *filter_from_json(ds_sync_t *sync, json_t *json, apr_pool_t *pool)
{
    const char *field, *op, *value;
    json_error_t error;

    if (json_unpack_ex(json, &error, 0, "{s:s, s:s, s:s}", "field", &field, "op", &op, "value",
                       &value))
        return shape_problem(&error, pool);
    return ds_sync_filter_add(sync, field, op, value, pool);
}

static ds_problem_t *order_from_json(ds_sync_t *sync, json_t *json, apr_pool_t *pool)
{
    const char *field;
    int descending;
    json_error_t error;

    if (json_unpack_ex(json, &error, 0, "{s:s, s:b}", "field", &field, "descending", &descending))
        return shape_problem(&error, pool);
    return ds_sync_order_add(sync, field, descending, pool);
}

/* NULL: none are allowed. */
static ds_problem_t *query_from_json(ds_query_t *query, json_t *json, apr_pool_t *pool)
{
    json_int_t rows, bytes, memory;
    json_error_t error;

    if (!json)
        return NULL;
    if (json_unpack_ex(json, &error, 0, "{s:i, s:I, s:I, s:I}", "seconds", &query->seconds, "rows",
                       &rows, "bytes", &bytes, "memory", &memory))
        return shape_problem(&error, pool);
    query->is_allowed = 1;
    query->rows = rows;
    query->bytes = bytes;
    query->memory = memory;
    return NULL;
}

/* The sync must have its object. */
static ds_problem_t *export_from_json(ds_sync_t *sync, json_t *json, apr_pool_t *pool)
{
    json_t *fields, *filters, *order;
    const char *format;
    json_error_t error;
    ds_problem_t *problem = NULL;
    size_t i;

    if (json_unpack_ex(json, &error, 0, "{s:o, s:o, s:o, s:b, s:s}", "fields", &fields, "filters",
                       &filters, "order", &order, "header", &sync->export.header, "format",
                       &format) ||
        !ds_sync_format_find(&sync->export.format, format))
        return shape_problem(&error, pool);
    for (i = 0; !problem && i < json_array_size(fields); i++) {
        const char *name = json_string_value(json_array_get(fields, i));

        problem = ds_sync_field_add(sync, name ? name : "", pool);
    }
    for (i = 0; !problem && i < json_array_size(filters); i++)
        problem = filter_from_json(sync, json_array_get(filters, i), pool);
    for (i = 0; !problem && i < json_array_size(order); i++)
        problem = order_from_json(sync, json_array_get(order, i), pool);
    return problem ? problem
                   : query_from_json(&sync->export.query, json_object_get(json, "query"), pool);
}

/* What hangs on nothing else. */
static ds_problem_t *sync_members_read(ds_sync_t **made, json_t *json, apr_pool_t *pool)
{
    const char *id, *name, *kind, *object, *auth, *delimiter, *schedule = NULL, *zone = "UTC";
    const char *integration_id = NULL;
    json_error_t error;
    ds_sync_t *sync;
    int queue_limit = 0;

    if (json_unpack_ex(json, &error, 0, "{s:s, s:s, s:s, s:s, s:s, s:s, s?:i, s?:s, s?:s, s?:s}",
                       "id", &id, "name", &name, "kind", &kind, "object", &object, "auth", &auth,
                       "delimiter", &delimiter, "queue_limit", &queue_limit, "schedule", &schedule,
                       "zone", &zone, "integration_id", &integration_id))
        return shape_problem(&error, pool);
    if (ds_sync_id_fault(id))
        return ds_problem_make(pool, DS_EINPUT, "the sync id \"%s\" %s", id, ds_sync_id_fault(id));
    sync = *made = ds_sync_make(id, pool);
    sync->name = apr_pstrdup(pool, name);
    sync->object_name = apr_pstrdup(pool, object);
    sync->delimiter = *delimiter;
    sync->queue_limit = queue_limit;
    sync->schedule = schedule ? apr_pstrdup(pool, schedule) : NULL;
    sync->zone = apr_pstrdup(pool, zone);
    sync->integration_id = integration_id ? apr_pstrdup(pool, integration_id) : NULL;
    if (!ds_sync_kind_find(&sync->kind, kind) || !ds_sync_auth_find(&sync->auth, auth))
        return ds_problem_make(pool, DS_EINPUT, "sync \"%s\": unknown kind or auth", id);
    return NULL;
}

static ds_problem_t *sync_from_json(ds_def_t *def, json_t *json, apr_pool_t *pool)
{
    json_t *limits, *export = NULL, *source = NULL;
    json_error_t error;
    ds_sync_t *sync = NULL;
    ds_problem_t *problem = sync_members_read(&sync, json, pool);

    if (problem)
        return problem;
    if (json_unpack_ex(json, &error, 0, "{s:o, s?:o, s?:o}", "limits", &limits, "export", &export,
                       "source", &source))
        return shape_problem(&error, pool);
    problem = limits_from_json(&sync->limits, limits, pool);
    if (!problem)
        problem = ds_def_sync_bind(def, sync, pool);
    if (!problem && export)
        problem = export_from_json(sync, export, pool);
    if (!problem && source)
        problem = ds_source_from_json(&sync->source, source, pool);
    return problem ? problem : ds_def_sync_add(def, sync, pool);
}

/* Members may be missing: then nothing is limited, and nothing private may be reached. */
static ds_problem_t *rules_from_json(ds_def_t *def, json_t *root, apr_pool_t *pool)
{
    json_int_t files = 0, launches = 0;
    json_t *egress = NULL;
    json_error_t error;

    if (json_unpack_ex(root, &error, 0, "{s?:{s:I, s:I, s:i}, s?:i, s?:o}", "retention",
                       "files_seconds", &files, "launches_seconds", &launches, "count",
                       &def->retention.count, "queue_limit", &def->queue_limit, "egress", &egress))
        return shape_problem(&error, pool);
    def->retention.files = apr_time_from_sec(files);
    def->retention.launches = apr_time_from_sec(launches);
    return egress ? ds_egress_from_json(&def->egress, egress, pool) : NULL;
}

/* Who is told of launches; without these members nobody is. */
static ds_problem_t *outlets_from_json(ds_def_t *def, json_t *root, apr_pool_t *pool)
{
    json_t *outlets = NULL;
    const char *links = NULL, *outlet;
    json_int_t life = 0;
    json_error_t error;
    size_t i;

    if (json_unpack_ex(root, &error, 0, "{s?:o, s?:s, s?:I}", "outlets", &outlets, "links", &links,
                       "links_seconds", &life))
        return shape_problem(&error, pool);
    for (i = 0; i < json_array_size(outlets); i++) {
        outlet = json_string_value(json_array_get(outlets, i));
        APR_ARRAY_PUSH(def->outlets, const char *) = apr_pstrdup(pool, outlet ? outlet : "");
    }
    def->links_url = links ? apr_pstrdup(pool, links) : NULL;
    def->links_life = apr_time_from_sec(life);
    return NULL;
}

ds_problem_t *ds_def_from_json(ds_def_t **def, const char *text, apr_pool_t *pool)
{
    json_error_t error;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error), *objects, *syncs;
    ds_problem_t *problem = NULL;
    size_t i;

    if (!root)
        return shape_problem(&error, pool);
    *def = ds_def_make(pool);
    if (json_unpack_ex(root, &error, 0, "{s:o, s:o}", "objects", &objects, "syncs", &syncs))
        problem = shape_problem(&error, pool);
    if (!problem)
        problem = rules_from_json(*def, root, pool);
    if (!problem)
        problem = outlets_from_json(*def, root, pool);
    for (i = 0; !problem && i < json_array_size(objects); i++)
        problem = object_from_json(*def, json_array_get(objects, i), pool);
    for (i = 0; !problem && i < json_array_size(syncs); i++)
        problem = sync_from_json(*def, json_array_get(syncs, i), pool);
    json_decref(root);
    return problem;
}
