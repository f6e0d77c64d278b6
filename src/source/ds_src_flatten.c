#include "ds_src_flatten.h"

#include <string.h>

#include <apr_strings.h>

#include "ds_src_path.h"

struct ds_src_records_t {
    const ds_src_spec_t *spec;
    json_t *record;   /* the same one again and again, with another element in it */
    json_t *holder;   /* in it: the object that has the array that splits it; or NULL */
    json_t *elements; /* that array; NULL: nothing splits it */
    size_t next;
    int ended;
};

static apr_status_t records_release(void *data)
{
    ds_src_records_t *records = data;

    json_decref(records->record);
    json_decref(records->elements);
    return APR_SUCCESS;
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

/* A record without its element. */
static json_t *record_make(const ds_src_content_t *content, json_t *parent)
{
    json_t *record = json_object(), *value;
    const char *name;

    json_object_set_new(record, content->wrapper, json_null()); /* it stands before the others */
    json_object_foreach(parent, name, value)
    {
        if (strcmp(name, array_name(content)) && strcmp(name, content->wrapper) &&
            sibling_stays(content, name)) {
            json_object_set(record, name, value);
        }
    }
    return record;
}

ds_src_records_t *ds_src_records_make(const ds_src_spec_t *spec, json_t *parent, apr_pool_t *pool)
{
    ds_src_records_t *records = apr_pcalloc(pool, sizeof(*records));

    records->spec = spec;
    records->record = record_make(&spec->content, parent);
    records->ended = 1;
    apr_pool_cleanup_register(pool, records, records_release, apr_pool_cleanup_null);
    return records;
}

/* Objects on the way to the exploded array become copies that may be changed; the one that has the
 * array, or NULL. */
static json_t *holder_make(json_t *record, const ds_fmt_jsonpath_t *path)
{
    json_t *holder = record;
    int i;

    for (i = 0; i + 1 < path->count && holder; i++) {
        json_t *child = json_copy(json_object_get(holder, path->steps[i].name));

        if (child) {
            json_object_set_new(holder, path->steps[i].name, child);
        }
        holder = child;
    }
    return json_is_object(holder) ? holder : NULL;
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

static void explode_begin(ds_src_records_t *records, const ds_src_content_t *explode)
{
    records->elements = json_incref(ds_src_path_get(records->record, explode->path));
    records->holder = holder_make(records->record, explode->path);
    if (records->holder) {
        json_object_del(records->holder, array_name(explode));
        siblings_filter(records->holder, explode);
    }
}

/* Nothing is kept of an element that is done: the next one may be as large. */
static void element_drop(ds_src_records_t *records)
{
    json_decref(records->elements);
    records->elements = records->holder = NULL;
    json_object_set_new(records->record, records->spec->content.wrapper, json_null());
}

void ds_src_records_begin(ds_src_records_t *records, json_t *element)
{
    const ds_src_content_t *content = &records->spec->content;

    element_drop(records);
    records->next = 0;
    records->ended = 0;
    json_object_set_new(records->record, content->wrapper, element_filter(element, content->skip));
    if (records->spec->explode) {
        explode_begin(records, records->spec->explode);
    }
}

/* One element may stand where its array should. NULL: there is none. */
static json_t *split_element_get(const ds_src_records_t *records)
{
    if (json_is_array(records->elements)) {
        return json_array_get(records->elements, records->next);
    }
    return json_is_null(records->elements) ? NULL : records->elements;
}

json_t *ds_src_records_next(ds_src_records_t *records)
{
    const ds_src_content_t *explode = records->spec->explode;
    json_t *element;

    if (records->ended) {
        element_drop(records);
        return NULL;
    }
    element = explode && records->holder ? split_element_get(records) : NULL;
    if (element) {
        json_object_set_new(records->holder, explode->wrapper,
                            element_filter(element, explode->skip));
    }
    records->next++;
    records->ended = records->next >= json_array_size(records->elements);
    return records->record;
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
