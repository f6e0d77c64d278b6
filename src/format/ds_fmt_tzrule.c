#include "ds_fmt_tzrule.h"

#include <string.h>

#include <apr_lib.h>

#include "ds_fmt_calendar.h"

#define DAY 86400

/* RFC 8536 3.3.1: the hours of an offset and of a change. */
#define OFFSET_HOURS 24
#define CHANGE_HOURS 167

static int byte_read(const char **at, char byte)
{
    if (**at != byte) {
        return 0;
    }
    (*at)++;
    return 1;
}

/* A number from low to high, of at most three digits. */
static int number_read(int *number, const char **at, int low, int high)
{
    int digits = 0;

    for (*number = 0; apr_isdigit(**at) && digits < 3; (*at)++, digits++) {
        *number = *number * 10 + (**at - '0');
    }
    return digits > 0 && *number >= low && *number <= high;
}

/* Three letters or more, or anything sensible in angle brackets. */
static int name_read(const char **at)
{
    const char *begin = *at;

    if (byte_read(at, '<')) {
        while (apr_isalnum(**at) || **at == '+' || **at == '-') {
            (*at)++;
        }
        return *at - begin > 3 && byte_read(at, '>');
    }
    while (apr_isalpha(**at)) {
        (*at)++;
    }
    return *at - begin >= 3;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static int clock_read(int *seconds, const char **at, int hours)
{
    int hour, minute = 0, second = 0, negative = byte_read(at, '-');

    if (!negative) {
        byte_read(at, '+');
    }
    if (!number_read(&hour, at, 0, hours)) {
        return 0;
    }
    if (byte_read(at, ':')) {
        if (!number_read(&minute, at, 0, 59) ||
            (byte_read(at, ':') && !number_read(&second, at, 0, 59))) {
            return 0;
        }
    }
    *seconds = (hour * 60 + minute) * 60 + second;
    *seconds = negative ? -*seconds : *seconds;
    return 1;
}

/* POSIX counts to the west. */
static int offset_read(int *offset, const char **at)
{
    if (!clock_read(offset, at, OFFSET_HOURS)) {
        return 0;
    }
    *offset = -*offset;
    return 1;
}

/* ,date[/time] */
static int day_read(ds_fmt_tzday_t *day, const char **at)
{
    int good;

    *day = (ds_fmt_tzday_t){.kind = DS_TZDAY_ZERO, .second = 2 * 3600};
    if (!byte_read(at, ',')) {
        return 0;
    }
    if (byte_read(at, 'M')) {
        day->kind = DS_TZDAY_MONTH;
        good = number_read(&day->month, at, 1, 12) && byte_read(at, '.') &&
               number_read(&day->week, at, 1, 5) && byte_read(at, '.') &&
               number_read(&day->day, at, 0, 6);
    }
    else if (byte_read(at, 'J')) {
        day->kind = DS_TZDAY_JULIAN;
        good = number_read(&day->day, at, 1, 365);
    }
    else {
        good = number_read(&day->day, at, 0, 365);
    }
    return good && (!byte_read(at, '/') || clock_read(&day->second, at, CHANGE_HOURS));
}

int ds_fmt_tzrule_parse(ds_fmt_tzrule_t *rule, const char *text)
{
    const char *at = text;

    memset(rule, 0, sizeof(*rule));
    if (!name_read(&at) || !offset_read(&rule->standard, &at)) {
        return 0;
    }
    if (*at == '\0') {
        return 1;
    }
    rule->is_changing = 1;
    rule->daylight = rule->standard + 3600;
    if (!name_read(&at) || (*at != ',' && !offset_read(&rule->daylight, &at))) {
        return 0;
    }
    return day_read(&rule->begin, &at) && day_read(&rule->end, &at) && *at == '\0';
}

/* The number of the day on which the clock is changed in a year. */
static apr_int64_t day_find(const ds_fmt_tzday_t *rule, int year)
{
    ds_fmt_date_t date = {year, 1, 1};
    apr_int64_t day = ds_fmt_calendar_day(&date);
    int month_days;

    if (rule->kind == DS_TZDAY_ZERO) {
        return day + rule->day;
    }
    if (rule->kind == DS_TZDAY_JULIAN) {
        return day + rule->day - 1 + (rule->day > 59 && ds_fmt_calendar_month_days(year, 2) == 29);
    }
    date.month = rule->month;
    day = ds_fmt_calendar_day(&date);
    month_days = ds_fmt_calendar_month_days(year, rule->month);
    date.day = 1 + (rule->day - ds_fmt_calendar_weekday(day) + 7) % 7 + 7 * (rule->week - 1);
    date.day -= date.day > month_days ? 7 : 0;
    return ds_fmt_calendar_day(&date);
}

/* Take a change to another offset into account. Of changes at one moment the last one counts. */
static void span_cut(ds_fmt_tzspan_t *span, apr_int64_t when, apr_int64_t change, int offset)
{
    if (change > when) {
        span->end = change < span->end ? change : span->end;
    }
    else if (change >= span->begin) {
        span->begin = change;
        span->offset = offset;
    }
}

ds_fmt_tzspan_t ds_fmt_tzrule_span(const ds_fmt_tzrule_t *rule, apr_int64_t when)
{
    ds_fmt_tzspan_t span = {INT64_MIN, INT64_MAX, rule->standard};
    apr_int64_t begin, end;
    ds_fmt_date_t date;
    int year;

    if (!rule->is_changing) {
        return span;
    }
    ds_fmt_calendar_date(&date, ds_fmt_calendar_floor(when, DAY));
    /* a change can lie a week outside of its year: with two years on both sides none is missed */
    for (year = date.year - 2; year <= date.year + 2; year++) {
        begin = day_find(&rule->begin, year) * DAY + rule->begin.second - rule->standard;
        end = day_find(&rule->end, year) * DAY + rule->end.second - rule->daylight;
        span_cut(&span, when, begin < end ? begin : end,
                 begin < end ? rule->daylight : rule->standard);
        span_cut(&span, when, begin < end ? end : begin,
                 begin < end ? rule->standard : rule->daylight);
    }
    return span;
}
