/* Time zone files of any bytes.
 *
 * What must hold: a refusal has a reason; in a zone that was taken every moment lies in its span,
 * the offset is that of a clock, both ends of a span give that span again, and the next one begins
 * where it ends. */
#include <apr_general.h>
#include <apr_strings.h>

#include "ds_fmt_tzif.h"
#include "fuzz.h"

/* 1900-01-01 and 10100-01-01 */
#define FIRST APR_INT64_C(-2208988800)
#define LAST APR_INT64_C(256559097600)

static ds_fmt_tzspan_t span_get(const ds_fmt_tzif_t *zone, apr_int64_t when)
{
    ds_fmt_tzspan_t span = ds_fmt_tzif_span(zone, when);

    MUST(span.begin <= when && when < span.end);
    MUST(span.offset > -DS_FMT_TZ_OFFSET_MAX && span.offset < DS_FMT_TZ_OFFSET_MAX);
    return span;
}

static void same_check(const ds_fmt_tzif_t *zone, apr_int64_t when, const ds_fmt_tzspan_t *wanted)
{
    ds_fmt_tzspan_t span = span_get(zone, when);

    MUST(span.begin == wanted->begin && span.end == wanted->end && span.offset == wanted->offset);
}

static void walk_check(const ds_fmt_tzif_t *zone, apr_int64_t when)
{
    ds_fmt_tzspan_t span = span_get(zone, when), before;
    int i;

    for (i = 0; i < 12 && span.begin > FIRST && span.end < LAST; i++) {
        same_check(zone, span.begin, &span);
        same_check(zone, span.end - 1, &span);
        before = span;
        span = span_get(zone, span.end);
        MUST(span.begin == before.end);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static apr_pool_t *pool;
    const char *fault = NULL;
    ds_fmt_tzif_t *zone;
    int i;

    if (pool == NULL) {
        apr_initialize();
        apr_pool_create(&pool, NULL);
    }
    if (ds_fmt_tzif_parse(&zone, &fault, (const char *)data, size, pool) == APR_SUCCESS) {
        for (i = 0; i <= 20; i++) {
            walk_check(zone, FIRST + (LAST - 1 - FIRST) / 20 * i);
            walk_check(zone, i * APR_INT64_C(200000000));
        }
    }
    else {
        MUST(fault != NULL && *fault != '\0');
    }
    apr_pool_clear(pool);
    return 0;
}
