/* Braze: the pages of its two lists, the jobs of an integration and the integrations themselves. */
#include "dsm_api_braze.h"

#include <http_protocol.h>

#include <apr_strings.h>

#include <string.h>

#include "ds_clock.h"
#include "ds_fmt_cursor.h"
#include "dsm_config.h"
#include "dsm_db.h"
#include "dsm_reply.h"

#define PAGE 10 /* entries of one answer */

/* --- pages --- */

/* What one call reads: some of the integrations, or of the jobs of one. */
typedef struct braze_page_t {
    const dsm_request_t *request;
    const ds_def_t *def;
    apr_int64_t skip;
    apr_array_header_t *integrations; /* of braze_integration_t, or NULL */
    apr_array_header_t *jobs;         /* of ds_launch_t *, or NULL */
    int has_more;
} braze_page_t;

typedef struct braze_integration_t {
    const ds_sync_t *sync;
    ds_sync_status_t known;
    const ds_launch_t *newest; /* or NULL */
} braze_integration_t;

/* The skip of the parameter cursor, 0 where it is missing. False when it is no cursor. */
static int cursor_get(apr_int64_t *skip, const request_rec *r)
{
    static const char name[] = "cursor=";
    const char *at = r->args;
    char *value;

    *skip = 0;
    while (at && strncmp(at, name, sizeof(name) - 1)) {
        at = strchr(at, '&');
        at = at ? at + 1 : NULL;
    }
    if (!at) {
        return 1;
    }
    at += sizeof(name) - 1;
    value = apr_pstrmemdup(r->pool, at, strcspn(at, "&"));
    return ap_unescape_urlencoded(value) == OK && ds_fmt_cursor_read(skip, value, r->pool);
}

/* Read the page that the request asks for. False when it was answered. */
static int page_read(int *answer, braze_page_t *page, request_rec *r, const dsm_request_t *request,
                     dsm_db_use_cb *read)
{
    const char *cause;
    apr_status_t status;

    *page = (braze_page_t){.request = request, .def = dsm_config_get(r->server)->def};
    if (!cursor_get(&page->skip, r)) {
        *answer = dsm_braze_message_send(r, HTTP_BAD_REQUEST, "Invalid cursor");
        return 0;
    }
    status = dsm_db_use(&cause, read, page, r->pool);
    if (status != APR_SUCCESS) {
        *answer = dsm_reply_failure(r, request, status, "The list could not be read.", cause);
    }
    return status == APR_SUCCESS;
}

/* Typed clients want a text where there is no time. */
static void time_write(ds_fmt_doc_t *doc, const char *key, apr_time_t when, apr_pool_t *pool)
{
    dsm_braze_text_write(doc, key, when ? ds_clock_rfc3339(when, pool) : "");
}

static ds_fmt_doc_t *results_begin(request_rec *r)
{
    ds_fmt_doc_t *doc = ds_fmt_doc_make(DS_DOC_JSON, r->pool);

    ds_fmt_doc_map_begin(doc);
    ds_fmt_doc_key(doc, "results");
    ds_fmt_doc_array_begin(doc);
    return doc;
}

static int results_send(request_rec *r, const braze_page_t *page, ds_fmt_doc_t *doc)
{
    const char *link = ds_fmt_cursor_link(ap_escape_uri(r->pool, r->uri), page->skip, PAGE,
                                          page->has_more, r->pool);

    if (link) {
        apr_table_setn(r->headers_out, "Link", link);
    }
    ds_fmt_doc_array_end(doc);
    dsm_braze_text_write(doc, "message", "success");
    ds_fmt_doc_map_end(doc);
    return dsm_braze_document_send(r, HTTP_OK, doc);
}

/* --- jobs --- */

/* An export that did not come to its end has delivered nothing. */
static apr_int64_t rows_synced(const ds_launch_t *job)
{
    int is_broken = job->state == DS_LAUNCH_FAILED || job->state == DS_LAUNCH_CANCELLED;

    return job->kind == DS_KIND_EXPORT && is_broken ? 0 : job->rows.ok;
}

static const char *job_status(const ds_launch_t *job)
{
    switch (job->state) {
    case DS_LAUNCH_FINISHED:
        if (!job->rows.failed) {
            return "success";
        }
        return job->rows.ok ? "partial" : "error";
    case DS_LAUNCH_FAILED:
    case DS_LAUNCH_CANCELLED: return rows_synced(job) ? "partial" : "error";
    case DS_LAUNCH_REJECTED: return "config_error";
    default: return "running"; /* one that was interrupted and waits has begun all the same */
    }
}

static void job_write(ds_fmt_doc_t *doc, const ds_launch_t *job, apr_pool_t *pool)
{
    ds_fmt_doc_map_begin(doc);
    dsm_braze_text_write(doc, "job_status", job_status(job));
    time_write(doc, "sync_start_time", job->started_at, pool);
    time_write(doc, "sync_finish_time", job->finished_at, pool);
    dsm_braze_text_write(doc, "last_timestamp_synced", job->rows.synced_until);
    ds_fmt_doc_key(doc, "rows_synced");
    ds_fmt_doc_integer(doc, rows_synced(job));
    ds_fmt_doc_key(doc, "rows_failed_with_errors");
    ds_fmt_doc_integer(doc, job->rows.failed);
    ds_fmt_doc_map_end(doc);
}

static apr_status_t jobs_read(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    braze_page_t *page = baton;
    apr_status_t status = ds_launch_history(&page->jobs, connection->db, page->request->sync->id,
                                            page->skip, PAGE + 1, pool);

    if (status == APR_SUCCESS && page->jobs->nelts > PAGE) {
        page->has_more = 1;
        page->jobs->nelts = PAGE;
    }
    return status;
}

int dsm_braze_has_integration(const dsm_request_t *request)
{
    return request->sync && ds_token_has_sync(request->key, request->sync->id);
}

int dsm_braze_status(request_rec *r, const dsm_request_t *request)
{
    braze_page_t page;
    ds_fmt_doc_t *doc;
    int answer, i;

    if (!dsm_braze_has_integration(request)) {
        return dsm_braze_message_send(r, HTTP_BAD_REQUEST, DSM_BRAZE_BAD_INTEGRATION);
    }
    if (!page_read(&answer, &page, r, request, jobs_read)) {
        return answer;
    }
    doc = results_begin(r);
    for (i = 0; i < page.jobs->nelts; ++i) {
        job_write(doc, APR_ARRAY_IDX(page.jobs, i, const ds_launch_t *), r->pool);
    }
    return results_send(r, &page, doc);
}

/* --- integrations --- */

static apr_status_t integration_read(braze_page_t *page, ds_db_t *db, const ds_sync_t *sync,
                                     apr_pool_t *pool)
{
    braze_integration_t *integration = apr_array_push(page->integrations);
    apr_array_header_t *jobs;
    apr_status_t status = ds_sync_status_get(&integration->known, db, sync->id, pool);

    integration->sync = sync;
    if (status == APR_SUCCESS) {
        status = ds_launch_history(&jobs, db, sync->id, 0, 1, pool);
    }
    if (status == APR_SUCCESS && jobs->nelts) {
        integration->newest = APR_ARRAY_IDX(jobs, 0, const ds_launch_t *);
    }
    return status;
}

/* In the order of the configuration. */
static apr_status_t integrations_read(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    braze_page_t *page = baton;
    const apr_array_header_t *syncs = page->def->syncs;
    apr_int64_t seen = 0;
    apr_status_t status = APR_SUCCESS;
    int i;

    page->integrations = apr_array_make(pool, PAGE, sizeof(braze_integration_t));
    for (i = 0; i < syncs->nelts && !page->has_more && status == APR_SUCCESS; ++i) {
        const ds_sync_t *sync = APR_ARRAY_IDX(syncs, i, const ds_sync_t *);

        if (!ds_token_has_sync(page->request->key, sync->id) || seen++ < page->skip) {
            continue;
        }
        if (page->integrations->nelts == PAGE) {
            page->has_more = 1;
        }
        else {
            status = integration_read(page, connection->db, sync, pool);
        }
    }
    return status;
}

/* What we have no word for is empty: whose it is, and whom to write to. */
static void integration_write(ds_fmt_doc_t *doc, const braze_integration_t *integration,
                              apr_pool_t *pool)
{
    const ds_sync_t *sync = integration->sync;
    const ds_launch_t *newest = integration->newest;

    ds_fmt_doc_map_begin(doc);
    dsm_braze_text_write(doc, "integration_id", sync->integration_id);
    dsm_braze_text_write(doc, "app_group_id", "");
    dsm_braze_text_write(doc, "integration_name", sync->name);
    dsm_braze_text_write(doc, "integration_type", ds_sync_kind_name(sync->kind));
    dsm_braze_text_write(doc, "integration_status",
                         integration->known.enabled ? "active" : "inactive");
    dsm_braze_text_write(doc, "contact_emails", "");
    dsm_braze_text_write(doc, "last_updated_at", newest ? newest->rows.synced_until : "");
    dsm_braze_text_write(doc, "warehouse_type", "mod_datasync");
    time_write(doc, "last_job_start_time", newest ? newest->started_at : 0, pool);
    dsm_braze_text_write(doc, "last_job_status", newest ? job_status(newest) : "");
    time_write(doc, "next_scheduled_run", integration->known.next_at, pool);
    ds_fmt_doc_map_end(doc);
}

int dsm_braze_list(request_rec *r, const dsm_request_t *request)
{
    braze_page_t page;
    ds_fmt_doc_t *doc;
    int answer, i;

    if (!page_read(&answer, &page, r, request, integrations_read)) {
        return answer;
    }
    doc = results_begin(r);
    for (i = 0; i < page.integrations->nelts; ++i) {
        integration_write(doc, &APR_ARRAY_IDX(page.integrations, i, const braze_integration_t),
                          r->pool);
    }
    return results_send(r, &page, doc);
}
