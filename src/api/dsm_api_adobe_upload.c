/* Adobe: connection specs that clients send. One is checked as a source spec of the configuration
 * is, and kept; it runs nothing until an administrator puts it into the configuration. */
#include "dsm_api_adobe.h"

#include <http_log.h>
#include <http_protocol.h>

#include <apr_strings.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "ds_log.h"
#include "ds_src_spec.h"
#include "ds_syntax.h"
#include "dsm_db.h"
#include "dsm_query.h"
#include "dsm_reply.h"

APLOG_USE_MODULE(datasync);

/* One that was sent. */
typedef struct upload_t {
    const char *by;
    const char *name;
    const char *body;             /* as it is kept */
    apr_array_header_t *warnings; /* of const char * */
    const char *id;               /* the one to change; NULL: a new one */
    const char *wanted;           /* If-Match, or NULL */
    ds_connection_spec_t *spec;   /* what is kept now */
} upload_t;

/* --- the body --- */

static const struct {
    const char *name;
    json_type type;
    int is_needed;
    const char *remedy;
} members[] = {{"name", JSON_STRING, 1, "write a text of 1 to 255 bytes"},
               {"sourceSpec", JSON_OBJECT, 1, "write an object: the source spec"},
               {"description", JSON_STRING, 0, "write a text"},
               {"providerId", JSON_STRING, 0, "write a text"},
               {"version", JSON_STRING, 0, "write a text"},
               {"type", JSON_STRING, 0, "write " DSM_ADOBE_SPEC_TYPE ": there is no other"},
               {"authSpec", JSON_ARRAY, 0, "write an array"},
               {"exploreSpec", JSON_OBJECT, 0, "write an object"},
               {"attributes", JSON_OBJECT, 0, "write an object"}};

#define MEMBERS (sizeof(members) / sizeof(*members))

static int member_fits(const char *name, const json_t *value)
{
    if (!strcmp(name, "name")) {
        return json_string_length(value) > 0 &&
               json_string_length(value) <= DS_CONNECTION_SPEC_NAME_MAX;
    }
    return strcmp(name, "type") || !strcmp(json_string_value(value), DSM_ADOBE_SPEC_TYPE);
}

static void members_check(apr_array_header_t *mistakes, const json_t *document, apr_pool_t *pool)
{
    size_t i;

    for (i = 0; i < MEMBERS; ++i) {
        const json_t *value = json_object_get(document, members[i].name);

        if (!value && !members[i].is_needed) {
            continue;
        }
        if (!value || json_typeof(value) != members[i].type ||
            !member_fits(members[i].name, value)) {
            APR_ARRAY_PUSH(mistakes, const char *) =
                apr_pstrcat(pool, "$.", members[i].name, ": ", members[i].remedy, NULL);
        }
    }
}

/* Everything that is wrong with it: of const char *. */
static apr_array_header_t *document_check(upload_t *upload, const json_t *document,
                                          const char *text, apr_size_t size, apr_pool_t *pool)
{
    apr_array_header_t *mistakes = apr_array_make(pool, 4, sizeof(const char *));
    ds_src_report_t report;
    ds_src_spec_t *spec;

    members_check(mistakes, document, pool);
    if (json_is_object(json_object_get(document, "sourceSpec"))) {
        ds_src_spec_read(&spec, &report, text, size, pool);
        apr_array_cat(mistakes, report.mistakes);
        upload->warnings = report.warnings;
    }
    return mistakes;
}

/* False when it was answered. */
static int body_read(int *answer, const char **text, apr_size_t *size, request_rec *r)
{
    int status;

    if (!dsm_query_type_is(r, "application/json")) {
        *answer = dsm_adobe_error(r, HTTP_UNSUPPORTED_MEDIA_TYPE,
                                  "Send the connection spec as application/json.");
        return 0;
    }
    status = dsm_query_body_read(text, size, r, DS_CONNECTION_SPEC_BODY_MAX);
    if (status != HTTP_OK) {
        *answer =
            status == AP_FILTER_ERROR
                ? status
                : dsm_adobe_error(r, status, "The body is larger than 256 KiB, or not whole.");
    }
    return status == HTTP_OK;
}

static int document_take(int *answer, upload_t *upload, request_rec *r, const json_t *document,
                         const char *text, apr_size_t size)
{
    apr_array_header_t *mistakes = document_check(upload, document, text, size, r->pool);
    char *body;

    if (mistakes->nelts) {
        *answer = dsm_adobe_errors_send(r, HTTP_BAD_REQUEST,
                                        "The connection spec has mistakes: see errors.", mistakes);
        return 0;
    }
    body = json_dumps(document, JSON_COMPACT);
    upload->name = apr_pstrdup(r->pool, json_string_value(json_object_get(document, "name")));
    upload->body = apr_pstrdup(r->pool, body ? body : "{}");
    free(body);
    return 1;
}

/* False when it was answered. */
static int upload_read(int *answer, upload_t *upload, request_rec *r, const dsm_request_t *request)
{
    const char *text, *name = request->key->name;
    json_error_t error;
    json_t *document;
    apr_size_t size;
    int is_taken;

    if (!dsm_adobe_has_all(request)) {
        *answer =
            dsm_adobe_error(r, HTTP_FORBIDDEN, "A key of one sync changes no connection specs.");
        return 0;
    }
    if (!body_read(answer, &text, &size, r)) {
        return 0;
    }
    *upload = (upload_t){.by = name && *name ? name : request->key->id,
                         .wanted = apr_table_get(r->headers_in, "If-Match")};
    document = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    if (!document) {
        *answer = dsm_adobe_error(r, HTTP_BAD_REQUEST,
                                  apr_psprintf(r->pool, "line %d, column %d: %s", error.line,
                                               error.column, ds_syntax_fault(&error)));
        return 0;
    }
    is_taken = document_take(answer, upload, r, document, text, size);
    json_decref(document);
    return is_taken;
}

/* --- what is kept --- */

static apr_status_t spec_create(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    upload_t *upload = baton;

    return ds_connection_spec_create(&upload->spec, connection->db, upload->name, upload->body,
                                     upload->by, pool);
}

/* Is the one that is kept the one that the client has seen? Quotes may be missing. */
static int version_matches(const upload_t *upload, apr_pool_t *pool)
{
    const char *etag = dsm_adobe_spec_etag(upload->spec, pool);

    return !upload->wanted || !strcmp(upload->wanted, "*") || !strcmp(upload->wanted, etag) ||
           !strcmp(apr_pstrcat(pool, "\"", upload->wanted, "\"", NULL), etag);
}

static apr_status_t spec_change(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    upload_t *upload = baton;
    apr_status_t status = ds_connection_spec_get(&upload->spec, connection->db, upload->id, pool);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (!version_matches(upload, pool)) {
        return DS_ECONFLICT;
    }
    return ds_connection_spec_change(upload->spec, connection->db, upload->name, upload->body,
                                     upload->by);
}

/* Takes over the reference. */
static int json_send(request_rec *r, int status, json_t *root)
{
    char *text = json_dumps(root, JSON_COMPACT);
    int answer;

    json_decref(root);
    if (!text) {
        return dsm_adobe_error(r, HTTP_INTERNAL_SERVER_ERROR, "The answer could not be made.");
    }
    answer = dsm_adobe_body_send(r, status, text, strlen(text));
    free(text);
    return answer;
}

/* Answer what is kept, with what the check has warned of. */
static int upload_answer(request_rec *r, int status, const upload_t *upload)
{
    json_t *spec = dsm_adobe_spec_make(upload->spec, r->pool);
    json_t *warnings = json_array();
    int i;

    for (i = 0; i < upload->warnings->nelts; ++i) {
        json_array_append_new(warnings,
                              json_string(APR_ARRAY_IDX(upload->warnings, i, const char *)));
    }
    json_object_set_new(spec, "warnings", warnings);
    return json_send(r, status, spec);
}

static int upload_refuse(request_rec *r, const dsm_request_t *request, apr_status_t status,
                         const char *cause)
{
    switch (status) {
    case DS_ENOTFOUND: return dsm_adobe_spec_missing(r);
    case DS_ELIMIT:
        return dsm_adobe_error(r, HTTP_CONFLICT,
                               "There are too many connection specs: an administrator must remove "
                               "some.");
    case DS_ECONFLICT:
        return dsm_adobe_error(r, HTTP_PRECONDITION_FAILED,
                               "The connection spec is another one now: read it again.");
    default:
        return dsm_reply_failure(r, request, status, "The connection spec could not be kept.",
                                 cause);
    }
}

int dsm_adobe_spec_create(request_rec *r, const dsm_request_t *request)
{
    upload_t upload;
    const char *cause;
    apr_status_t status;
    int answer;

    if (!upload_read(&answer, &upload, r, request)) {
        return answer;
    }
    status = dsm_db_use(&cause, spec_create, &upload, r->pool);
    if (status != APR_SUCCESS) {
        return upload_refuse(r, request, status, cause);
    }
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, DSLOGNO(0260) "key %s: connection spec %s is new",
                  request->key->id, upload.spec->id);
    return upload_answer(r, HTTP_CREATED, &upload);
}

int dsm_adobe_spec_change(request_rec *r, const dsm_request_t *request)
{
    char id[DS_UUID_SIZE];
    upload_t upload;
    const char *cause;
    apr_status_t status;
    int answer;

    if (!upload_read(&answer, &upload, r, request)) {
        return answer;
    }
    if (!ds_digest_uuid_read(id, request->spec)) {
        return dsm_adobe_spec_missing(r);
    }
    if (dsm_adobe_spec_is_configured(request, id)) {
        return dsm_adobe_error(r, HTTP_CONFLICT,
                               "This connection spec belongs to a pull of the configuration: an "
                               "administrator changes it there.");
    }
    upload.id = id;
    status = dsm_db_use(&cause, spec_change, &upload, r->pool);
    if (status != APR_SUCCESS) {
        return upload_refuse(r, request, status, cause);
    }
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                  DSLOGNO(0261) "key %s: connection spec %s has changed", request->key->id, id);
    return upload_answer(r, HTTP_OK, &upload);
}
