#include "ds_src_path.h"

#include <string.h>

#include <apr_strings.h>

#include "ds_json.h"

/* The values that one step leads to, at most `most`, appended to found. */
static void step_list(apr_array_header_t *found, json_t *value, const ds_fmt_jsonpath_step_t *step,
                      int most)
{
    json_t *member = NULL;
    const char *name;
    size_t i;

    switch (step->kind) {
    case DS_JSONPATH_NAME: member = json_object_get(value, step->name); break;
    case DS_JSONPATH_INDEX: member = json_array_get(value, step->index); break;
    default:
        for (i = 0; i < json_array_size(value) && found->nelts < most; i++) {
            APR_ARRAY_PUSH(found, json_t *) = json_array_get(value, i);
        }
        json_object_foreach(value, name, member)
        {
            if (found->nelts < most) {
                APR_ARRAY_PUSH(found, json_t *) = member;
            }
        }
        return;
    }
    if (member && found->nelts < most) {
        APR_ARRAY_PUSH(found, json_t *) = member;
    }
}

void ds_src_path_list(apr_array_header_t *found, json_t *root, const ds_fmt_jsonpath_t *path,
                      int most)
{
    apr_array_header_t *level = apr_array_make(found->pool, 4, sizeof(json_t *)), *next;
    int i, j;

    APR_ARRAY_PUSH(level, json_t *) = root;
    for (i = 0; i < path->count; i++) {
        next = apr_array_make(found->pool, 4, sizeof(json_t *));
        for (j = 0; j < level->nelts; j++) {
            step_list(next, APR_ARRAY_IDX(level, j, json_t *), &path->steps[i], most);
        }
        level = next;
    }
    for (i = 0; i < level->nelts && found->nelts < most; i++) {
        APR_ARRAY_PUSH(found, json_t *) = APR_ARRAY_IDX(level, i, json_t *);
    }
}

/* The first value behind the first `count` steps; [*] tries one after the other. */
static json_t *rest_get(json_t *value, const ds_fmt_jsonpath_step_t *steps, int count)
{
    json_t *found = NULL, *member;
    const char *name;
    size_t i;

    for (; count > 0 && value && steps->kind != DS_JSONPATH_ALL; steps++, count--) {
        value = steps->kind == DS_JSONPATH_NAME ? json_object_get(value, steps->name)
                                                : json_array_get(value, steps->index);
    }
    if (count == 0 || !value) {
        return value;
    }
    for (i = 0; i < json_array_size(value) && !found; i++) {
        found = rest_get(json_array_get(value, i), steps + 1, count - 1);
    }
    json_object_foreach(value, name, member)
    {
        if (!found) {
            found = rest_get(member, steps + 1, count - 1);
        }
    }
    return found;
}

json_t *ds_src_path_get(json_t *root, const ds_fmt_jsonpath_t *path)
{
    return rest_get(root, path->steps, path->count);
}

const char *ds_src_value_text(const json_t *value, apr_pool_t *pool)
{
    return json_is_array(value) || json_is_object(value) ? ds_json_print(value, pool)
                                                         : ds_json_text(value, pool);
}

static int is_empty(const json_t *value)
{
    return json_is_null(value) || (json_is_string(value) && !json_string_length(value)) ||
           (json_is_array(value) && !json_array_size(value)) ||
           (json_is_object(value) && !json_object_size(value));
}

int ds_src_end_is_met(const ds_src_paging_t *paging, const json_t *value, apr_pool_t *scratch)
{
    const char *text;

    switch (paging->end) {
    case DS_SRC_END_EMPTY: return value && is_empty(value);
    case DS_SRC_END_EXIST: return value != NULL;
    case DS_SRC_END_NONEXIST: return value == NULL;
    case DS_SRC_END_VALUE:
        text = json_is_null(value) ? "null" : ds_src_value_text(value, scratch);
        return (text && !strcmp(text, paging->end_value)) ||
               ds_json_number_is(value, paging->end_value, scratch);
    default: return 0;
    }
}
