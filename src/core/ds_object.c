#include "ds_object.h"

#include <stdlib.h>
#include <strings.h>

#include <apr_lib.h>
#include <apr_strings.h>

#define STRING_LENGTH 255
#define STRING_LENGTH_MAX 1000000

const char *ds_object_name_fault(const char *name)
{
    static const char *const reserved[] = {"ds_", "sqlite_", "pg_"};
    const char *p;
    unsigned i;

    if (!apr_isalpha(*name))
        return "must start with a letter";
    for (p = name; *p; p++)
        if (!apr_isalnum(*p) && *p != '_')
            return "may hold letters, digits and _ only";
    if (p - name > DS_NAME_MAX)
        return "may have at most 62 characters";
    for (i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
        if (!strncasecmp(name, reserved[i], strlen(reserved[i])))
            return "may not start with ds_, sqlite_ or pg_";
    return NULL;
}

ds_object_t *ds_object_make(const char *name, apr_pool_t *pool)
{
    ds_object_t *object = apr_pcalloc(pool, sizeof(*object));

    object->name = object->display_name = apr_pstrdup(pool, name);
    object->fields = apr_array_make(pool, 8, sizeof(ds_field_t));
    object->keys = apr_array_make(pool, 2, sizeof(int));
    object->updated_at = -1;
    return object;
}

static ds_problem_t *length_read(int *length, const ds_field_t *field, const char *text,
                                 apr_pool_t *pool)
{
    char *end;
    long value = text ? strtol(text, &end, 10) : STRING_LENGTH;

    *length = (int)value;
    if (!text && field->type != DS_TYPE_STRING)
        *length = 0;
    if (!text)
        return NULL;
    if (field->type != DS_TYPE_STRING)
        return ds_problem_make(pool, DS_EINPUT,
                               "field \"%s\": only a string has a length, %s has none", field->name,
                               ds_value_type_name(field->type));
    if (*end || end == text || value < 1 || value > STRING_LENGTH_MAX)
        return ds_problem_make(pool, DS_EINPUT,
                               "field \"%s\": \"%s\" is not a length: write a number of characters "
                               "from 1 to %d",
                               field->name, text, STRING_LENGTH_MAX);
    return NULL;
}

static ds_problem_t *field_name_check(const ds_object_t *object, const char *name, apr_pool_t *pool)
{
    const char *fault = ds_object_name_fault(name);

    if (fault)
        return ds_problem_make(pool, DS_EINPUT, "the field name \"%s\" %s", name, fault);
    if (ds_object_field_find(object, name) >= 0)
        return ds_problem_make(pool, DS_EINPUT, "field \"%s\" stands twice", name);
    if (object->fields->nelts == DS_OBJECT_FIELDS_MAX)
        return ds_problem_make(pool, DS_ELIMIT, "an object has at most %d fields",
                               DS_OBJECT_FIELDS_MAX);
    return NULL;
}

ds_problem_t *ds_object_field_add(ds_object_t *object, const char *name, const char *type,
                                  const char *length, apr_pool_t *pool)
{
    ds_field_t field = {0};
    ds_problem_t *problem = field_name_check(object, name, pool);

    if (problem)
        return problem;
    field.name = field.label = apr_pstrdup(pool, name);
    if (!ds_value_type_find(&field.type, type))
        return ds_problem_make(
            pool, DS_EINPUT,
            "field \"%s\": there is no type \"%s\": write string, text, integer, "
            "decimal, boolean, date, datetime, email, phone or url",
            name, type);
    problem = length_read(&field.max_length, &field, length, pool);
    if (!problem)
        APR_ARRAY_PUSH(object->fields, ds_field_t) = field;
    return problem;
}

ds_problem_t *ds_object_label_set(ds_object_t *object, const char *name, const char *label,
                                  apr_pool_t *pool)
{
    int position = ds_object_field_find(object, name);

    if (position < 0)
        return ds_problem_make(pool, DS_EINPUT,
                               "\"%s\" is not a field: write a Field line for it first", name);
    APR_ARRAY_IDX(object->fields, position, ds_field_t).label = apr_pstrdup(pool, label);
    return NULL;
}

ds_problem_t *ds_object_key_add(ds_object_t *object, const char *name, apr_pool_t *pool)
{
    int position = ds_object_field_find(object, name);
    ds_field_t *field;

    if (position < 0)
        return ds_problem_make(pool, DS_EINPUT,
                               "the key \"%s\" is not a field: write a Field line for it first",
                               name);
    field = &APR_ARRAY_IDX(object->fields, position, ds_field_t);
    if (field->is_key)
        return ds_problem_make(pool, DS_EINPUT, "the key \"%s\" stands twice", name);
    field->is_key = 1;
    APR_ARRAY_PUSH(object->keys, int) = position;
    return NULL;
}

ds_problem_t *ds_object_updated_at_set(ds_object_t *object, const char *name, apr_pool_t *pool)
{
    int position = ds_object_field_find(object, name);

    if (position < 0 ||
        APR_ARRAY_IDX(object->fields, position, ds_field_t).type != DS_TYPE_DATETIME)
        return ds_problem_make(
            pool, DS_EINPUT, "\"%s\" is not a field of type datetime: write \"Field %s datetime\"",
            name, name);
    object->updated_at = position;
    return NULL;
}

ds_problem_t *ds_object_check(const ds_object_t *object, apr_pool_t *pool)
{
    if (object->fields->nelts == 0)
        return ds_problem_make(pool, DS_EINPUT,
                               "object \"%s\" has no field: write at least one line "
                               "\"Field NAME TYPE\"",
                               object->name);
    if (object->keys->nelts == 0)
        return ds_problem_make(pool, DS_EINPUT,
                               "object \"%s\" has no key: write \"Key FIELD\" with the field that "
                               "tells records apart",
                               object->name);
    return NULL;
}

int ds_object_field_find(const ds_object_t *object, const char *name)
{
    int i;

    for (i = 0; i < object->fields->nelts; i++)
        if (!strcasecmp(APR_ARRAY_IDX(object->fields, i, ds_field_t).name, name))
            return i;
    return -1;
}
