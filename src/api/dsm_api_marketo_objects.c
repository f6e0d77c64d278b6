/* Marketo's custom objects: what there are, and of what fields. */
#include "dsm_api_marketo.h"

#include <apr_strings.h>

#include <string.h>
#include <strings.h>

#include "dsm_config.h"

#define GUID_LENGTH 36

static const char GUID[] = "marketoGUID";

typedef struct object_times_t {
    const ds_object_t *object;
    apr_time_t created_at;
    apr_time_t updated_at;
} object_times_t;

typedef struct objects_t {
    const apr_array_header_t *wanted; /* of const ds_object_t * */
    apr_array_header_t *found;        /* of object_times_t */
} objects_t;

static apr_status_t objects_read(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    objects_t *objects = baton;
    apr_status_t status = APR_SUCCESS;
    int i;

    objects->found = apr_array_make(pool, 8, sizeof(object_times_t));
    for (i = 0; i < objects->wanted->nelts && status == APR_SUCCESS; ++i) {
        object_times_t times = {.object = APR_ARRAY_IDX(objects->wanted, i, const ds_object_t *)};

        status = ds_def_object_times(&times.created_at, &times.updated_at, connection->db,
                                     times.object->name, pool);
        if (status == APR_SUCCESS) {
            APR_ARRAY_PUSH(objects->found, object_times_t) = times;
        }
        else if (status == DS_ENOTFOUND) {
            status = DS_EBUSY; /* the worker is about to write the definitions down */
        }
    }
    return status;
}

/* --- one object --- */

static const char *key_name(const ds_object_t *object, int i)
{
    int position = APR_ARRAY_IDX(object->keys, i, int);

    return APR_ARRAY_IDX(object->fields, position, ds_field_t).name;
}

static void keys_write(ds_fmt_doc_t *doc, const ds_object_t *object)
{
    int i;

    ds_fmt_doc_array_begin(doc);
    for (i = 0; i < object->keys->nelts; ++i) {
        ds_fmt_doc_text(doc, key_name(object, i));
    }
    ds_fmt_doc_array_end(doc);
}

/* The key's fields together, and the id. */
static void searchable_write(ds_fmt_doc_t *doc, const ds_object_t *object)
{
    ds_fmt_doc_array_begin(doc);
    keys_write(doc, object);
    ds_fmt_doc_array_begin(doc);
    ds_fmt_doc_text(doc, GUID);
    ds_fmt_doc_array_end(doc);
    ds_fmt_doc_array_end(doc);
}

static const char *type_text(ds_value_type_e type)
{
    return type == DS_TYPE_DECIMAL ? "float" : ds_value_type_name(type);
}

static void field_write(ds_fmt_doc_t *doc, const char *name, const char *label, const char *type,
                        int length, int updateable)
{
    ds_fmt_doc_map_begin(doc);
    dsm_marketo_text_write(doc, "name", name);
    dsm_marketo_text_write(doc, "displayName", label);
    dsm_marketo_text_write(doc, "dataType", type);
    if (length) {
        dsm_marketo_number_write(doc, "length", length);
    }
    ds_fmt_doc_key(doc, "updateable");
    ds_fmt_doc_boolean(doc, updateable);
    ds_fmt_doc_map_end(doc);
}

static void fields_write(ds_fmt_doc_t *doc, const ds_object_t *object)
{
    int i;

    ds_fmt_doc_key(doc, "fields");
    ds_fmt_doc_array_begin(doc);
    field_write(doc, "createdAt", "Created At", "datetime", 0, 0);
    field_write(doc, GUID, "Marketo GUID", "string", GUID_LENGTH, 0);
    field_write(doc, "updatedAt", "Updated At", "datetime", 0, 0);
    for (i = 0; i < object->fields->nelts; ++i) {
        const ds_field_t *field = &APR_ARRAY_IDX(object->fields, i, ds_field_t);

        field_write(doc, field->name, field->label, type_text(field->type), field->max_length, 1);
    }
    ds_fmt_doc_array_end(doc);
}

static void object_write(ds_fmt_doc_t *doc, const object_times_t *times, int with_fields,
                         apr_pool_t *pool)
{
    const ds_object_t *object = times->object;

    ds_fmt_doc_map_begin(doc);
    dsm_marketo_text_write(doc, "name", object->name);
    dsm_marketo_text_write(doc, "displayName", object->display_name);
    dsm_marketo_text_write(doc, "description", object->description ? object->description : "");
    dsm_marketo_time_write(doc, "createdAt", times->created_at, pool);
    dsm_marketo_time_write(doc, "updatedAt", times->updated_at, pool);
    dsm_marketo_text_write(doc, "idField", GUID);
    ds_fmt_doc_key(doc, "dedupeFields");
    keys_write(doc, object);
    ds_fmt_doc_key(doc, "searchableFields");
    searchable_write(doc, object);
    if (with_fields) {
        fields_write(doc, object);
    }
    ds_fmt_doc_map_end(doc);
}

static int objects_send(request_rec *r, const dsm_request_t *request,
                        const apr_array_header_t *wanted, int with_fields)
{
    objects_t objects = {.wanted = wanted};
    ds_fmt_doc_t *doc;
    apr_status_t status;
    int answer, i;

    if (!dsm_marketo_db_use(&answer, &status, r, request, objects_read, &objects)) {
        return answer;
    }
    doc = dsm_marketo_result_begin(r);
    for (i = 0; i < objects.found->nelts; ++i) {
        object_write(doc, &APR_ARRAY_IDX(objects.found, i, object_times_t), with_fields, r->pool);
    }
    return dsm_marketo_result_send(r, doc);
}

int dsm_marketo_describe(request_rec *r, const dsm_request_t *request)
{
    apr_array_header_t *wanted = apr_array_make(r->pool, 1, sizeof(const ds_object_t *));
    dsm_marketo_call_t call;
    int answer;

    if (!dsm_marketo_begin(&answer, &call, r, request)) {
        return answer;
    }
    APR_ARRAY_PUSH(wanted, const ds_object_t *) = request->object;
    return objects_send(r, request, wanted, 1);
}

/* --- the list --- */

static int is_named(const char *names, const char *name, apr_pool_t *pool)
{
    char *state, *one, *list;

    if (!names) {
        return 1;
    }
    list = apr_pstrdup(pool, names);
    for (one = apr_strtok(list, ", ", &state); one; one = apr_strtok(NULL, ", ", &state)) {
        if (!strcasecmp(one, name)) {
            return 1;
        }
    }
    return 0;
}

/* Those that the client may use; leads are no custom object. */
static int is_listed(const dsm_marketo_call_t *call, const ds_object_t *object)
{
    const char *names = apr_table_get(call->parameters, "names");

    return strcasecmp(object->name, call->rules->lead) &&
           ds_client_has_object(call->request->client, object->name) &&
           is_named(names, object->name, call->r->pool);
}

int dsm_marketo_objects(request_rec *r, const dsm_request_t *request)
{
    const apr_array_header_t *all = dsm_config_get(r->server)->def->objects;
    apr_array_header_t *wanted = apr_array_make(r->pool, 8, sizeof(const ds_object_t *));
    dsm_marketo_call_t call;
    int answer, i;

    if (!dsm_marketo_begin(&answer, &call, r, request)) {
        return answer;
    }
    for (i = 0; i < all->nelts; ++i) {
        const ds_object_t *object = APR_ARRAY_IDX(all, i, const ds_object_t *);

        if (is_listed(&call, object)) {
            APR_ARRAY_PUSH(wanted, const ds_object_t *) = object;
        }
    }
    return objects_send(r, request, wanted, 0);
}
