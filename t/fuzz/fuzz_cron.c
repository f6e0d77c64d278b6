/* Cron expressions of any text. The first bytes are the time that is asked from.
 *
 * What must hold: a refusal is one line of text; an expression that was taken has a next minute,
 * later than the one asked from and the same from every minute up to it, and it is one of the
 * values that were chosen. */
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "ds_fmt_calendar.h"
#include "ds_fmt_cron.h"
#include "fuzz.h"

static apr_int64_t next_get(const ds_fmt_cron_t *cron, apr_int64_t after)
{
    apr_int64_t next;

    MUST(ds_fmt_cron_next(&next, cron, after) == APR_SUCCESS);
    MUST(next > after);
    return next;
}

static void chosen_check(const ds_fmt_cron_t *cron, apr_int64_t minute)
{
    apr_int64_t day = ds_fmt_calendar_floor(minute, 1440);
    apr_uint64_t of_day = (apr_uint64_t)(minute - day * 1440);
    ds_fmt_date_t date;

    ds_fmt_calendar_date(&date, day);
    MUST(ds_fmt_calendar_day(&date) == day);
    MUST(cron->minutes >> of_day % 60 & 1);
    MUST(cron->hours >> of_day / 60 & 1);
    MUST(cron->months >> date.month & 1);
    MUST((cron->days >> date.day | cron->weekdays >> ds_fmt_calendar_weekday(day)) & 1);
}

static void text_check(const char *text, apr_int64_t after, apr_pool_t *pool)
{
    const char *fault;
    ds_fmt_cron_t *cron;
    apr_int64_t next;

    if (ds_fmt_cron_parse(&cron, &fault, text, pool) != APR_SUCCESS) {
        MUST(fault != NULL && *fault != '\0' && strpbrk(fault, "\r\n") == NULL);
        return;
    }
    next = next_get(cron, after);
    chosen_check(cron, next);
    MUST(next_get(cron, next - 1) == next);
    MUST(next_get(cron, after + (next - 1 - after) / 2) == next);
    next_get(cron, next);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static apr_pool_t *pool;
    apr_int64_t after;

    if (size < 4) {
        return 0;
    }
    if (pool == NULL) {
        apr_initialize();
        apr_pool_create(&pool, NULL);
    }
    /* up to the year 10135, from 1943 */
    after =
        ((apr_int64_t)data[0] << 24 | data[1] << 16 | data[2] << 8 | data[3]) - (1 << 24) + 1000;
    text_check(apr_pstrmemdup(pool, (const char *)data + 4, size - 4), after, pool);
    apr_pool_clear(pool);
    return 0;
}
