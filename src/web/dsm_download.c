#include "dsm_download.h"

#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include <util_filter.h>

#include <apr_buckets.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include <string.h>

#include "dsm_bucket.h"
#include "dsm_formula.h"
#include "dsm_reply.h"
#include "dsm_route.h"

/* The last part of a path, as the client's system wrote it. */
static const char *base_name(const char *path)
{
    const char *p, *name = path;

    for (p = path; *p; ++p) {
        if (*p == '/' || *p == '\\') {
            name = p + 1;
        }
    }
    return name;
}

/* RFC 6266: a name in ASCII for old clients, and the whole one by RFC 8187 where it differs. */
static const char *disposition_make(const char *path, apr_pool_t *pool)
{
    static const char hex[] = "0123456789ABCDEF";
    const char *name = base_name(path);
    apr_size_t size = strlen(name);
    char *plain = apr_palloc(pool, size + 1);
    char *coded = apr_palloc(pool, 3 * size + 1);
    apr_size_t i, bad = 0;
    char *to = coded;

    for (i = 0; i < size; ++i) {
        unsigned char c = (unsigned char)name[i];

        if (apr_isalnum(c) || (c && strchr("-._", c))) {
            plain[i] = (char)c;
            *to++ = (char)c;
            continue;
        }
        plain[i] = c == ' ' ? ' ' : '_';
        bad += c != ' ';
        *to++ = '%';
        *to++ = hex[c >> 4];
        *to++ = hex[c & 15];
    }
    plain[size] = *to = '\0';
    if (!bad) {
        return apr_pstrcat(pool, "attachment; filename=\"", plain, "\"", NULL);
    }
    return apr_pstrcat(pool, "attachment; filename=\"", plain, "\"; filename*=UTF-8''", coded,
                       NULL);
}

/* A file that grew batch by batch has no digest, but once its launch has ended it never changes. */
static const char *etag_make(const ds_file_t *file, apr_pool_t *pool)
{
    if (file->sha256) {
        return apr_pstrcat(pool, "\"", file->sha256, "\"", NULL);
    }
    return apr_psprintf(pool, "\"%" APR_INT64_T_FMT "-%" APR_INT64_T_FMT "\"", file->id,
                        file->size);
}

/* Does the one range that is asked for begin behind the end? All others are for httpd's own filter,
 * which would not tell the length here: clients that resume need it (RFC 9110 15.5.17). */
static int range_is_behind(request_rec *r, apr_int64_t size)
{
    static const char digits[] = "0123456789";
    const char *range = apr_table_get(r->headers_in, "Range");
    const char *end;

    if (!range || ap_cstr_casecmpn(range, "bytes=", 6) || size == 0 ||
        ap_condition_if_range(r, r->headers_out) == AP_CONDITION_NOMATCH) {
        return 0;
    }
    range += 6;
    end = range + strspn(range, digits);
    if (end == range || end - range > 18 || *end != '-' || end[1 + strspn(end + 1, digits)]) {
        return 0;
    }
    return apr_atoi64(range) >= size;
}

/* mod_deflate adds to the tag of what it packs ("...-gzip"), but nobody in httpd knows that tag
 * again: a client that asks by it would get a file that it has. */
static int has_packed(request_rec *r, const char *etag)
{
    const char *asked = apr_table_get(r->headers_in, "If-None-Match");
    const char *packed = apr_psprintf(r->pool, "%.*s-gzip\"", (int)strlen(etag) - 1, etag);
    int status;

    if (!asked || !ap_find_etag_weak(r->pool, asked, packed)) {
        return 0;
    }
    apr_table_setn(r->headers_out, "ETag", packed);
    status = ap_meets_conditions(r);
    if (status != HTTP_NOT_MODIFIED) {
        apr_table_setn(r->headers_out, "ETag", etag);
    }
    return status == HTTP_NOT_MODIFIED;
}

/* What tells one state of a file from another, and the checks of it. OK, or the status to answer.
 */
static int conditions_check(request_rec *r, const dsm_download_t *download)
{
    const char *etag = etag_make(download->file, r->pool);
    int status;

    apr_table_setn(r->headers_out, "ETag", etag);
    ap_update_mtime(r, download->modified_at);
    ap_set_last_modified(r);
    status = ap_meets_conditions(r);
    if (status == OK && has_packed(r, etag)) {
        return HTTP_NOT_MODIFIED;
    }
    if (status == OK && range_is_behind(r, download->file->size)) {
        apr_table_setn(r->headers_out, "Content-Range",
                       apr_psprintf(r->pool, "bytes */%" APR_INT64_T_FMT, download->file->size));
        status = HTTP_RANGE_NOT_SATISFIABLE;
    }
    return status;
}

/* Headers of the bytes themselves. */
static void headers_set(request_rec *r, const dsm_download_t *download)
{
    const char *stored = download->file->name;
    const char *name = stored && *base_name(stored) ? stored : download->name;

    ap_set_content_type(r, download->content_type);
    apr_table_setn(r->headers_out, "Content-Disposition", disposition_make(name, r->pool));
    if (download->is_safe) {
        apr_table_unset(r->headers_in, "Range");
        dsm_formula_filter_add(r, download->delimiter);
    }
    else {
        ap_set_content_length(r, (apr_off_t)download->file->size);
        ap_set_accept_ranges(r);
    }
}

/* The answer to HEAD for a guarded file is not worth guarding it. */
static int has_body(const request_rec *r, const dsm_download_t *download)
{
    return download->file->size > 0 && r->status == HTTP_OK &&
           !(r->header_only && download->is_safe);
}

/* The file ends too early, and the client must see that: with this status, and no other, httpd's
 * filters leave out the last chunk of the body and the regular end of an HTTP/2 stream. */
static void download_break(request_rec *r)
{
    apr_bucket_alloc_t *list = r->connection->bucket_alloc;
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, list);

    r->connection->keepalive = AP_CONN_CLOSE; /* what follows would be read as this body */
    APR_BRIGADE_INSERT_TAIL(brigade, ap_bucket_error_create(HTTP_BAD_GATEWAY, NULL, r->pool, list));
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(list));
    ap_pass_brigade(r->output_filters, brigade);
}

int dsm_download_send(request_rec *r, const dsm_request_t *request, const dsm_download_t *download)
{
    apr_bucket_alloc_t *list = r->connection->bucket_alloc;
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, list);
    int status = download->is_safe ? OK : conditions_check(r, download);

    if (status == HTTP_PRECONDITION_FAILED) {
        return request->api->problem(r, status, "The file is not the one that was asked for.");
    }
    if (status == HTTP_RANGE_NOT_SATISFIABLE) {
        return request->api->problem(r, status, "The file ends before this range.");
    }
    dsm_reply_headers_set(r);
    if (status == OK) {
        headers_set(r, download);
    }
    else {
        r->status = status;
    }
    if (has_body(r, download)) {
        APR_BRIGADE_INSERT_TAIL(
            brigade, dsm_bucket_file_create(download->file->id, download->file->size, list));
    }
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(list));
    if (ap_pass_brigade(r->output_filters, brigade) != APR_SUCCESS && !r->connection->aborted) {
        download_break(r);
        return AP_FILTER_ERROR;
    }
    return OK;
}
