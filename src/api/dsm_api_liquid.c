/* Liquid: batch jobs that bring items in and out. Here stand the routes, the errors, and who may
 * call. A job is a launch, an item type an object. */
#include "dsm_api_liquid.h"

#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>

#include <apr_strings.h>

#include <string.h>

#include "ds_log.h"
#include "dsm_auth.h"
#include "dsm_config.h"
#include "dsm_db.h"
#include "dsm_form.h"
#include "dsm_reply.h"

APLOG_USE_MODULE(datasync);

/* --- answers --- */

void dsm_liquid_text_write(ds_fmt_doc_t *doc, const char *key, const char *text)
{
    ds_fmt_doc_key(doc, key);
    ds_fmt_doc_text(doc, text);
}

int dsm_liquid_document_send(request_rec *r, int status, ds_fmt_doc_t *doc)
{
    apr_size_t size;
    const char *body = ds_fmt_doc_result(&size, doc);

    return dsm_reply_body(r, status, "application/json", body, size);
}

int dsm_liquid_error(request_rec *r, int status, const char *code, const char *text)
{
    ds_fmt_doc_t *doc = ds_fmt_doc_make(DS_DOC_JSON, r->pool);

    if (status == HTTP_UNAUTHORIZED) {
        apr_table_setn(r->err_headers_out, "WWW-Authenticate",
                       apr_pstrcat(r->pool, "Bearer error=\"", code, "\"", NULL));
    }
    ds_fmt_doc_map_begin(doc);
    dsm_liquid_text_write(doc, "error", code);
    dsm_liquid_text_write(doc, "error_description", text);
    ds_fmt_doc_map_end(doc);
    return dsm_liquid_document_send(r, status, doc);
}

/* The engine's 403 is about the token itself, unless the refusal has words of its own. */
static int liquid_problem(request_rec *r, int status, const char *text)
{
    static const struct {
        int status;
        const char *code;
    } known[] = {{HTTP_BAD_REQUEST, "invalid_request"},
                 {HTTP_NOT_FOUND, "not_found"},
                 {HTTP_METHOD_NOT_ALLOWED, "method_not_allowed"},
                 {HTTP_CONFLICT, "conflict"},
                 {HTTP_REQUEST_ENTITY_TOO_LARGE, "too_large"},
                 {HTTP_UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"},
                 {HTTP_LOCKED, "disabled"},
                 {HTTP_TOO_MANY_REQUESTS, "too_many_requests"},
                 {HTTP_SERVICE_UNAVAILABLE, "temporarily_unavailable"}};
    size_t i;

    if (status == HTTP_FORBIDDEN && dsm_route_get(r)->refusal) {
        return dsm_liquid_error(r, status, "access_denied", dsm_route_get(r)->refusal);
    }
    if (status == HTTP_FORBIDDEN) {
        return dsm_liquid_error(r, HTTP_UNAUTHORIZED, "invalid_token",
                                "The access token is missing, unknown or expired");
    }
    for (i = 0; i < sizeof(known) / sizeof(known[0]); ++i) {
        if (known[i].status == status) {
            return dsm_liquid_error(r, status, known[i].code, text);
        }
    }
    return dsm_liquid_error(r, status, "server_error", text);
}

/* --- calls --- */

int dsm_liquid_form_read(apr_table_t **fields, request_rec *r)
{
    int status = dsm_form_read(fields, r, DSM_LIQUID_FORM_MAX);

    if (status == HTTP_OK || status == AP_FILTER_ERROR) {
        return status;
    }
    return liquid_problem(r, status, "The form is larger than 256 KiB, or not well formed.");
}

const char *dsm_liquid_value_get(const apr_table_t *fields, const char *name)
{
    static const char *const none[] = {"", "0", "None", "null"};
    const char *value = apr_table_get(fields, name);
    size_t i;

    for (i = 0; value && i < sizeof(none) / sizeof(none[0]); ++i) {
        if (!strcmp(value, none[i])) {
            return NULL;
        }
    }
    return value;
}

static int liquid_unknown(request_rec *r, const dsm_request_t *request)
{
    return liquid_problem(r, HTTP_NOT_FOUND, "There is no such address");
}

/* --- tokens --- */

typedef struct bearer_t {
    const apr_hash_t *clients;
    const char *token;
    ds_grant_t *grant;
} bearer_t;

static apr_status_t bearer_check(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    bearer_t *bearer = baton;

    return ds_grant_find(&bearer->grant, connection->db, bearer->clients, bearer->token, pool);
}

static apr_status_t grant_find(ds_grant_t **grant, request_rec *r, const char *token)
{
    bearer_t bearer = {.clients = dsm_config_get(r->server)->clients, .token = token};
    const char *cause;
    apr_status_t status = dsm_db_use(&cause, bearer_check, &bearer, r->pool);

    if (status != APR_SUCCESS && status != DS_EDENIED) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, DSLOGNO(0220) "a token cannot be checked: %s",
                      cause ? cause : "there is no database connection");
    }
    *grant = bearer.grant;
    return status;
}

static dsm_verdict_e liquid_judge(request_rec *r, dsm_request_t *request)
{
    const char *token = dsm_auth_bearer_get(r);
    apr_status_t status = DS_EDENIED;
    ds_grant_t *grant = NULL;

    if (request->endpoint->run == dsm_liquid_token || request->endpoint->run == liquid_unknown) {
        return DSM_VERDICT_GRANTED;
    }
    if (!token && request->endpoint->run == dsm_liquid_result && dsm_liquid_link_is_there(r)) {
        return dsm_liquid_link_judge(r, request);
    }
    if (token) {
        status = grant_find(&grant, r, token);
    }
    if (status == APR_SUCCESS) {
        request->grant = grant;
        request->client = grant->client;
        r->user = apr_pstrdup(r->pool, grant->user ? grant->user : grant->client->id);
        r->ap_auth_type = "Bearer";
        return DSM_VERDICT_GRANTED;
    }
    if (status != DS_EDENIED) {
        return DSM_VERDICT_AWAY;
    }
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                  DSLOGNO(0221) "protocol liquid: refused, the request has %s",
                  token ? "a token that is not a live one" : "no token: it needs a Bearer token");
    return DSM_VERDICT_REFUSED;
}

/* --- */

#define GET (AP_METHOD_BIT << M_GET)
#define POST (AP_METHOD_BIT << M_POST)
#define ALL (~APR_INT64_C(0) & ~DSM_BODY_CREDENTIAL)

static const dsm_endpoint_t liquid_endpoints[] = {
    {POST, "/ls/api/oauth2/token", dsm_liquid_token},
    {GET | POST, "/ls/api/oauth2/validate", dsm_liquid_validate},
    {GET | POST, "/ls/api/oauth2/tokenInfo", dsm_liquid_token_info},
    {POST, "/ls/api/batch/import", dsm_liquid_import},
    {POST, "/ls/api/batch/export", dsm_liquid_export},
    {GET, "/ls/api/batch/{launch}/result", dsm_liquid_result},
    {POST, "/ls/api/batch/status", dsm_liquid_status},
    {POST, "/ls/api/batch/cancel", dsm_liquid_cancel},
    {ALL, "/ls/api/{rest}", liquid_unknown},
    {0, NULL, NULL},
};

const dsm_api_t dsm_api_liquid = {
    .name = "liquid",
    .endpoints = liquid_endpoints,
    .problem = liquid_problem,
    .judge = liquid_judge,
};
