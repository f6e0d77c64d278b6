#include "ds_clock.h"

#include <time.h>

#include <apr_strings.h>

#include "ds_fmt_calendar.h"

apr_time_t ds_clock_steady(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return apr_time_from_sec(time.tv_sec) + time.tv_nsec / 1000;
}

static const char *text_print(apr_time_t when, const char *end, apr_pool_t *pool)
{
    apr_time_exp_t t;

    apr_time_exp_gmt(&t, when);
    return apr_psprintf(pool, "%04d-%02d-%02dT%02d:%02d:%02d%s", t.tm_year + 1900, t.tm_mon + 1,
                        t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, end);
}

const char *ds_clock_text(apr_time_t when, apr_pool_t *pool)
{
    return text_print(when, "", pool);
}

const char *ds_clock_rfc3339(apr_time_t when, apr_pool_t *pool)
{
    return text_print(when, "Z", pool);
}

int ds_clock_date_exists(int year, int month, int day)
{
    return year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 &&
           day <= ds_fmt_calendar_month_days(year, month);
}
