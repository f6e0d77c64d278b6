#include "ds_schedule.h"

#include <stdlib.h>
#include <string.h>

#include <apr_cstr.h>
#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_strings.h>

#include "ds_fmt_calendar.h"
#include "ds_fmt_cron.h"
#include "ds_fmt_tzif.h"

#define ZONE_DIR "/usr/share/zoneinfo"
#define ZONE_NAME_MAX 128

/* The files of tzdata have less than 4 KiB. */
#define ZONE_FILE_MAX (64 * 1024)

/* 10000-01-01 */
#define AFTER_END APR_INT64_C(253402300800)

#define SEARCH_SECONDS (APR_INT64_C(41) * 366 * 86400)

struct ds_schedule_t {
    ds_fmt_cron_t *cron;
    ds_fmt_tzif_t *zone; /* NULL: UTC */
};

/* Only what can be part of a name below the directory, whoever wrote it. */
static int zone_name_is_good(const char *name)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
    apr_size_t length = strlen(name);

    return length > 0 && length <= ZONE_NAME_MAX && strspn(name, allowed) == length &&
           name[0] != '/' && name[length - 1] != '/' && strstr(name, "//") == NULL;
}

static ds_problem_t *zone_name_problem(apr_pool_t *pool)
{
    return ds_problem_make(pool, DS_EINPUT,
                           "the time zone is no IANA name, such as Europe/Berlin or UTC: letters, "
                           "digits, _ + - and / between them are allowed");
}

static ds_problem_t *zone_missing_problem(const char *name, const char *folder, apr_pool_t *pool)
{
    return ds_problem_make(pool, DS_ENOTFOUND,
                           "there is no time zone '%s' in %s: write an IANA name such as "
                           "Europe/Berlin, with its capital letters, or install the package tzdata "
                           "(names of old: tzdata-legacy)",
                           name, folder);
}

/* The bytes of a regular file of bounded size. */
static apr_status_t zone_file_read(char **data, apr_size_t *size, const char *path,
                                   apr_pool_t *pool)
{
    apr_file_t *file;
    apr_finfo_t info;
    apr_status_t rv = apr_stat(&info, path, APR_FINFO_SIZE | APR_FINFO_TYPE, pool);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (info.filetype != APR_REG) {
        return APR_ENOENT;
    }
    if (info.size > ZONE_FILE_MAX) {
        return DS_ELIMIT;
    }
    rv = apr_file_open(&file, path, APR_READ | APR_BINARY, APR_OS_DEFAULT, pool);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    *size = (apr_size_t)info.size;
    *data = apr_palloc(pool, *size + 1);
    rv = apr_file_read_full(file, *data, *size, NULL);
    apr_file_close(file);
    return rv;
}

static ds_problem_t *zone_load(ds_fmt_tzif_t **zone, const char *name, apr_pool_t *pool)
{
    const char *folder = getenv("TZDIR"), *path, *fault;
    apr_size_t size;
    apr_status_t rv;
    char *data;

    if (!zone_name_is_good(name)) {
        return zone_name_problem(pool);
    }
    folder = folder && *folder ? folder : ZONE_DIR;
    path = apr_pstrcat(pool, folder, "/", name, NULL);
    rv = zone_file_read(&data, &size, path, pool);
    if (APR_STATUS_IS_ENOENT(rv) || APR_STATUS_IS_ENOTDIR(rv)) {
        return zone_missing_problem(name, folder, pool);
    }
    if (rv != APR_SUCCESS) {
        return ds_problem_make(pool, rv, "the time zone '%s': %s cannot be read: %s", name, path,
                               ds_problem_status_text(rv, pool));
    }
    if (ds_fmt_tzif_parse(zone, &fault, data, size, pool) != APR_SUCCESS) {
        return ds_problem_make(pool, DS_EINPUT, "the time zone '%s': the file %s %s", name, path,
                               fault);
    }
    return NULL;
}

ds_problem_t *ds_schedule_parse(ds_schedule_t **schedule, const char *cron, const char *zone,
                                apr_pool_t *pool)
{
    const char *fault;

    *schedule = apr_pcalloc(pool, sizeof(**schedule));
    if (ds_fmt_cron_parse(&(*schedule)->cron, &fault, cron, pool) != APR_SUCCESS) {
        return ds_problem_make(pool, DS_EINPUT, "the schedule: %s", fault);
    }
    if (zone == NULL || *zone == '\0' || apr_cstr_casecmp(zone, "UTC") == 0) {
        return NULL;
    }
    return zone_load(&(*schedule)->zone, zone, pool);
}

static ds_fmt_tzspan_t span_get(const ds_schedule_t *schedule, apr_int64_t when)
{
    if (schedule->zone == NULL) {
        return (ds_fmt_tzspan_t){INT64_MIN, INT64_MAX, 0};
    }
    return ds_fmt_tzif_span(schedule->zone, when);
}

static apr_int64_t minute_of(apr_int64_t seconds)
{
    return ds_fmt_calendar_floor(seconds, 60);
}

/* The latest minute that the wall clock has shown up to `when`. After it was set back that is not
 * the minute that it shows now. */
static apr_int64_t shown_minute(const ds_schedule_t *schedule, apr_int64_t when)
{
    ds_fmt_tzspan_t span = span_get(schedule, when);
    apr_int64_t shown = when + span.offset, last;

    while (span.begin > when - 2 * DS_FMT_TZ_OFFSET_MAX) {
        last = span.begin - 1;
        span = span_get(schedule, last);
        shown = last + span.offset > shown ? last + span.offset : shown;
    }
    return minute_of(shown);
}

/* Certain times of the day: the moment when the wall clock reaches the next one or jumps over it.
 */
static apr_status_t moment_find(apr_int64_t *due, const ds_schedule_t *schedule, apr_int64_t after)
{
    ds_fmt_tzspan_t span = span_get(schedule, after);
    apr_int64_t minute, when;

    if (ds_fmt_cron_next(&minute, schedule->cron, shown_minute(schedule, after)) != APR_SUCCESS) {
        return DS_ENOTFOUND;
    }
    for (;; span = span_get(schedule, span.end)) {
        when = minute * 60 - span.offset;
        when = when > span.begin ? when : span.begin;
        if (when < span.end) {
            *due = when;
            return APR_SUCCESS;
        }
    }
}

/* Every so often: the next minute that really comes and matches. */
static apr_status_t minute_find(apr_int64_t *due, const ds_schedule_t *schedule, apr_int64_t after)
{
    apr_int64_t from = after + 1, minute;
    ds_fmt_tzspan_t span;

    for (; from <= after + SEARCH_SECONDS; from = span.end) {
        span = span_get(schedule, from);
        if (ds_fmt_cron_next(&minute, schedule->cron, minute_of(from - 1 + span.offset)) !=
            APR_SUCCESS) {
            break;
        }
        *due = minute * 60 - span.offset;
        if (*due < span.end) {
            return APR_SUCCESS;
        }
    }
    return DS_ENOTFOUND;
}

apr_status_t ds_schedule_next(apr_time_t *due, const ds_schedule_t *schedule, apr_time_t after)
{
    apr_int64_t second = ds_fmt_calendar_floor(after, APR_USEC_PER_SEC);
    apr_status_t rv;

    if (second < 0 || second >= AFTER_END) {
        return DS_ENOTFOUND;
    }
    rv = schedule->cron->is_hour_open ? minute_find(&second, schedule, second)
                                      : moment_find(&second, schedule, second);
    if (rv == APR_SUCCESS) {
        *due = second * APR_USEC_PER_SEC;
    }
    return rv;
}
