/* What httpd can do at most: two handlers for the measurements.
 *
 *   SetHandler bench-json      a fixed answer of the size and kind of a status
 *   SetHandler bench-discard   reads the request's body and throws it away
 */
#include <httpd.h>
#include <http_config.h>
#include <http_protocol.h>

#include <string.h>

#define READ_SIZE (64 * 1024)

static const char body[] =
    "{\"name\":\"Customers of the benchmark\",\"status\":\"enabled\",\"latest-launch\":{\"id\":1,"
    "\"status\":\"finished\",\"scheduled-time\":\"2026-01-01T00:00:00\","
    "\"started-at\":\"2026-01-01T00:00:00\",\"status-message\":\"10 rows imported\"}}";

static int json_answer(request_rec *r)
{
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    apr_table_setn(r->headers_out, "X-Content-Type-Options", "nosniff");
    ap_set_content_type(r, "application/json");
    ap_set_content_length(r, sizeof(body) - 1);
    ap_rwrite(body, sizeof(body) - 1, r);
    return OK;
}

static int body_discard(request_rec *r)
{
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    int ended = 0;

    while (!ended) {
        apr_bucket *bucket;

        if (ap_get_brigade(r->input_filters, brigade, AP_MODE_READBYTES, APR_BLOCK_READ,
                           READ_SIZE) != APR_SUCCESS) {
            return HTTP_BAD_REQUEST;
        }
        for (bucket = APR_BRIGADE_FIRST(brigade); bucket != APR_BRIGADE_SENTINEL(brigade);
             bucket = APR_BUCKET_NEXT(bucket)) {
            const char *data;
            apr_size_t size;

            ended |= APR_BUCKET_IS_EOS(bucket);
            if (!APR_BUCKET_IS_METADATA(bucket) &&
                apr_bucket_read(bucket, &data, &size, APR_BLOCK_READ) != APR_SUCCESS) {
                return HTTP_BAD_REQUEST;
            }
        }
        apr_brigade_cleanup(brigade);
    }
    return OK;
}

static int bench_run(request_rec *r)
{
    if (r->handler && !strcmp(r->handler, "bench-json")) {
        return json_answer(r);
    }
    return r->handler && !strcmp(r->handler, "bench-discard") ? body_discard(r) : DECLINED;
}

static void register_hooks(apr_pool_t *pool)
{
    ap_hook_handler(bench_run, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(bench) = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks, AP_MODULE_FLAG_NONE,
};
