#include "ds_queue.h"

#include <apr_strings.h>

#include "ds_launch_read.h"

/* Columns of QUEUE_LEASED after those of a launch. */
enum { LEASED_OWNER = 18, LEASED_ATTEMPT, LEASED_UNTIL };

/* Inside a transaction. */
static apr_status_t claim_take(ds_claim_t *claim, apr_int64_t *id, ds_db_t *db, apr_pool_t *pool)
{
    apr_time_t now;
    ds_db_rows_t *rows;
    apr_status_t status = ds_db_now(&now, db);

    if (status == APR_SUCCESS)
        status = ds_db_select(
            &rows, db, STMT_QUEUE_CLAIM,
            DS_ARGS(DS_TEXT(claim->owner), DS_INT(now + claim->lease), DS_INT(now)), pool);
    if (status != APR_SUCCESS)
        return status;
    if (!ds_db_rows_next(rows))
        return DS_ENOTFOUND;
    *id = ds_db_rows_int(rows, 0);
    claim->attempt = (int)ds_db_rows_int(rows, 1);
    claim->checkpoint.offset = ds_db_rows_int(rows, 2);
    claim->checkpoint.line = ds_db_rows_int(rows, 3);
    return APR_SUCCESS;
}

apr_status_t ds_queue_claim(ds_claim_t **claim, ds_db_t *db, const char *owner,
                            apr_interval_time_t lease, apr_pool_t *pool)
{
    ds_claim_t *made = apr_pcalloc(pool, sizeof(*made));
    apr_int64_t id = 0;
    ds_db_rows_t *rows;
    apr_status_t status = ds_db_select(&rows, db, STMT_QUEUE_WAITING, DS_NO_ARGS, pool);

    if (status != APR_SUCCESS)
        return status;
    if (!ds_db_rows_next(rows))
        return DS_ENOTFOUND;
    made->owner = owner;
    made->lease = lease;
    status = ds_db_begin(db);
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
                                      DS_INT(checkpoint->offset), DS_INT(checkpoint->line),
                                      DS_INT(now + claim->lease), DS_INT(checkpoint->offset),
                                      DS_INT(claim->launch->id), DS_TEXT(claim->owner),
                                      DS_INT(claim->attempt)),
                              scratch);
    if (status != APR_SUCCESS)
        return status;
    if (!ds_db_rows_next(answer))
        return DS_ELOST;
    *cancelled = !strcmp(ds_db_rows_text(answer, 0), ds_launch_state_name(DS_LAUNCH_CANCELLING));
    return APR_SUCCESS;
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

apr_status_t ds_queue_release(ds_db_t *db, const ds_claim_t *claim)
{
    int changed = 0;
    apr_status_t status = ds_db_query(
        db, &changed, STMT_QUEUE_RELEASE,
        DS_ARGS(DS_INT(claim->launch->id), DS_TEXT(claim->owner), DS_INT(claim->attempt)));

    return lost_if_none(status, changed);
}

apr_status_t ds_queue_stumble(ds_db_t *db, const ds_claim_t *claim, const char *message)
{
    ds_db_arg_t most = DS_INT(DS_QUEUE_CRASHES_MAX);
    apr_time_t now;
    int changed = 0;
    apr_status_t status = ds_db_now(&now, db);

    if (status == APR_SUCCESS)
        status = ds_db_query(db, &changed, STMT_QUEUE_STUMBLE,
                             DS_ARGS(most, most, DS_TEXT(message), most, DS_INT(now),
                                     DS_INT(claim->launch->id), DS_TEXT(claim->owner),
                                     DS_INT(claim->attempt)));
    return lost_if_none(status, changed);
}

/* --- the keeper's part --- */

/* What becomes of a launch whose runner is gone. */
static ds_launch_state_e state_after_loss(const char **message, const ds_launch_t *launch,
                                          apr_pool_t *pool)
{
    if (launch->state == DS_LAUNCH_CANCELLING) {
        *message = apr_psprintf(pool, "%s: %s", launch->message,
                                ds_launch_summary(launch, &launch->rows, pool));
        return DS_LAUNCH_CANCELLED;
    }
    *message = launch->message;
    if (launch->crashes + 1 < DS_QUEUE_CRASHES_MAX)
        return DS_LAUNCH_QUEUED;
    *message = apr_psprintf(pool,
                            "The runner died %d times in a row on this launch, which was given up. "
                            "%s",
                            DS_QUEUE_CRASHES_MAX, ds_launch_summary(launch, &launch->rows, pool));
    return DS_LAUNCH_FAILED;
}

static apr_status_t launch_reclaim(int *changed, ds_db_t *db, const ds_launch_t *launch,
                                   const char *owner, apr_int64_t attempt, apr_time_t lease,
                                   apr_time_t now, apr_pool_t *pool)
{
    const char *message;
    ds_launch_state_e state = state_after_loss(&message, launch, pool);
    apr_time_t finished = ds_launch_state_is_end(state) ? now : 0;

    return ds_db_query(db, changed, STMT_QUEUE_RECLAIM,
                       DS_ARGS(DS_TEXT(ds_launch_state_name(state)), DS_TEXT(message),
                               DS_INT_OR_NULL(finished), DS_INT(launch->id), DS_TEXT(owner),
                               DS_INT(attempt), DS_TEXT(ds_launch_state_name(launch->state)),
                               DS_INT(lease)));
}

apr_status_t ds_queue_reclaim(int *reclaimed, ds_db_t *db, ds_queue_alive_cb *alive,
                              apr_pool_t *scratch)
{
    apr_time_t now;
    ds_db_rows_t *rows;
    apr_status_t status = ds_db_now(&now, db);

    *reclaimed = 0;
    if (status == APR_SUCCESS)
        status = ds_db_select(&rows, db, STMT_QUEUE_LEASED, DS_NO_ARGS, scratch);
    while (status == APR_SUCCESS && ds_db_rows_next(rows)) {
        const char *owner = ds_db_rows_text(rows, LEASED_OWNER);
        apr_time_t lease = ds_db_rows_int(rows, LEASED_UNTIL);
        int changed = 0;

        if (lease >= now && alive(owner))
            continue;
        status = launch_reclaim(&changed, db, ds_launch_read(rows, scratch), owner,
                                ds_db_rows_int(rows, LEASED_ATTEMPT), lease, now, scratch);
        *reclaimed += changed;
    }
    return status;
}
