/* Cron expressions: what they mean, minute by minute, and what is said about those that are wrong.
 */
#include <apr_general.h>
#include <apr_strings.h>

#include "ds_fmt_calendar.h"
#include "ds_fmt_cron.h"
#include "tap.h"

static apr_pool_t *pool;

/* "2026-11-22 13:45" and back. */
static apr_int64_t minute_read(const char *text)
{
    ds_fmt_date_t date = {0};
    int hour = 0, minute = 0;

    sscanf(text, "%d-%d-%d %d:%d", &date.year, &date.month, &date.day, &hour, &minute);
    return ds_fmt_calendar_day(&date) * 1440 + hour * 60 + minute;
}

static const char *minute_print(apr_int64_t minute)
{
    apr_int64_t day = ds_fmt_calendar_floor(minute, 1440);
    ds_fmt_date_t date;

    ds_fmt_calendar_date(&date, day);
    minute -= day * 1440;
    return apr_psprintf(pool, "%04d-%02d-%02d %02d:%02d", date.year, date.month, date.day,
                        (int)minute / 60, (int)minute % 60);
}

typedef struct next_case_t {
    const char *cron;
    const char *after;
    const char *next;
} next_case_t;

static const next_case_t next_cases[] = {
    /* each field */
    {"* * * * *", "2026-11-22 13:45", "2026-11-22 13:46"},
    {"45 * * * *", "2026-11-22 13:45", "2026-11-22 14:45"},
    {"0 13 * * *", "2026-11-22 13:45", "2026-11-23 13:00"},
    {"0 0 23 * *", "2026-11-22 13:45", "2026-11-23 00:00"},
    {"0 0 1 3 *", "2026-11-22 13:45", "2027-03-01 00:00"},
    {"30 6 * * 1", "2026-11-22 13:45", "2026-11-23 06:30"},
    {" \t5   4 3\t2 * ", "2026-11-22 13:45", "2027-02-03 04:05"},
    /* lists, ranges, steps */
    {"5,50,10 * * * *", "2026-11-22 13:45", "2026-11-22 13:50"},
    {"5,50,10 * * * *", "2026-11-22 13:50", "2026-11-22 14:05"},
    {"0 9-11 * * *", "2026-11-22 11:00", "2026-11-23 09:00"},
    {"*/20 * * * *", "2026-11-22 13:45", "2026-11-22 14:00"},
    {"7/20 * * * *", "2026-11-22 13:27", "2026-11-22 13:47"},
    {"7/20 * * * *", "2026-11-22 13:47", "2026-11-22 14:07"},
    {"10-30/7 * * * *", "2026-11-22 13:24", "2026-11-22 14:10"},
    {"0 1-3,20-23/3,5 * * *", "2026-11-22 05:00", "2026-11-22 20:00"},
    {"0 1-3,20-23/3,5 * * *", "2026-11-22 20:00", "2026-11-22 23:00"},
    {"0007 * * * *", "2026-11-22 13:45", "2026-11-22 14:07"},
    /* names; Sunday is 0 and 7, and may end a range; a week of steps ends with 7 */
    {"0 0 1 JAN,Jul *", "2026-11-22 13:45", "2027-01-01 00:00"},
    {"0 0 * * sun", "2026-11-22 13:45", "2026-11-29 00:00"},
    {"0 0 * * 0", "2026-11-22 13:45", "2026-11-29 00:00"},
    {"0 0 * * 7", "2026-11-22 13:45", "2026-11-29 00:00"},
    {"0 0 * * Sat-SUN", "2026-11-21 13:45", "2026-11-22 00:00"},
    {"0 0 * * 6-0", "2026-11-22 13:45", "2026-11-28 00:00"},
    {"0 0 * * sun-sun", "2026-11-22 13:45", "2026-11-29 00:00"},
    {"0 0 * * 3/4", "2026-11-25 13:45", "2026-11-29 00:00"},
    {"0 0 * dec-dec mon-fri", "2026-11-22 13:45", "2026-12-01 00:00"},
    /* names of their own */
    {"@hourly", "2026-11-22 13:45", "2026-11-22 14:00"},
    {"@daily", "2026-11-22 13:45", "2026-11-23 00:00"},
    {"@Midnight", "2026-11-22 13:45", "2026-11-23 00:00"},
    {" @weekly ", "2026-11-22 13:45", "2026-11-29 00:00"},
    {"@monthly", "2026-11-22 13:45", "2026-12-01 00:00"},
    {"@yearly", "2026-11-22 13:45", "2027-01-01 00:00"},
    {"@ANNUALLY", "2026-11-22 13:45", "2027-01-01 00:00"},
    /* both day fields: either, unless one begins with a star */
    {"0 0 13 * fri", "2026-11-22 13:45", "2026-11-27 00:00"},
    {"0 0 24 * fri", "2026-11-22 13:45", "2026-11-24 00:00"},
    {"0 0 */2 * mon", "2026-11-24 13:45", "2026-12-07 00:00"},
    {"0 0 13 * */5", "2026-11-22 13:45", "2026-12-13 00:00"},
    {"0 0 1-31 * mon", "2026-11-22 13:45", "2026-11-23 00:00"},
    {"0 0 1-31 * mon", "2026-11-23 13:45", "2026-11-24 00:00"},
    {"0 0 31 feb sun", "2026-11-22 13:45", "2027-02-07 00:00"},
    /* ends of months and years, leap days */
    {"0 0 31 * *", "2026-11-22 13:45", "2026-12-31 00:00"},
    {"0 0 31 * *", "2027-01-31 00:00", "2027-03-31 00:00"},
    {"0 0 1,30 * *", "2027-02-20 00:00", "2027-03-01 00:00"},
    {"59 23 31 12 *", "2026-12-31 23:59", "2027-12-31 23:59"},
    {"* * * * *", "2026-12-31 23:59", "2027-01-01 00:00"},
    {"0 0 29 2 *", "2026-11-22 13:45", "2028-02-29 00:00"},
    {"0 0 29 2 *", "2096-02-29 00:00", "2104-02-29 00:00"},
    {"0 0 29 2 */7", "2026-11-22 13:45", "2032-02-29 00:00"},
    {"0 0 29 2 */7", "2088-02-29 00:00", "2128-02-29 00:00"},
    {"0 0 1 1 *", "1969-06-01 00:00", "1970-01-01 00:00"},
};

static void next_check(void)
{
    apr_size_t i;

    for (i = 0; i < sizeof(next_cases) / sizeof(next_cases[0]); i++) {
        const next_case_t *c = &next_cases[i];
        const char *fault = NULL, *got = NULL;
        apr_int64_t next;
        ds_fmt_cron_t *cron;

        if (ds_fmt_cron_parse(&cron, &fault, c->cron, pool) != APR_SUCCESS) {
            got = fault;
        }
        else if (ds_fmt_cron_next(&next, cron, minute_read(c->after)) == APR_SUCCESS) {
            got = minute_print(next);
        }
        tap_is_text(got, c->next, apr_psprintf(pool, "'%s' after %s is due", c->cron, c->after));
    }
}

typedef struct fault_case_t {
    const char *cron;
    const char *part; /* stands in the sentence */
} fault_case_t;

static const fault_case_t fault_cases[] = {
    {"60 * * * *", "field 1 (minute): '60' is no value of this field; allowed are 0 to 59"},
    {"* 24 * * *", "field 2 (hour): '24'"},
    {"* * 0 * *", "field 3 (day-of-month): '0'"},
    {"* * 32 * *", "1 to 31"},
    {"* * * 13 *", "field 4 (month): '13'"},
    {"* * * juneteenth *", "field 4 (month): 'juneteenth' has something behind its end"},
    {"* * * * 8", "field 5 (day-of-week): '8'"},
    {"* * * * lun", "sun to sat"},
    {"* * * * jan", "field 5"},
    {"mon * * * *", "field 1"},
    {"-5 * * * *", "field 1 (minute): '-5'"},
    {"5- * * * *", "'5-' ends with no value"},
    {"1,,2 * * * *", "field 1 (minute): ''"},
    {"1,2, * * * *", "field 1 (minute): ''"},
    {"30-10 * * * *", "'30-10' runs backwards"},
    {"* * * * fri-mon", "'fri-mon' runs backwards"},
    {"*/0 * * * *", "'*/0' has a step"},
    {"*/90 * * * *", "'*/90' has a step"},
    {"*/ * * * *", "'*/' has a step"},
    {"*/5/5 * * * *", "something behind its end"},
    {"** * * * *", "something behind its end"},
    {"1-2-3 * * * *", "something behind its end"},
    {"* * ? * *", "field 3 (day-of-month): '?'"},
    {"* * L * *", "field 3 (day-of-month): 'L'"},
    {"* * * * 5#3", "field 5 (day-of-week): '5#3'"},
    {"99999999999999999999 * * * *", "field 1"},
    {"0x10 * * * *", "field 1"},
    {"* * * *", "has 4 fields"},
    {"* * * * * *", "has 6 fields"},
    {"hourly", "has 1 field;"},
    {"", "has 0 fields"},
    {"@reboot", "'@reboot' is not known; allowed are @hourly"},
    {"@daily 5", "is not known"},
    {"@", "is not known"},
    {"* * *\n* *", "no printable ASCII"},
    {"* * * * m\xC3\xA9", "no printable ASCII"},
    {"0 0 30 2 *", "never comes"},
    {"0 0 31 2,4,6,9,11 *", "never comes"},
    {"0 0 30 feb */2", "never comes"},
};

static void fault_check(const char *text, const char *part, const char *name)
{
    const char *fault = NULL;
    ds_fmt_cron_t *cron;
    apr_status_t rv = ds_fmt_cron_parse(&cron, &fault, text, pool);

    if (!tap_ok(rv == APR_EINVAL && fault != NULL && strstr(fault, part) != NULL, name)) {
        printf("#      got: %s\n#   wanted: %s\n", fault ? fault : "no fault", part);
    }
}

static void faults_check(void)
{
    char long_text[400];
    apr_size_t i;

    for (i = 0; i < sizeof(fault_cases) / sizeof(fault_cases[0]); i++) {
        const fault_case_t *c = &fault_cases[i];

        fault_check(c->cron, c->part,
                    apr_psprintf(pool, "'%s' is refused with its place and what is allowed",
                                 strchr(c->cron, '\n') ? "two lines" : c->cron));
    }
    memset(long_text, '*', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    fault_check(long_text, "more than 256 bytes", "an expression without end is refused");
}

/* Every 29 February of a cycle of the calendar, on every day of the week. */
static void leap_days_check(void)
{
    int weekday, found = 0;

    for (weekday = 0; weekday < 7; weekday++) {
        ds_fmt_cron_t cron = {1, 1, 1U << 29, 1U << 2, 1U << weekday, 0, 0};
        apr_int64_t minute = minute_read("1999-12-31 23:59");

        while (ds_fmt_cron_next(&minute, &cron, minute) == APR_SUCCESS &&
               minute < minute_read("2400-01-01 00:00")) {
            found++;
        }
    }
    tap_is_number(found, 97, "a leap day on a certain weekday is found, however far away it is");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    next_check();
    faults_check();
    leap_days_check();
    apr_terminate();
    return tap_end();
}
