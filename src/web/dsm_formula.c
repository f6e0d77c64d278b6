#include "dsm_formula.h"

#include <util_filter.h>

#include <apr_buckets.h>

#include "ds_fmt_csv.h"
#include "ds_fmt_formula.h"

#define PIECE (16 * 1024) /* bytes that are guarded and passed on at once */

static ap_filter_rec_t *filter_record;

typedef struct guard_t {
    char delimiter;
    ds_fmt_formula_t *formula; /* NULL until the first bytes are there */
    apr_bucket_brigade *out;
} guard_t;

/* Append what becomes of the piece; of no more bytes where data is NULL. */
static void piece_append(guard_t *guard, const char *data, apr_size_t size)
{
    apr_bucket_alloc_t *list = guard->out->bucket_alloc;
    char *target = apr_bucket_alloc(DS_FMT_FORMULA_ROOM(size), list);
    apr_size_t made = data ? ds_fmt_formula_feed(target, guard->formula, data, size)
                           : ds_fmt_formula_end(target, guard->formula);

    APR_BRIGADE_INSERT_TAIL(guard->out,
                            apr_bucket_heap_create(target, made, apr_bucket_free, list));
}

static apr_status_t out_pass(ap_filter_t *f, guard_t *guard)
{
    apr_status_t status = ap_pass_brigade(f->next, guard->out);

    apr_brigade_cleanup(guard->out);
    return status == APR_SUCCESS && f->c->aborted ? APR_ECONNABORTED : status;
}

/* Pass the bytes on piece by piece: the client decides how fast. */
static apr_status_t data_pass(ap_filter_t *f, guard_t *guard, const char *data, apr_size_t size)
{
    apr_status_t status = APR_SUCCESS;
    apr_size_t piece;

    if (!guard->formula) {
        guard->formula = ds_fmt_formula_make(
            guard->delimiter ? guard->delimiter : ds_fmt_csv_delimiter_find(data, size),
            f->r->pool);
    }
    for (; size > 0 && status == APR_SUCCESS; data += piece, size -= piece) {
        piece = size < PIECE ? size : PIECE;
        piece_append(guard, data, piece);
        status = out_pass(f, guard);
    }
    return status;
}

static apr_status_t bucket_pass(ap_filter_t *f, guard_t *guard, apr_bucket *bucket)
{
    const char *data;
    apr_size_t size;
    apr_status_t status;

    if (!APR_BUCKET_IS_METADATA(bucket)) {
        status = apr_bucket_read(bucket, &data, &size, APR_BLOCK_READ);
        if (status == APR_SUCCESS) {
            status = data_pass(f, guard, data, size);
        }
        apr_bucket_delete(bucket);
        return status;
    }
    if (APR_BUCKET_IS_EOS(bucket) && guard->formula) {
        piece_append(guard, NULL, 0);
    }
    APR_BUCKET_REMOVE(bucket);
    APR_BRIGADE_INSERT_TAIL(guard->out, bucket);
    return out_pass(f, guard);
}

static apr_status_t formula_filter(ap_filter_t *f, apr_bucket_brigade *in)
{
    apr_status_t status = APR_SUCCESS;

    while (status == APR_SUCCESS && !APR_BRIGADE_EMPTY(in)) {
        status = bucket_pass(f, f->ctx, APR_BRIGADE_FIRST(in));
    }
    return status;
}

void dsm_formula_filter_register(void)
{
    filter_record =
        ap_register_output_filter("DATASYNC_FORMULA", formula_filter, NULL, AP_FTYPE_RESOURCE);
}

void dsm_formula_filter_add(request_rec *r, char delimiter)
{
    guard_t *guard = apr_pcalloc(r->pool, sizeof(*guard));

    guard->delimiter = delimiter;
    guard->out = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    ap_add_output_filter_handle(filter_record, guard, r, r->connection);
}
