#include "dsm_query.h"

#include <http_protocol.h>
#include <util_filter.h>
#include <util_script.h>

#include <apr_lib.h>
#include <apr_strings.h>

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

void dsm_query_parameters_add(apr_table_t *parameters, const char *text, apr_pool_t *pool)
{
    char *state, *pair, *value;
    char *list = apr_pstrdup(pool, text ? text : "");

    for (pair = apr_strtok(list, "&", &state); pair; pair = apr_strtok(NULL, "&", &state)) {
        value = strchr(pair, '=');
        if (value) {
            *value++ = '\0';
        }
        else {
            value = pair + strlen(pair);
        }
        if (ap_unescape_urlencoded(pair) == OK && ap_unescape_urlencoded(value) == OK) {
            apr_table_addn(parameters, pair, value);
        }
    }
}

int dsm_query_type_is(const request_rec *r, const char *type)
{
    const char *given = apr_table_get(r->headers_in, "Content-Type");
    apr_size_t length = strlen(type);

    return given && !ap_cstr_casecmpn(given, type, length) &&
           (!given[length] || strchr("; \t", given[length]));
}

int dsm_query_body_read(const char **body, apr_size_t *size, request_rec *r, apr_size_t most)
{
    apr_bucket_brigade *whole = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    apr_bucket_brigade *piece = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    apr_off_t length = 0;
    apr_status_t status = APR_SUCCESS;
    int ended = 0;
    char *text;

    while (!ended && status == APR_SUCCESS && length <= (apr_off_t)most) {
        status = ap_get_brigade(r->input_filters, piece, AP_MODE_READBYTES, APR_BLOCK_READ, 8192);
        ended = !APR_BRIGADE_EMPTY(piece) && APR_BUCKET_IS_EOS(APR_BRIGADE_LAST(piece));
        if (status == APR_SUCCESS) {
            APR_BRIGADE_CONCAT(whole, piece);
            status = apr_brigade_length(whole, 1, &length);
        }
    }
    if (status != APR_SUCCESS) {
        return ap_map_http_request_error(status, HTTP_BAD_REQUEST);
    }
    if (length > (apr_off_t)most) {
        return HTTP_REQUEST_ENTITY_TOO_LARGE;
    }
    status = apr_brigade_pflatten(whole, &text, size, r->pool);
    apr_brigade_destroy(whole);
    if (status != APR_SUCCESS) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    *body = *size ? apr_pstrmemdup(r->pool, text, *size) : "";
    return HTTP_OK;
}
