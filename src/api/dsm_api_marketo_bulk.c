/* Marketo's bulk import of custom objects and of leads: a file becomes a batch, which is a launch
 * of the object's import sync. Whoever began a launch of this sync, it can be asked for here. */
#include "dsm_api_marketo.h"

#include <http_log.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include <string.h>
#include <strings.h>

#include "ds_fmt_multipart.h"
#include "ds_launch.h"
#include "ds_log.h"
#include "ds_options.h"
#include "dsm_config.h"
#include "dsm_download.h"
#include "dsm_query.h"
#include "dsm_reply.h"
#include "dsm_upload.h"

APLOG_USE_MODULE(datasync);

#define BATCH_ID_DIGITS 10 /* ids are below 2^31 */

/* What nobody may fill: the service does. */
static const char *const read_only[] = {"createdAt", "updatedAt", "marketoGUID"};

static const char FAMILY[] = "marketo import";

static int is_about_leads(const dsm_request_t *request)
{
    return strstr(request->endpoint->pattern, "/leads") != NULL;
}

/* --- import --- */

/* The words that clients of this protocol know. */
static const char *options_make(char delimiter, apr_pool_t *pool)
{
    ds_import_t import = {
        .phrases = {[DS_REASON_KEY] = "missing.dedupe.fields",
                    [DS_REASON_TYPE] = "Invalid data type in field {field}",
                    [DS_REASON_EMAIL] = "Invalid email address",
                    [DS_REASON_LENGTH] = "Value too long in field {field}",
                    [DS_REASON_ENCODING] = "Invalid data",
                    [DS_REASON_DUPLICATE] = "Duplicate object found in input",
                    [DS_REASON_READ_ONLY] = "Field {field} is read only"},
        .read_only = apr_array_make(pool, 4, sizeof(const char *)),
    };
    size_t i;

    for (i = 0; i < sizeof(read_only) / sizeof(read_only[0]); ++i) {
        APR_ARRAY_PUSH(import.read_only, const char *) = read_only[i];
    }
    return ds_options_import_write(delimiter, &import, pool);
}

/* A parameter of the address, or of the form. */
static const char *parameter_get(request_rec *r, const apr_table_t *fields, const char *name)
{
    const char *value = apr_table_get(dsm_marketo_parameters_get(r), name);

    return value ? value : apr_table_get(fields, name);
}

static int sync_check(request_rec *r, const dsm_request_t *request)
{
    return request->sync ? HTTP_OK : dsm_marketo_error(r, "1026", "Custom object not enabled");
}

/* Leads are found by their key alone: another field would change other leads than the client means.
 * HTTP_OK, or it was answered. */
static int lookup_check(request_rec *r, const dsm_request_t *request, const char *field)
{
    const ds_object_t *object = request->object;
    int position = field ? ds_object_field_find(object, field) : -1;

    if (!field || (position >= 0 && object->keys->nelts == 1 &&
                   position == APR_ARRAY_IDX(object->keys, 0, int))) {
        return HTTP_OK;
    }
    return dsm_marketo_error(r, "1011", "Field '%s' not supported", field);
}

/* The whole body has been read: the token and the format may have stood behind the file. */
static int import_approve(ds_launch_request_t *wanted, request_rec *r, const apr_table_t *fields,
                          apr_int64_t size, ds_db_t *db)
{
    dsm_request_t *request = dsm_route_get(r);
    const char *format = parameter_get(r, fields, "format");
    char delimiter = ',';
    int answer = HTTP_OK;

    if (request->verdict == DSM_VERDICT_BODY) {
        answer =
            dsm_marketo_credential_check(r, request, apr_table_get(fields, "access_token"), db);
        answer = answer == HTTP_OK ? sync_check(r, request) : answer;
    }
    if (answer != HTTP_OK) {
        return answer;
    }
    if (size < 0) {
        return dsm_marketo_error(r, "1002", "Missing value for the required parameter 'file'");
    }
    if (format && !dsm_marketo_format_read(&delimiter, format)) {
        return dsm_marketo_error(r, "1001", "Invalid value '%s'. Required of type 'csv, tsv, ssv'",
                                 format);
    }
    wanted->client_id = request->client->id;
    wanted->options = options_make(delimiter, r->pool);
    return is_about_leads(request)
               ? lookup_check(r, request, parameter_get(r, fields, "lookupField"))
               : HTTP_OK;
}

static int import_answer(request_rec *r, const dsm_request_t *request, const ds_launch_t *launch)
{
    ds_fmt_doc_t *doc = dsm_marketo_result_begin(r);

    ds_fmt_doc_map_begin(doc);
    dsm_marketo_number_write(doc, "batchId", launch->id);
    if (is_about_leads(request)) {
        dsm_marketo_text_write(doc, "importId",
                               apr_psprintf(r->pool, "%" APR_INT64_T_FMT, launch->id));
    }
    dsm_marketo_text_write(doc, "status", "Queued");
    if (!is_about_leads(request)) {
        dsm_marketo_text_write(doc, "objectApiName", request->object->name);
    }
    ds_fmt_doc_map_end(doc);
    return dsm_marketo_result_send(r, doc);
}

/* Files of clients that nobody knows yet take room: few at a time. */
static int strangers_check(request_rec *r)
{
    static const dsm_limit_t strangers = {.window = apr_time_from_sec(1), .at_once = 10};

    return dsm_limit_take(NULL, r, "marketo", &strangers) == DSM_LIMIT_FREE
               ? HTTP_OK
               : dsm_marketo_error(r, "615", "Concurrent access limit reached");
}

int dsm_marketo_import(request_rec *r, const dsm_request_t *request)
{
    const dsm_marketo_t *rules = dsm_config_get(r->server)->marketo;
    dsm_upload_t upload = {
        .file_max = rules->upload - 1,
        .family = {FAMILY, rules->running, rules->queued},
        .keep_fields = 1,
        .approve = import_approve,
    };
    int answer;

    if (!dsm_query_type_is(r, "multipart/form-data")) {
        return dsm_marketo_error(r, "612", "Invalid Content Type");
    }
    answer = request->verdict == DSM_VERDICT_BODY ? strangers_check(r) : sync_check(r, request);
    if (answer == HTTP_OK) {
        answer = dsm_upload_receive(r, request, &upload);
    }
    return answer == HTTP_OK ? import_answer(r, request, upload.launch) : answer;
}

/* --- the launch behind a batch --- */

typedef struct batch_t {
    const dsm_request_t *request;
    const dsm_marketo_t *rules;
    const char *role; /* of the file that is asked for */
    ds_launch_t *launch;
    ds_file_t *file;
} batch_t;

static apr_int64_t batch_id_read(const char *text)
{
    apr_size_t digits = strspn(text, "0123456789");

    return digits < 1 || digits > BATCH_ID_DIGITS || text[digits] ? 0 : apr_atoi64(text);
}

/* Whatever loads records into the object: a pull is an import whose file is another server's. */
static int is_known(const batch_t *batch, apr_time_t now)
{
    const ds_launch_t *launch = batch->launch;

    return (launch->kind == DS_KIND_IMPORT || launch->kind == DS_KIND_PULL) &&
           !strcasecmp(launch->object, batch->request->object->name) &&
           (!batch->rules->known || launch->scheduled_at > now - batch->rules->known);
}

static apr_status_t batch_read(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    batch_t *batch = baton;
    ds_db_t *db = connection->db;
    apr_int64_t id = batch_id_read(batch->request->launch);
    apr_time_t now;
    apr_status_t status = id ? ds_launch_get(&batch->launch, db, NULL, id, pool) : DS_ENOTFOUND;

    if (status == APR_SUCCESS) {
        status = ds_db_now(&now, db);
    }
    return status == APR_SUCCESS && !is_known(batch, now) ? DS_ENOTFOUND : status;
}

/* A file that grows while its launch runs can be had when it is whole. */
static apr_status_t file_read(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    batch_t *batch = baton;
    apr_status_t status = batch_read(batch, connection, pool);

    if (status == APR_SUCCESS && !ds_launch_state_is_end(batch->launch->state)) {
        return DS_ENOTFOUND;
    }
    return status == APR_SUCCESS
               ? ds_file_get(&batch->file, connection->db, batch->launch->id, batch->role, pool)
               : status;
}

/* --- status --- */

static const char *state_text(ds_launch_state_e state)
{
    switch (state) {
    case DS_LAUNCH_RUNNING:
    case DS_LAUNCH_CANCELLING: return "Importing";
    case DS_LAUNCH_FINISHED: return "Complete";
    case DS_LAUNCH_REJECTED:
    case DS_LAUNCH_CANCELLED:
    case DS_LAUNCH_FAILED: return "Failed";
    default: return "Queued";
    }
}

static apr_int64_t warnings_count(const ds_launch_t *launch)
{
    return launch->rows.warned + launch->rows.skipped;
}

/* The sentence of a batch that has come to its end by itself. */
static const char *message_complete(const ds_launch_t *launch, apr_pool_t *pool)
{
    const ds_counters_t *rows = &launch->rows;
    const char *note = rows->ok ? ds_launch_note(launch) : NULL;
    const char *text = apr_psprintf(
        pool, "Import %s, %" APR_INT64_T_FMT " records imported (%" APR_INT64_T_FMT " members)",
        rows->failed ? "completed with errors" : "succeeded", rows->ok, rows->ok);

    if (rows->failed) {
        text = apr_psprintf(pool, "%s, %" APR_INT64_T_FMT " failed", text, rows->failed);
    }
    if (warnings_count(launch)) {
        text =
            apr_psprintf(pool, "%s, %" APR_INT64_T_FMT " warning.", text, warnings_count(launch));
    }
    return note ? apr_pstrcat(pool, text, "; ", note, NULL) : text;
}

static const char *message_text(const ds_launch_t *launch, apr_pool_t *pool)
{
    if (launch->state == DS_LAUNCH_FINISHED) {
        return message_complete(launch, pool);
    }
    return launch->message ? launch->message : "";
}

/* Whole seconds, begun ones too. */
static const char *time_text(const ds_launch_t *launch, apr_pool_t *pool)
{
    apr_time_t begin = launch->started_at ? launch->started_at : launch->finished_at;
    apr_time_t end = launch->finished_at;
    apr_int64_t seconds = end > begin ? (end - begin + APR_USEC_PER_SEC - 1) / APR_USEC_PER_SEC : 0;

    return apr_psprintf(pool, "%" APR_INT64_T_FMT " second(s)", seconds);
}

static void batch_write(ds_fmt_doc_t *doc, const dsm_request_t *request, const ds_launch_t *launch,
                        apr_pool_t *pool)
{
    int leads = is_about_leads(request);

    ds_fmt_doc_map_begin(doc);
    dsm_marketo_number_write(doc, "batchId", launch->id);
    if (!leads) {
        dsm_marketo_text_write(doc, "operation", "import");
    }
    dsm_marketo_text_write(doc, "status", state_text(launch->state));
    if (!leads) {
        dsm_marketo_text_write(doc, "objectApiName", request->object->name);
    }
    dsm_marketo_number_write(doc, leads ? "numOfLeadsProcessed" : "numOfObjectsProcessed",
                             launch->rows.ok);
    dsm_marketo_number_write(doc, "numOfRowsFailed", launch->rows.failed);
    dsm_marketo_number_write(doc, "numOfRowsWithWarning", warnings_count(launch));
    if (ds_launch_state_is_end(launch->state)) {
        dsm_marketo_text_write(doc, "importTime", time_text(launch, pool));
        dsm_marketo_text_write(doc, "message", message_text(launch, pool));
    }
    ds_fmt_doc_map_end(doc);
}

int dsm_marketo_status(request_rec *r, const dsm_request_t *request)
{
    batch_t batch = {.request = request, .rules = dsm_config_get(r->server)->marketo};
    ds_fmt_doc_t *doc;
    dsm_marketo_call_t call;
    apr_status_t status;
    int answer;

    if (!dsm_marketo_begin(&answer, &call, r, request) ||
        !dsm_marketo_db_use(&answer, &status, r, request, batch_read, &batch)) {
        return answer;
    }
    if (status != APR_SUCCESS) {
        return dsm_marketo_error(r, "1013", "Object not found");
    }
    doc = dsm_marketo_result_begin(r);
    batch_write(doc, request, batch.launch, r->pool);
    return dsm_marketo_result_send(r, doc);
}

/* --- failures and warnings --- */

static int file_send(request_rec *r, const dsm_request_t *request, const char *role)
{
    batch_t batch = {.request = request, .rules = dsm_config_get(r->server)->marketo, .role = role};
    dsm_download_t download = {.content_type = "text/csv"};
    dsm_marketo_call_t call;
    apr_status_t status;
    int answer;

    if (!dsm_marketo_begin(&answer, &call, r, request) ||
        !dsm_marketo_db_use(&answer, &status, r, request, file_read, &batch)) {
        return answer;
    }
    if (status != APR_SUCCESS) {
        return dsm_reply_text(r, HTTP_NOT_FOUND, "There is no such file.");
    }
    download.file = batch.file;
    download.modified_at = batch.launch->finished_at;
    download.name = apr_psprintf(r->pool, "%s-%" APR_INT64_T_FMT "-%s.csv", request->object->name,
                                 batch.launch->id, role);
    return dsm_download_send(r, request, &download);
}

int dsm_marketo_failures(request_rec *r, const dsm_request_t *request)
{
    return file_send(r, request, "failures");
}

int dsm_marketo_warnings(request_rec *r, const dsm_request_t *request)
{
    return file_send(r, request, "warnings");
}
