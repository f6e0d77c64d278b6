/* Who calls by the protocol Marketo, and what they may: access tokens, roles, objects, limits. */
#include "dsm_api_marketo.h"

#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>

#include <apr_strings.h>

#include <string.h>

#include "ds_log.h"
#include "dsm_auth.h"
#include "dsm_config.h"
#include "dsm_query.h"

APLOG_USE_MODULE(datasync);

static apr_status_t token_check(ds_client_t **client, int *expired, request_rec *r,
                                const char *token, ds_db_t *db)
{
    const apr_hash_t *configured = dsm_config_get(r->server)->clients;
    dsm_db_t *connection = NULL;
    apr_status_t status = APR_SUCCESS;

    if (!db) {
        status = dsm_db_acquire(&connection);
        db = status == APR_SUCCESS ? connection->db : NULL;
    }
    if (status == APR_SUCCESS) {
        status = ds_access_check(client, expired, db, configured, token, r->pool);
    }
    if (status != APR_SUCCESS && status != DS_EDENIED) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      DSLOGNO(0200) "an access token cannot be checked: %s",
                      db ? ds_db_error(db) : "there is no database connection");
    }
    if (connection) {
        dsm_db_release(connection, status);
    }
    return status;
}

dsm_verdict_e dsm_marketo_token_judge(request_rec *r, dsm_request_t *request, const char *token,
                                      ds_db_t *db)
{
    ds_client_t *client;
    int expired = 0;
    apr_status_t status = DS_EDENIED;

    request->refusal = "600";
    if (token && *token) {
        request->refusal = "601";
        status = token_check(&client, &expired, r, token, db);
    }
    if (status == APR_SUCCESS) {
        request->client = client;
        r->user = apr_pstrdup(r->pool, client->id);
        r->ap_auth_type = "Bearer";
        return request->verdict = DSM_VERDICT_GRANTED;
    }
    if (status != DS_EDENIED) {
        return request->verdict = DSM_VERDICT_AWAY;
    }
    if (expired) {
        request->refusal = "602";
    }
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                  DSLOGNO(0201) "protocol marketo: refused with code %s, the request has no access "
                                "token that lives",
                  request->refusal);
    return request->verdict = DSM_VERDICT_REFUSED;
}

int dsm_marketo_refuse(request_rec *r, const dsm_request_t *request)
{
    const char *code = request && request->refusal ? request->refusal : "601";

    if (!strcmp(code, "600")) {
        return dsm_marketo_error(r, code, "Access token not specified");
    }
    return dsm_marketo_error(r, code, "Access token %s",
                             !strcmp(code, "602") ? "expired" : "invalid");
}

static int has_form(const request_rec *r)
{
    return dsm_query_type_is(r, "multipart/form-data") ||
           dsm_query_type_is(r, "application/x-www-form-urlencoded");
}

apr_table_t *dsm_marketo_parameters_get(request_rec *r)
{
    apr_table_t *parameters = apr_table_make(r->pool, 8);

    dsm_query_parameters_add(parameters, r->args, r->pool);
    return parameters;
}

/* No credential is asked for where one is made, and where there is nothing. */
static int is_open(const dsm_request_t *request)
{
    return request->endpoint->run == dsm_marketo_token ||
           request->endpoint->run == dsm_marketo_unknown;
}

dsm_verdict_e dsm_marketo_judge(request_rec *r, dsm_request_t *request)
{
    const char *token = dsm_auth_bearer_get(r);

    if (is_open(request)) {
        return DSM_VERDICT_GRANTED;
    }
    if (!token) {
        token = apr_table_get(dsm_marketo_parameters_get(r), "access_token");
    }
    if (!token && request->endpoint->methods & DSM_BODY_CREDENTIAL && has_form(r)) {
        return DSM_VERDICT_BODY;
    }
    return dsm_marketo_token_judge(r, request, token, NULL);
}

/* --- what a call may do --- */

/* Calls that need the role Read-Write; for the others Read-Only is enough. */
static int is_for_writers(const dsm_request_t *request)
{
    static dsm_endpoint_cb *const endpoints[] = {
        dsm_marketo_import,   dsm_marketo_status,       dsm_marketo_failures,
        dsm_marketo_warnings, dsm_marketo_records_sync, dsm_marketo_records_delete};
    size_t i;

    for (i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); ++i) {
        if (request->endpoint->run == endpoints[i]) {
            return 1;
        }
    }
    return 0;
}

static int limit_check(request_rec *r, const dsm_request_t *request)
{
    const dsm_limit_t *limit = &dsm_config_get(r->server)->marketo->limit;
    const char *key = apr_pstrcat(r->pool, "marketo:", request->client->id, NULL);

    switch (dsm_limit_take(NULL, r, key, limit)) {
    case DSM_LIMIT_CALLS:
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                      DSLOGNO(0202) "client %s: refused with code 606, too many calls",
                      request->client->id);
        return dsm_marketo_error(r, "606", "Max rate limit '%d' exceeded with in '%d' secs",
                                 limit->calls, (int)apr_time_sec(limit->window));
    case DSM_LIMIT_AT_ONCE:
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                      DSLOGNO(0203) "client %s: refused with code 615, too many calls at once",
                      request->client->id);
        return dsm_marketo_error(r, "615", "Concurrent access limit reached");
    default: return HTTP_OK;
    }
}

int dsm_marketo_admit(request_rec *r, const dsm_request_t *request)
{
    int answer;

    if (is_open(request)) {
        return HTTP_OK;
    }
    answer = limit_check(r, request);
    if (answer != HTTP_OK) {
        return answer;
    }
    if (is_for_writers(request) && request->client->role != DS_ROLE_READ_WRITE) {
        return dsm_marketo_error(r, "603", "Access denied");
    }
    if (request->object_name &&
        (!request->object || !ds_client_has_object(request->client, request->object->name))) {
        return dsm_marketo_error(r, "1013", "Object not found");
    }
    return HTTP_OK;
}

int dsm_marketo_credential_check(request_rec *r, dsm_request_t *request, const char *token,
                                 ds_db_t *db)
{
    switch (dsm_marketo_token_judge(r, request, token, db)) {
    case DSM_VERDICT_GRANTED: return dsm_marketo_admit(r, request);
    case DSM_VERDICT_AWAY: return request->api->problem(r, HTTP_SERVICE_UNAVAILABLE, NULL);
    default: return dsm_marketo_refuse(r, request);
    }
}
