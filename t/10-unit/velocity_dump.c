/* For velocity_java.py: renders templates with values from JSON, as an export would.
 *
 * Each line of standard input is {"template": text, "data": {...}}; for each one a line is written:
 * {"output": text}, or {"fault": text, "line": n, "column": n}. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <jansson.h>

#include "ds_fmt_velocity.h"

typedef struct output_t {
    char *data;
    size_t size;
} output_t;

static void json_value(ds_fmt_velocity_value_t *value, json_t *json);

static apr_status_t object_find(ds_fmt_velocity_value_t *value, void *baton, const char *name,
                                apr_size_t length)
{
    json_t *found = json_object_getn(baton, name, length);

    if (found == NULL) {
        return APR_NOTFOUND;
    }
    json_value(value, found);
    return APR_SUCCESS;
}

typedef struct walk_t {
    json_t *array;
    size_t next;
} walk_t;

static apr_status_t array_begin(void **walk, void *baton, apr_pool_t *pool)
{
    walk_t *made = apr_pcalloc(pool, sizeof(*made));

    made->array = baton;
    *walk = made;
    return APR_SUCCESS;
}

static apr_status_t array_next(ds_fmt_velocity_value_t *element, void *walk, apr_pool_t *pool)
{
    walk_t *at = walk;

    (void)pool;
    if (at->next == json_array_size(at->array)) {
        return APR_EOF;
    }
    json_value(element, json_array_get(at->array, at->next++));
    return APR_SUCCESS;
}

static const ds_fmt_velocity_map_t object_map = {object_find};
static const ds_fmt_velocity_list_t array_list = {array_begin, array_next, 0};

static void json_value(ds_fmt_velocity_value_t *value, json_t *json)
{
    memset(value, 0, sizeof(*value));
    value->baton = json;
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        value->type = DS_VELOCITY_MAP;
        value->map = &object_map;
        break;
    case JSON_ARRAY:
        value->type = DS_VELOCITY_LIST;
        value->list = &array_list;
        break;
    case JSON_STRING:
        value->type = DS_VELOCITY_TEXT;
        value->text = json_string_value(json);
        value->length = json_string_length(json);
        break;
    case JSON_INTEGER:
        value->type = DS_VELOCITY_INTEGER;
        value->integer = json_integer_value(json);
        break;
    case JSON_REAL:
        value->type = DS_VELOCITY_DOUBLE;
        value->number = json_real_value(json);
        break;
    case JSON_NULL: value->type = DS_VELOCITY_NULL; break;
    default: value->type = DS_VELOCITY_BOOLEAN; value->integer = json_is_true(json);
    }
}

static apr_status_t output_take(void *baton, const char *data, apr_size_t size)
{
    output_t *output = baton;

    output->data = realloc(output->data, output->size + size);
    if (output->data == NULL) {
        return APR_ENOMEM;
    }
    memcpy(output->data + output->size, data, size);
    output->size += size;
    return APR_SUCCESS;
}

static json_t *case_render(json_t *data, const char *text, size_t length, apr_pool_t *pool)
{
    static const ds_fmt_velocity_limits_t limits = {1 << 20, 100, 1000000, 1 << 24, 1 << 24};
    ds_fmt_velocity_fault_t fault;
    ds_fmt_velocity_value_t context;
    ds_fmt_velocity_t *template;
    output_t output = {NULL, 0};
    json_t *answer;
    apr_status_t rv;

    rv = ds_fmt_velocity_parse(&template, &fault, text, length, &limits, pool);
    if (rv == APR_SUCCESS) {
        json_value(&context, data);
        rv = ds_fmt_velocity_render(&fault, template, &context, output_take, &output, pool);
    }
    answer = rv == APR_SUCCESS
                 ? json_pack("{s:s%}", "output", output.size > 0 ? output.data : "", output.size)
                 : json_pack("{s:s, s:i, s:i}", "fault", fault.text, "line", fault.line, "column",
                             fault.column);
    free(output.data);
    return answer;
}

int main(void)
{
    apr_pool_t *pool;
    json_t *input, *answer;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    while ((input = json_loadf(stdin, JSON_DISABLE_EOF_CHECK, NULL)) != NULL) {
        json_t *template = json_object_get(input, "template");

        answer = case_render(json_object_get(input, "data"), json_string_value(template),
                             json_string_length(template), pool);
        if (answer == NULL) {
            return 1;
        }
        json_dumpf(answer, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(answer);
        json_decref(input);
        apr_pool_clear(pool);
    }
    apr_terminate();
    return 0;
}
