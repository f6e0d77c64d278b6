/* Adobe's Flow Service: the runs of pulls with their metrics, and the connection specs that tell
 * what they pull from. A flow is a sync of kind pull, a run a launch. Here stand the routes, the
 * errors, and who may call. */
#include "dsm_api_adobe.h"

#include <http_protocol.h>

#include <apr_strings.h>

#include <string.h>

#include "dsm_api_key.h"
#include "dsm_reply.h"

/* --- answers --- */

int dsm_adobe_body_send(request_rec *r, int status, const char *body, apr_size_t size)
{
    return dsm_reply_body(r, status, "application/json", body, size);
}

/* Numbers and titles are those of Adobe's list of errors, where it has one. */
static const struct {
    int status;
    const char *code;
    const char *title;
} known_errors[] = {{HTTP_BAD_REQUEST, "1100", "Invalid request"},
                    {HTTP_UNAUTHORIZED, "1100", "Not authorized"},
                    {HTTP_FORBIDDEN, "1100", "Not entitled"},
                    {HTTP_NOT_FOUND, "1101", "Resource not found"},
                    {HTTP_METHOD_NOT_ALLOWED, "1100", "Method not allowed"},
                    {HTTP_CONFLICT, "1100", "Conflict"},
                    {HTTP_PRECONDITION_FAILED, "1404", "Version not matching"},
                    {HTTP_REQUEST_ENTITY_TOO_LARGE, "1100", "Request too large"},
                    {HTTP_UNSUPPORTED_MEDIA_TYPE, "1100", "Unsupported media type"},
                    {HTTP_SERVICE_UNAVAILABLE, "1103", "Service Unavailable"},
                    {HTTP_INTERNAL_SERVER_ERROR, "1102", "Internal Error"}};

#define KNOWN_ERRORS (sizeof(known_errors) / sizeof(*known_errors))

void dsm_adobe_text_write(ds_fmt_doc_t *doc, const char *key, const char *text)
{
    ds_fmt_doc_key(doc, key);
    ds_fmt_doc_text(doc, text);
}

static void errors_write(ds_fmt_doc_t *doc, const apr_array_header_t *errors)
{
    int i;

    ds_fmt_doc_key(doc, "errors");
    ds_fmt_doc_array_begin(doc);
    for (i = 0; i < errors->nelts; ++i) {
        ds_fmt_doc_map_begin(doc);
        dsm_adobe_text_write(doc, "message", APR_ARRAY_IDX(errors, i, const char *));
        ds_fmt_doc_map_end(doc);
    }
    ds_fmt_doc_array_end(doc);
}

int dsm_adobe_errors_send(request_rec *r, int status, const char *detail,
                          const apr_array_header_t *errors)
{
    ds_fmt_doc_t *doc = ds_fmt_doc_make(DS_DOC_JSON, r->pool);
    apr_size_t size, i = 0;
    const char *body;

    while (i < KNOWN_ERRORS - 1 && known_errors[i].status != status) {
        ++i;
    }
    if (status == HTTP_UNAUTHORIZED) {
        apr_table_setn(r->err_headers_out, "WWW-Authenticate", "Bearer");
    }
    ds_fmt_doc_map_begin(doc);
    dsm_adobe_text_write(doc, "type",
                         apr_psprintf(r->pool, "http://ns.adobe.com/aep/errors/FLOW-%s-%d",
                                      known_errors[i].code, status));
    dsm_adobe_text_write(doc, "title", known_errors[i].title);
    ds_fmt_doc_key(doc, "status");
    ds_fmt_doc_integer(doc, status);
    dsm_adobe_text_write(doc, "detail", detail);
    if (errors) {
        errors_write(doc, errors);
    }
    ds_fmt_doc_map_end(doc);
    body = ds_fmt_doc_result(&size, doc);
    return dsm_adobe_body_send(r, status, body, size);
}

int dsm_adobe_error(request_rec *r, int status, const char *detail)
{
    return dsm_adobe_errors_send(r, status, detail, NULL);
}

/* The engine's 403 is about the key itself. */
static int adobe_problem(request_rec *r, int status, const char *text)
{
    return status == HTTP_FORBIDDEN
               ? dsm_adobe_error(r, HTTP_UNAUTHORIZED, "The access token is missing or not valid.")
               : dsm_adobe_error(r, status, text);
}

static int adobe_unknown(request_rec *r, const dsm_request_t *request)
{
    return dsm_adobe_error(r, HTTP_NOT_FOUND, "There is no such address.");
}

/* --- who may call --- */

static dsm_verdict_e adobe_judge(request_rec *r, dsm_request_t *request)
{
    return request->endpoint->run == adobe_unknown ? DSM_VERDICT_GRANTED
                                                   : dsm_api_key_judge(r, request);
}

static ds_scope_e scope_get(const dsm_request_t *request)
{
    dsm_endpoint_cb *run = request->endpoint->run;

    if (run == dsm_adobe_spec_create || run == dsm_adobe_spec_change) {
        return DS_SCOPE_FLOW_SPECS_MANAGE;
    }
    return run == dsm_adobe_runs || run == dsm_adobe_run ? DS_SCOPE_FLOW_RUNS : DS_SCOPE_FLOW_SPECS;
}

static int adobe_admit(request_rec *r, const dsm_request_t *request)
{
    ds_scope_e scope;

    if (!request->key) { /* no call of anybody */
        return HTTP_OK;
    }
    scope = scope_get(request);
    if (dsm_api_key_has_scope(r, request, scope)) {
        return HTTP_OK;
    }
    return dsm_adobe_error(
        r, HTTP_FORBIDDEN,
        apr_pstrcat(r->pool, "The key has no permission ", ds_token_scope_name(scope), ".", NULL));
}

int dsm_adobe_has_all(const dsm_request_t *request)
{
    return !strcmp(request->key->sync_id, DS_TOKEN_ALL_SYNCS);
}

int dsm_adobe_has_flow(const dsm_request_t *request, const ds_sync_t *sync)
{
    return sync && sync->kind == DS_KIND_PULL && ds_token_has_sync(request->key, sync->id);
}

/* --- */

#define GET (AP_METHOD_BIT << M_GET)
#define POST (AP_METHOD_BIT << M_POST)
#define PUT (AP_METHOD_BIT << M_PUT)
#define ALL (~APR_INT64_C(0) & ~DSM_BODY_CREDENTIAL)

static const dsm_endpoint_t adobe_endpoints[] = {
    {GET, DSM_ADOBE_BASE "/runs", dsm_adobe_runs},
    {GET, DSM_ADOBE_BASE "/runs/{launch}", dsm_adobe_run},
    {GET, DSM_ADOBE_BASE "/connectionSpecs", dsm_adobe_specs},
    {POST, DSM_ADOBE_BASE "/connectionSpecs", dsm_adobe_spec_create},
    {GET, DSM_ADOBE_BASE "/connectionSpecs/{spec}", dsm_adobe_spec},
    {PUT, DSM_ADOBE_BASE "/connectionSpecs/{spec}", dsm_adobe_spec_change},
    {ALL, DSM_ADOBE_BASE "/{rest}", adobe_unknown},
    {0, NULL, NULL},
};

const dsm_api_t dsm_api_adobe = {
    .name = "adobe",
    .endpoints = adobe_endpoints,
    .problem = adobe_problem,
    .judge = adobe_judge,
    .admit = adobe_admit,
    .prepare = dsm_adobe_specs_prepare,
};
