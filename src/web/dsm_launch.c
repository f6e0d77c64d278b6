#include "dsm_launch.h"

#include <http_log.h>

#include <apr_strings.h>

#include "ds_log.h"
#include "dsm_config.h"
#include "dsm_db.h"
#include "dsm_reply.h"
#include "dsm_worker.h"

APLOG_USE_MODULE(datasync);

#define QUEUE_RETRY_AFTER "30" /* seconds */

ds_launch_request_t dsm_launch_request(const request_rec *r, const dsm_request_t *request)
{
    return (ds_launch_request_t){
        .sync = request->sync,
        .queue_limit = dsm_config_get(r->server)->def->queue_limit,
    };
}

int dsm_launch_refuse(request_rec *r, const dsm_request_t *request, apr_status_t status,
                      const char *text, const char *cause)
{
    const char *id = request->sync->id;

    switch (status) {
    case DS_EDISABLED:
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                      DSLOGNO(0063) "sync %s: a launch was refused, the sync is disabled", id);
        return request->api->problem(r, HTTP_LOCKED, "This data sync is disabled.");
    case DS_ELIMIT:
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      DSLOGNO(0064) "sync %s: a launch was refused, too many wait in the queue",
                      id);
        apr_table_setn(r->headers_out, "Retry-After", QUEUE_RETRY_AFTER);
        return request->api->problem(r, HTTP_TOO_MANY_REQUESTS,
                                     "Too many launches wait in the queue. Try again later.");
    case DS_ESTATE:
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                      DSLOGNO(0150) "sync %s: a launch was refused, another one waits or runs", id);
        apr_table_setn(r->headers_out, "Retry-After", QUEUE_RETRY_AFTER);
        return request->api->problem(r, HTTP_TOO_MANY_REQUESTS, "Another job is in progress");
    case DS_ECONFLICT:
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                      DSLOGNO(0065) "sync %s: refused, its Idempotency-Key came with another file "
                                    "before",
                      id);
        return request->api->problem(r, HTTP_CONFLICT,
                                     "This Idempotency-Key was used for another file.");
    default: return dsm_reply_failure(r, request, status, text, cause);
    }
}

typedef struct start_t {
    ds_launch_request_t wanted;
    ds_launch_t *launch;
} start_t;

static apr_status_t launch_start(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    start_t *start = baton;
    apr_time_t now;
    apr_status_t status = ds_db_now(&now, connection->db);

    return status == APR_SUCCESS
               ? ds_launch_start(&start->launch, connection->db, &start->wanted, now, 0, pool)
               : status;
}

int dsm_launch_start(ds_launch_t **launch, request_rec *r, const dsm_request_t *request,
                     const ds_launch_request_t *wanted)
{
    start_t start = {.wanted = *wanted};
    const char *cause;
    apr_status_t status = dsm_db_use(&cause, launch_start, &start, r->pool);

    if (status != APR_SUCCESS) {
        return dsm_launch_refuse(r, request, status, "The launch could not be started.",
                                 cause ? cause : "there is no database connection");
    }
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                  DSLOGNO(0066) "sync %s: launch %" APR_INT64_T_FMT " started", request->sync->id,
                  start.launch->id);
    dsm_worker_wake();
    *launch = start.launch;
    return HTTP_OK;
}
