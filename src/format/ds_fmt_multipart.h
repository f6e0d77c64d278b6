/* A reader of multipart/form-data (RFC 7578, RFC 2046), in a stream, with constant memory.
 *
 * Pure: no I/O. The caller feeds pieces of the body; the reader calls back for each part. It keeps
 * the header lines of one part and a number, nothing else: memory does not grow with the body.
 *
 * Strict where a lenient reader could be made to see other parts than the next one on the way:
 * lines end with CRLF; behind a boundary only spaces and tabs may stand; each part has one
 * Content-Disposition: form-data with one name. Bytes before the first and after the closing
 * boundary are ignored. A part that is multipart itself is a part like any other. */
#ifndef DS_FMT_MULTIPART_H
#define DS_FMT_MULTIPART_H

#include <apr_pools.h>

typedef struct ds_fmt_multipart_t ds_fmt_multipart_t;

typedef struct ds_fmt_multipart_limits_t {
    int parts; /* parts of a body */
    apr_size_t
        header_bytes; /* bytes of one part's header lines with the empty line that ends them */
} ds_fmt_multipart_limits_t;

/* One part's header. Valid during the callback only. In quoted names \" and \\ (curl) and %22
 * (browsers, WHATWG HTML 4.10.22.8) stand for a quote and a backslash; nothing else is decoded. A
 * name whose last byte is a backslash is refused when the client did not escape it: it could be
 * read in two ways. */
typedef struct ds_fmt_part_t {
    const char *name;         /* of the form field; never NULL */
    const char *filename;     /* of filename* (RFC 8187, UTF-8 only) if that is well formed, else of
                                 filename, else NULL. A name only: it may hold any path */
    const char *content_type; /* or NULL */
} ds_fmt_part_t;

/* What the caller is told. Each returns APR_SUCCESS, or a status that ends the reading and is given
 * back by feed. data is called any number of times between begin and end of a part. */
typedef struct ds_fmt_multipart_events_t {
    apr_status_t (*part_begin)(void *baton, const ds_fmt_part_t *part);
    apr_status_t (*part_data)(void *baton, const char *data, apr_size_t size);
    apr_status_t (*part_end)(void *baton);
} ds_fmt_multipart_events_t;

/* The boundary of a Content-Type header value, in pool; NULL unless it is multipart/form-data with
 * one boundary of 1 to 70 characters that RFC 2046 allows. */
const char *ds_fmt_multipart_boundary(const char *content_type, apr_pool_t *pool);

ds_fmt_multipart_t *ds_fmt_multipart_make(const char *boundary,
                                          const ds_fmt_multipart_limits_t *limits,
                                          const ds_fmt_multipart_events_t *events, void *baton,
                                          apr_pool_t *pool);

/* Read the next piece, of any size. APR_EINVAL for a body that is not well formed or over a limit
 * (ds_fmt_multipart_fault tells), or the status of a callback. After a failure: no more calls. */
apr_status_t ds_fmt_multipart_feed(ds_fmt_multipart_t *reader, const char *data, apr_size_t size);

/* The body has ended. APR_EINVAL unless the closing boundary was seen. */
apr_status_t ds_fmt_multipart_end(ds_fmt_multipart_t *reader);

/* A static sentence about what was wrong with the body, or NULL (a callback's failure is no fault).
 */
const char *ds_fmt_multipart_fault(const ds_fmt_multipart_t *reader);

#endif
