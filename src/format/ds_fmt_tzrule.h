/* The rule of a time zone for all years: the TZ string of POSIX (IEEE 1003.1, XBD 8.3) with the
 * extension of RFC 8536 3.3.1 (hours from -167 to 167), such as "CET-1CEST,M3.5.0,M10.5.0/3".
 *
 * Pure: no I/O, no allocation. */
#ifndef DS_FMT_TZRULE_H
#define DS_FMT_TZRULE_H

#include <apr.h>

/* A stretch of time in which a zone's clock has one distance from UTC. Seconds since 1970 UTC. */
typedef struct ds_fmt_tzspan_t {
    apr_int64_t begin;
    apr_int64_t end; /* the first second after it */
    int offset;      /* seconds that the local clock is ahead of UTC */
} ds_fmt_tzspan_t;

/* No clock is as far as that from UTC, in seconds (RFC 8536 3.2: less than 26 hours). */
#define DS_FMT_TZ_OFFSET_MAX (26 * 3600)

typedef enum ds_fmt_tzday_e {
    DS_TZDAY_JULIAN, /* Jn: 1 to 365, 29 February is never counted */
    DS_TZDAY_ZERO,   /* n: 0 to 365, 29 February is counted */
    DS_TZDAY_MONTH   /* Mm.w.d: the w-th (5: the last) weekday d of month m */
} ds_fmt_tzday_e;

/* When the clock is changed in each year. */
typedef struct ds_fmt_tzday_t {
    ds_fmt_tzday_e kind;
    int day; /* of the year, or of the week */
    int week;
    int month;
    int second; /* of the day, by the clock before the change; may lie on other days */
} ds_fmt_tzday_t;

typedef struct ds_fmt_tzrule_t {
    int standard; /* offsets, as in a span */
    int daylight;
    int is_changing; /* there is daylight saving time; else what follows is empty */
    ds_fmt_tzday_t begin;
    ds_fmt_tzday_t end;
} ds_fmt_tzrule_t;

/* Read a TZ string. Returns 0 when it is not one, or has daylight saving time without a rule. */
int ds_fmt_tzrule_parse(ds_fmt_tzrule_t *rule, const char *text);

/* The span in which `when` lies; years 4 to 20000. A rule without changes has one from INT64_MIN to
 * INT64_MAX. */
ds_fmt_tzspan_t ds_fmt_tzrule_span(const ds_fmt_tzrule_t *rule, apr_int64_t when);

#endif
