/* Marketo: the bulk import of custom objects and leads, and what its clients use beside it. Here
 * stand the routes, the envelope with its codes, and how a call begins. All answers but those of
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

#define BODY_MAX (1024 * 1024) /* bytes of a body that is no file */
#define JSON_TYPE "application/json;charset=UTF-8"

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

static int document_send(request_rec *r, ds_fmt_doc_t *doc)
{
    apr_size_t size;
    const char *body = ds_fmt_doc_result(&size, doc);

    return dsm_reply_body(r, HTTP_OK, JSON_TYPE, body, size);
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
    ds_fmt_doc_map_end(doc);
    return document_send(r, doc);
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
    ds_fmt_doc_map_end(doc);
    return document_send(r, doc);
}

/* What the engine and the server find wrong, in the words of the protocol. */
static int marketo_problem(request_rec *r, int status, const char *text)
{
    switch (status) {
    case HTTP_BAD_REQUEST: return dsm_marketo_error(r, "613", "Invalid Multipart Request");
    case HTTP_FORBIDDEN: return dsm_marketo_refuse(r, dsm_route_get(r));
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

/* --- credentials --- */

static apr_status_t token_check(ds_client_t **client, int *expired, request_rec *r,
                                const char *token, ds_db_t *db)
{
    const apr_hash_t *configured = dsm_config_get(r->server)->clients;
    dsm_db_t *connection = NULL;
    apr_status_t status = APR_SUCCESS;

    if (!db) {
        status = dsm_db_acquire(&connection);
        db = status == APR_SUCCESS ? connection->db : NULL;
    }
    if (status == APR_SUCCESS) {
        status = ds_access_check(client, expired, db, configured, token, r->pool);
    }
    if (status != APR_SUCCESS && status != DS_EDENIED) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      DSLOGNO(0200) "an access token cannot be checked: %s",
                      db ? ds_db_error(db) : "there is no database connection");
    }
    if (connection) {
        dsm_db_release(connection, status);
    }
    return status;
}

dsm_verdict_e dsm_marketo_token_judge(request_rec *r, dsm_request_t *request, const char *token,
                                      ds_db_t *db)
{
    ds_client_t *client;
    int expired = 0;
    apr_status_t status = DS_EDENIED;

    request->refusal = "600";
    if (token && *token) {
        request->refusal = "601";
        status = token_check(&client, &expired, r, token, db);
    }
    if (status == APR_SUCCESS) {
        request->client = client;
        r->user = apr_pstrdup(r->pool, client->id);
        r->ap_auth_type = "Bearer";
        return request->verdict = DSM_VERDICT_GRANTED;
    }
    if (status != DS_EDENIED) {
        return request->verdict = DSM_VERDICT_AWAY;
    }
    if (expired) {
        request->refusal = "602";
    }
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                  DSLOGNO(0201) "protocol marketo: refused with code %s, the request has no access "
                                "token that lives",
                  request->refusal);
    return request->verdict = DSM_VERDICT_REFUSED;
}

int dsm_marketo_refuse(request_rec *r, const dsm_request_t *request)
{
    const char *code = request && request->refusal ? request->refusal : "601";

    if (!strcmp(code, "600")) {
        return dsm_marketo_error(r, code, "Access token not specified");
    }
    return dsm_marketo_error(r, code, "Access token %s",
                             !strcmp(code, "602") ? "expired" : "invalid");
}

static int has_form(const request_rec *r)
{
    return dsm_query_type_is(r, "multipart/form-data") ||
           dsm_query_type_is(r, "application/x-www-form-urlencoded");
}

static apr_table_t *parameters_make(request_rec *r)
{
    apr_table_t *parameters = apr_table_make(r->pool, 8);

    dsm_query_parameters_add(parameters, r->args, r->pool);
    return parameters;
}

/* No credential is asked for where one is made, and where there is nothing. */
static int is_open(const dsm_request_t *request);

static dsm_verdict_e marketo_judge(request_rec *r, dsm_request_t *request)
{
    const char *token = dsm_auth_bearer_get(r);

    if (is_open(request)) {
        return DSM_VERDICT_GRANTED;
    }
    if (!token) {
        token = apr_table_get(parameters_make(r), "access_token");
    }
    if (!token && request->endpoint->methods & DSM_BODY_CREDENTIAL && has_form(r)) {
        return DSM_VERDICT_BODY;
    }
    return dsm_marketo_token_judge(r, request, token, NULL);
}

/* --- what a call may do --- */

/* Calls that need the role Read-Write; for the others Read-Only is enough. */
static int is_for_writers(const dsm_request_t *request)
{
    static dsm_endpoint_cb *const endpoints[] = {
        dsm_marketo_import,   dsm_marketo_status,       dsm_marketo_failures,
        dsm_marketo_warnings, dsm_marketo_records_sync, dsm_marketo_records_delete};
    size_t i;

    for (i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); ++i) {
        if (request->endpoint->run == endpoints[i]) {
            return 1;
        }
    }
    return 0;
}

static int limit_check(request_rec *r, const dsm_request_t *request)
{
    const dsm_limit_t *limit = &dsm_config_get(r->server)->marketo->limit;
    const char *key = apr_pstrcat(r->pool, "marketo:", request->client->id, NULL);

    switch (dsm_limit_take(NULL, r, key, limit)) {
    case DSM_LIMIT_CALLS:
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                      DSLOGNO(0202) "client %s: refused with code 606, too many calls",
                      request->client->id);
        return dsm_marketo_error(r, "606", "Max rate limit '%d' exceeded with in '%d' secs",
                                 limit->calls, (int)apr_time_sec(limit->window));
    case DSM_LIMIT_AT_ONCE:
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                      DSLOGNO(0203) "client %s: refused with code 615, too many calls at once",
                      request->client->id);
        return dsm_marketo_error(r, "615", "Concurrent access limit reached");
    default: return HTTP_OK;
    }
}

int dsm_marketo_admit(request_rec *r, const dsm_request_t *request)
{
    int answer;

    if (is_open(request)) {
        return HTTP_OK;
    }
    answer = limit_check(r, request);
    if (answer != HTTP_OK) {
        return answer;
    }
    if (is_for_writers(request) && request->client->role != DS_ROLE_READ_WRITE) {
        return dsm_marketo_error(r, "603", "Access denied");
    }
    if (request->object_name &&
        (!request->object || !ds_client_has_object(request->client, request->object->name))) {
        return dsm_marketo_error(r, "1013", "Object not found");
    }
    return HTTP_OK;
}

/* --- the beginning of a call --- */

static int body_take(dsm_marketo_call_t *call)
{
    request_rec *r = call->r;
    int status = dsm_query_body_read(&call->body, &call->body_size, r, BODY_MAX);

    if (status == AP_FILTER_ERROR) {
        return status;
    }
    if (status != HTTP_OK) {
        return dsm_reply_text(r, status, "The body is larger than 1 MB, or not whole.");
    }
    if (dsm_query_type_is(r, "application/x-www-form-urlencoded")) {
        dsm_query_parameters_add(call->parameters, call->body, r->pool);
        call->body = "";
        call->body_size = 0;
    }
    return HTTP_OK;
}

static int body_credential_check(dsm_marketo_call_t *call)
{
    request_rec *r = call->r;
    const char *token = apr_table_get(call->parameters, "access_token");

    switch (dsm_marketo_token_judge(r, call->request, token, NULL)) {
    case DSM_VERDICT_GRANTED: return dsm_marketo_admit(r, call->request);
    case DSM_VERDICT_AWAY: return marketo_problem(r, HTTP_SERVICE_UNAVAILABLE, NULL);
    default: return dsm_marketo_refuse(r, call->request);
    }
}

int dsm_marketo_begin(int *answer, dsm_marketo_call_t *call, request_rec *r,
                      const dsm_request_t *request)
{
    *answer = HTTP_OK;
    *call = (dsm_marketo_call_t){
        .r = r,
        .request = dsm_route_get(r),
        .rules = dsm_config_get(r->server)->marketo,
        .parameters = parameters_make(r),
        .body = "",
    };
    if (r->method_number == M_POST) {
        *answer = body_take(call);
    }
    if (*answer == HTTP_OK && request->verdict == DSM_VERDICT_BODY) {
        *answer = body_credential_check(call);
    }
    return *answer == HTTP_OK;
}

int dsm_marketo_json_read(int *answer, json_t **root, const dsm_marketo_call_t *call)
{
    json_error_t error;

    *root = NULL;
    if (!dsm_query_type_is(call->r, "application/json")) {
        *answer = dsm_marketo_error(call->r, "612", "Invalid Content Type");
        return 0;
    }
    *root = json_loadb(call->body, call->body_size, JSON_REJECT_DUPLICATES, &error);
    if (json_is_object(*root)) {
        return 1;
    }
    json_decref(*root);
    *answer = dsm_marketo_error(call->r, "609", "Invalid JSON");
    return 0;
}

int dsm_marketo_format_read(char *delimiter, const char *format)
{
    static const struct {
        const char *name;
        char delimiter;
    } known[] = {{"csv", ','}, {"tsv", '\t'}, {"ssv", ';'}};
    size_t i;

    for (i = 0; i < sizeof(known) / sizeof(known[0]); ++i) {
        if (!ap_cstr_casecmp(format, known[i].name)) {
            *delimiter = known[i].delimiter;
            return 1;
        }
    }
    return 0;
}

int dsm_marketo_connection_run(int *answer, apr_status_t *status, request_rec *r,
                               const dsm_request_t *request, dsm_marketo_run_cb *run, void *baton)
{
    dsm_db_t *connection;
    const char *cause = NULL;

    *status = dsm_db_acquire(&connection);
    if (*status == APR_SUCCESS) {
        *status = run(baton, connection, r->pool);
        if (*status == DS_EDB || *status == DS_EBUSY) {
            cause = apr_pstrdup(r->pool, ds_db_error(connection->db));
        }
        dsm_db_release(connection, *status);
    }
    switch (*status) {
    case APR_SUCCESS:
    case DS_ENOTFOUND:
    case DS_EDENIED:
    case DS_ESTATE:
    case DS_ELIMIT:
    case DS_EDISABLED: return 1;
    default:
        *answer = dsm_reply_failure(r, request, *status, "The database could not be used.", cause);
        return 0;
    }
}

typedef struct read_t {
    dsm_marketo_read_cb *read;
    void *baton;
} read_t;

static apr_status_t read_run(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    read_t *what = baton;

    return what->read(what->baton, connection->db, pool);
}

int dsm_marketo_read(int *answer, apr_status_t *status, request_rec *r,
                     const dsm_request_t *request, dsm_marketo_read_cb *read, void *baton)
{
    read_t what = {read, baton};

    return dsm_marketo_connection_run(answer, status, r, request, read_run, &what);
}

/* --- routes --- */

static int marketo_unknown(request_rec *r, const dsm_request_t *request)
{
    return marketo_problem(r, HTTP_NOT_FOUND, NULL);
}

static int is_open(const dsm_request_t *request)
{
    return request->endpoint->run == dsm_marketo_token || request->endpoint->run == marketo_unknown;
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

#define GET (AP_METHOD_BIT << M_GET)
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
    {ALL, "/identity/{rest}", marketo_unknown},
    {ALL, "/rest/v1/{rest}", marketo_unknown},
    {ALL, "/bulk/v1/{rest}", marketo_unknown},
    {0, NULL, NULL},
};

const dsm_api_t dsm_api_marketo = {
    .name = "marketo",
    .endpoints = marketo_endpoints,
    .problem = marketo_problem,
    .method = marketo_method,
    .path = marketo_path,
    .find = marketo_find,
    .judge = marketo_judge,
    .admit = dsm_marketo_admit,
};
