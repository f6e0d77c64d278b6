/* Liquid's jobs: what is shown of a launch, how one is asked for, and how it is cancelled. */
#include "dsm_api_liquid.h"

#include <http_log.h>

#include <apr_strings.h>

#include <string.h>

#include "ds_log.h"
#include "dsm_config.h"
#include "dsm_db.h"
#include "dsm_reply.h"

APLOG_USE_MODULE(datasync);

/* --- status --- */

static const char *state_text(ds_launch_state_e state)
{
    switch (state) {
    case DS_LAUNCH_RECEIVING:
    case DS_LAUNCH_SCHEDULED: return "Initialized";
    case DS_LAUNCH_QUEUED: return "Accepted";
    case DS_LAUNCH_RUNNING: return "Processing";
    case DS_LAUNCH_CANCELLING: return "Canceling";
    case DS_LAUNCH_CANCELLED: return "Canceled";
    case DS_LAUNCH_FINISHED: return "Completed";
    case DS_LAUNCH_REJECTED: return "Rejected";
    default: return "Failed";
    }
}

static const char *reason_text(const ds_launch_t *launch)
{
    switch (launch->state) {
    case DS_LAUNCH_RECEIVING:
    case DS_LAUNCH_SCHEDULED: return "The job has been received";
    case DS_LAUNCH_QUEUED:
        return launch->kind == DS_KIND_EXPORT
                   ? "The job is ready for processing"
                   : "The file has been stored and the job is ready for processing";
    case DS_LAUNCH_RUNNING: return "The job is being processed";
    case DS_LAUNCH_CANCELLING: return "The job will be canceled";
    default: return launch->message ? launch->message : "";
    }
}

/* "2015-05-26T13:35:25+0000" */
static const char *time_text(apr_time_t when, apr_pool_t *pool)
{
    apr_time_exp_t parts;

    apr_time_exp_gmt(&parts, when);
    return apr_psprintf(pool, "%04d-%02d-%02dT%02d:%02d:%02d+0000", parts.tm_year + 1900,
                        parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

static const char *number_text(apr_int64_t number, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%" APR_INT64_T_FMT, number > 0 ? number : 0);
}

/* Milliseconds from its begin to its end, or so far. */
static const char *run_time_text(const ds_launch_t *launch, apr_pool_t *pool)
{
    apr_time_t end = launch->finished_at ? launch->finished_at : apr_time_now();

    return number_text(launch->started_at ? apr_time_as_msec(end - launch->started_at) : 0, pool);
}

static int is_of_none(const ds_launch_t *launch)
{
    return !strcmp(launch->sync_id, DS_LAUNCH_OF_NONE);
}

/* What a launch of another protocol is called. */
static void job_fill(ds_job_t *job, const ds_launch_t *launch)
{
    if (!job->name) {
        job->name = is_of_none(launch) ? "" : launch->sync_id;
    }
    if (!job->item_type) {
        job->item_type = is_of_none(launch) ? "" : launch->object;
    }
    job->email = job->email ? job->email : "";
    job->content_type = job->content_type ? job->content_type : "text/plain";
}

static int status_send(request_rec *r, const ds_launch_t *launch, const ds_job_t *job)
{
    ds_fmt_doc_t *doc = ds_fmt_doc_make(DS_DOC_JSON, r->pool);

    ds_fmt_doc_map_begin(doc);
    dsm_liquid_text_write(doc, "submitTime", time_text(launch->scheduled_at, r->pool));
    dsm_liquid_text_write(doc, "jobId", launch->uuid);
    dsm_liquid_text_write(doc, "notificationEmail", job->email);
    dsm_liquid_text_write(doc, "jobName", job->name);
    dsm_liquid_text_write(doc, "contentType", job->content_type);
    dsm_liquid_text_write(doc, "itemType", job->item_type);
    dsm_liquid_text_write(doc, "recordsProcessed", number_text(launch->rows.read, r->pool));
    dsm_liquid_text_write(doc, "runTime", run_time_text(launch, r->pool));
    dsm_liquid_text_write(doc, "status", state_text(launch->state));
    dsm_liquid_text_write(doc, "reason", reason_text(launch));
    ds_fmt_doc_map_end(doc);
    return dsm_liquid_document_send(r, HTTP_OK, doc);
}

int dsm_liquid_job_send(request_rec *r, const ds_launch_t *launch)
{
    ds_job_t job;

    if (!launch->uuid) { /* of an Idempotency-Key whose launch retention has removed */
        return dsm_liquid_error(r, HTTP_NOT_FOUND, "not_found", "There is no such job any more");
    }
    ds_job_read(&job, launch->options, r->pool);
    job_fill(&job, launch);
    return status_send(r, launch, &job);
}

/* --- rejected --- */

apr_status_t dsm_liquid_job_keep(dsm_liquid_rejection_t *rejection, ds_db_t *db, apr_pool_t *pool)
{
    const dsm_liquid_order_t *order = rejection->order;
    ds_launch_request_t request = {.sync = order->sync,
                                   .client_id = rejection->client_id,
                                   .options = ds_job_write("{}", &order->job, pool),
                                   .state = DS_LAUNCH_REJECTED};

    return ds_launch_reject(&rejection->launch, db, &request, order->fault, pool);
}

int dsm_liquid_rejection_send(request_rec *r, const dsm_liquid_rejection_t *rejection)
{
    ds_job_t job = rejection->order->job;

    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, DSLOGNO(0224) "job %s: rejected: %s",
                  rejection->launch->uuid, rejection->order->fault);
    job_fill(&job, rejection->launch);
    return status_send(r, rejection->launch, &job);
}

/* --- one that there is --- */

typedef struct job_t {
    request_rec *r;
    const dsm_request_t *request;
    char uuid[DS_UUID_SIZE];
    int is_to_end; /* cancel it */
    int is_denied;
    ds_launch_t *launch;
} job_t;

static int is_own(const job_t *job)
{
    return job->launch->client_id && !strcmp(job->launch->client_id, job->request->client->id);
}

/* Another client's object's launch looks like one that does not exist. */
static apr_status_t job_find(job_t *job, ds_db_t *db)
{
    apr_status_t status = ds_launch_find(&job->launch, db, job->uuid, job->r->pool);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (is_of_none(job->launch)) {
        return is_own(job) ? APR_SUCCESS : DS_ENOTFOUND;
    }
    return ds_client_has_object(job->request->client, job->launch->object) ? APR_SUCCESS
                                                                           : DS_ENOTFOUND;
}

/* Who may only read may end what it has begun itself. */
static int may_end(const job_t *job)
{
    return job->request->client->role == DS_ROLE_READ_WRITE || is_own(job);
}

/* One that has ended stays as it is. */
static apr_status_t job_end(job_t *job, ds_db_t *db)
{
    ds_launch_state_e state;
    apr_status_t status;

    job->is_denied = !may_end(job);
    if (job->is_denied) {
        return APR_SUCCESS;
    }
    status = ds_launch_cancel(&state, db, job->launch->sync_id, job->launch->id,
                              apr_pstrcat(job->r->pool, "client ", job->request->client->id, NULL),
                              job->r->pool);
    if (status != APR_SUCCESS && status != DS_ESTATE) {
        return status;
    }
    return job_find(job, db);
}

static apr_status_t job_run(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    job_t *job = baton;
    apr_status_t status = job_find(job, connection->db);

    return status == APR_SUCCESS && job->is_to_end ? job_end(job, connection->db) : status;
}

static int job_answer(job_t *job)
{
    const char *cause;
    apr_status_t status = dsm_db_use(&cause, job_run, job, job->r->pool);

    if (status == DS_ENOTFOUND) {
        return dsm_liquid_error(job->r, HTTP_NOT_FOUND, "not_found", "There is no such job");
    }
    if (status != APR_SUCCESS) {
        return dsm_reply_failure(job->r, job->request, status, "The job could not be looked up.",
                                 cause);
    }
    if (job->is_denied) {
        return dsm_liquid_error(job->r, HTTP_FORBIDDEN, "access_denied",
                                "The client may only read: it has the role read-only");
    }
    return dsm_liquid_job_send(job->r, job->launch);
}

static int job_ask(request_rec *r, const dsm_request_t *request, int is_to_end)
{
    job_t job = {.r = r, .request = request, .is_to_end = is_to_end};
    apr_table_t *fields;
    const char *id;
    int answer = dsm_liquid_form_read(&fields, r);

    if (answer != HTTP_OK) {
        return answer;
    }
    id = apr_table_get(fields, "jobId");
    if (!id || !*id) {
        return dsm_liquid_error(r, HTTP_BAD_REQUEST, "invalid_request", "jobId: it is missing");
    }
    if (!ds_digest_uuid_read(job.uuid, id)) {
        return dsm_liquid_error(r, HTTP_NOT_FOUND, "not_found", "There is no such job");
    }
    return job_answer(&job);
}

int dsm_liquid_status(request_rec *r, const dsm_request_t *request)
{
    return job_ask(r, request, 0);
}

int dsm_liquid_cancel(request_rec *r, const dsm_request_t *request)
{
    return job_ask(r, request, 1);
}
