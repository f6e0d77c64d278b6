#include "ds_queue.h"

#include <apr_strings.h>

#include "ds_clock.h"
#include "ds_launch_read.h"

/* Columns of QUEUE_LEASED after those of a launch. */
enum { LEASED_OWNER = DS_LAUNCH_COLUMNS, LEASED_ATTEMPT, LEASED_UNTIL };

/* The launch that may run next, if there is one. */
static apr_status_t next_find(apr_int64_t *id, ds_db_t *db, apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status = ds_db_select(&rows, db, STMT_QUEUE_NEXT, DS_NO_ARGS, pool);

    if (status != APR_SUCCESS)
        return status;
    if (!ds_db_rows_next(rows))
        return DS_ENOTFOUND;
    *id = ds_db_rows_int(rows, 0);
    return APR_SUCCESS;
}

/* Inside a transaction. The clock is asked when the launch before is seen to have ended: no launch
 * begins before that. */
static apr_status_t claim_take(ds_claim_t *claim, apr_int64_t *id, ds_db_t *db, apr_pool_t *pool)
{
    apr_time_t now;
    ds_db_rows_t *rows;
    apr_status_t status = next_find(id, db, pool);

    if (status == APR_SUCCESS)
        status = ds_db_now(&now, db);
    if (status == APR_SUCCESS)
        status = ds_db_select(
            &rows, db, STMT_QUEUE_CLAIM,
            DS_ARGS(DS_TEXT(claim->owner), DS_INT(now + claim->lease), DS_INT(now), DS_INT(*id)),
            pool);
    if (status != APR_SUCCESS)
        return status;
    if (!ds_db_rows_next(rows))
        return DS_ENOTFOUND;
    claim->attempt = (int)ds_db_rows_int(rows, 0);
    claim->checkpoint.offset = ds_db_rows_int(rows, 1);
    claim->checkpoint.line = ds_db_rows_int(rows, 2);
    return APR_SUCCESS;
}

apr_status_t ds_queue_claim(ds_claim_t **claim, ds_db_t *db, const char *owner,
                            apr_interval_time_t lease, apr_pool_t *pool)
{
    ds_claim_t *made = apr_pcalloc(pool, sizeof(*made));
    apr_int64_t id = 0;
    apr_status_t status = next_find(&id, db, pool); /* an idle runner writes nothing */

    if (status != APR_SUCCESS)
        return status;
    made->owner = owner;
    made->lease = lease;
    ds_db_lazy_set(db); /* a claim that is lost leaves a launch that waits */
    status = ds_db_begin_queue(db);
    if (status != APR_SUCCESS)
        return status;
    status = claim_take(made, &id, db, pool);
    if (status == APR_SUCCESS)
        status = ds_launch_get(&made->launch, db, NULL, id, pool);
    if (status != APR_SUCCESS) {
        ds_db_rollback(db);
        return status;
    }
    *claim = made;
    return ds_db_commit(db);
}

/* The state that an update of a launch one owns has given back. */
static apr_status_t state_read(int *cancelled, ds_db_rows_t *answer)
{
    if (!ds_db_rows_next(answer))
        return DS_ELOST;
    *cancelled = !strcmp(ds_db_rows_text(answer, 0), ds_launch_state_name(DS_LAUNCH_CANCELLING));
    return APR_SUCCESS;
}

apr_status_t ds_queue_checkpoint(int *cancelled, ds_db_t *db, const ds_claim_t *claim,
                                 const ds_counters_t *rows, const ds_checkpoint_t *checkpoint,
                                 apr_pool_t *scratch)
{
    apr_time_t now;
    ds_db_rows_t *answer;
    apr_status_t status = ds_db_now(&now, db);

    if (status == APR_SUCCESS)
        status = ds_db_select(&answer, db, STMT_QUEUE_CHECKPOINT,
                              DS_ARGS(DS_INT(rows->read), DS_INT(rows->ok), DS_INT(rows->failed),
                                      DS_INT(rows->warned), DS_INT(rows->skipped),
                                      DS_TEXT(*rows->synced_until ? rows->synced_until : NULL),
                                      DS_INT(checkpoint->offset), DS_INT(checkpoint->line),
                                      DS_INT(now + claim->lease), DS_INT(checkpoint->offset),
                                      DS_INT(claim->launch->id), DS_TEXT(claim->owner),
                                      DS_INT(claim->attempt)),
                              scratch);
    return status == APR_SUCCESS ? state_read(cancelled, answer) : status;
}

apr_status_t ds_queue_options_set(ds_db_t *db, const ds_claim_t *claim, const char *options)
{
    return ds_db_query(db, NULL, STMT_QUEUE_OPTIONS_SET,
                       DS_ARGS(DS_TEXT(options), DS_INT(claim->launch->id), DS_TEXT(claim->owner),
                               DS_INT(claim->attempt)));
}

apr_status_t ds_queue_keep(int *cancelled, ds_db_t *db, const ds_claim_t *claim,
                           apr_pool_t *scratch)
{
    apr_time_t now;
    ds_db_rows_t *answer;
    apr_status_t status;

    ds_db_lazy_set(db); /* a lease that is lost is one that was not extended */
    status = ds_db_begin(db);
    if (status != APR_SUCCESS)
        return status;
    status = ds_db_now(&now, db);
    if (status == APR_SUCCESS)
        status = ds_db_select(&answer, db, STMT_QUEUE_KEEP,
                              DS_ARGS(DS_INT(now + claim->lease), DS_INT(claim->launch->id),
                                      DS_TEXT(claim->owner), DS_INT(claim->attempt)),
                              scratch);
    if (status == APR_SUCCESS)
        status = state_read(cancelled, answer);
    if (status == APR_SUCCESS)
        return ds_db_commit(db);
    ds_db_rollback(db);
    return status;
}

static apr_status_t lost_if_none(apr_status_t status, int changed)
{
    return status == APR_SUCCESS && !changed ? DS_ELOST : status;
}

apr_status_t ds_queue_finish(ds_db_t *db, const ds_claim_t *claim, ds_launch_state_e state,
                             const char *message)
{
    ds_db_arg_t id = DS_INT(claim->launch->id), owner = DS_TEXT(claim->owner);
    ds_db_arg_t attempt = DS_INT(claim->attempt);
    apr_time_t now;
    int changed = 0;
    apr_status_t status = ds_db_now(&now, db);

    if (status != APR_SUCCESS)
        return status;
    if (state == DS_LAUNCH_CANCELLED)
        status = ds_db_query(db, &changed, STMT_QUEUE_FINISH_CANCELLED,
                             DS_ARGS(DS_TEXT(message), DS_INT(now), id, owner, attempt));
    else
        status = ds_db_query(db, &changed, STMT_QUEUE_FINISH,
                             DS_ARGS(DS_TEXT(ds_launch_state_name(state)), DS_TEXT(message),
                                     DS_INT(now), id, owner, attempt));
    return lost_if_none(status, changed);
}

apr_status_t ds_queue_pause(ds_db_t *db, const ds_claim_t *claim, apr_time_t until,
                            const char *message)
{
    int changed = 0;
    apr_status_t status = ds_db_query(db, &changed, STMT_QUEUE_PAUSE,
                                      DS_ARGS(DS_TEXT(DS_QUEUE_PAUSED), DS_INT(until),
                                              DS_TEXT(message), DS_INT(claim->launch->id),
                                              DS_TEXT(claim->owner), DS_INT(claim->attempt)));

    return lost_if_none(status, changed);
}

/* --- launches that leave their runner before their end --- */

/* Which ones leave, and why. */
typedef struct {
    const char *owner;        /* those of this runner; NULL: those of runners that are gone */
    ds_queue_alive_cb *alive; /* tells who is gone */
    ds_lease_watch_t *leases; /* tells whose lease has ended */
    int crashes;              /* as how many crashes it counts */
    const char *fault;        /* what is said when a launch had too many of them */
    apr_time_t now;
} leave_t;

static ds_launch_state_e state_after(const char **message, const ds_launch_t *launch,
                                     const leave_t *why, int crashes, apr_pool_t *pool)
{
    const char *summary = ds_launch_summary(launch, &launch->rows, pool);

    *message = launch->message;
    if (launch->state == DS_LAUNCH_CANCELLING) {
        *message = apr_psprintf(pool, "%s: %s", launch->message, summary);
        return DS_LAUNCH_CANCELLED;
    }
    if (!crashes || launch->crashes + crashes < DS_QUEUE_CRASHES_MAX)
        return DS_LAUNCH_QUEUED;
    *message = apr_psprintf(pool, "%s. %s", why->fault, summary);
    return DS_LAUNCH_FAILED;
}

static int is_paused(ds_db_rows_t *rows)
{
    return !strcmp(ds_db_rows_text(rows, LEASED_OWNER), DS_QUEUE_PAUSED);
}

/* Of one that is paused. A pause that seems too long is one of a clock that was set back. */
static int pause_lasts(const ds_launch_t *launch, ds_db_rows_t *rows, apr_time_t now)
{
    apr_interval_time_t rest = ds_db_rows_int(rows, LEASED_UNTIL) - now;

    return launch->state == DS_LAUNCH_RUNNING && rest > 0 && rest <= DS_QUEUE_PAUSE_MAX;
}

static int launch_stays(int *crashes, const ds_launch_t *launch, ds_db_rows_t *rows,
                        const leave_t *why)
{
    const char *owner = ds_db_rows_text(rows, LEASED_OWNER);
    int silent, known;

    *crashes = why->crashes;
    if (why->owner)
        return strcmp(owner, why->owner) != 0;
    if (is_paused(rows)) {
        *crashes = 0;
        return pause_lasts(launch, rows, why->now);
    }
    silent = ds_lease_has_ended(why->leases, ds_db_rows_int(rows, 0),
                                ds_db_rows_int(rows, LEASED_UNTIL));
    known = why->alive(owner, silent);
    if (known == DS_OWNER_WAITS)
        *crashes = 0;
    return known != DS_OWNER_GONE && !silent;
}

static apr_status_t launch_leave(int *changed, ds_db_t *db, const ds_launch_t *launch,
                                 ds_db_rows_t *rows, const leave_t *why, int crashes,
                                 apr_pool_t *pool)
{
    const char *message;
    ds_launch_state_e state = state_after(&message, launch, why, crashes, pool);
    apr_time_t finished = ds_launch_state_is_end(state) ? why->now : 0;

    if (state == DS_LAUNCH_QUEUED && is_paused(rows))
        message = NULL; /* it waits for nobody any more */

    return ds_db_query(db, changed, STMT_QUEUE_LEAVE,
                       DS_ARGS(DS_TEXT(ds_launch_state_name(state)), DS_TEXT(message),
                               DS_INT_OR_NULL(finished), DS_INT(crashes), DS_INT(launch->id),
                               DS_TEXT(ds_db_rows_text(rows, LEASED_OWNER)),
                               DS_INT(ds_db_rows_int(rows, LEASED_ATTEMPT)),
                               DS_TEXT(ds_launch_state_name(launch->state)),
                               DS_INT(ds_db_rows_int(rows, LEASED_UNTIL))));
}

static apr_status_t launches_leave(int *left, ds_db_t *db, leave_t *why, apr_pool_t *scratch)
{
    ds_db_rows_t *rows;
    apr_status_t status = ds_db_now(&why->now, db);

    *left = 0;
    if (status == APR_SUCCESS)
        status = ds_db_select(&rows, db, STMT_QUEUE_LEASED, DS_NO_ARGS, scratch);
    if (status == APR_SUCCESS && why->leases)
        ds_lease_look_begin(why->leases, why->now, ds_clock_steady());
    else if (why->leases)
        ds_lease_look_fail(why->leases);
    while (status == APR_SUCCESS && ds_db_rows_next(rows)) {
        const ds_launch_t *launch = ds_launch_read(rows, scratch);
        int changed = 0, crashes;

        if (launch_stays(&crashes, launch, rows, why))
            continue;
        status = launch_leave(&changed, db, launch, rows, why, crashes, scratch);
        if (status == APR_SUCCESS && !is_paused(rows))
            *left += changed;
    }
    return status;
}

/* Between the look at a launch and its update somebody may ask to cancel it: look again. */
static apr_status_t owned_leave(ds_db_t *db, leave_t *why, apr_pool_t *scratch)
{
    int turn, left = 0;
    apr_status_t status = APR_SUCCESS;

    for (turn = 0; turn < 2 && status == APR_SUCCESS && !left; turn++)
        status = launches_leave(&left, db, why, scratch);
    return lost_if_none(status, left);
}

apr_status_t ds_queue_release(ds_db_t *db, const char *owner, apr_pool_t *scratch)
{
    leave_t why = {.owner = owner};

    return owned_leave(db, &why, scratch);
}

apr_status_t ds_queue_stumble(ds_db_t *db, const char *owner, const char *fault,
                              apr_pool_t *scratch)
{
    leave_t why = {.owner = owner, .crashes = 1, .fault = fault};

    return owned_leave(db, &why, scratch);
}

apr_status_t ds_queue_reclaim(int *reclaimed, ds_db_t *db, ds_lease_watch_t *leases,
                              ds_queue_alive_cb *alive, apr_pool_t *scratch)
{
    leave_t why = {.alive = alive, .leases = leases, .crashes = 1};

    why.fault = apr_psprintf(scratch,
                             "The runner died %d times in a row on this launch, which was given up",
                             DS_QUEUE_CRASHES_MAX);
    return launches_leave(reclaimed, db, &why, scratch);
}
