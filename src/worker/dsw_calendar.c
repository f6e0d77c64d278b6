#include "dsw_calendar.h"

#include <string.h>

#include <apr_strings.h>

#include "ds_launch.h"
#include "ds_log.h"
#include "ds_schedule.h"

#define LOG_PAUSE apr_time_from_sec(600) /* between two lines about the same standing trouble */

static void problem_log(const ds_sync_t *sync, const ds_problem_t *problem, apr_time_t now)
{
    static apr_time_t logged_at;

    if (now - logged_at < LOG_PAUSE)
        return;
    logged_at = now;
    ds_log(DS_LOG_ERR, APR_SUCCESS, DSLOGNO(0535) "sync %s has no due time: %s", sync->id,
           problem->text);
}

/* The next due time of a sync, 0 when there is none for ever. DS_EINPUT when it cannot be reckoned
 * now, as when the time zones are just being installed: then nothing that is stored may change. */
static apr_status_t due_find(apr_time_t *due, const ds_sync_t *sync, apr_time_t now,
                             apr_pool_t *scratch)
{
    ds_schedule_t *schedule;
    ds_problem_t *problem = ds_schedule_parse(&schedule, sync->schedule, sync->zone, scratch);
    apr_status_t status;

    *due = 0;
    if (problem) {
        problem_log(sync, problem, now);
        return DS_EINPUT;
    }
    status = ds_schedule_next(due, schedule, now);
    return status == DS_ENOTFOUND ? APR_SUCCESS : status;
}

/* The clock was set back, over one due time or more. One has had its launch, and is not repeated.
 * Where there are more, the sync would be silent until the clock is where it has been. */
static int is_too_far(apr_time_t stored, const ds_sync_t *sync, apr_time_t next,
                      apr_pool_t *scratch)
{
    apr_time_t after;

    return next && next < stored && due_find(&after, sync, next, scratch) == APR_SUCCESS && after &&
           after < stored;
}

static void start_log(const ds_sync_t *sync, apr_status_t status)
{
    if (status == APR_SUCCESS)
        ds_log(DS_LOG_INFO, APR_SUCCESS, DSLOGNO(0536) "sync %s was due and is queued", sync->id);
    else if (status == DS_ELIMIT)
        ds_log(DS_LOG_WARNING, APR_SUCCESS, DSLOGNO(0537) "sync %s is due, but the queue is full",
               sync->id);
}

/* The time has come. A sync that is switched off lets it pass; where the queue is full it stays
 * due. */
static apr_status_t due_run(ds_db_t *db, const ds_def_t *def, const ds_sync_t *sync,
                            const ds_sync_status_t *known, apr_time_t next, apr_pool_t *scratch)
{
    ds_launch_request_t request = {.sync = sync, .queue_limit = def->queue_limit};
    ds_launch_t *launch;
    apr_status_t status;

    if (!known->enabled || !next)
        return ds_sync_schedule_set(db, sync->id, known->schedule, next);
    status = ds_launch_start(&launch, db, &request, known->next_at, next, scratch);
    start_log(sync, status);
    return status == DS_ESTATE || status == DS_ELIMIT || status == DS_EDISABLED ? APR_SUCCESS
                                                                                : status;
}

static apr_status_t sync_run(ds_db_t *db, const ds_def_t *def, const ds_sync_t *sync,
                             apr_time_t now, int set_back, apr_pool_t *scratch)
{
    const char *schedule =
        sync->schedule ? apr_pstrcat(scratch, sync->schedule, " ", sync->zone, NULL) : NULL;
    ds_sync_status_t known;
    apr_time_t next;
    apr_status_t status = ds_sync_status_get(&known, db, sync->id, scratch);
    int same = schedule && known.schedule && !strcmp(schedule, known.schedule);

    if (status != APR_SUCCESS || (!schedule && !known.schedule))
        return status;
    if (!schedule)
        return ds_sync_schedule_set(db, sync->id, NULL, 0);
    if (same && (known.next_at == 0 || (known.next_at > now && !set_back)))
        return APR_SUCCESS;
    if (due_find(&next, sync, now, scratch) != APR_SUCCESS)
        return APR_SUCCESS; /* the other syncs have their times all the same */
    if (same && known.next_at > now && !is_too_far(known.next_at, sync, next, scratch))
        return APR_SUCCESS;
    return same && known.next_at <= now ? due_run(db, def, sync, &known, next, scratch)
                                        : ds_sync_schedule_set(db, sync->id, schedule, next);
}

apr_status_t dsw_calendar_run(apr_time_t *looked_at, ds_db_t *db, const ds_def_t *def,
                              apr_pool_t *scratch)
{
    apr_time_t now;
    apr_status_t status = ds_db_now(&now, db);
    int set_back = status == APR_SUCCESS && (*looked_at == 0 || now < *looked_at), i;

    for (i = 0; i < def->syncs->nelts && status == APR_SUCCESS; i++)
        status =
            sync_run(db, def, APR_ARRAY_IDX(def->syncs, i, ds_sync_t *), now, set_back, scratch);
    if (status == APR_SUCCESS)
        *looked_at = now;
    return status;
}
