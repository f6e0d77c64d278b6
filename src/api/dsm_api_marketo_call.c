/* The calls of the protocol Marketo: their parameters, their small bodies, the database. */
#include "dsm_api_marketo.h"

#include <http_core.h>
#include <http_protocol.h>

#include <apr_strings.h>

#include <string.h>

#include "ds_json.h"
#include "dsm_config.h"
#include "dsm_query.h"
#include "dsm_reply.h"

#define BODY_MAX (1024 * 1024) /* bytes of a body that is no file */
#define DIGITS_MAX 18          /* of a number that an apr_int64_t always holds */

static int body_take(dsm_marketo_call_t *call)
{
    request_rec *r = call->r;
    int status = dsm_query_body_read(&call->body, &call->body_size, r, BODY_MAX);

    if (status == AP_FILTER_ERROR) {
        return status;
    }
    if (status != HTTP_OK) {
        return dsm_reply_text(r, status, "The body is larger than 1 MB, or not whole.");
    }
    if (dsm_query_type_is(r, "application/x-www-form-urlencoded")) {
        dsm_query_parameters_add(call->parameters, call->body, r->pool);
        call->body = "";
        call->body_size = 0;
    }
    return HTTP_OK;
}

int dsm_marketo_begin(int *answer, dsm_marketo_call_t *call, request_rec *r,
                      const dsm_request_t *request)
{
    *answer = HTTP_OK;
    *call = (dsm_marketo_call_t){
        .r = r,
        .request = dsm_route_get(r),
        .rules = dsm_config_get(r->server)->marketo,
        .parameters = dsm_marketo_parameters_get(r),
        .body = "",
    };
    if (r->method_number == M_POST) {
        *answer = body_take(call);
    }
    if (*answer == HTTP_OK && request->verdict == DSM_VERDICT_BODY) {
        *answer = dsm_marketo_credential_check(
            r, call->request, apr_table_get(call->parameters, "access_token"), NULL);
    }
    return *answer == HTTP_OK;
}

int dsm_marketo_json_read(int *answer, json_t **root, const dsm_marketo_call_t *call)
{
    json_error_t error;

    *root = NULL;
    if (!dsm_query_type_is(call->r, "application/json")) {
        *answer = dsm_marketo_error(call->r, "612", "Invalid Content Type");
        return 0;
    }
    *root =
        ds_json_load(call->body, call->body_size, JSON_REJECT_DUPLICATES, &error, call->r->pool);
    if (json_is_object(*root)) {
        return 1;
    }
    json_decref(*root);
    *answer = dsm_marketo_error(call->r, "609", "Invalid JSON");
    return 0;
}

int dsm_marketo_format_read(char *delimiter, const char *format)
{
    static const struct {
        const char *name;
        char delimiter;
    } known[] = {{"csv", ','}, {"tsv", '\t'}, {"ssv", ';'}};
    size_t i;

    for (i = 0; i < sizeof(known) / sizeof(known[0]); ++i) {
        if (!ap_cstr_casecmp(format, known[i].name)) {
            *delimiter = known[i].delimiter;
            return 1;
        }
    }
    return 0;
}

int dsm_marketo_number_read(apr_int64_t *number, request_rec *r, const char *text,
                            apr_int64_t least, apr_int64_t most, const char *type)
{
    apr_size_t digits;
    apr_int64_t given;

    if (!text) {
        return HTTP_OK;
    }
    digits = strspn(text, "0123456789");
    given = digits && digits <= DIGITS_MAX && !text[digits] ? apr_atoi64(text) : -1;
    if (given < least || given > most) {
        return dsm_marketo_error(r, "1001", "Invalid value '%s'. Required of type '%s'", text,
                                 type);
    }
    *number = given;
    return HTTP_OK;
}

int dsm_marketo_db_use(int *answer, apr_status_t *status, request_rec *r,
                       const dsm_request_t *request, dsm_db_use_cb *use, void *baton)
{
    const char *cause;

    *status = dsm_db_use(&cause, use, baton, r->pool);
    switch (*status) {
    case APR_SUCCESS:
    case DS_ENOTFOUND:
    case DS_EDENIED:
    case DS_ESTATE:
    case DS_ELIMIT:
    case DS_EDISABLED: return 1;
    default:
        *answer = dsm_reply_failure(r, request, *status, "The database could not be used.", cause);
        return 0;
    }
}
