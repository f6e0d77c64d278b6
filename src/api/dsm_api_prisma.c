/* Prisma Campaigns data syncs: import, delete, export, status, launches, files. Codes and bodies
 * are the documented ones: 200, 403 (a bad credential, without a challenge), 404 (no such sync),
 * 500; 503 where waiting helps. What only HTTP knows has HTTP's codes: conditions, ranges, limits.
 */
#include "dsm_api.h"

#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include <stdlib.h>
#include <string.h>

#include "ds_clock.h"
#include "ds_fmt_doc.h"
#include "ds_launch.h"
#include "ds_log.h"
#include "dsm_db.h"
#include "dsm_download.h"
#include "dsm_launch.h"
#include "dsm_look.h"
#include "dsm_query.h"
#include "dsm_reply.h"
#include "dsm_route.h"
#include "dsm_upload.h"

APLOG_USE_MODULE(datasync);

#define LATEST_LAUNCHES 20 /* how many latest-launches shows */

static const char NO_LAUNCH[] = "There is no such launch of this data sync.";
static const char NO_FILE[] = "There is no such file of this launch.";
static const char NOT_EXPORTING[] = "This data sync exports nothing.";
static const char NO_OUTPUT[] = "This data sync has not exported anything yet.";

/* What the endpoints read from the database. */
typedef struct prisma_view_t {
    const dsm_request_t *request;
    apr_array_header_t *launches;
    ds_launch_t *launch;
    ds_file_t *file;
    const char *missing; /* what there is not, when the database says so */
} prisma_view_t;

/* Read with a connection of the pool. False when it was answered; then *answer goes to httpd. */
static int view_read(int *answer, prisma_view_t *view, dsm_db_use_cb *read, request_rec *r,
                     const dsm_request_t *request, const char *failure)
{
    const char *cause;
    apr_status_t status;

    view->request = request;
    view->missing = NO_LAUNCH;
    status = dsm_db_use(&cause, read, view, r->pool);
    if (status == APR_SUCCESS) {
        return 1;
    }
    *answer = status == DS_ENOTFOUND ? request->api->problem(r, HTTP_NOT_FOUND, view->missing)
                                     : dsm_reply_failure(r, request, status, failure, cause);
    return 0;
}

/* --- documents --- */

/* How much a media type is wanted by an Accept header, in thousandths; 0: not at all. */
static int accept_quality(const char *accept, const char *type, apr_pool_t *pool)
{
    char *state, *item;
    char *list = apr_pstrdup(pool, accept);
    apr_size_t length = strlen(type);
    const char *quality;

    for (item = apr_strtok(list, ",", &state); item; item = apr_strtok(NULL, ",", &state)) {
        item += strspn(item, " \t");
        if (ap_cstr_casecmpn(item, type, length) ||
            (item[length] && !strchr("; \t", item[length]))) {
            continue;
        }
        quality = ap_strcasestr(item + length, "q=");
        return quality ? (int)(strtod(quality + 2, NULL) * 1000 + 0.5) : 1000;
    }
    return 0;
}

/* Accept decides where it names one of the two, else Content-Type; JSON where neither does. */
static ds_fmt_doc_dialect_e dialect_choose(request_rec *r)
{
    const char *accept = apr_table_get(r->headers_in, "Accept");
    const char *type = apr_table_get(r->headers_in, "Content-Type");
    int edn = accept ? accept_quality(accept, "application/edn", r->pool) : 0;
    int json = accept ? accept_quality(accept, "application/json", r->pool) : 0;

    if (edn <= 0 && json <= 0) {
        edn = type ? accept_quality(type, "application/edn", r->pool) : 0;
    }
    return edn > json ? DS_DOC_EDN : DS_DOC_JSON;
}

static int document_send(request_rec *r, ds_fmt_doc_dialect_e dialect, ds_fmt_doc_t *doc)
{
    apr_size_t size;
    const char *body = ds_fmt_doc_result(&size, doc);

    return dsm_reply_body(
        r, HTTP_OK, dialect == DS_DOC_EDN ? "application/edn" : "application/json", body, size);
}

/* Prisma knows four states. A launch that failed shows as cancelled, with its message. */
static const char *state_text(ds_launch_state_e state)
{
    switch (state) {
    case DS_LAUNCH_RECEIVING:
    case DS_LAUNCH_SCHEDULED:
    case DS_LAUNCH_QUEUED: return "scheduled";
    case DS_LAUNCH_RUNNING:
    case DS_LAUNCH_CANCELLING: return "running";
    case DS_LAUNCH_FINISHED: return "finished";
    default: return "cancelled";
    }
}

static void key_text_write(ds_fmt_doc_t *doc, const char *key, const char *text)
{
    ds_fmt_doc_key(doc, key);
    ds_fmt_doc_text(doc, text);
}

static void launch_write(ds_fmt_doc_t *doc, const ds_launch_t *launch, apr_pool_t *pool)
{
    ds_fmt_doc_map_begin(doc);
    ds_fmt_doc_key(doc, "id");
    ds_fmt_doc_integer(doc, launch->id);
    key_text_write(doc, "status", state_text(launch->state));
    key_text_write(doc, "scheduled-time", ds_clock_text(launch->scheduled_at, pool));
    if (launch->started_at) {
        key_text_write(doc, "started-at", ds_clock_text(launch->started_at, pool));
    }
    if (launch->message) {
        key_text_write(doc, "status-message", launch->message);
    }
    ds_fmt_doc_map_end(doc);
}

/* --- new launches --- */

static int file_receive(request_rec *r, const dsm_request_t *request)
{
    dsm_upload_t upload = {0};
    int result;

    if (!dsm_query_switch_read(&upload.dry_run, r, "dry-run", "true", "false")) {
        return request->api->problem(r, HTTP_BAD_REQUEST,
                                     "The parameter dry-run is either true or false.");
    }
    result = dsm_upload_receive(r, request, &upload);
    return result == HTTP_OK ? dsm_reply_text(r, HTTP_OK, "File queued") : result;
}

/* Deletions are "exactly like" imports: the sync knows what it is. */
static int prisma_import(request_rec *r, const dsm_request_t *request)
{
    ds_sync_kind_e kind = request->sync->kind;

    return kind == DS_KIND_IMPORT || kind == DS_KIND_DELETE
               ? file_receive(r, request)
               : request->api->problem(r, HTTP_NOT_FOUND, "This data sync takes no files.");
}

static int prisma_delete(request_rec *r, const dsm_request_t *request)
{
    return request->sync->kind == DS_KIND_DELETE
               ? file_receive(r, request)
               : request->api->problem(r, HTTP_NOT_FOUND, "This data sync deletes nothing.");
}

static int prisma_export_start(request_rec *r, const dsm_request_t *request)
{
    ds_launch_request_t wanted;
    ds_launch_t *launch;
    int result;

    if (request->sync->kind != DS_KIND_EXPORT) {
        return request->api->problem(r, HTTP_NOT_FOUND, NOT_EXPORTING);
    }
    wanted = dsm_launch_request(r, request);
    result = dsm_launch_start(&launch, r, request, &wanted);
    return result == HTTP_OK ? dsm_reply_text(r, HTTP_OK, "Export queued") : result;
}

/* --- status --- */

/* It may have come with the token. False when it could not be read and *answer goes to httpd. */
static int overview_get(int *answer, const ds_overview_t **overview, request_rec *r,
                        const dsm_request_t *request)
{
    ds_look_t *look;

    *overview = request->overview;
    if (*overview) {
        return 1;
    }
    look = apr_pcalloc(r->pool, sizeof(*look));
    look->sync_id = request->sync->id;
    look->pool = r->pool;
    if (dsm_look_run(look) == APR_SUCCESS) {
        *overview = &look->overview;
        return 1;
    }
    *answer =
        dsm_reply_failure(r, request, look->status, "The status could not be read.", look->cause);
    return 0;
}

static int prisma_status(request_rec *r, const dsm_request_t *request)
{
    ds_fmt_doc_dialect_e dialect = dialect_choose(r);
    ds_fmt_doc_t *doc = ds_fmt_doc_make(dialect, r->pool);
    const ds_overview_t *overview;
    int answer;

    if (!overview_get(&answer, &overview, r, request)) {
        return answer;
    }
    ds_fmt_doc_map_begin(doc);
    key_text_write(doc, "name", request->sync->name);
    key_text_write(doc, "status", overview->known.enabled ? "enabled" : "disabled");
    if (overview->newest) {
        ds_fmt_doc_key(doc, "latest-launch");
        launch_write(doc, overview->newest, r->pool);
    }
    if (overview->known.next_at) {
        key_text_write(doc, "next-launch", ds_clock_text(overview->known.next_at, r->pool));
    }
    ds_fmt_doc_map_end(doc);
    return document_send(r, dialect, doc);
}

static apr_status_t launches_view(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    prisma_view_t *view = baton;

    return ds_launch_list(&view->launches, connection->db, view->request->sync->id, LATEST_LAUNCHES,
                          pool);
}

static int prisma_latest_launches(request_rec *r, const dsm_request_t *request)
{
    ds_fmt_doc_dialect_e dialect = dialect_choose(r);
    ds_fmt_doc_t *doc = ds_fmt_doc_make(dialect, r->pool);
    prisma_view_t view;
    int answer, i;

    if (!view_read(&answer, &view, launches_view, r, request, "The launches could not be read.")) {
        return answer;
    }
    ds_fmt_doc_array_begin(doc);
    for (i = 0; i < view.launches->nelts; ++i) {
        launch_write(doc, APR_ARRAY_IDX(view.launches, i, const ds_launch_t *), r->pool);
    }
    ds_fmt_doc_array_end(doc);
    return document_send(r, dialect, doc);
}

/* --- files --- */

/* A launch's id as a path gives it: 1 to 18 digits, or 0. */
static apr_int64_t launch_id_read(const char *text)
{
    apr_size_t digits = strspn(text, "0123456789");

    return digits < 1 || digits > 18 || text[digits] ? 0 : apr_atoi64(text);
}

static apr_status_t launch_view(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    prisma_view_t *view = baton;
    const dsm_request_t *request = view->request;
    apr_int64_t id = launch_id_read(request->launch);
    apr_status_t status =
        id ? ds_launch_get(&view->launch, connection->db, request->sync->id, id, pool)
           : DS_ENOTFOUND;

    if (status == APR_SUCCESS) {
        view->missing = NO_FILE;
    }
    return status;
}

/* What the launch was given, or what it made. */
static apr_status_t download_view(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    prisma_view_t *view = baton;
    ds_db_t *db = connection->db;
    apr_status_t status = launch_view(view, connection, pool);

    if (status != APR_SUCCESS) {
        return status;
    }
    return view->launch->kind == DS_KIND_EXPORT
               ? ds_file_get(&view->file, db, view->launch->id, "output", pool)
               : ds_file_get(&view->file, db, ds_launch_input_id(view->launch), "input", pool);
}

/* A file that grows while its launch runs can be had when it is whole. */
static apr_status_t report_view(prisma_view_t *view, dsm_db_t *connection, const char *role,
                                apr_pool_t *pool)
{
    apr_status_t status = launch_view(view, connection, pool);

    if (status == APR_SUCCESS && !ds_launch_state_is_end(view->launch->state)) {
        status = DS_ENOTFOUND;
    }
    return status == APR_SUCCESS
               ? ds_file_get(&view->file, connection->db, view->launch->id, role, pool)
               : status;
}

static apr_status_t failures_view(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    return report_view(baton, connection, "failures", pool);
}

static apr_status_t warnings_view(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    return report_view(baton, connection, "warnings", pool);
}

static apr_status_t latest_view(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    prisma_view_t *view = baton;
    ds_db_t *db = connection->db;
    const char *sync_id = view->request->sync->id;
    apr_status_t status = ds_file_latest_output(&view->file, db, sync_id, pool);

    view->missing = NO_OUTPUT;
    return status == APR_SUCCESS
               ? ds_launch_get(&view->launch, db, sync_id, view->file->launch_id, pool)
               : status;
}

/* An output may change its address's answer when its launch ends, not when it was begun. */
static apr_time_t modified_at(const prisma_view_t *view)
{
    int is_input = !strcmp(view->file->role, "input");

    return is_input || !view->launch->finished_at ? view->file->created_at
                                                  : view->launch->finished_at;
}

/* The type of what we have written is ours; that of an input is a client's, and is not told. An
 * output's header line may be missing, so that it tells no delimiter. */
static void type_describe(dsm_download_t *download)
{
    int is_input = !strcmp(download->file->role, "input");

    if (download->file->content_type && !is_input) {
        download->content_type = download->file->content_type;
    }
    if (strcmp(download->content_type, "text/csv")) {
        download->is_safe = 0;
    }
    if (!download->delimiter && !strcmp(download->file->role, "output")) {
        download->delimiter = ',';
    }
}

/* Send the file that `read` finds. suffix is part of its name where it was stored without one. */
static int file_send(request_rec *r, const dsm_request_t *request, dsm_db_use_cb *read,
                     const char *suffix)
{
    const ds_sync_t *sync = request->sync;
    dsm_download_t download = {.content_type = "text/csv", .delimiter = sync->delimiter};
    prisma_view_t view;
    int answer;

    if (!dsm_query_switch_read(&download.is_safe, r, "safe", "1", "0")) {
        return request->api->problem(r, HTTP_BAD_REQUEST, "The parameter safe is either 1 or 0.");
    }
    if (!view_read(&answer, &view, read, r, request, "The file could not be read.")) {
        return answer;
    }
    download.file = view.file;
    download.modified_at = modified_at(&view);
    type_describe(&download);
    download.name =
        apr_psprintf(r->pool, "%s-%" APR_INT64_T_FMT "%s.%s", sync->id, view.launch->id, suffix,
                     strcmp(download.content_type, "text/csv") ? "ndjson" : "csv");
    return dsm_download_send(r, request, &download);
}

static int prisma_export(request_rec *r, const dsm_request_t *request)
{
    return request->sync->kind == DS_KIND_EXPORT
               ? file_send(r, request, latest_view, "")
               : request->api->problem(r, HTTP_NOT_FOUND, NOT_EXPORTING);
}

static int prisma_download(request_rec *r, const dsm_request_t *request)
{
    return file_send(r, request, download_view, "");
}

static int prisma_failures(request_rec *r, const dsm_request_t *request)
{
    return file_send(r, request, failures_view, "-failures");
}

static int prisma_warnings(request_rec *r, const dsm_request_t *request)
{
    return file_send(r, request, warnings_view, "-warnings");
}

/* --- */

/* The protocol has no code of its own for a body that is no upload, a sync that is disabled and a
 * queue that is full: 500 is "could not import the file". */
static int prisma_problem(request_rec *r, int status, const char *text)
{
    switch (status) {
    case HTTP_BAD_REQUEST:
    case HTTP_LOCKED:
    case HTTP_TOO_MANY_REQUESTS: return dsm_reply_text(r, HTTP_INTERNAL_SERVER_ERROR, text);
    default: return dsm_reply_text(r, status, text);
    }
}

#define GET (AP_METHOD_BIT << M_GET)
#define POST (AP_METHOD_BIT << M_POST)

static const dsm_endpoint_t prisma_endpoints[] = {
    {POST, "/api/data-sync/import/{sync}", prisma_import},
    {POST, "/api/data-sync/delete/{sync}", prisma_delete},
    {POST, "/api/data-sync/remove/{sync}", prisma_delete},
    {GET, "/api/data-sync/export/{sync}", prisma_export},
    {POST, "/api/data-sync/export/{sync}", prisma_export_start},
    {GET, "/api/data-sync/{sync}", prisma_status},
    {GET, "/api/data-sync/{sync}/latest-launches", prisma_latest_launches},
    {GET, "/api/data-sync/{sync}/{launch}/download", prisma_download},
    {GET, "/api/data-sync/{sync}/{launch}/failures", prisma_failures},
    {GET, "/api/data-sync/{sync}/{launch}/warnings", prisma_warnings},
    {0, NULL, NULL},
};

const dsm_api_t dsm_api_prisma = {
    .name = "prisma",
    .endpoints = prisma_endpoints,
    .problem = prisma_problem,
};
