#include "ds_src_flatten.h"

#include <string.h>

#include <apr_strings.h>

#include "ds_src_path.h"

struct ds_src_records_t {
    const ds_src_spec_t *spec;
    json_t *whole;    /* the record before it is split */
    json_t *elements; /* of the array that splits it; NULL: nothing does */
    size_t next;
    int ended;
};

static apr_status_t json_release(void *json)
{
    json_decref(json);
    return APR_SUCCESS;
}

/* Takes the reference over. */
static json_t *json_keep(json_t *json, apr_pool_t *pool)
{
    apr_pool_cleanup_register(pool, json, json_release, apr_pool_cleanup_null);
    return json;
}

/* The attributes of an element that stay: a new reference. */
static json_t *element_filter(json_t *element, const apr_array_header_t *skip)
{
    json_t *copy;
    int i;

    if (!json_is_object(element) || !skip || !skip->nelts) {
        return json_incref(element);
    }
    copy = json_copy(element);
    for (i = 0; i < skip->nelts; i++) {
        json_object_del(copy, APR_ARRAY_IDX(skip, i, const char *));
    }
    return copy;
}

static int sibling_stays(const ds_src_content_t *content, const char *name)
{
    return !ds_src_name_is_in(content->skip, name) &&
           (!content->keep || ds_src_name_is_in(content->keep, name));
}

/* "": it is no member of an object. */
static const char *array_name(const ds_src_content_t *content)
{
    const char *name =
        content->path->count ? content->path->steps[content->path->count - 1].name : NULL;

    return name ? name : "";
}

static json_t *record_wrap(const ds_src_content_t *content, json_t *element, json_t *parent)
{
    json_t *record = json_object(), *value;
    const char *name;

    json_object_set_new(record, content->wrapper, element_filter(element, content->skip));
    json_object_foreach(parent, name, value)
    {
        if (strcmp(name, array_name(content)) && strcmp(name, content->wrapper) &&
            sibling_stays(content, name)) {
            json_object_set(record, name, value);
        }
    }
    return record;
}

ds_src_records_t *ds_src_records_make(const ds_src_spec_t *spec, json_t *element, json_t *parent,
                                      apr_pool_t *pool)
{
    ds_src_records_t *records = apr_pcalloc(pool, sizeof(*records));

    records->spec = spec;
    records->whole = json_keep(record_wrap(&spec->content, element, parent), pool);
    if (spec->explode) {
        records->elements = ds_src_path_get(records->whole, spec->explode->path);
    }
    return records;
}

/* A copy of a record in which the object that holds the exploded array may be changed: *holder. */
static json_t *branch_copy(json_t **holder, json_t *record, const ds_fmt_jsonpath_t *path)
{
    json_t *copy = json_copy(record);
    int i;

    *holder = copy;
    for (i = 0; i + 1 < path->count && *holder; i++) {
        json_t *child = json_copy(json_object_get(*holder, path->steps[i].name));

        if (child) {
            json_object_set_new(*holder, path->steps[i].name, child);
        }
        *holder = child;
    }
    return copy;
}

static void siblings_filter(json_t *holder, const ds_src_content_t *explode)
{
    const char *name;
    json_t *value;
    void *next;

    json_object_foreach_safe(holder, next, name, value)
    {
        if (!sibling_stays(explode, name)) {
            json_object_del(holder, name);
        }
    }
}

/* element NULL: the array is empty or missing. */
static json_t *record_split(const ds_src_records_t *records, json_t *element)
{
    const ds_src_content_t *explode = records->spec->explode;
    json_t *holder, *record = branch_copy(&holder, records->whole, explode->path);

    if (!json_is_object(holder)) {
        return record;
    }
    json_object_del(holder, array_name(explode));
    siblings_filter(holder, explode);
    if (element) {
        json_object_set_new(holder, explode->wrapper, element_filter(element, explode->skip));
    }
    return record;
}

json_t *ds_src_records_next(ds_src_records_t *records, apr_pool_t *pool)
{
    json_t *elements = records->elements, *element;

    if (records->ended) {
        return NULL;
    }
    if (!records->spec->explode) {
        records->ended = 1;
        return records->whole;
    }
    /* one element may stand there without its array */
    element = json_is_array(elements)  ? json_array_get(elements, records->next)
              : json_is_null(elements) ? NULL
                                       : elements;
    records->next++;
    records->ended = !json_is_array(elements) || records->next >= json_array_size(elements);
    return json_keep(record_split(records, element), pool);
}

/* --- columns --- */

/* Returns 0 when there are too many. */
static int columns_add(apr_array_header_t *columns, const char *before, json_t *object, int depth)
{
    apr_pool_t *pool = columns->pool;
    const char *name, *whole;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        whole = apr_psprintf(pool, "%s%s%.*s", before, *before ? "." : "", DS_SRC_NAME_MAX, name);
        if (json_object_size(value) && depth < DS_SRC_DEPTH_MAX &&
            strlen(whole) < DS_SRC_NAME_MAX) {
            if (!columns_add(columns, whole, value, depth + 1)) {
                return 0;
            }
        }
        else if (columns->nelts == DS_SRC_COLUMNS_MAX) {
            return 0;
        }
        else {
            APR_ARRAY_PUSH(columns, ds_src_column_t) =
                (ds_src_column_t){whole, ds_src_value_text(value, pool)};
        }
    }
    return 1;
}

int ds_src_columns_list(apr_array_header_t **columns, json_t *record, apr_pool_t *pool)
{
    *columns = apr_array_make(pool, 32, sizeof(ds_src_column_t));
    return columns_add(*columns, "", record, 1);
}
