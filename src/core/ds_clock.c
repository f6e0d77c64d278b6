#include "ds_clock.h"

#include <apr_strings.h>

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
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1)
        return 0;
    return day <= days[month - 1] + (month == 2 && leap);
}
