#include "ds_field.h"

#include <stdlib.h>

#include <apr_strings.h>

/* A value of a string field is bad for one reason only: it is too long. */
static ds_reason_e value_reason(const ds_field_t *field)
{
    switch (field->type) {
    case DS_TYPE_STRING: return DS_REASON_LENGTH;
    case DS_TYPE_EMAIL: return DS_REASON_EMAIL;
    default: return DS_REASON_TYPE;
    }
}

const char *ds_field_check(char normal[DS_VALUE_NORMAL_SIZE], ds_reason_e *reason, const char **why,
                           char place[40], const ds_field_t *field, char *text, apr_size_t length)
{
    apr_size_t chars, bad;

    if (!ds_value_utf8(&chars, &bad, text, length)) {
        apr_snprintf(place, 40, "not valid UTF-8 at byte %lu", (unsigned long)bad + 1);
        *reason = DS_REASON_ENCODING;
        *why = place;
        return NULL;
    }
    *reason = value_reason(field);
    return ds_value_check(normal, why, field->type, field->max_length, text, length, chars);
}

char *ds_field_number_expand(const char *text, apr_pool_t *pool)
{
    const char *sign = *text == '-' ? "-" : "", *e = strchr(text, 'e'), *zeros;
    int power = e ? (int)strtol(e + 1, NULL, 10) : 0, digits;
    char *mantissa;

    if (!e || power < -300 || power > 300) {
        return apr_pstrdup(pool, text);
    }
    mantissa = apr_pstrmemdup(pool, text + strlen(sign), (apr_size_t)(e - text) - strlen(sign));
    if (mantissa[1] == '.') {
        memmove(mantissa + 1, mantissa + 2, strlen(mantissa + 2) + 1);
    }
    digits = (int)strlen(mantissa);
    zeros = apr_psprintf(pool, "%0*d", power < 0 ? -power : power + 1, 0);
    return power < 0 ? apr_pstrcat(pool, sign, "0.", zeros + 1, mantissa, NULL)
                     : apr_pstrcat(pool, sign, mantissa, zeros + digits, NULL);
}

int ds_field_text(char **text, const json_t *value, apr_pool_t *pool)
{
    char *dump;

    *text = NULL;
    switch (json_typeof(value)) {
    case JSON_NULL: return 1;
    case JSON_TRUE: *text = apr_pstrdup(pool, "true"); return 1;
    case JSON_FALSE: *text = apr_pstrdup(pool, "false"); return 1;
    case JSON_STRING:
        if (json_string_length(value))
            *text = apr_pstrmemdup(pool, json_string_value(value), json_string_length(value));
        return 1;
    case JSON_INTEGER:
    case JSON_REAL:
        dump = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
        *text = ds_field_number_expand(dump ? dump : "", pool);
        free(dump);
        return 1;
    default: return 0;
    }
}
