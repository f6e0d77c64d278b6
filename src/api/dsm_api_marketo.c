/* Marketo: the bulk import of custom objects and leads, and what its clients use beside it. Here
 * stand the routes and the envelope with its codes. All answers but those of
 * files and of limits on sizes have the HTTP status 200; the code tells what went wrong. */
#include "dsm_api_marketo.h"

#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>

#include <apr_general.h>
#include <apr_strings.h>

#include <stdarg.h>
#include <string.h>

#include "ds_clock.h"
#include "ds_log.h"
#include "dsm_auth.h"
#include "dsm_config.h"
#include "dsm_query.h"
#include "dsm_reply.h"

APLOG_USE_MODULE(datasync);

#define LEADS "/bulk/v1/leads"

/* --- answers --- */

/* Random digits, a number sign, and the time in milliseconds: "c015#15a68a23418". */
static const char *request_id_make(apr_pool_t *pool)
{
    unsigned char random[2] = {0, 0};

    apr_generate_random_bytes(random, sizeof(random));
    return apr_psprintf(pool, "%x#%" APR_UINT64_T_HEX_FMT, random[0] << 8 | random[1],
                        (apr_uint64_t)apr_time_as_msec(apr_time_now()));
}

void dsm_marketo_text_write(ds_fmt_doc_t *doc, const char *key, const char *text)
{
    ds_fmt_doc_key(doc, key);
    ds_fmt_doc_text(doc, text);
}

void dsm_marketo_number_write(ds_fmt_doc_t *doc, const char *key, apr_int64_t number)
{
    ds_fmt_doc_key(doc, key);
    ds_fmt_doc_integer(doc, number);
}

void dsm_marketo_time_write(ds_fmt_doc_t *doc, const char *key, apr_time_t when, apr_pool_t *pool)
{
    dsm_marketo_text_write(doc, key, ds_clock_rfc3339(when, pool));
}

static void success_write(ds_fmt_doc_t *doc, int success)
{
    ds_fmt_doc_key(doc, "success");
    ds_fmt_doc_boolean(doc, success);
}

int dsm_marketo_document_send(request_rec *r, int status, ds_fmt_doc_t *doc)
{
    apr_size_t size;
    const char *body;

    ds_fmt_doc_map_end(doc);
    body = ds_fmt_doc_result(&size, doc);
    return dsm_reply_body(r, status, "application/json;charset=UTF-8", body, size);
}

int dsm_marketo_error(request_rec *r, const char *code, const char *format, ...)
{
    ds_fmt_doc_t *doc = ds_fmt_doc_make(DS_DOC_JSON, r->pool);
    const char *message;
    va_list values;

    va_start(values, format);
    message = apr_pvsprintf(r->pool, format, values);
    va_end(values);

    ds_fmt_doc_map_begin(doc);
    dsm_marketo_text_write(doc, "requestId", request_id_make(r->pool));
    success_write(doc, 0);
    ds_fmt_doc_key(doc, "errors");
    ds_fmt_doc_array_begin(doc);
    ds_fmt_doc_map_begin(doc);
    dsm_marketo_text_write(doc, "code", code);
    dsm_marketo_text_write(doc, "message", message);
    ds_fmt_doc_map_end(doc);
    ds_fmt_doc_array_end(doc);
    dsm_reply_body_drop(r);
    return dsm_marketo_document_send(r, HTTP_OK, doc);
}

ds_fmt_doc_t *dsm_marketo_result_begin(request_rec *r)
{
    ds_fmt_doc_t *doc = ds_fmt_doc_make(DS_DOC_JSON, r->pool);

    ds_fmt_doc_map_begin(doc);
    dsm_marketo_text_write(doc, "requestId", request_id_make(r->pool));
    ds_fmt_doc_key(doc, "result");
    ds_fmt_doc_array_begin(doc);
    return doc;
}

int dsm_marketo_result_send(request_rec *r, ds_fmt_doc_t *doc)
{
    return dsm_marketo_page_send(r, doc, NULL);
}

int dsm_marketo_page_send(request_rec *r, ds_fmt_doc_t *doc, const char *next)
{
    ds_fmt_doc_array_end(doc);
    if (next) {
        dsm_marketo_text_write(doc, "nextPageToken", next);
    }
    success_write(doc, 1);
    return dsm_marketo_document_send(r, HTTP_OK, doc);
}

/* What the engine and the server find wrong, in the words of the protocol. */
static int marketo_problem(request_rec *r, int status, const char *text)
{
    const dsm_request_t *request = dsm_route_get(r);

    if (status >= HTTP_INTERNAL_SERVER_ERROR && request && request->endpoint &&
        request->endpoint->run == dsm_marketo_token) {
        return dsm_marketo_identity_fail(r, status);
    }
    switch (status) {
    case HTTP_BAD_REQUEST: return dsm_marketo_error(r, "613", "Invalid Multipart Request");
    case HTTP_FORBIDDEN: return dsm_marketo_refuse(r, request);
    case HTTP_NOT_FOUND: return dsm_marketo_error(r, "610", "Requested resource not found");
    case HTTP_METHOD_NOT_ALLOWED:
        return dsm_marketo_error(r, "605", "Request method '%s' not supported", r->method);
    case HTTP_CONFLICT: return dsm_marketo_error(r, "1003", "%s", text);
    case HTTP_UNSUPPORTED_MEDIA_TYPE: return dsm_marketo_error(r, "612", "Invalid Content Type");
    case HTTP_LOCKED: return dsm_marketo_error(r, "1026", "Custom object not enabled");
    case HTTP_TOO_MANY_REQUESTS: return dsm_marketo_error(r, "1016", "Too many imports");
    case HTTP_INTERNAL_SERVER_ERROR: return dsm_marketo_error(r, "611", "System error");
    case HTTP_SERVICE_UNAVAILABLE:
        return dsm_marketo_error(r, "608", "API Temporarily Unavailable");
    default: return dsm_reply_text(r, status, text); /* 413 and what is about files */
    }
}

/* --- routes --- */

int dsm_marketo_unknown(request_rec *r, const dsm_request_t *request)
{
    return marketo_problem(r, HTTP_NOT_FOUND, NULL);
}

/* A long query comes as a POST whose address says that it is a GET. */
static int marketo_method(const request_rec *r)
{
    const char *at = r->method_number == M_POST && r->args ? strstr(r->args, "_method=GET") : NULL;

    return at && (at == r->args || at[-1] == '&') && (!at[11] || at[11] == '&') ? M_GET
                                                                                : r->method_number;
}

/* Some clients put everything below the endpoint of rest. */
static const char *marketo_path(const char *path)
{
    static const char rest[] = "/rest";

    return strncmp(path, "/rest/bulk/", 11) ? path : path + sizeof(rest) - 1;
}

/* Libraries that are built on restler send a GET with a body, and when they repeat it with a new
 * token the body comes without its length: it would be read as the next request of the connection.
 */
static void stray_body_avoid(request_rec *r)
{
    const char *agent = apr_table_get(r->headers_in, "User-Agent");

    if (agent && !strncmp(agent, "Restler", 7)) {
        apr_table_setn(r->subprocess_env, "nokeepalive", "1");
    }
}

/* The kind of the sync that a call is about. */
static ds_sync_kind_e kind_of(const dsm_endpoint_t *endpoint)
{
    if (strstr(endpoint->pattern, "/export")) {
        return DS_KIND_EXPORT;
    }
    return endpoint->run == dsm_marketo_records_delete ? DS_KIND_DELETE : DS_KIND_IMPORT;
}

/* Objects have syncs; one of leads is named by the configuration. */
static void marketo_find(request_rec *r, dsm_request_t *request)
{
    const dsm_config_t *config = dsm_config_get(r->server);

    stray_body_avoid(r);
    if (!request->endpoint) {
        return;
    }
    if (!strncmp(request->endpoint->pattern, LEADS, sizeof(LEADS) - 1)) {
        request->object_name = config->marketo->lead;
    }
    if (request->object_name) {
        request->object = ds_def_object_get(config->def, request->object_name);
    }
    if (request->object) {
        request->sync =
            ds_def_sync_of_object(config->def, request->object, kind_of(request->endpoint));
    }
}

#define GET ((AP_METHOD_BIT << M_GET) | DSM_BODY_CREDENTIAL)
#define POST (AP_METHOD_BIT << M_POST)
#define FORM (POST | DSM_BODY_CREDENTIAL)
#define ALL (~APR_INT64_C(0) & ~DSM_BODY_CREDENTIAL)
#define OBJECT "/bulk/v1/customobjects/{object}"
#define IMPORT OBJECT "/import"
#define JOB "/export/{launch}/"

static const dsm_endpoint_t marketo_endpoints[] = {
    {GET | POST, "/identity/oauth/token", dsm_marketo_token},
    {GET, "/rest/v1/customobjects.json", dsm_marketo_objects},
    {GET, "/rest/v1/customobjects/{object}/describe.json", dsm_marketo_describe},
    {GET, "/rest/v1/customobjects/{object}.json", dsm_marketo_records_query},
    {POST, "/rest/v1/customobjects/{object}.json", dsm_marketo_records_sync},
    {POST, "/rest/v1/customobjects/{object}/delete.json", dsm_marketo_records_delete},
    {FORM, IMPORT ".json", dsm_marketo_import},
    {GET, IMPORT "/{launch}/status.json", dsm_marketo_status},
    {GET, IMPORT "/{launch}/failures.json", dsm_marketo_failures},
    {GET, IMPORT "/{launch}/warnings.json", dsm_marketo_warnings},
    {FORM, LEADS ".json", dsm_marketo_import},
    {GET, LEADS "/batch/{launch}.json", dsm_marketo_status},
    {GET, LEADS "/batch/{launch}/failures.json", dsm_marketo_failures},
    {GET, LEADS "/batch/{launch}/warnings.json", dsm_marketo_warnings},
    {POST, OBJECT "/export/create.json", dsm_marketo_extract_create},
    {GET, OBJECT "/export.json", dsm_marketo_extract_list},
    {FORM, OBJECT JOB "enqueue.json", dsm_marketo_extract_enqueue},
    {GET, OBJECT JOB "status.json", dsm_marketo_extract_status},
    {FORM, OBJECT JOB "cancel.json", dsm_marketo_extract_cancel},
    {GET, OBJECT JOB "file.json", dsm_marketo_extract_file},
    {POST, LEADS "/export/create.json", dsm_marketo_extract_create},
    {GET, LEADS "/export.json", dsm_marketo_extract_list},
    {FORM, LEADS JOB "enqueue.json", dsm_marketo_extract_enqueue},
    {GET, LEADS JOB "status.json", dsm_marketo_extract_status},
    {FORM, LEADS JOB "cancel.json", dsm_marketo_extract_cancel},
    {GET, LEADS JOB "file.json", dsm_marketo_extract_file},
    {ALL, "/identity/{rest}", dsm_marketo_unknown},
    {ALL, "/rest/v1/{rest}", dsm_marketo_unknown},
    {ALL, "/bulk/v1/{rest}", dsm_marketo_unknown},
    {0, NULL, NULL},
};

const dsm_api_t dsm_api_marketo = {
    .name = "marketo",
    .endpoints = marketo_endpoints,
    .problem = marketo_problem,
    .method = marketo_method,
    .path = marketo_path,
    .find = marketo_find,
    .judge = dsm_marketo_judge,
    .admit = dsm_marketo_admit,
};
