/* Times. The engine counts in microseconds since 1970 UTC (apr_time_t) and prints at its edges. */
#ifndef DS_CLOCK_H
#define DS_CLOCK_H

#include <apr_pools.h>
#include <apr_time.h>

/* For measuring how long something takes: microseconds of a clock that nobody sets. It counts from
 * a moment of its own, the same one in all processes of a machine, and is never stored. */
apr_time_t ds_clock_steady(void);

/* "2022-01-14T20:00:00": UTC without a zone, as Prisma prints times. In pool. */
const char *ds_clock_text(apr_time_t when, apr_pool_t *pool);

/* "2022-01-14T20:00:00Z": RFC 3339 in UTC. In pool. */
const char *ds_clock_rfc3339(apr_time_t when, apr_pool_t *pool);

/* Whole days of the Gregorian calendar: true when year-month-day exists (years 1 to 9999). */
int ds_clock_date_exists(int year, int month, int day);

#endif
