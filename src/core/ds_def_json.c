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
        json_array_append_new(fields, member);
    }
    return json_pack("{s:s, s:s, s:o, s:o}", "name", object->name, "display_name",
                     object->display_name, "fields", fields, "key", keys_to_json(object));
}

static json_t *sync_to_json(const ds_sync_t *sync)
{
    char delimiter[2] = {sync->delimiter, '\0'};

    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:{s:I, s:I, s:I, s:I, s:I}}", "id", sync->id, "name",
        sync->name, "kind", ds_sync_kind_name(sync->kind), "object", sync->object_name, "auth",
        ds_sync_auth_name(sync->auth), "delimiter", delimiter, "limits", "upload",
        (json_int_t)sync->limits.upload, "rows", (json_int_t)sync->limits.rows, "row_length",
        (json_int_t)sync->limits.row_length, "field_length", (json_int_t)sync->limits.field_length,
        "fields", (json_int_t)sync->limits.fields);
}

const char *ds_def_to_json(const ds_def_t *def, apr_pool_t *pool)
{
    json_t *objects = json_array(), *syncs = json_array(), *root;
    const char *copy;
    char *text;
    int i;

    for (i = 0; i < def->objects->nelts; i++)
        json_array_append_new(objects,
                              object_to_json(APR_ARRAY_IDX(def->objects, i, ds_object_t *)));
    for (i = 0; i < def->syncs->nelts; i++)
        json_array_append_new(syncs, sync_to_json(APR_ARRAY_IDX(def->syncs, i, ds_sync_t *)));
    root = json_pack("{s:o, s:o}", "objects", objects, "syncs", syncs);
    text = json_dumps(root, JSON_COMPACT | JSON_PRESERVE_ORDER);
    copy = apr_pstrdup(pool, text ? text : "");
    free(text);
    json_decref(root);
    return copy;
}

/* --- reading --- */

static ds_problem_t *shape_problem(const json_error_t *error, apr_pool_t *pool)
{
    return ds_problem_make(pool, DS_EINPUT, "the definitions are not readable: %s", error->text);
}

static ds_problem_t *field_from_json(ds_object_t *object, json_t *json, apr_pool_t *pool)
{
    const char *name, *type;
    json_int_t length = 0;
    json_error_t error;

    if (json_unpack_ex(json, &error, 0, "{s:s, s:s, s?:I}", "name", &name, "type", &type, "length",
                       &length))
        return shape_problem(&error, pool);
    return ds_object_field_add(
        object, name, type,
        length ? apr_psprintf(pool, "%" APR_INT64_T_FMT, (apr_int64_t)length) : NULL, pool);
}

static ds_problem_t *object_from_json(ds_def_t *def, json_t *json, apr_pool_t *pool)
{
    const char *name, *display_name;
    json_t *fields, *keys, *member;
    json_error_t error;
    ds_object_t *object;
    ds_problem_t *problem = NULL;
    size_t i;

    if (json_unpack_ex(json, &error, 0, "{s:s, s:s, s:o, s:o}", "name", &name, "display_name",
                       &display_name, "fields", &fields, "key", &keys))
        return shape_problem(&error, pool);
    object = ds_object_make(name, pool);
    object->display_name = apr_pstrdup(pool, display_name);
    for (i = 0; !problem && i < json_array_size(fields); i++)
        problem = field_from_json(object, json_array_get(fields, i), pool);
    for (i = 0; !problem && i < json_array_size(keys); i++) {
        member = json_array_get(keys, i);
        problem = ds_object_key_add(object, json_is_string(member) ? json_string_value(member) : "",
                                    pool);
    }
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

static ds_problem_t *sync_from_json(ds_def_t *def, json_t *json, apr_pool_t *pool)
{
    const char *id, *name, *kind, *object, *auth, *delimiter;
    json_t *limits;
    json_error_t error;
    ds_sync_t *sync;
    ds_problem_t *problem;

    if (json_unpack_ex(json, &error, 0, "{s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "id", &id, "name",
                       &name, "kind", &kind, "object", &object, "auth", &auth, "delimiter",
                       &delimiter, "limits", &limits))
        return shape_problem(&error, pool);
    if (ds_sync_id_fault(id))
        return ds_problem_make(pool, DS_EINPUT, "the sync id \"%s\" %s", id, ds_sync_id_fault(id));
    sync = ds_sync_make(id, pool);
    sync->name = apr_pstrdup(pool, name);
    sync->object_name = apr_pstrdup(pool, object);
    sync->delimiter = *delimiter;
    if (!ds_sync_kind_find(&sync->kind, kind) || !ds_sync_auth_find(&sync->auth, auth))
        return ds_problem_make(pool, DS_EINPUT, "sync \"%s\": unknown kind or auth", id);
    problem = limits_from_json(&sync->limits, limits, pool);
    if (!problem)
        problem = ds_def_sync_bind(def, sync, pool);
    return problem ? problem : ds_def_sync_add(def, sync, pool);
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
    for (i = 0; !problem && i < json_array_size(objects); i++)
        problem = object_from_json(*def, json_array_get(objects, i), pool);
    for (i = 0; !problem && i < json_array_size(syncs); i++)
        problem = sync_from_json(*def, json_array_get(syncs, i), pool);
    json_decref(root);
    return problem;
}
