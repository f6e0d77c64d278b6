#include "dsm_query.h"

#include <util_script.h>

#include <apr_lib.h>

#include <string.h>

#define KEY_LENGTH_MAX 255

int dsm_query_switch_read(int *value, request_rec *r, const char *name, const char *on,
                          const char *off)
{
    apr_table_t *parameters;
    const char *given;

    ap_args_to_table(r, &parameters);
    given = apr_table_get(parameters, name);
    *value = given && !strcmp(given, on);
    return !given || *value || !strcmp(given, off);
}

int dsm_query_key_read(const char **key, const request_rec *r)
{
    const char *end = *key = apr_table_get(r->headers_in, "Idempotency-Key");

    if (!end) {
        return 1;
    }
    while (apr_isgraph(*end) && apr_isascii(*end)) {
        ++end;
    }
    return !*end && end > *key && end - *key <= KEY_LENGTH_MAX;
}
