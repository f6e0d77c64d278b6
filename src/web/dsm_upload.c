#include "dsm_upload.h"

#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <util_filter.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include <string.h>

#include "ds_fmt_multipart.h"
#include "ds_fmt_utf8.h"
#include "ds_log.h"
#include "dsm_db.h"
#include "dsm_launch.h"
#include "dsm_query.h"
#include "dsm_reply.h"
#include "dsm_worker.h"

APLOG_USE_MODULE(datasync);

#define READ_SIZE (64 * 1024)       /* asked from the filters at once */
#define READ_SIZE_PACKED (8 * 1024) /* the same of gzip, all of which is unpacked at once */
#define TEXT_SIZE_MAX 255           /* bytes of a file's name that are kept */
#define OTHER_PARTS_MAX (64 * 1024) /* bytes of parts that are not the file, and of framing */

#define PARTS_MAX 20 /* parts of a body */

static const char PART_NAME[] = "file";
static const char USAGE[] = "Send the CSV as multipart/form-data in a part named file, "
                            "for example: curl -F file=@customers.csv URL";

typedef struct upload_t {
    request_rec *r;
    const dsm_request_t *request;
    dsm_upload_t *wanted;
    apr_int64_t file_max; /* bytes */
    apr_table_t *fields;  /* the other parts; NULL: they are passed over */
    const char *field;    /* the part at hand */
    char *text;           /* of it */
    char *text_end;       /* where the text of all parts ends */
    const char *key;      /* Idempotency-Key, or NULL */
    int is_packed;        /* the body comes with Content-Encoding gzip */
    dsm_db_t *connection;
    apr_pool_t *pool;         /* of the writer: goes before the connection is released */
    ds_file_writer_t *writer; /* NULL until the part has begun, and where there is no sync */
    int has_file;             /* the part has begun */
    int in_file;
    apr_int64_t file_size; /* bytes of it so far */
    apr_int64_t total;     /* bytes of the body so far */
    apr_int64_t other;     /* bytes of other parts */
    const char *fault;     /* a sentence for the client, or NULL */
    apr_status_t status;   /* what went wrong, for the connection */
} upload_t;

/* A header's text as it may be kept: valid UTF-8, no control characters, not long. NULL stays NULL.
 */
static const char *text_clean(const char *text, apr_pool_t *pool)
{
    const char *end = text ? text + strlen(text) : NULL;
    char *clean, *to;
    apr_size_t length;

    if (!text) {
        return NULL;
    }
    clean = to = apr_palloc(pool, TEXT_SIZE_MAX + 1);
    for (; text < end; text += length ? length : 1) {
        length = ds_fmt_utf8_length(text, (apr_size_t)(end - text));
        if (to + length + 1 > clean + TEXT_SIZE_MAX) {
            break;
        }
        if (length == 0) {
            *to++ = '_';
        }
        else if (!apr_iscntrl(*text)) {
            memcpy(to, text, length);
            to += length;
        }
    }
    *to = '\0';
    return clean;
}

static apr_status_t part_begin(void *baton, const ds_fmt_part_t *part)
{
    upload_t *upload = baton;

    upload->in_file = !strcmp(part->name, PART_NAME);
    if (!upload->in_file) {
        upload->field = apr_pstrdup(upload->pool, part->name);
        upload->text = upload->text_end;
        return APR_SUCCESS;
    }
    if (upload->has_file) {
        upload->fault = "There is more than one part named file: send one file at a time.";
        return DS_EINPUT;
    }
    upload->has_file = 1;
    if (!upload->request->sync && !upload->wanted->is_sync_in_form) {
        return APR_SUCCESS;
    }
    return ds_file_writer_begin(&upload->writer, upload->connection->db, "input",
                                text_clean(part->filename, upload->pool),
                                text_clean(part->content_type, upload->pool), upload->pool);
}

static apr_status_t part_data(void *baton, const char *data, apr_size_t size)
{
    upload_t *upload = baton;

    if (!upload->in_file) {
        upload->other += size;
        if (upload->other > OTHER_PARTS_MAX) {
            upload->fault = "The parts beside the one named file are too large.";
            return DS_EINPUT;
        }
        if (upload->fields) {
            memcpy(upload->text_end, data, size);
            upload->text_end += size;
        }
        return APR_SUCCESS;
    }
    upload->file_size += (apr_int64_t)size;
    if (upload->file_size > upload->file_max) {
        return DS_ELIMIT;
    }
    return upload->writer ? ds_file_writer_append(upload->writer, data, size) : APR_SUCCESS;
}

static apr_status_t part_end(void *baton)
{
    upload_t *upload = baton;

    if (!upload->in_file && upload->fields) {
        *upload->text_end++ = '\0';
        apr_table_setn(upload->fields, upload->field, upload->text);
    }
    upload->in_file = 0;
    return APR_SUCCESS;
}

/* Give what the brigade holds to the reader; *ended is set at the end of the body. */
static apr_status_t brigade_feed(int *ended, upload_t *upload, ds_fmt_multipart_t *reader,
                                 apr_bucket_brigade *brigade)
{
    apr_bucket *bucket;
    const char *data;
    apr_size_t size;
    apr_status_t status = APR_SUCCESS;

    while (status == APR_SUCCESS && !APR_BRIGADE_EMPTY(brigade)) {
        bucket = APR_BRIGADE_FIRST(brigade);
        if (APR_BUCKET_IS_EOS(bucket)) {
            *ended = 1;
            return APR_SUCCESS;
        }
        if (!APR_BUCKET_IS_METADATA(bucket)) {
            status = apr_bucket_read(bucket, &data, &size, APR_BLOCK_READ);
            if (status != APR_SUCCESS) {
                return status;
            }
            upload->total += size;
            if (upload->total > upload->file_max + 2 * OTHER_PARTS_MAX) {
                return DS_ELIMIT;
            }
            status = ds_fmt_multipart_feed(reader, data, size);
        }
        apr_bucket_delete(bucket);
    }
    return status;
}

/* Read the body to its end. *http is set when a filter could not read on: what that means in HTTP.
 */
static apr_status_t body_read(int *http, upload_t *upload, ds_fmt_multipart_t *reader)
{
    request_rec *r = upload->r;
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    apr_status_t status = APR_SUCCESS;
    int ended = 0;

    while (!ended && status == APR_SUCCESS) {
        status = ap_get_brigade(r->input_filters, brigade, AP_MODE_READBYTES, APR_BLOCK_READ,
                                upload->is_packed ? READ_SIZE_PACKED : READ_SIZE);
        if (status != APR_SUCCESS) {
            *http = upload->is_packed && status == APR_EINVAL /* mod_deflate: beyond its ratio */
                        ? HTTP_REQUEST_ENTITY_TOO_LARGE
                        : ap_map_http_request_error(status, HTTP_BAD_REQUEST);
            break;
        }
        status = brigade_feed(&ended, upload, reader, brigade);
        apr_brigade_cleanup(brigade);
    }
    apr_brigade_destroy(brigade);
    if (status == APR_SUCCESS) {
        status = ds_fmt_multipart_end(reader);
    }
    if (status == APR_EINVAL && !upload->fault) {
        upload->fault =
            apr_psprintf(r->pool, "The body is not right: %s.", ds_fmt_multipart_fault(reader));
    }
    return status;
}

/* What the filters could not read, told to the client, unless a filter has done so already. */
static int filter_failure_answer(upload_t *upload, int http, apr_status_t status)
{
    request_rec *r = upload->r;
    const char *subject = dsm_reply_subject(upload->request, r->pool);
    const char *text = upload->is_packed ? "The body is not whole, or is not gzip."
                                         : "The request was broken off before its end.";

    if (http == HTTP_REQUEST_ENTITY_TOO_LARGE || http == AP_FILTER_ERROR) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      DSLOGNO(0060) "%s: httpd refused the body after %" APR_INT64_T_FMT
                                    " bytes: it is larger than LimitRequestBody (%" APR_OFF_T_FMT
                                    " bytes) or mod_deflate's limits allow, or not well formed",
                      subject, upload->total, ap_get_limit_req_body(r));
        text =
            upload->is_packed
                ? "The request is larger than this server allows, or grows too much when unpacked."
                : "The request is larger than this server allows.";
    }
    else {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, status, r,
                      DSLOGNO(0061) "%s: the upload ended after %" APR_INT64_T_FMT
                                    " bytes of its body, nothing is kept",
                      subject, upload->total);
    }
    return http == AP_FILTER_ERROR ? http : upload->request->api->problem(r, http, text);
}

static int failure_answer(upload_t *upload, int http, apr_status_t status)
{
    request_rec *r = upload->r;
    const dsm_api_t *api = upload->request->api;

    upload->status = status;
    if (upload->is_packed) {
        r->connection->keepalive = AP_CONN_CLOSE; /* the rest is not worth unpacking */
    }
    if (http) {
        return filter_failure_answer(upload, http, status);
    }
    if (status == DS_ELIMIT) {
        return api->problem(r, HTTP_REQUEST_ENTITY_TOO_LARGE,
                            apr_psprintf(r->pool,
                                         "The file is larger than %" APR_INT64_T_FMT
                                         " bytes, the limit of this data sync.",
                                         upload->file_max));
    }
    if (status == APR_EINVAL || status == DS_EINPUT) {
        return api->problem(r, HTTP_BAD_REQUEST, upload->fault ? upload->fault : USAGE);
    }
    return dsm_reply_failure(r, upload->request, status, "The file could not be imported.",
                             ds_db_error(upload->connection->db));
}

/* A launch that may not be is told before its file is read. A key's file must be read: it may be
 * one that came before, which is answered as it was then; and one whose credential is in its body
 * is told nothing yet. HTTP_OK, or what goes to httpd. */
static int admission_check(upload_t *upload)
{
    ds_launch_request_t wanted = dsm_launch_request(upload->r, upload->request);
    ds_db_t *db = upload->connection->db;

    if (upload->key || upload->wanted->is_sync_in_form ||
        upload->request->verdict == DSM_VERDICT_BODY) {
        return HTTP_OK;
    }
    wanted.family = upload->wanted->family;
    upload->status = ds_launch_admission_check(db, &wanted, upload->r->pool);
    return upload->status == APR_SUCCESS
               ? HTTP_OK
               : dsm_launch_refuse(upload->r, upload->request, upload->status,
                                   "The data sync could not be looked up.", ds_db_error(db));
}

/* Make the launch durable, or find the one that the same key made before. */
static int upload_accept(upload_t *upload)
{
    ds_launch_request_t wanted = dsm_launch_request(upload->r, upload->request);
    dsm_upload_t *way = upload->wanted;
    ds_launch_t *launch;
    int repeated, answer;

    wanted.dry_run = way->dry_run;
    wanted.key = upload->key;
    wanted.family = way->family;
    if (way->approve) {
        answer = way->approve(&wanted, upload->r, upload->fields,
                              upload->has_file ? upload->file_size : -1, upload->connection->db);
        if (answer != HTTP_OK) {
            return answer;
        }
    }
    upload->status = ds_launch_accept(&launch, &repeated, upload->connection->db, &wanted,
                                      upload->writer, upload->r->pool);
    if (upload->status != APR_SUCCESS) {
        return dsm_launch_refuse(upload->r, upload->request, upload->status,
                                 "The file could not be imported.",
                                 ds_db_error(upload->connection->db));
    }
    way->launch = launch;
    if (repeated) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, upload->r,
                      DSLOGNO(0068) "sync %s: launch %" APR_INT64_T_FMT
                                    " was accepted before for the same Idempotency-Key",
                      wanted.sync->id, launch->id);
        return HTTP_OK;
    }
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, upload->r,
                  DSLOGNO(0062) "sync %s: launch %" APR_INT64_T_FMT " accepted, %" APR_INT64_T_FMT
                                " bytes",
                  wanted.sync->id, launch->id, upload->file_size);
    return HTTP_OK;
}

/* Read the body and make the launch durable. Returns HTTP_OK or what goes to httpd. */
static int upload_store(upload_t *upload, const char *boundary)
{
    static const ds_fmt_multipart_limits_t limits = {.parts = PARTS_MAX, .header_bytes = 8192};
    static const ds_fmt_multipart_events_t events = {part_begin, part_data, part_end};
    ds_fmt_multipart_t *reader =
        ds_fmt_multipart_make(boundary, &limits, &events, upload, upload->r->pool);
    int http = 0;
    apr_status_t status = body_read(&http, upload, reader);

    if (status == APR_SUCCESS && !upload->has_file && !upload->wanted->approve) {
        status = DS_EINPUT;
        upload->fault = USAGE;
    }
    return status == APR_SUCCESS ? upload_accept(upload) : failure_answer(upload, http, status);
}

static int has_filter(const ap_filter_t *filter, const ap_filter_rec_t *record)
{
    while (filter && filter->frec != record) {
        filter = filter->next;
    }
    return filter != NULL;
}

/* A body in gzip goes through mod_deflate, whatever the server's own filters are. NULL, or why the
 * body cannot be read. */
static const char *encoding_accept(upload_t *upload)
{
    request_rec *r = upload->r;
    const char *encoding = apr_table_get(r->headers_in, "Content-Encoding");
    ap_filter_rec_t *inflate = ap_get_input_filter_handle("DEFLATE");

    if (!encoding || !ap_cstr_casecmp(encoding, "identity")) {
        return NULL;
    }
    if (ap_cstr_casecmp(encoding, "gzip") && ap_cstr_casecmp(encoding, "x-gzip")) {
        return "A body may be compressed with gzip only.";
    }
    if (!inflate) {
        return "This server takes no compressed bodies: send the file as it is.";
    }
    if (!has_filter(r->input_filters, inflate)) {
        ap_add_input_filter_handle(inflate, NULL, r, r->connection);
    }
    upload->is_packed = 1;
    return NULL;
}

static int encoding_refuse(upload_t *upload, const char *fault)
{
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, upload->r,
                  DSLOGNO(0067) "%s: a body with Content-Encoding was refused: %s",
                  dsm_reply_subject(upload->request, upload->r->pool), fault);
    return upload->request->api->problem(upload->r, HTTP_UNSUPPORTED_MEDIA_TYPE, fault);
}

/* What can be said before the body is read. HTTP_OK, or what goes to httpd. */
static int headers_check(upload_t *upload, const char *boundary)
{
    request_rec *r = upload->r;
    const dsm_request_t *request = upload->request;
    const char *length = apr_table_get(r->headers_in, "Content-Length");
    const char *fault;

    if (!boundary) {
        return request->api->problem(r, HTTP_BAD_REQUEST, USAGE);
    }
    if (!dsm_query_key_read(&upload->key, r)) {
        return request->api->problem(r, HTTP_BAD_REQUEST,
                                     "An Idempotency-Key is 1 to 255 visible ASCII characters.");
    }
    fault = encoding_accept(upload);
    if (fault) {
        return encoding_refuse(upload, fault);
    }
    if (length && !upload->is_packed &&
        apr_atoi64(length) > upload->file_max + 2 * OTHER_PARTS_MAX) {
        return failure_answer(upload, 0, DS_ELIMIT);
    }
    return HTTP_OK;
}

int dsm_upload_receive(request_rec *r, const dsm_request_t *request, dsm_upload_t *wanted)
{
    upload_t upload = {.r = r, .request = request, .wanted = wanted};
    const char *boundary =
        ds_fmt_multipart_boundary(apr_table_get(r->headers_in, "Content-Type"), r->pool);
    int result;

    upload.file_max = wanted->file_max ? wanted->file_max : request->sync->limits.upload;
    result = headers_check(&upload, boundary);
    if (result != HTTP_OK) {
        return result;
    }
    if (dsm_db_acquire(&upload.connection) != APR_SUCCESS) {
        return dsm_reply_failure(r, request, DS_EBUSY, NULL, "there is no database connection");
    }
    apr_pool_create(&upload.pool, r->pool);
    if (wanted->keep_fields) {
        upload.fields = apr_table_make(upload.pool, 4);
        upload.text_end = apr_palloc(upload.pool, OTHER_PARTS_MAX + PARTS_MAX);
    }
    result = admission_check(&upload);
    if (result == HTTP_OK) {
        result = upload_store(&upload, boundary);
    }
    apr_pool_destroy(upload.pool);
    dsm_db_release(upload.connection, upload.status);
    if (result == HTTP_OK) {
        dsm_worker_wake();
    }
    return result;
}
