/* Braze Cloud Data Ingestion: which integrations there are, what their jobs did, and one that is
 * started by hand. An integration is a sync, a job a launch. Errors are {"message": ...} with the
 * HTTP status of the description. */
#include "dsm_api_braze.h"

#include <http_log.h>
#include <http_protocol.h>

#include <apr_strings.h>

#include <string.h>

#include "ds_log.h"
#include "dsm_api_key.h"
#include "dsm_config.h"
#include "dsm_launch.h"
#include "dsm_reply.h"

APLOG_USE_MODULE(datasync);

static const char RATE_LIMIT[] = "X-RateLimit-Limit";

static int braze_sync(request_rec *r, const dsm_request_t *request);

/* --- what a call may do, and how often --- */

typedef struct braze_rule_t {
    const char *name;
    ds_scope_e scope;
    const dsm_limit_t *limit;
} braze_rule_t;

/* What is no endpoint shows the limit of the list. */
static braze_rule_t rule_get(const request_rec *r, const dsm_request_t *request)
{
    const dsm_braze_t *braze = dsm_config_get(r->server)->braze;
    dsm_endpoint_cb *run = request && request->endpoint ? request->endpoint->run : NULL;

    if (run == dsm_braze_status) {
        return (braze_rule_t){"status", DS_SCOPE_INTEGRATION_JOB_STATUS, &braze->status};
    }
    if (run == braze_sync) {
        return (braze_rule_t){"sync", DS_SCOPE_INTEGRATION_SYNC, &braze->sync};
    }
    return (braze_rule_t){"list", DS_SCOPE_INTEGRATION_LIST, &braze->list};
}

/* A window that has not begun. */
static dsm_limit_left_t left_make(const dsm_limit_t *limit)
{
    return (dsm_limit_left_t){limit->calls, apr_time_now() + limit->window};
}

static const char *seconds_print(apr_time_t time, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%" APR_TIME_T_FMT, apr_time_sec(time + APR_USEC_PER_SEC - 1));
}

static void rate_headers_set(request_rec *r, const dsm_limit_t *limit, const dsm_limit_left_t *left)
{
    apr_table_setn(r->headers_out, RATE_LIMIT, apr_itoa(r->pool, limit->calls));
    apr_table_setn(r->headers_out, "X-RateLimit-Remaining", apr_itoa(r->pool, left->calls));
    apr_table_setn(r->headers_out, "X-RateLimit-Reset", seconds_print(left->until, r->pool));
}

/* --- answers --- */

int dsm_braze_document_send(request_rec *r, int status, ds_fmt_doc_t *doc)
{
    apr_size_t size;
    const char *body = ds_fmt_doc_result(&size, doc);

    return dsm_reply_body(r, status, "application/json", body, size);
}

void dsm_braze_text_write(ds_fmt_doc_t *doc, const char *key, const char *text)
{
    ds_fmt_doc_key(doc, key);
    ds_fmt_doc_text(doc, text);
}

int dsm_braze_message_send(request_rec *r, int status, const char *text)
{
    ds_fmt_doc_t *doc = ds_fmt_doc_make(DS_DOC_JSON, r->pool);
    const dsm_limit_t *limit = rule_get(r, dsm_route_get(r)).limit;
    dsm_limit_left_t left = left_make(limit);

    if (!apr_table_get(r->headers_out, RATE_LIMIT)) {
        rate_headers_set(r, limit, &left);
    }
    ds_fmt_doc_map_begin(doc);
    dsm_braze_text_write(doc, "message", text);
    ds_fmt_doc_map_end(doc);
    return dsm_braze_document_send(r, status, doc);
}

/* The engine's 403 is about the key itself; a sync that is disabled has no status of its own. */
static int braze_problem(request_rec *r, int status, const char *text)
{
    switch (status) {
    case HTTP_FORBIDDEN:
        apr_table_setn(r->headers_out, "WWW-Authenticate", "Bearer");
        return dsm_braze_message_send(r, HTTP_UNAUTHORIZED, "Invalid API key");
    case HTTP_LOCKED: return dsm_braze_message_send(r, HTTP_BAD_REQUEST, text);
    default: return dsm_braze_message_send(r, status, text);
    }
}

static int braze_unknown(request_rec *r, const dsm_request_t *request)
{
    return dsm_braze_message_send(r, HTTP_NOT_FOUND, "There is no such address");
}

/* --- who may call --- */

static dsm_verdict_e braze_judge(request_rec *r, dsm_request_t *request)
{
    return request->endpoint->run == braze_unknown ? DSM_VERDICT_GRANTED
                                                   : dsm_api_key_judge(r, request);
}

static int limit_refuse(request_rec *r, const dsm_request_t *request, const dsm_limit_left_t *left)
{
    apr_time_t wait = left->until - apr_time_now();

    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                  DSLOGNO(0242) "key %s: refused, too many calls of %s", request->key->id, r->uri);
    apr_table_setn(r->headers_out, "Retry-After", seconds_print(wait > 1 ? wait : 1, r->pool));
    return dsm_braze_message_send(r, HTTP_TOO_MANY_REQUESTS, "Rate limit exceeded");
}

static int braze_admit(request_rec *r, const dsm_request_t *request)
{
    braze_rule_t rule = rule_get(r, request);
    dsm_limit_left_t left = left_make(rule.limit);
    const char *name;

    if (!request->key) { /* no call of anybody */
        return HTTP_OK;
    }
    name = apr_pstrcat(r->pool, "braze:", rule.name, ":", request->key->id, NULL);
    if (dsm_limit_take(&left, r, name, rule.limit) != DSM_LIMIT_FREE) {
        rate_headers_set(r, rule.limit, &left);
        return limit_refuse(r, request, &left);
    }
    rate_headers_set(r, rule.limit, &left);
    if (!dsm_api_key_has_scope(r, request, rule.scope)) {
        return dsm_braze_message_send(r, HTTP_FORBIDDEN,
                                      apr_pstrcat(r->pool, "The API key has no permission ",
                                                  ds_token_scope_name(rule.scope), NULL));
    }
    return HTTP_OK;
}

/* --- to start one --- */

static int braze_sync(request_rec *r, const dsm_request_t *request)
{
    char uuid[DS_UUID_SIZE];
    ds_launch_request_t wanted;
    ds_launch_t *launch;
    int answer;

    if (!ds_digest_uuid_read(uuid, request->integration)) {
        return dsm_braze_message_send(r, HTTP_BAD_REQUEST, DSM_BRAZE_BAD_INTEGRATION);
    }
    if (!dsm_braze_has_integration(request)) {
        return dsm_braze_message_send(r, HTTP_NOT_FOUND, "Integration not found");
    }
    if (request->sync->kind != DS_KIND_PULL && request->sync->kind != DS_KIND_EXPORT) {
        return dsm_braze_message_send(
            r, HTTP_BAD_REQUEST, "This integration runs when a file arrives: it cannot be started");
    }
    wanted = dsm_launch_request(r, request);
    wanted.alone = 1;
    answer = dsm_launch_start(&launch, r, request, &wanted);
    return answer == HTTP_OK ? dsm_braze_message_send(r, HTTP_ACCEPTED, "success") : answer;
}

/* --- */

static void braze_find(request_rec *r, dsm_request_t *request)
{
    char uuid[DS_UUID_SIZE];

    if (request->integration && ds_digest_uuid_read(uuid, request->integration)) {
        request->sync = ds_def_integration_get(dsm_config_get(r->server)->def, uuid);
    }
}

#define GET (AP_METHOD_BIT << M_GET)
#define POST (AP_METHOD_BIT << M_POST)
#define ALL (~APR_INT64_C(0) & ~DSM_BODY_CREDENTIAL)

static const dsm_endpoint_t braze_endpoints[] = {
    {GET, "/cdi/integrations", dsm_braze_list},
    {GET, "/cdi/integrations/{integration}/job_sync_status", dsm_braze_status},
    {POST, "/cdi/integrations/{integration}/sync", braze_sync},
    {ALL, "/cdi/{rest}", braze_unknown},
    {0, NULL, NULL},
};

const dsm_api_t dsm_api_braze = {
    .name = "braze",
    .endpoints = braze_endpoints,
    .problem = braze_problem,
    .find = braze_find,
    .judge = braze_judge,
    .admit = braze_admit,
};
