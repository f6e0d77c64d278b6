#include "ds_json.h"

#include <stdio.h>
#include <stdlib.h>

#include <apr_strings.h>

#include "ds_fmt_number.h"

/* Where a copy fails the text itself is read: it knows the place. */
json_t *ds_json_load(const char *text, apr_size_t size, size_t flags, json_error_t *error,
                     apr_pool_t *scratch)
{
    apr_size_t kept_size;
    const char *kept = ds_fmt_number_keep(&kept_size, text, size, scratch);
    json_t *value = kept ? json_loadb(kept, kept_size, flags | JSON_ALLOW_NUL, error) : NULL;

    return value ? value : json_loadb(text, size, flags, error);
}

/* NULL: it is none that was kept. */
static const char *number_get(const json_t *value)
{
    const char *text = json_string_value(value);

    return text && !*text && json_string_length(value) ? text + 1 : NULL;
}

/* 15 digits are enough for what people write, 17 for every number. */
static const char *real_text(double number, apr_pool_t *pool)
{
    char text[40];
    int digits;

    for (digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    return apr_pstrdup(pool, ds_fmt_number_expand(text, pool));
}

const char *ds_json_text(const json_t *value, apr_pool_t *pool)
{
    const char *number = number_get(value);

    if (number)
        return ds_fmt_number_expand(number, pool);
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_STRING: return json_string_value(value);
    case JSON_TRUE: return "true";
    case JSON_FALSE: return "false";
    case JSON_INTEGER:
        return apr_psprintf(pool, "%" APR_INT64_T_FMT, (apr_int64_t)json_integer_value(value));
    case JSON_REAL: return real_text(json_real_value(value), pool);
    default: return NULL;
    }
}

const char *ds_json_print(const json_t *value, apr_pool_t *pool)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    char *copy = apr_pstrdup(pool, text ? text : "");

    free(text);
    ds_fmt_number_restore(copy);
    return copy;
}

int ds_json_number_is(const json_t *value, const char *number, apr_pool_t *scratch)
{
    return (json_is_number(value) || number_get(value)) &&
           ds_fmt_number_equal(ds_json_text(value, scratch), number, scratch);
}
