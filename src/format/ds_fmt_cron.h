/* Five-field cron expressions: read them, and find the next minute that matches.
 *
 * Pure, and without zones: times are minutes of a wall clock, counted from 1970-01-01 00:00 on that
 * clock. What happens when the clock is set forward or back is decided in ds_schedule. The language
 * stands in docs/schedules.md. */
#ifndef DS_FMT_CRON_H
#define DS_FMT_CRON_H

#include <apr_errno.h>
#include <apr_pools.h>

/* Bytes of an expression. */
#define DS_FMT_CRON_MAX 256

/* Bit n is set when the value n is chosen. */
typedef struct ds_fmt_cron_t {
    apr_uint64_t minutes;
    apr_uint64_t hours;
    apr_uint64_t days;     /* of the month, 1 to 31 */
    apr_uint64_t months;   /* 1 to 12 */
    apr_uint64_t weekdays; /* 0 (Sunday) to 6 */
    int is_either_day;     /* both day fields are restricted: it is enough that one matches */
    int is_hour_open;      /* the hour field has a * or a step without an end: "every n hours" */
} ds_fmt_cron_t;

/* Read an expression: minute, hour, day of the month, month, day of the week; or @hourly, @daily,
 * @midnight, @weekly, @monthly, @yearly, @annually. A day field is restricted unless it begins with
 * a star (the rule of Vixie's cron). *cron lives in pool.
 *
 * APR_EINVAL: *fault is a sentence in pool that says which field, which text and what is allowed.
 * An expression that never comes true (30 February) is such a fault too. */
apr_status_t ds_fmt_cron_parse(ds_fmt_cron_t **cron, const char **fault, const char *text,
                               apr_pool_t *pool);

/* The first matching minute after `after`, which must lie in the years 1 to 10100. APR_NOTFOUND
 * when there is none: which ds_fmt_cron_parse has ruled out. */
apr_status_t ds_fmt_cron_next(apr_int64_t *next, const ds_fmt_cron_t *cron, apr_int64_t after);

#endif
