#include "dsm_api_key.h"

#include <http_log.h>

#include <apr_strings.h>

#include "ds_log.h"
#include "dsm_auth.h"
#include "dsm_db.h"

APLOG_USE_MODULE(datasync);

static apr_status_t key_check(ds_token_t **key, request_rec *r, const char *text)
{
    dsm_db_t *connection;
    apr_status_t status = dsm_db_acquire(&connection);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = ds_token_find(key, connection->db, text, r->pool);
    if (status != APR_SUCCESS && status != DS_EDENIED) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, DSLOGNO(0240) "a key cannot be checked: %s",
                      ds_db_error(connection->db));
    }
    dsm_db_release(connection, status);
    return status;
}

dsm_verdict_e dsm_api_key_judge(request_rec *r, dsm_request_t *request)
{
    const char *text = dsm_auth_bearer_get(r);
    apr_status_t status = DS_EDENIED;
    ds_token_t *key = NULL;

    if (text) {
        status = key_check(&key, r, text);
    }
    if (status == APR_SUCCESS) {
        request->key = key;
        r->user = apr_pstrdup(r->pool, key->name);
        r->ap_auth_type = "Bearer";
        return DSM_VERDICT_GRANTED;
    }
    if (status != DS_EDENIED) {
        return DSM_VERDICT_AWAY;
    }
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                  DSLOGNO(0241) "protocol %s: refused, the request has %s", request->api->name,
                  text ? "a key that is not a live one" : "no key: it needs a Bearer token");
    return DSM_VERDICT_REFUSED;
}

int dsm_api_key_has_scope(request_rec *r, const dsm_request_t *request, ds_scope_e scope)
{
    if (request->key->scopes & scope) {
        return 1;
    }
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                  DSLOGNO(0243) "key %s: refused, it has no permission %s", request->key->id,
                  ds_token_scope_name(scope));
    return 0;
}
