#include "ds_field.h"

#include <apr_strings.h>

#include "ds_json.h"

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

int ds_field_text(char **text, const json_t *value, apr_pool_t *pool)
{
    const char *found = ds_json_text(value, pool);

    *text = found && *found ? apr_pstrdup(pool, found) : NULL;
    return !json_is_array(value) && !json_is_object(value);
}
