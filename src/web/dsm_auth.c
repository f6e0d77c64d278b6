#include "dsm_auth.h"

#include <ap_provider.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mod_auth.h>

#include <apr_strings.h>

#include <string.h>
#include <strings.h>

#include "ds_log.h"
#include "dsm_config.h"
#include "dsm_look.h"

APLOG_USE_MODULE(datasync);

/* The user name that goes with a token in Basic credentials (Prisma's rule, used by all). */
static const char BASIC_USER[] = "api";

const char *dsm_auth_bearer_get(const request_rec *r)
{
    static const char bearer[] = "Bearer ";
    const char *header = apr_table_get(r->headers_in, "Authorization");

    if (!header || strncasecmp(header, bearer, sizeof(bearer) - 1)) {
        return NULL;
    }
    return header + sizeof(bearer) - 1 + strspn(header + sizeof(bearer) - 1, " ");
}

/* The token that the request carries, or NULL; *scheme is what it came with. */
static const char *token_get(const char **scheme, const request_rec *r)
{
    const char *user, *password, *bearer = dsm_auth_bearer_get(r);

    if (bearer) {
        *scheme = "Bearer";
        return bearer;
    }
    if (ap_get_basic_auth_components(r, &user, &password) == APR_SUCCESS &&
        !strcmp(user, BASIC_USER)) {
        *scheme = "Basic";
        return password;
    }
    return NULL;
}

/* Does this token open the sync? Its overview comes along. */
static apr_status_t token_check(ds_look_t *look, const char *sync_id, const char *text,
                                request_rec *r)
{
    apr_status_t status;

    *look = (ds_look_t){.sync_id = sync_id, .text = text, .pool = r->pool};
    status = dsm_look_run(look);
    if (status != APR_SUCCESS && status != DS_EDENIED) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      DSLOGNO(0030) "a token of sync %s cannot be checked: %s", sync_id,
                      look->cause);
    }
    return status;
}

static dsm_verdict_e token_judge(request_rec *r, dsm_request_t *request)
{
    const char *scheme = NULL;
    const char *text = token_get(&scheme, r);
    const ds_sync_t *sync = request->sync;
    ds_look_t *look = apr_palloc(r->pool, sizeof(*look));
    apr_status_t status;

    if (!text) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                      DSLOGNO(0031) "sync %s: refused, the request has no token: it needs Basic "
                                    "credentials of the user %s, or Bearer",
                      sync->id, BASIC_USER);
        return DSM_VERDICT_REFUSED;
    }
    status = token_check(look, sync->id, text, r);
    if (status == APR_SUCCESS) {
        request->overview = &look->overview;
        r->user = apr_pstrdup(r->pool, look->token->name);
        r->ap_auth_type = (char *)scheme;
        return DSM_VERDICT_GRANTED;
    }
    if (status == DS_EDENIED) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                      DSLOGNO(0032) "sync %s: refused, the token is not a live one of this sync",
                      sync->id);
        return DSM_VERDICT_REFUSED;
    }
    return DSM_VERDICT_AWAY;
}

/* Auth httpd: somebody must have written a Require line for this path. */
static dsm_verdict_e server_judge(request_rec *r, const ds_sync_t *sync)
{
    if (ap_some_auth_required(r)) {
        return DSM_VERDICT_SERVER;
    }
    ap_log_rerror(
        APLOG_MARK, APLOG_ERR, 0, r,
        DSLOGNO(0033) "sync %s: refused, it has Auth httpd but no Require line applies to "
                      "%s: write one into a <Location> section",
        sync->id, r->uri);
    return DSM_VERDICT_REFUSED;
}

static void request_judge(request_rec *r, dsm_request_t *request)
{
    if (request->verdict != DSM_VERDICT_OPEN) {
        return;
    }
    if (request->api->judge) {
        request->verdict = request->api->judge(r, request);
        return;
    }
    switch (request->sync->auth) {
    case DS_AUTH_TOKEN: request->verdict = token_judge(r, request); break;
    case DS_AUTH_NONE: request->verdict = DSM_VERDICT_GRANTED; break;
    case DS_AUTH_HTTPD: request->verdict = server_judge(r, request->sync); break;
    default: request->verdict = DSM_VERDICT_REFUSED; break;
    }
}

/* Only an endpoint that asks for the credential itself runs before there is one. */
static int may_run(const dsm_request_t *request)
{
    switch (request->verdict) {
    case DSM_VERDICT_GRANTED:
    case DSM_VERDICT_SERVER: return 1;
    case DSM_VERDICT_BODY: return (request->endpoint->methods & DSM_BODY_CREDENTIAL) != 0;
    default: return 0;
    }
}

int dsm_auth_access(request_rec *r)
{
    dsm_request_t *request = dsm_route_get(r);

    if (!request || !request->endpoint || (!request->sync && !request->api->judge)) {
        return DECLINED; /* not ours, or nothing will run: 404 and 405 need no credential */
    }
    request_judge(r, request);
    return may_run(request) ? DECLINED : dsm_auth_refuse(r, request);
}

int dsm_auth_authenticate(request_rec *r)
{
    const dsm_request_t *request = dsm_route_get(r);

    return request && request->verdict == DSM_VERDICT_GRANTED && r->user ? OK : DECLINED;
}

int dsm_auth_is_granted(request_rec *r, dsm_request_t *request)
{
    if (request->verdict == DSM_VERDICT_OPEN && !request->api->judge &&
        request->sync->auth == DS_AUTH_HTTPD) {
        ap_log_rerror(
            APLOG_MARK, APLOG_ERR, 0, r,
            DSLOGNO(0034) "sync %s: refused, it has Auth httpd and the server's rules did "
                          "not run for this internal redirect",
            request->sync->id);
        request->verdict = DSM_VERDICT_REFUSED;
    }
    request_judge(r, request);
    return may_run(request);
}

int dsm_auth_refuse(request_rec *r, dsm_request_t *request)
{
    int is_away = request->verdict == DSM_VERDICT_AWAY;
    int status = is_away ? HTTP_SERVICE_UNAVAILABLE : HTTP_FORBIDDEN;

    if (r->main) {
        return status; /* of a sub-request its maker decides what is shown */
    }
    /* Under Satisfy Any the next hook asks again. */
    if (!request->is_answered) {
        request->is_answered = 1;
        request->api->problem(r, status,
                              is_away ? "The service is not available at the moment. Try again."
                                      : "The credentials do not allow this.");
    }
    return DONE;
}

static authn_status provider_check(request_rec *r, const char *user, const char *password)
{
    const dsm_config_t *config = dsm_config_get(r->server);
    ds_look_t look;

    if (!ds_def_sync_get(config->def, user)) {
        return AUTH_USER_NOT_FOUND;
    }
    switch (token_check(&look, user, password, r)) {
    case APR_SUCCESS: return AUTH_GRANTED;
    case DS_EDENIED: return AUTH_DENIED;
    default: return AUTH_GENERAL_ERROR;
    }
}

static const authn_provider provider = {provider_check, NULL};

void dsm_auth_provider_register(apr_pool_t *pool)
{
    ap_register_auth_provider(pool, AUTHN_PROVIDER_GROUP, "datasync", AUTHN_PROVIDER_VERSION,
                              &provider, AP_AUTH_INTERNAL_PER_CONF);
}
