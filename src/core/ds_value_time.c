#include <string.h>

#include <apr_lib.h>

#include "ds_clock.h"
#include "ds_value_private.h"

static const char *const not_a_date = "not a date such as 2022-01-31 or 01/31/2022";
static const char *const not_a_datetime = "not a date and time such as 2022-01-31T18:30:00Z";

typedef struct moment_t {
    int year;
    int month;
    int day;
    int minute; /* of the day; outside of 0 to 1439 until the zone was taken off */
    int second;
    int micros;
} moment_t;

/* Exactly so many digits. Returns 0 when they are not there. */
static int number_read(int *number, const char **at, int digits)
{
    *number = 0;
    for (; digits > 0; digits--, (*at)++) {
        if (!apr_isdigit(**at)) {
            return 0;
        }
        *number = *number * 10 + (**at - '0');
    }
    return 1;
}

/* One of the bytes of `allowed`. */
static int byte_read(const char **at, const char *allowed)
{
    if (**at == '\0' || strchr(allowed, **at) == NULL) {
        return 0;
    }
    (*at)++;
    return 1;
}

static int iso_date_read(moment_t *moment, const char **at)
{
    return number_read(&moment->year, at, 4) && byte_read(at, "-") &&
           number_read(&moment->month, at, 2) && byte_read(at, "-") &&
           number_read(&moment->day, at, 2);
}

static int us_date_read(moment_t *moment, const char **at)
{
    return number_read(&moment->month, at, 2) && byte_read(at, "/") &&
           number_read(&moment->day, at, 2) && byte_read(at, "/") &&
           number_read(&moment->year, at, 4);
}

/* Every row of a file may have some of these: formats would cost more than the check itself. */
static char *digits_write(char *to, int number, int count)
{
    int i;

    for (i = count - 1; i >= 0; i--, number /= 10) {
        to[i] = (char)('0' + number % 10);
    }
    return to + count;
}

static char *date_write(char *to, const moment_t *moment)
{
    to = digits_write(to, moment->year, 4);
    *to++ = '-';
    to = digits_write(to, moment->month, 2);
    *to++ = '-';
    return digits_write(to, moment->day, 2);
}

const char *ds_value_date_check(char normal[DS_VALUE_NORMAL_SIZE], const char *text)
{
    const char *iso = text, *us = text;
    moment_t moment;

    if (!(iso_date_read(&moment, &iso) && *iso == '\0') &&
        !(us_date_read(&moment, &us) && *us == '\0')) {
        return not_a_date;
    }
    if (!ds_clock_date_exists(moment.year, moment.month, moment.day)) {
        return "a date that does not exist";
    }
    *date_write(normal, &moment) = '\0';
    return NULL;
}

/* Behind the point: 1 to 9 digits, of which six count. */
static int fraction_read(moment_t *moment, const char **at)
{
    apr_size_t count = strspn(*at, "0123456789"), i;

    for (i = 0; i < 6; i++) {
        moment->micros = moment->micros * 10 + (i < count ? (*at)[i] - '0' : 0);
    }
    *at += count;
    return count >= 1 && count <= 9;
}

static int time_read(moment_t *moment, const char **at)
{
    int hour, minute;

    if (!number_read(&hour, at, 2) || !byte_read(at, ":") || !number_read(&minute, at, 2)) {
        return 0;
    }
    moment->minute = hour * 60 + minute;
    if (byte_read(at, ":")) {
        if (!number_read(&moment->second, at, 2)) {
            return 0;
        }
        if (byte_read(at, ".,") && !fraction_read(moment, at)) {
            return 0;
        }
    }
    return hour < 24 && minute < 60 && moment->second < 60;
}

/* Z, +hh, +hhmm, +hh:mm or nothing. Takes it off, so that the moment is in UTC. */
static int zone_read(moment_t *moment, const char **at)
{
    int east = **at == '+', hours = 0, minutes = 0;

    if (**at == '\0' || byte_read(at, "Zz")) {
        return 1;
    }
    if (!byte_read(at, "+-") || !number_read(&hours, at, 2)) {
        return 0;
    }
    if ((byte_read(at, ":") || **at != '\0') && !number_read(&minutes, at, 2)) {
        return 0;
    }
    moment->minute += (east ? -1 : 1) * (hours * 60 + minutes);
    return hours < 24 && minutes < 60;
}

static void day_go_back(moment_t *moment)
{
    if (moment->day > 1) {
        moment->day--;
        return;
    }
    moment->year -= moment->month == 1;
    moment->month = moment->month == 1 ? 12 : moment->month - 1;
    for (moment->day = 31; moment->day > 28; moment->day--) {
        if (ds_clock_date_exists(moment->year, moment->month, moment->day)) {
            return;
        }
    }
}

static void day_go_on(moment_t *moment)
{
    moment->day++;
    if (ds_clock_date_exists(moment->year, moment->month, moment->day)) {
        return;
    }
    moment->day = 1;
    moment->year += moment->month == 12;
    moment->month = moment->month == 12 ? 1 : moment->month + 1;
}

/* A zone shifts by less than a day: to yesterday or tomorrow at most. */
static void minute_normalize(moment_t *moment)
{
    if (moment->minute < 0) {
        moment->minute += 1440;
        day_go_back(moment);
    }
    else if (moment->minute >= 1440) {
        moment->minute -= 1440;
        day_go_on(moment);
    }
}

/* "Thh:mm:ss", and a fraction where there is one. */
static char *time_write(char *to, const moment_t *moment)
{
    *to++ = 'T';
    to = digits_write(to, moment->minute / 60, 2);
    *to++ = ':';
    to = digits_write(to, moment->minute % 60, 2);
    *to++ = ':';
    to = digits_write(to, moment->second, 2);
    if (moment->micros == 0) {
        return to;
    }
    *to++ = '.';
    return digits_write(to, moment->micros, 6);
}

const char *ds_value_datetime_check(char normal[DS_VALUE_NORMAL_SIZE], const char *text)
{
    moment_t moment = {0};
    const char *at = text;
    char *to;

    if (!iso_date_read(&moment, &at) || !byte_read(&at, "Tt ") || !time_read(&moment, &at) ||
        !zone_read(&moment, &at) || *at != '\0') {
        return not_a_datetime;
    }
    if (!ds_clock_date_exists(moment.year, moment.month, moment.day)) {
        return "a date that does not exist";
    }
    minute_normalize(&moment);
    if (moment.year < 1 || moment.year > 9999) {
        return "a date outside of the years 1 to 9999";
    }
    to = time_write(date_write(normal, &moment), &moment);
    *to++ = 'Z';
    *to = '\0';
    return NULL;
}
