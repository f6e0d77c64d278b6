#include "ds_doubt.h"

#include "ds_clock.h"
#include "ds_log.h"

#define PATIENCE apr_time_from_msec(1200) /* somebody waits for an answer within two seconds */
#define PAUSE apr_time_from_msec(100)

/* The transaction in doubt has the queue's lock until it ends: whoever gets the lock after it sees
 * how it ended. */
static apr_status_t launch_look(ds_db_t *db, const char *uuid, apr_pool_t *scratch)
{
    ds_launch_t *found;
    apr_status_t status = ds_db_begin_queue(db);

    if (status != APR_SUCCESS)
        return status;
    status = ds_launch_find(&found, db, uuid, scratch);
    ds_db_rollback(db);
    return status;
}

static const char *end_words(apr_status_t status)
{
    switch (status) {
    case APR_SUCCESS: return "it is there";
    case DS_ENOTFOUND: return "it is not there";
    default: return "it may be there";
    }
}

apr_status_t ds_doubt_end(ds_db_t *db, const ds_launch_t *launch, apr_time_t sent,
                          apr_pool_t *scratch)
{
    apr_status_t status;

    for (;;) {
        status = launch_look(db, launch->uuid, scratch);
        if (status != DS_EBUSY || ds_clock_steady() - sent > PATIENCE)
            break;
        apr_sleep(PAUSE);
    }
    ds_log(DS_LOG_WARNING, APR_SUCCESS,
           DSLOGNO(0350) "the answer to the commit of launch %" APR_INT64_T_FMT " was lost: %s",
           launch->id, end_words(status));
    return status == APR_SUCCESS ? APR_SUCCESS : DS_EBUSY;
}
