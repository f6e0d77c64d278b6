/* Adobe: what lists are asked for with, and the tokens of their pages. A token is the parameters of
 * the list and the place where the page begins, as base64 for URLs: so a reader who has nothing but
 * the token gets the same list. */
#include "dsm_api_adobe.h"

#include <http_protocol.h>

#include <apr_encode.h>
#include <apr_escape.h>
#include <apr_strings.h>

#include <string.h>

#include "dsm_query.h"

#define DIGITS_MAX 18 /* of a number that an apr_int64_t always holds */

static const char TOKEN[] = "continuationToken";
static const char PLACE[] = "at"; /* of a token alone */

/* --- parameters --- */

static int pieces_count(const char *query)
{
    int count = 0;

    while (query && *query) {
        apr_size_t length = strcspn(query, "&");

        count += length > 0;
        query += length + (query[length] == '&');
    }
    return count;
}

/* NULL when there is one that cannot be decoded. */
static apr_table_t *parameters_read(const char *query, apr_pool_t *pool)
{
    apr_table_t *parameters = apr_table_make(pool, 4);

    dsm_query_parameters_add(parameters, query, pool);
    return apr_table_elts(parameters)->nelts == pieces_count(query) ? parameters : NULL;
}

static apr_table_t *token_read(const char *token, apr_pool_t *pool)
{
    const char *query = apr_pdecode_base64(pool, token, APR_ENCODE_STRING, APR_ENCODE_URL, NULL);

    return query ? parameters_read(query, pool) : NULL;
}

/* -1: it is no number. */
static apr_int64_t number_read(const char *text)
{
    apr_size_t digits = strspn(text, "0123456789");

    return digits && digits <= DIGITS_MAX && !text[digits] ? apr_atoi64(text) : -1;
}

/* --- properties --- */

static const char *op_find(const char *text)
{
    static const char *const ops[] = {"==", "!=", ">=", "<=", ">", "<"};
    size_t i;

    for (i = 0; i < sizeof(ops) / sizeof(*ops); ++i) {
        if (!strncmp(text, ops[i], strlen(ops[i]))) {
            return ops[i];
        }
    }
    return NULL;
}

/* A value may stand in double quotes. */
static const char *value_read(const char *text, apr_pool_t *pool)
{
    apr_size_t length = strlen(text);

    return length > 1 && text[0] == '"' && text[length - 1] == '"'
               ? apr_pstrmemdup(pool, text + 1, length - 2)
               : text;
}

typedef struct reading_t {
    dsm_adobe_list_t *list;
    request_rec *r;
    int answer; /* HTTP_OK, or it was answered */
} reading_t;

static int property_read(void *baton, const char *name, const char *text)
{
    reading_t *reading = baton;
    dsm_adobe_property_t property = {NULL};
    apr_size_t length = strcspn(text, "=!<>");
    apr_pool_t *pool = reading->r->pool;

    property.op = op_find(text + length);
    if (!length || !property.op) {
        reading->answer = dsm_adobe_error(
            reading->r, HTTP_BAD_REQUEST,
            apr_psprintf(pool, "%s: write a path, one of == != >= <= > < and a value.", name));
        return 0;
    }
    property.path = apr_pstrmemdup(pool, text, length);
    property.value = value_read(text + length + strlen(property.op), pool);
    APR_ARRAY_PUSH(reading->list->properties, dsm_adobe_property_t) = property;
    return 1;
}

int dsm_adobe_property_refuse(request_rec *r, const dsm_adobe_property_t *property,
                              const char *known)
{
    return dsm_adobe_error(r, HTTP_BAD_REQUEST,
                           apr_psprintf(r->pool, "property %s%s%s: this list takes %s.",
                                        property->path, property->op, property->value, known));
}

/* --- the whole --- */

static const char *list_fault(dsm_adobe_list_t *list)
{
    const char *limit = apr_table_get(list->parameters, "limit");
    const char *place = apr_table_get(list->parameters, PLACE);
    const char *count = apr_table_get(list->parameters, "count");
    apr_int64_t number = limit ? number_read(limit) : list->limit;

    if (number < 1) {
        return "limit: write a number, 1 or more.";
    }
    list->limit = number < DSM_ADOBE_PAGE_MAX ? (int)number : DSM_ADOBE_PAGE_MAX;
    list->at = place ? number_read(place) : 0;
    if (list->at < 0) {
        return "continuationToken: this is none of ours.";
    }
    if (apr_table_get(list->parameters, "orderby")) {
        return "orderby: the order of this list cannot be changed.";
    }
    return count && ap_cstr_casecmp(count, "false") ? "count: only the entries are given." : NULL;
}

int dsm_adobe_list_read(int *answer, dsm_adobe_list_t *list, request_rec *r, int usual)
{
    apr_table_t *parameters = parameters_read(r->args, r->pool);
    const char *token = parameters ? apr_table_get(parameters, TOKEN) : NULL, *fault;
    reading_t reading = {list, r, HTTP_OK};

    *list = (dsm_adobe_list_t){.limit = usual};
    list->properties = apr_array_make(r->pool, 4, sizeof(dsm_adobe_property_t));
    if (!token && parameters) {
        apr_table_unset(parameters, PLACE);
    }
    list->parameters = token ? token_read(token, r->pool) : parameters;
    fault = list->parameters ? list_fault(list)
            : token          ? "continuationToken: this is none of ours."
                             : "The parameters cannot be decoded.";
    if (fault) {
        *answer = dsm_adobe_error(r, HTTP_BAD_REQUEST, fault);
        return 0;
    }
    apr_table_do(property_read, &reading, list->parameters, "property", NULL);
    *answer = reading.answer;
    return *answer == HTTP_OK;
}

typedef struct query_t {
    const char *text;
    apr_pool_t *pool;
} query_t;

static int property_add(void *baton, const char *name, const char *value)
{
    query_t *query = baton;

    query->text = apr_pstrcat(query->pool, query->text, "&", name, "=",
                              apr_pescape_urlencoded(query->pool, value), NULL);
    return 1;
}

const char *dsm_adobe_next_make(const dsm_adobe_list_t *list, const char *path, apr_int64_t at,
                                apr_pool_t *pool)
{
    query_t query = {apr_psprintf(pool, "%s=%" APR_INT64_T_FMT "&limit=%d", PLACE, at, list->limit),
                     pool};
    const char *token;

    apr_table_do(property_add, &query, list->parameters, "property", NULL);
    token = apr_pencode_base64(pool, query.text, APR_ENCODE_STRING,
                               APR_ENCODE_URL | APR_ENCODE_NOPADDING, NULL);
    return apr_pstrcat(pool, path, "?", TOKEN, "=", token, NULL);
}
