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

static apr_status_t launch_start(ds_launch_t **launch, request_rec *r, const dsm_request_t *request,
                                 int alone, ds_db_t *db)
{
    ds_launch_request_t wanted = dsm_launch_request(r, request);
    apr_time_t now;
    apr_status_t status = ds_db_now(&now, db);

    wanted.alone = alone;
    return status == APR_SUCCESS ? ds_launch_start(launch, db, &wanted, now, 0, r->pool) : status;
}

int dsm_launch_start(request_rec *r, const dsm_request_t *request, int alone)
{
    dsm_db_t *connection;
    ds_launch_t *launch;
    apr_status_t status = dsm_db_acquire(&connection);
    int result = HTTP_OK;

    if (status != APR_SUCCESS) {
        return dsm_reply_failure(r, request, status, NULL, "there is no database connection");
    }
    status = launch_start(&launch, r, request, alone, connection->db);
    if (status != APR_SUCCESS) {
        result = dsm_launch_refuse(r, request, status, "The launch could not be started.",
                                   ds_db_error(connection->db));
    }
    dsm_db_release(connection, status);
    if (result == HTTP_OK) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                      DSLOGNO(0066) "sync %s: launch %" APR_INT64_T_FMT " started",
                      request->sync->id, launch->id);
        dsm_worker_wake();
    }
    return result;
}
