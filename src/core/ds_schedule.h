/* Schedules: when a sync is due. A cron expression (ds_fmt_cron) on the wall clock of a time zone.
 *
 * Used in every process: the parent checks them for `apachectl -t`, the worker asks for due times.
 * A schedule never changes after it was parsed, so threads may share it; nothing here looks at TZ
 * or at the clock.
 *
 * The rule, also in docs/schedules.md, where the clock of the zone is set forward or back:
 *
 * - An hour field without `*` and without an open step (a/n) means certain times of the day. Each
 *   is due once, at the moment when the wall clock first shows it or jumps over it: a time that
 *   does not exist is due at the first moment after the gap, one that comes twice is due the first
 *   time. Times that share a moment share a due time.
 * - An hour field with `*`, `*`/n or a/n means "every so often". Each real minute whose wall-clock
 *   time matches is due: none in the gap, and in the hour that comes twice both. */
#ifndef DS_SCHEDULE_H
#define DS_SCHEDULE_H

#include <apr_time.h>

#include "ds_problem.h"

typedef struct ds_schedule_t ds_schedule_t;

/* Read a schedule, in pool. zone is an IANA name; NULL, "" and UTC need no files, all others are
 * read from $TZDIR or /usr/share/zoneinfo, once: a newer file counts after the next start. The
 * problem is DS_EINPUT, or DS_ENOTFOUND for a zone that is not installed. */
ds_problem_t *ds_schedule_parse(ds_schedule_t **schedule, const char *cron, const char *zone,
                                apr_pool_t *pool);

/* The first due time after `after`, both in microseconds since 1970 UTC; `after` itself is never
 * it. DS_ENOTFOUND when there is none within 41 years, or `after` is not in the years 1970 to 9999.
 */
apr_status_t ds_schedule_next(apr_time_t *due, const ds_schedule_t *schedule, apr_time_t after);

#endif
