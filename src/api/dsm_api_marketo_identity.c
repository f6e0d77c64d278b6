/* Marketo's identity service: access tokens for clients (OAuth 2.0, client_credentials). Asked
 * again, it gives the same token with the seconds that are left; it is asked before every call by
 * some clients, so it is not counted. */
#include "dsm_api_marketo.h"

#include <http_log.h>

#include <apr_strings.h>

#include "ds_log.h"
#include "dsm_config.h"

APLOG_USE_MODULE(datasync);

typedef struct identity_t {
    const char *id;
    const char *secret;
    const dsm_config_t *config;
    ds_access_t access;
} identity_t;

static apr_status_t identity_read(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    identity_t *identity = baton;

    return ds_access_get(&identity->access, connection->db, identity->config->clients, identity->id,
                         identity->secret, identity->config->marketo->token, pool);
}

static int identity_refuse(request_rec *r, int status, const char *error, const char *description)
{
    ds_fmt_doc_t *doc = ds_fmt_doc_make(DS_DOC_JSON, r->pool);

    ds_fmt_doc_map_begin(doc);
    dsm_marketo_text_write(doc, "error", error);
    dsm_marketo_text_write(doc, "error_description", description);
    if (status == HTTP_UNAUTHORIZED) {
        apr_table_setn(r->err_headers_out, "WWW-Authenticate", "Bearer error=\"invalid_client\"");
    }
    return dsm_marketo_document_send(r, status, doc);
}

int dsm_marketo_identity_fail(request_rec *r, int status)
{
    return status == HTTP_SERVICE_UNAVAILABLE
               ? identity_refuse(r, status, "temporarily_unavailable", "Try again later")
               : identity_refuse(r, status, "server_error", "System error");
}

static int identity_send(request_rec *r, const identity_t *identity)
{
    ds_fmt_doc_t *doc = ds_fmt_doc_make(DS_DOC_JSON, r->pool);

    ds_fmt_doc_map_begin(doc);
    dsm_marketo_text_write(doc, "access_token", identity->access.token);
    dsm_marketo_text_write(doc, "token_type", "bearer");
    dsm_marketo_number_write(doc, "expires_in", apr_time_sec(identity->access.left));
    dsm_marketo_text_write(doc, "scope", identity->access.client->name);
    return dsm_marketo_document_send(r, HTTP_OK, doc);
}

int dsm_marketo_token(request_rec *r, const dsm_request_t *request)
{
    identity_t identity = {.config = dsm_config_get(r->server)};
    dsm_marketo_call_t call;
    const char *grant;
    apr_status_t status;
    int answer;

    if (!dsm_marketo_begin(&answer, &call, r, request)) {
        return answer;
    }
    grant = apr_table_get(call.parameters, "grant_type");
    identity.id = apr_table_get(call.parameters, "client_id");
    identity.secret = apr_table_get(call.parameters, "client_secret");
    if (!grant || strcmp(grant, "client_credentials")) {
        return identity_refuse(r, HTTP_BAD_REQUEST, "unsupported_grant_type",
                               "Unsupported grant type: write grant_type=client_credentials");
    }
    if (!identity.id || !identity.secret) {
        return identity_refuse(r, HTTP_UNAUTHORIZED, "unauthorized", "Bad client credentials");
    }
    if (!dsm_marketo_db_use(&answer, &status, r, request, identity_read, &identity)) {
        return answer;
    }
    if (status != APR_SUCCESS) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                      DSLOGNO(0204) "no access token was given: the id or the secret of the client "
                                    "is not right");
        return identity_refuse(r, HTTP_UNAUTHORIZED, "invalid_client", "Bad client credentials");
    }
    return identity_send(r, &identity);
}
