#include "ds_fmt_calendar.h"

/* From 0001-01-01 to 1970-01-01. */
#define DAYS_TO_1970 719162

static int year_is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int ds_fmt_calendar_month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && year_is_leap(year));
}

/* The first day of a year. */
static apr_int64_t year_day(int year)
{
    apr_int64_t gone = year - 1;

    return gone * 365 + gone / 4 - gone / 100 + gone / 400 - DAYS_TO_1970;
}

apr_int64_t ds_fmt_calendar_day(const ds_fmt_date_t *date)
{
    apr_int64_t day = year_day(date->year) + date->day - 1;
    int month;

    for (month = 1; month < date->month; month++) {
        day += ds_fmt_calendar_month_days(date->year, month);
    }
    return day;
}

void ds_fmt_calendar_date(ds_fmt_date_t *date, apr_int64_t day)
{
    /* 400 years have 146097 days; the guess is never too late */
    date->year = (int)((day + DAYS_TO_1970) * 400 / 146097);
    date->year += date->year < 1;
    while (year_day(date->year + 1) <= day) {
        date->year++;
    }
    day -= year_day(date->year);
    for (date->month = 1; day >= ds_fmt_calendar_month_days(date->year, date->month);
         date->month++) {
        day -= ds_fmt_calendar_month_days(date->year, date->month);
    }
    date->day = (int)day + 1;
}

int ds_fmt_calendar_weekday(apr_int64_t day)
{
    /* 1970-01-01 was a Thursday */
    return (int)(day + 4 - 7 * ds_fmt_calendar_floor(day + 4, 7));
}

apr_int64_t ds_fmt_calendar_floor(apr_int64_t number, apr_int64_t unit)
{
    return number / unit - (number % unit < 0);
}
