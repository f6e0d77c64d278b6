/* Marketo's bulk extract of custom objects and of leads: a job is a launch of the object's export
 * sync with columns of its own. Only the client that made a job sees it. */
#include "dsm_api_marketo.h"

#include <http_log.h>

#include <apr_strings.h>
#include <jansson.h>

#include <string.h>
#include <strings.h>

#include "ds_launch.h"
#include "ds_log.h"
#include "dsm_download.h"
#include "dsm_launch.h"
#include "dsm_reply.h"
#include "dsm_worker.h"

APLOG_USE_MODULE(datasync);

static const char FAMILY[] = "marketo extract";

/* A job of the path, or a new one. */
typedef struct job_t {
    dsm_marketo_call_t call;
    ds_launch_request_t wanted;
    ds_launch_t *launch;
    ds_file_t *file; /* NULL: there is none */
    apr_time_t now;  /* where it was asked for */
} job_t;

/* --- one job as JSON --- */

static const char *state_text(ds_launch_state_e state)
{
    switch (state) {
    case DS_LAUNCH_SCHEDULED: return "Created";
    case DS_LAUNCH_QUEUED: return "Queued";
    case DS_LAUNCH_RUNNING:
    case DS_LAUNCH_CANCELLING: return "Processing";
    case DS_LAUNCH_FINISHED: return "Completed";
    case DS_LAUNCH_CANCELLED: return "Cancelled";
    default: return "Failed";
    }
}

static const char *format_text(const ds_launch_t *launch)
{
    const char *options = launch->options ? launch->options : "";

    return strstr(options, "\"delimiter\":\"\\t\"") ? "TSV"
           : strstr(options, "\"delimiter\":\";\"") ? "SSV"
                                                    : "CSV";
}

static void result_write(ds_fmt_doc_t *doc, const ds_launch_t *launch, const ds_file_t *file,
                         apr_pool_t *pool)
{
    dsm_marketo_number_write(doc, "numberOfRecords", launch->rows.ok);
    dsm_marketo_number_write(doc, "fileSize", file->size);
    if (file->sha256) {
        dsm_marketo_text_write(doc, "fileChecksum",
                               apr_pstrcat(pool, "sha256:", file->sha256, NULL));
    }
}

void dsm_marketo_job_write(ds_fmt_doc_t *doc, const ds_launch_t *launch, const ds_file_t *file,
                           apr_pool_t *pool)
{
    apr_time_t queued = launch->queued_at;

    ds_fmt_doc_map_begin(doc);
    dsm_marketo_text_write(doc, "exportId", launch->uuid);
    dsm_marketo_text_write(doc, "format", format_text(launch));
    dsm_marketo_text_write(doc, "status", state_text(launch->state));
    dsm_marketo_time_write(doc, "createdAt", launch->scheduled_at, pool);
    if (queued) {
        dsm_marketo_time_write(doc, "queuedAt", queued, pool);
    }
    if (launch->started_at) {
        dsm_marketo_time_write(doc, "startedAt", launch->started_at, pool);
    }
    if (launch->finished_at) {
        dsm_marketo_time_write(doc, "finishedAt", launch->finished_at, pool);
    }
    if (launch->state == DS_LAUNCH_FINISHED && file) {
        result_write(doc, launch, file, pool);
    }
    if (!strcmp(state_text(launch->state), "Failed") && launch->message) {
        dsm_marketo_text_write(doc, "errorMsg", launch->message);
    }
    ds_fmt_doc_map_end(doc);
}

static int job_send(const job_t *job)
{
    request_rec *r = job->call.r;
    ds_fmt_doc_t *doc = dsm_marketo_result_begin(r);

    dsm_marketo_job_write(doc, job->launch, job->file, r->pool);
    return dsm_marketo_result_send(r, doc);
}

/* --- what the endpoints have in common --- */

int dsm_marketo_extract_begin(int *answer, dsm_marketo_call_t *call, request_rec *r,
                              const dsm_request_t *request)
{
    if (!dsm_marketo_begin(answer, call, r, request)) {
        return 0;
    }
    if (request->object && request->sync) {
        return 1;
    }
    *answer = request->object ? dsm_marketo_error(r, "703", "Feature not enabled")
                              : dsm_marketo_error(r, "1013", "Object not found");
    return 0;
}

/* False when it was answered. */
static int job_begin(int *answer, job_t *job, request_rec *r, const dsm_request_t *request)
{
    memset(job, 0, sizeof(*job));
    if (!dsm_marketo_extract_begin(answer, &job->call, r, request)) {
        return 0;
    }
    job->wanted = dsm_launch_request(r, request);
    job->wanted.client_id = request->client->id;
    job->wanted.family = (ds_family_t){FAMILY, job->call.rules->running, job->call.rules->queued};
    return 1;
}

static apr_status_t job_read(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    job_t *job = baton;
    const dsm_request_t *request = job->call.request;
    char uuid[DS_UUID_SIZE];
    apr_status_t status = DS_ENOTFOUND;

    if (ds_digest_uuid_read(uuid, request->launch)) {
        status = ds_launch_find(&job->launch, connection->db, uuid, pool);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    if (!job->launch->client_id || strcmp(job->launch->client_id, request->client->id) ||
        job->launch->kind != DS_KIND_EXPORT ||
        strcasecmp(job->launch->object, request->object->name)) {
        return DS_ENOTFOUND;
    }
    status = ds_file_get(&job->file, connection->db, job->launch->id, "output", pool);
    if (status == DS_ENOTFOUND) {
        job->file = NULL;
        status = APR_SUCCESS;
    }
    return status;
}

/* Find the job of the path, and do to it what `change` does (NULL: nothing). False when it was
 * answered. */
static int job_find(int *answer, job_t *job, request_rec *r, const dsm_request_t *request,
                    dsm_db_use_cb *change)
{
    apr_status_t status;

    if (!job_begin(answer, job, r, request) ||
        !dsm_marketo_db_use(answer, &status, r, request, change ? change : job_read, job)) {
        return 0;
    }
    switch (status) {
    case APR_SUCCESS: return 1;
    case DS_ESTATE:
        *answer = job->launch->state == DS_LAUNCH_QUEUED || job->launch->state == DS_LAUNCH_RUNNING
                      ? dsm_marketo_error(r, "1029", "Job already queued")
                      : dsm_marketo_error(r, "1029", "Job is %s", state_text(job->launch->state));
        break;
    case DS_ELIMIT: *answer = dsm_marketo_error(r, "1029", "Too many jobs in queue"); break;
    case DS_EDISABLED: *answer = dsm_marketo_error(r, "703", "Feature not enabled"); break;
    default: *answer = dsm_marketo_error(r, "1013", "Object not found"); break;
    }
    return 0;
}

/* --- create and enqueue --- */

static apr_status_t job_create(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    job_t *job = baton;
    ds_db_t *db = connection->db;
    apr_time_t now;
    apr_status_t status = ds_db_now(&now, db);

    job->wanted.state = DS_LAUNCH_SCHEDULED;
    return status == APR_SUCCESS ? ds_launch_start(&job->launch, db, &job->wanted, now, 0, pool)
                                 : status;
}

int dsm_marketo_extract_create(request_rec *r, const dsm_request_t *request)
{
    job_t job;
    apr_status_t status;
    json_t *root;
    int answer;

    if (!job_begin(&answer, &job, r, request) ||
        !dsm_marketo_json_read(&answer, &root, &job.call)) {
        return answer;
    }
    answer = dsm_marketo_order_read(&job.wanted.options, &job.call, root);
    json_decref(root);
    if (answer != HTTP_OK || !dsm_marketo_db_use(&answer, &status, r, request, job_create, &job)) {
        return answer;
    }
    return job_send(&job);
}

static apr_status_t job_enqueue(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    job_t *job = baton;
    apr_status_t status = job_read(job, connection, pool);

    if (status == APR_SUCCESS && job->launch->state != DS_LAUNCH_SCHEDULED) {
        status = DS_ESTATE;
    }
    if (status == APR_SUCCESS) {
        status = ds_launch_queue(connection->db, &job->wanted, job->launch->id, pool);
    }
    return status == APR_SUCCESS ? job_read(job, connection, pool) : status;
}

int dsm_marketo_extract_enqueue(request_rec *r, const dsm_request_t *request)
{
    job_t job;
    int answer;

    if (!job_find(&answer, &job, r, request, job_enqueue)) {
        return answer;
    }
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                  DSLOGNO(0205) "sync %s: launch %" APR_INT64_T_FMT " queued by client %s",
                  request->sync->id, job.launch->id, request->client->id);
    dsm_worker_wake();
    return job_send(&job);
}

/* --- status, cancel, file --- */

int dsm_marketo_extract_status(request_rec *r, const dsm_request_t *request)
{
    job_t job;
    int answer;

    return job_find(&answer, &job, r, request, NULL) ? job_send(&job) : answer;
}

static apr_status_t job_cancel(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    job_t *job = baton;
    apr_status_t status = job_read(job, connection, pool);
    ds_launch_state_e state;

    if (status == APR_SUCCESS) {
        status = ds_launch_cancel(&state, connection->db, job->launch->sync_id, job->launch->id,
                                  job->call.request->client->name, pool);
    }
    return status == APR_SUCCESS ? job_read(job, connection, pool) : status;
}

int dsm_marketo_extract_cancel(request_rec *r, const dsm_request_t *request)
{
    job_t job;
    int answer;

    return job_find(&answer, &job, r, request, job_cancel) ? job_send(&job) : answer;
}

static apr_status_t job_file_read(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    job_t *job = baton;
    apr_status_t status = job_read(job, connection, pool);

    return status == APR_SUCCESS ? ds_db_now(&job->now, connection->db) : status;
}

int dsm_marketo_extract_file(request_rec *r, const dsm_request_t *request)
{
    dsm_download_t download = {.content_type = "text/csv"};
    apr_interval_time_t known;
    apr_status_t status;
    job_t job;
    int answer;

    if (!job_begin(&answer, &job, r, request) ||
        !dsm_marketo_db_use(&answer, &status, r, request, job_file_read, &job)) {
        return answer;
    }
    known = job.call.rules->known;
    if (status != APR_SUCCESS || !job.file || job.launch->state != DS_LAUNCH_FINISHED ||
        (known && job.launch->finished_at < job.now - known)) {
        return dsm_reply_text(r, HTTP_NOT_FOUND, "There is no such file.");
    }
    download.file = job.file;
    download.name = apr_pstrcat(r->pool, job.launch->uuid, ".csv", NULL);
    download.modified_at = job.launch->finished_at;
    return dsm_download_send(r, request, &download);
}
