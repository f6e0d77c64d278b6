/* When launches are due: zones, hours that do not exist and hours that come twice; zone names and
 * files that are refused. Needs the package tzdata. */
#include <stdlib.h>

#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "ds_clock.h"
#include "ds_schedule.h"
#include "tap.h"

static apr_pool_t *pool;

static apr_time_t time_read(const char *text)
{
    apr_time_exp_t t = {0};
    apr_time_t when = 0;

    sscanf(text, "%d-%d-%dT%d:%d:%d", &t.tm_year, &t.tm_mon, &t.tm_mday, &t.tm_hour, &t.tm_min,
           &t.tm_sec);
    t.tm_year -= 1900;
    t.tm_mon--;
    apr_time_exp_get(&when, &t);
    return when;
}

/* The due times after a moment and before another one, as "HH:MM HH:MM ..." in UTC, with the day of
 * the month where `dates` is set. */
static const char *due_list(const char *cron, const char *zone, const char *after, const char *end,
                            int dates)
{
    ds_schedule_t *schedule;
    ds_problem_t *problem = ds_schedule_parse(&schedule, cron, zone, pool);
    apr_time_t due = time_read(after);
    const char *list = "", *text;

    if (problem) {
        return problem->text;
    }
    while (ds_schedule_next(&due, schedule, due) == APR_SUCCESS && due < time_read(end)) {
        text = ds_clock_text(due, pool);
        list = apr_pstrcat(
            pool, list, *list ? " " : "",
            dates ? apr_pstrmemdup(pool, text + 8, 8) : apr_pstrmemdup(pool, text + 11, 5), NULL);
    }
    return list;
}

typedef struct day_case_t {
    const char *zone;
    const char *cron;
    const char *after;
    const char *end;
    const char *due;
    const char *name;
} day_case_t;

static const day_case_t day_cases[] = {
    {NULL, "0 6,18 * * *", "2026-11-22T00:00:00", "2026-11-23T00:00:00", "06:00 18:00",
     "without a zone the clock is UTC"},
    {"Asia/Kolkata", "0 6 * * *", "2026-11-22T00:00:00", "2026-11-23T00:00:00", "00:30",
     "a zone without changes, half an hour off"},
    {"Asia/Tokyo", "0 3 1 * *", "2026-11-22T00:00:00", "2026-12-22T00:00:00", "18:00",
     "the first of the month is that of the zone"},

    /* Europe/Berlin, 2027-03-28: 02:00 +1 becomes 03:00 +2 at 01:00 UTC */
    {"Europe/Berlin", "30 2 * * *", "2027-03-27T12:00:00", "2027-03-29T12:00:00", "01:00 00:30",
     "Berlin, a time that does not exist is due when the gap ends"},
    {"Europe/Berlin", "*/15 2 * * *", "2027-03-28T00:00:00", "2027-03-28T12:00:00", "01:00",
     "Berlin, four times in the gap are due once"},
    {"Europe/Berlin", "0 2,3 * * *", "2027-03-28T00:00:00", "2027-03-28T12:00:00", "01:00",
     "Berlin, a time in the gap and one at its end are due once"},
    {"Europe/Berlin", "59 1 * * *", "2027-03-28T00:00:00", "2027-03-28T12:00:00", "00:59",
     "Berlin, the minute before the gap is itself"},
    {"Europe/Berlin", "30 2 28 3 *", "2026-11-22T00:00:00", "2028-11-22T00:00:00", "01:00 00:30",
     "Berlin, a yearly time in the gap is not lost"},
    {"Europe/Berlin", "*/30 * * * *", "2027-03-28T00:00:00", "2027-03-28T02:00:00",
     "00:30 01:00 01:30", "Berlin, every half hour stays every half hour over the gap"},
    {"Europe/Berlin", "30 */2 * * *", "2027-03-27T22:00:00", "2027-03-28T05:00:00",
     "23:30 02:30 04:30", "Berlin, every second hour leaves out the one that does not exist"},

    /* Europe/Berlin, 2026-10-25: 03:00 +2 becomes 02:00 +1 at 01:00 UTC */
    {"Europe/Berlin", "30 2 * * *", "2026-10-24T12:00:00", "2026-10-26T12:00:00", "00:30 01:30",
     "Berlin, a time that comes twice is due the first time only"},
    {"Europe/Berlin", "30 2 * * *", "2026-10-25T01:10:00", "2026-10-26T12:00:00", "01:30",
     "Berlin, who asks in the second hour is not told that time again"},
    {"Europe/Berlin", "30 1-3 * * *", "2026-10-24T22:00:00", "2026-10-25T12:00:00",
     "23:30 00:30 02:30", "Berlin, a range of hours is due once for each"},
    {"Europe/Berlin", "0 3 * * *", "2026-10-24T22:00:00", "2026-10-25T12:00:00", "02:00",
     "Berlin, the hour after the change comes once"},
    {"Europe/Berlin", "30 * * * *", "2026-10-24T22:00:00", "2026-10-25T03:00:00",
     "22:30 23:30 00:30 01:30 02:30", "Berlin, every hour is both hours"},
    {"Europe/Berlin", "30 */2 * * *", "2026-10-24T22:00:00", "2026-10-25T04:00:00",
     "22:30 00:30 01:30 03:30", "Berlin, every second hour counts both"},
    {"Europe/Berlin", "30 2/23 * * *", "2026-10-24T23:00:00", "2026-10-25T04:00:00", "00:30 01:30",
     "Berlin, a step without an end is every so often"},
    {"Europe/Berlin", "30 0-22/2 * * *", "2026-10-24T23:00:00", "2026-10-25T04:00:00",
     "00:30 03:30", "Berlin, a step with an end is certain times"},

    /* America/New_York: 2027-03-14 07:00 UTC forward, 2026-11-01 06:00 UTC back */
    {"America/New_York", "30 2 * * *", "2027-03-14T00:00:00", "2027-03-15T12:00:00", "07:00 06:30",
     "New York, the gap"},
    {"America/New_York", "0,30 1 * * *", "2026-11-01T00:00:00", "2026-11-02T12:00:00",
     "05:00 05:30 06:00 06:30", "New York, the hour that comes twice, then an ordinary one"},
    {"America/New_York", "@hourly", "2026-11-01T04:30:00", "2026-11-01T08:30:00",
     "05:00 06:00 07:00 08:00", "New York, @hourly is every hour"},
    {"America/New_York", "@daily", "2026-10-31T12:00:00", "2026-11-02T12:00:00", "04:00 05:00",
     "New York, @daily before and after the change"},

    /* Australia/Lord_Howe: 2026-10-03 15:30 UTC 02:00 becomes 02:30; 2027-04-03 15:00 UTC 02:00
       becomes 01:30 */
    {"Australia/Lord_Howe", "15 2 * * *", "2026-10-03T12:00:00", "2026-10-05T00:00:00",
     "15:30 15:15", "Lord Howe, a gap of half an hour"},
    {"Australia/Lord_Howe", "45 2 * * *", "2026-10-03T12:00:00", "2026-10-04T00:00:00", "15:45",
     "Lord Howe, the second half of the hour exists"},
    {"Australia/Lord_Howe", "15,45 1 * * *", "2027-04-03T12:00:00", "2027-04-04T12:00:00",
     "14:15 14:45", "Lord Howe, half an hour comes twice and is due once"},
    {"Australia/Lord_Howe", "15,45 * * * *", "2027-04-03T14:00:00", "2027-04-03T17:00:00",
     "14:15 14:45 15:15 15:45 16:15 16:45", "Lord Howe, every half hour stays every half hour"},

    /* midnight that does not exist; the day that Samoa left out */
    {"Africa/Cairo", "@daily", "2027-04-29T12:00:00", "2027-05-01T12:00:00", "22:00 21:00",
     "Cairo, a day whose midnight does not exist has its launch"},
    {"Pacific/Apia", "0 12 30 12 *", "2011-01-01T00:00:00", "2012-01-01T00:00:00", "10:00",
     "Apia, the day that was left out is due when it would have begun"},

    /* after the last change of the file: the rule of its TZ string */
    {"Europe/Berlin", "30 2 * * *", "2100-03-27T12:00:00", "2100-03-29T12:00:00", "01:00 00:30",
     "Berlin in 2100, the gap"},
    {"Europe/Berlin", "30 2 * * *", "2500-10-30T12:00:00", "2500-11-01T12:00:00", "00:30 01:30",
     "Berlin in 2500, the hour that comes twice"},
    {"Australia/Sydney", "0 12 * * *", "2400-12-31T00:00:00", "2401-01-01T12:00:00", "01:00 01:00",
     "Sydney, summer over the end of a far year"},
    {"Europe/Dublin", "0 12 * * *", "2300-06-30T00:00:00", "2300-07-01T00:00:00", "11:00",
     "Dublin, whose winter is the exception"},
};

static void days_check(void)
{
    apr_size_t i;

    for (i = 0; i < sizeof(day_cases) / sizeof(day_cases[0]); i++) {
        const day_case_t *c = &day_cases[i];

        tap_is_text(due_list(c->cron, c->zone, c->after, c->end, 0), c->due, c->name);
    }
}

static void bounds_check(void)
{
    ds_schedule_t *schedule;
    apr_time_t due = 0;

    tap_is_text(
        due_list("0 0 29 2 *", "Europe/Berlin", "2026-11-22T00:00:00", "2036-11-22T00:00:00", 1),
        "28T23:00 28T23:00 28T23:00", "leap days are found, in the zone's own time");
    ds_schedule_parse(&schedule, "* * * * *", "UTC", pool);
    tap_ok(ds_schedule_next(&due, schedule, apr_time_from_sec(59) + 999999) == APR_SUCCESS &&
               due == apr_time_from_sec(60),
           "a microsecond before the minute, the minute is due");
    tap_ok(ds_schedule_next(&due, schedule, apr_time_from_sec(60)) == APR_SUCCESS &&
               due == apr_time_from_sec(120),
           "a due time is not due again");
    tap_is_number(ds_schedule_next(&due, schedule, -1), DS_ENOTFOUND, "nothing is due before 1970");
    tap_is_number(ds_schedule_next(&due, schedule, INT64_MAX), DS_ENOTFOUND,
                  "nothing is due at the end of time");
    ds_schedule_parse(&schedule, "30 2/23 25-31 3 */7", "Europe/Berlin", pool);
    tap_is_number(ds_schedule_next(&due, schedule, time_read("2027-01-01T00:00:00")), DS_ENOTFOUND,
                  "a time that is always in the gap ends the search");
}

static void problem_check(const char *cron, const char *zone, apr_status_t status, const char *part,
                          const char *name)
{
    ds_schedule_t *schedule;
    ds_problem_t *problem = ds_schedule_parse(&schedule, cron, zone, pool);

    if (!tap_ok(problem && problem->status == status && strstr(problem->text, part), name)) {
        printf("#      got: %s\n#   wanted: %s\n", problem ? problem->text : "none", part);
    }
}

static void problems_check(void)
{
    static const char *const names[] = {
        "/etc/passwd",    "../../etc/passwd", "Europe/../Berlin",     "Europe//Berlin", "Europe/",
        "Europe/Ber lin", "CET-1CEST;rm",     "Europe/Berl\xC3\xADn", ".hidden"};
    apr_size_t i;

    problem_check("0 25 * * *", NULL, DS_EINPUT, "the schedule: field 2 (hour): '25'",
                  "a wrong expression is a problem that names its place");
    problem_check("@daily", "Europe/Bonn", DS_ENOTFOUND, "install the package tzdata",
                  "a zone that is not installed is a problem that names the package");
    problem_check("@daily", "Europe", DS_ENOTFOUND, "there is no time zone 'Europe'",
                  "a folder is no zone");
    problem_check("@daily", "tzdata", DS_ENOTFOUND, "there is no time zone", "nor is another word");
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        problem_check("@daily", names[i], DS_EINPUT, "is no IANA name",
                      apr_psprintf(pool, "'%s' never becomes a path", names[i]));
    }
}

static void file_write(const char *folder, const char *name, const char *data, apr_size_t size)
{
    apr_file_t *file;

    if (apr_file_open(&file, apr_pstrcat(pool, folder, "/", name, NULL),
                      APR_WRITE | APR_CREATE | APR_TRUNCATE, APR_OS_DEFAULT, pool) != APR_SUCCESS ||
        apr_file_write_full(file, data, size, NULL) != APR_SUCCESS) {
        tap_ok(0, apr_psprintf(pool, "%s/%s was written", folder, name));
    }
    apr_file_close(file);
}

/* Zone files of somebody else's, in $TZDIR. */
static void folder_check(void)
{
    char *folder = apr_pstrdup(pool, "/tmp/datasync-zones-XXXXXX");
    char *large = apr_pcalloc(pool, 70000);

    if (mkdtemp(folder) == NULL) {
        tap_ok(0, "a folder for zones was made");
        return;
    }
    file_write(folder, "Text", "not a zone", 10);
    file_write(folder, "Large", large, 70000);
    setenv("TZDIR", folder, 1);
    problem_check("@daily", "Text", DS_EINPUT, "is no time zone file", "text is no zone");
    problem_check("@daily", "Large", DS_ELIMIT, "cannot be read", "a file is not read without end");
    problem_check("@daily", "Europe/Berlin", DS_ENOTFOUND, folder,
                  "a zone that is missing in TZDIR is named with that folder");
    tap_is_text(due_list("@daily", "UTC", "2026-11-22T00:00:00", "2026-11-23T12:00:00", 0), "00:00",
                "UTC needs no files");
    unsetenv("TZDIR");
    apr_file_remove(apr_pstrcat(pool, folder, "/Text", NULL), pool);
    apr_file_remove(apr_pstrcat(pool, folder, "/Large", NULL), pool);
    apr_dir_remove(folder, pool);
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    unsetenv("TZDIR");
    days_check();
    bounds_check();
    problems_check();
    folder_check();
    apr_terminate();
    return tap_end();
}
