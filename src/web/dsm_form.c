#include "dsm_form.h"

#include <apr_strings.h>

#include <string.h>

#include "ds_fmt_multipart.h"
#include "dsm_query.h"

#define PARTS_MAX 40

typedef struct form_t {
    apr_table_t *fields;
    const char *name; /* of the part at hand */
    char *text;       /* of it */
    char *end;        /* of the texts of all parts, which are no longer than the body */
    apr_pool_t *pool;
} form_t;

static apr_status_t part_begin(void *baton, const ds_fmt_part_t *part)
{
    form_t *form = baton;

    form->name = apr_pstrdup(form->pool, part->name);
    form->text = form->end;
    return APR_SUCCESS;
}

static apr_status_t part_data(void *baton, const char *data, apr_size_t size)
{
    form_t *form = baton;

    memcpy(form->end, data, size);
    form->end += size;
    return APR_SUCCESS;
}

static apr_status_t part_end(void *baton)
{
    form_t *form = baton;

    *form->end++ = '\0';
    apr_table_addn(form->fields, form->name, form->text);
    return APR_SUCCESS;
}

static int parts_read(apr_table_t *fields, const request_rec *r, const char *body, apr_size_t size)
{
    static const ds_fmt_multipart_limits_t limits = {.parts = PARTS_MAX, .header_bytes = 8192};
    static const ds_fmt_multipart_events_t events = {part_begin, part_data, part_end};
    const char *boundary =
        ds_fmt_multipart_boundary(apr_table_get(r->headers_in, "Content-Type"), r->pool);
    form_t form = {.fields = fields, .pool = r->pool};
    ds_fmt_multipart_t *reader;

    if (!boundary) {
        return HTTP_BAD_REQUEST;
    }
    form.end = apr_palloc(r->pool, size + PARTS_MAX);
    reader = ds_fmt_multipart_make(boundary, &limits, &events, &form, r->pool);
    if (ds_fmt_multipart_feed(reader, body, size) != APR_SUCCESS ||
        ds_fmt_multipart_end(reader) != APR_SUCCESS) {
        return HTTP_BAD_REQUEST;
    }
    return HTTP_OK;
}

int dsm_form_read(apr_table_t **fields, request_rec *r, apr_size_t most)
{
    const char *body = "";
    apr_size_t size = 0;
    int status = HTTP_OK;

    *fields = apr_table_make(r->pool, 12);
    dsm_query_parameters_add(*fields, r->args, r->pool);
    if (r->method_number == M_POST) {
        status = dsm_query_body_read(&body, &size, r, most);
    }
    if (status == HTTP_OK && dsm_query_type_is(r, "multipart/form-data")) {
        status = parts_read(*fields, r, body, size);
    }
    else if (status == HTTP_OK && dsm_query_type_is(r, "application/x-www-form-urlencoded")) {
        dsm_query_parameters_add(*fields, body, r->pool);
    }
    return status;
}
