#include <string.h>

#include <apr_cstr.h>

#include "ds_fmt_utf8.h"
#include "ds_value.h"
#include "ds_value_private.h"

static const char *const type_names[] = {
    [DS_TYPE_STRING] = "string",     [DS_TYPE_TEXT] = "text",
    [DS_TYPE_INTEGER] = "integer",   [DS_TYPE_DECIMAL] = "decimal",
    [DS_TYPE_BOOLEAN] = "boolean",   [DS_TYPE_DATE] = "date",
    [DS_TYPE_DATETIME] = "datetime", [DS_TYPE_EMAIL] = "email",
    [DS_TYPE_PHONE] = "phone",       [DS_TYPE_URL] = "url"};

#define TYPES (sizeof(type_names) / sizeof(type_names[0]))

const char *ds_value_type_name(ds_value_type_e type)
{
    return type_names[type];
}

int ds_value_type_find(ds_value_type_e *type, const char *name)
{
    apr_size_t i;

    for (i = 0; i < TYPES; i++) {
        if (apr_cstr_casecmp(type_names[i], name) == 0) {
            *type = (ds_value_type_e)i;
            return 1;
        }
    }
    return 0;
}

/* Are these eight bytes ASCII, and none of them NUL? */
static int ascii_8(const char *text)
{
    const apr_uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
    apr_uint64_t word;

    memcpy(&word, text, sizeof(word));
    return (((word - ones) | word) & tops) == 0;
}

int ds_value_utf8(apr_size_t *chars, apr_size_t *bad, const char *text, apr_size_t length)
{
    apr_size_t at = 0, count = 0, step;

    while (at < length) {
        if (length - at >= 8 && ascii_8(text + at)) {
            at += 8;
            count += 8;
            continue;
        }
        step = text[at] == '\0' ? 0 : ds_fmt_utf8_length(text + at, length - at);
        if (step == 0) {
            *bad = at;
            return 0;
        }
        at += step;
        count++;
    }
    *chars = count;
    return 1;
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Email and url may be longer than any buffer of ours: they stay where they are. */
static const char *in_place_check(const char **reason, ds_value_type_e type, char *text,
                                  apr_size_t length)
{
    text[length] = '\0';
    *reason = type == DS_TYPE_EMAIL ? ds_value_email_check(text, length)
                                    : ds_value_url_check(text, length);
    return *reason == NULL ? text : NULL;
}

/* The other types are short: a longer cell cannot be one of them, and only a copy is cut off. */
static const char *copy_check(char normal[DS_VALUE_NORMAL_SIZE], const char **reason,
                              ds_value_type_e type, const char *text, apr_size_t length)
{
    char trimmed[64] = "";

    if (length < sizeof(trimmed)) {
        memcpy(trimmed, text, length);
        trimmed[length] = '\0';
    }
    switch (type) {
    case DS_TYPE_INTEGER: *reason = ds_value_integer_check(normal, trimmed); break;
    case DS_TYPE_DECIMAL: *reason = ds_value_decimal_check(normal, trimmed); break;
    case DS_TYPE_BOOLEAN: *reason = ds_value_boolean_check(normal, trimmed); break;
    case DS_TYPE_DATE: *reason = ds_value_date_check(normal, trimmed); break;
    case DS_TYPE_DATETIME: *reason = ds_value_datetime_check(normal, trimmed); break;
    default: *reason = ds_value_phone_check(normal, trimmed); break;
    }
    return *reason == NULL ? normal : NULL;
}

const char *ds_value_check(char normal[DS_VALUE_NORMAL_SIZE], const char **reason,
                           ds_value_type_e type, int max_length, char *text, apr_size_t length,
                           apr_size_t chars)
{
    if (type == DS_TYPE_TEXT || (type == DS_TYPE_STRING && chars <= (apr_size_t)max_length)) {
        return text;
    }
    if (type == DS_TYPE_STRING) {
        *reason = "longer than the field";
        return NULL;
    }
    while (length > 0 && is_blank(text[length - 1])) {
        length--;
    }
    while (length > 0 && is_blank(*text)) {
        text++;
        length--;
    }
    if (type == DS_TYPE_EMAIL || type == DS_TYPE_URL) {
        return in_place_check(reason, type, text, length);
    }
    return copy_check(normal, reason, type, text, length);
}
