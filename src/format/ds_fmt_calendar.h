/* Days of the Gregorian calendar, counted from 1970-01-01 as day 0. Pure; years 1 to 99999. */
#ifndef DS_FMT_CALENDAR_H
#define DS_FMT_CALENDAR_H

#include <apr.h>

typedef struct ds_fmt_date_t {
    int year;
    int month; /* 1 to 12 */
    int day;   /* 1 to 31 */
} ds_fmt_date_t;

/* 28 to 31. */
int ds_fmt_calendar_month_days(int year, int month);

/* The number of a day, from its date, and back. */
apr_int64_t ds_fmt_calendar_day(const ds_fmt_date_t *date);
void ds_fmt_calendar_date(ds_fmt_date_t *date, apr_int64_t day);

/* 0 is Sunday, 6 is Saturday. */
int ds_fmt_calendar_weekday(apr_int64_t day);

/* number / unit, rounded down also below zero; unit is positive. */
apr_int64_t ds_fmt_calendar_floor(apr_int64_t number, apr_int64_t unit);

#endif
