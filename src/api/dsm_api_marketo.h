/* What the files of the protocol Marketo share: its envelope, its errors, and how a call begins.
 *
 * Sources: the document of the bulk import of custom objects, and the public description of the
 * REST API, its error codes and its authentication. Children only. */
#ifndef DSM_API_MARKETO_H
#define DSM_API_MARKETO_H

#include <httpd.h>

#include <jansson.h>

#include "ds_fmt_doc.h"
#include "ds_launch.h"
#include "ds_record.h"
#include "dsm_api.h"
#include "dsm_config_marketo.h"
#include "dsm_db.h"
#include "dsm_route.h"

/* One call of the API, in its request's pool. */
typedef struct dsm_marketo_call_t {
    request_rec *r;
    dsm_request_t *request;
    const dsm_marketo_t *rules;
    apr_table_t *parameters; /* of the address, and of a form in the body */
    const char *body;        /* of another type; "" for none */
    apr_size_t body_size;
} dsm_marketo_call_t;

/* --- answers --- */

/* End a document that is a map, and send it. Returns OK. */
int dsm_marketo_document_send(request_rec *r, int status, ds_fmt_doc_t *doc);

/* 200 with {"requestId", "success": false, "errors": [{"code", "message"}]}. Returns OK. */
int dsm_marketo_error(request_rec *r, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Begin {"requestId", "result": [ and end it with ], "success": true. */
ds_fmt_doc_t *dsm_marketo_result_begin(request_rec *r);
int dsm_marketo_result_send(request_rec *r, ds_fmt_doc_t *doc);

/* The same with a nextPageToken, unless it is NULL. */
int dsm_marketo_page_send(request_rec *r, ds_fmt_doc_t *doc, const char *next);

/* A key with its text. */
void dsm_marketo_text_write(ds_fmt_doc_t *doc, const char *key, const char *text);
void dsm_marketo_number_write(ds_fmt_doc_t *doc, const char *key, apr_int64_t number);
void dsm_marketo_time_write(ds_fmt_doc_t *doc, const char *key, apr_time_t when, apr_pool_t *pool);

/* A failure of ours while a token was asked for: 500 or 503 with {"error", "error_description"}.
 * Whoever took 200 for success would go on without a token. Returns OK. */
int dsm_marketo_identity_fail(request_rec *r, int status);

/* --- calls --- */

/* Begin a call: read its parameters and its small body, judge a credential that stands there, and
 * count the call. False when it was answered; then *answer goes to httpd. */
int dsm_marketo_begin(int *answer, dsm_marketo_call_t *call, request_rec *r,
                      const dsm_request_t *request);

/* The body as a JSON object, to be freed with json_decref. False when it is none, and that was
 * answered: 612 or 609. */
int dsm_marketo_json_read(int *answer, json_t **root, const dsm_marketo_call_t *call);

/* The delimiter of a format: csv, tsv or ssv, in any case. False for any other. */
int dsm_marketo_format_read(char *delimiter, const char *format);

/* A number of a parameter: digits alone, from least to most. It stays what it is where text is
 * NULL. HTTP_OK, or it was answered by 1001, for which `type` says what it should have been. */
int dsm_marketo_number_read(apr_int64_t *number, request_rec *r, const char *text,
                            apr_int64_t least, apr_int64_t most, const char *type);

/* Do the part of a call that needs the database: dsm_db_use. False when that failed, and *answer
 * goes to httpd; true with a *status that the caller answers: APR_SUCCESS, DS_ENOTFOUND,
 * DS_EDENIED, DS_ESTATE, DS_ELIMIT or DS_EDISABLED. */
int dsm_marketo_db_use(int *answer, apr_status_t *status, request_rec *r,
                       const dsm_request_t *request, dsm_db_use_cb *use, void *baton);

/* Judge a token. The verdict; for a good one request->client is set, for a bad one
 * request->refusal is the code. db: a connection that is at hand, or NULL. */
dsm_verdict_e dsm_marketo_token_judge(request_rec *r, dsm_request_t *request, const char *token,
                                      ds_db_t *db);

/* May the client do this, and may it be now? HTTP_OK, or it was answered: by 603, 1013, 606, 615.
 */
int dsm_marketo_admit(request_rec *r, const dsm_request_t *request);

/* Answer a request whose token is not good. */
int dsm_marketo_refuse(request_rec *r, const dsm_request_t *request);

/* Judge and admit at once, for a token that stood in the body. HTTP_OK, or it was answered. */
int dsm_marketo_credential_check(request_rec *r, dsm_request_t *request, const char *token,
                                 ds_db_t *db);

/* For dsm_api_t: what is known of the credential before the body is read. */
dsm_verdict_e dsm_marketo_judge(request_rec *r, dsm_request_t *request);

/* The parameters of the address. */
apr_table_t *dsm_marketo_parameters_get(request_rec *r);

/* --- single records: dsm_api_marketo_record.c --- */

/* One record of a call, and what became of it. */
typedef struct dsm_marketo_record_t {
    const char **values;     /* for each field of the object its normal form, NULL for none */
    int *given;              /* for each field: does the record name it? */
    const char *guid;        /* where records are named by ids */
    const char *code;        /* of the reason why it is skipped, or NULL */
    const char *message;     /* of that reason */
    const char *status;      /* what became of it */
    char told[DS_GUID_SIZE]; /* its id, "" while it is not known */
} dsm_marketo_record_t;

/* Read one; whatever is wrong with it stands in its code and message. */
void dsm_marketo_record_read(dsm_marketo_record_t *record, const ds_object_t *object, json_t *json,
                             int by_id, apr_pool_t *pool);

void dsm_marketo_record_skip(dsm_marketo_record_t *record, const char *code, const char *message);

/* As an item of a result. */
void dsm_marketo_record_write(ds_fmt_doc_t *doc, const dsm_marketo_record_t *record, int seq);

/* A field with its value, as what it is in JSON. */
void dsm_marketo_value_write(ds_fmt_doc_t *doc, const ds_field_t *field, const char *value);

/* Is it the name of a field that the service fills: createdAt, updatedAt or marketoGUID? */
int dsm_marketo_is_read_only(const char *name);

/* False when `seen` has the key of these values already; else it has it from now on. */
int dsm_marketo_key_take(apr_hash_t *seen, const ds_object_t *object, const char *const *values,
                         apr_pool_t *pool);

/* --- extracts --- */

/* Begin a call about jobs: the object must have an export sync. As dsm_marketo_begin. */
int dsm_marketo_extract_begin(int *answer, dsm_marketo_call_t *call, request_rec *r,
                              const dsm_request_t *request);

/* What a job is to write, as options of a launch. HTTP_OK, or it was answered. */
int dsm_marketo_order_read(const char **options, dsm_marketo_call_t *call, json_t *root);

/* One job; file is NULL where there is none. */
void dsm_marketo_job_write(ds_fmt_doc_t *doc, const ds_launch_t *launch, const ds_file_t *file,
                           apr_pool_t *pool);

/* --- endpoints --- */

dsm_endpoint_cb dsm_marketo_unknown; /* dsm_api_marketo.c: no address of the service */
dsm_endpoint_cb dsm_marketo_token;   /* dsm_api_marketo_identity.c */
dsm_endpoint_cb dsm_marketo_import;  /* dsm_api_marketo_bulk.c */
dsm_endpoint_cb dsm_marketo_status;  /* ... */
dsm_endpoint_cb dsm_marketo_failures;
dsm_endpoint_cb dsm_marketo_warnings;
dsm_endpoint_cb dsm_marketo_objects; /* dsm_api_marketo_objects.c */
dsm_endpoint_cb dsm_marketo_describe;
dsm_endpoint_cb dsm_marketo_records_sync; /* dsm_api_marketo_sync.c */
dsm_endpoint_cb dsm_marketo_records_delete;
dsm_endpoint_cb dsm_marketo_records_query;  /* dsm_api_marketo_query.c */
dsm_endpoint_cb dsm_marketo_extract_create; /* dsm_api_marketo_extract.c */
dsm_endpoint_cb dsm_marketo_extract_enqueue;
dsm_endpoint_cb dsm_marketo_extract_status;
dsm_endpoint_cb dsm_marketo_extract_cancel;
dsm_endpoint_cb dsm_marketo_extract_file;
dsm_endpoint_cb dsm_marketo_extract_list; /* dsm_api_marketo_jobs.c */

#endif
