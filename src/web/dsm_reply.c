#include "dsm_reply.h"

#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>

#include <apr_strings.h>

#include <string.h>

#include "ds_log.h"
#include "ds_problem.h"
#include "dsm_route.h"

APLOG_USE_MODULE(datasync);

#define RETRY_AFTER "5" /* seconds */

void dsm_reply_headers_set(request_rec *r)
{
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    apr_table_setn(r->headers_out, "X-Content-Type-Options", "nosniff");
}

/* Has the request a body so large that reading it to its end is not worth the connection? */
static int has_large_body(const request_rec *r)
{
    const char *length = apr_table_get(r->headers_in, "Content-Length");

    return apr_table_get(r->headers_in, "Transfer-Encoding") ||
           (length && apr_atoi64(length) > DSM_REPLY_UNREAD_MAX);
}

void dsm_reply_body_drop(request_rec *r)
{
    if (has_large_body(r)) {
        r->connection->keepalive = AP_CONN_CLOSE;
    }
}

int dsm_reply_body(request_rec *r, int status, const char *content_type, const char *body,
                   apr_size_t size)
{
    r->status = status;
    dsm_reply_headers_set(r);
    ap_set_content_type(r, content_type);
    ap_set_content_length(r, (apr_off_t)size);
    if (status == HTTP_SERVICE_UNAVAILABLE) {
        apr_table_setn(r->headers_out, "Retry-After", RETRY_AFTER);
    }
    if (ap_is_HTTP_ERROR(status)) {
        dsm_reply_body_drop(r);
    }
    ap_rwrite(body, (int)size, r);
    return OK;
}

int dsm_reply_text(request_rec *r, int status, const char *text)
{
    return dsm_reply_body(r, status, "text/plain; charset=utf-8", text, strlen(text));
}

const char *dsm_reply_subject(const dsm_request_t *request, apr_pool_t *pool)
{
    return request->sync ? apr_pstrcat(pool, "sync ", request->sync->id, NULL)
                         : apr_pstrcat(pool, "protocol ", request->api->name, NULL);
}

int dsm_reply_failure(request_rec *r, const dsm_request_t *request, apr_status_t status,
                      const char *text, const char *cause)
{
    const char *reason = cause && *cause ? cause : ds_problem_status_text(status, r->pool);

    if (status == DS_EBUSY || status == DS_ESCHEMA) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r, DSLOGNO(0050) "%s: answered 503: %s",
                      dsm_reply_subject(request, r->pool), reason);
        return request->api->problem(r, HTTP_SERVICE_UNAVAILABLE,
                                     "The service is not available at the moment. Try again.");
    }
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, DSLOGNO(0051) "%s: answered 500: %s: %s",
                  dsm_reply_subject(request, r->pool), text, reason);
    return request->api->problem(r, HTTP_INTERNAL_SERVER_ERROR, text);
}
