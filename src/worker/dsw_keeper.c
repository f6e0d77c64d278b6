#include "dsw_keeper.h"

#include "ds_queue.h"
#include "dsw_process.h"

#define TURN apr_time_from_sec(1)
#define UPLOAD_SILENCE apr_time_from_sec(3600) /* after which an upload counts as given up */
#define SWEEP_TURNS 200                        /* transactions of sweeping in one turn */

static apr_status_t launches_reclaim(ds_db_t *db, apr_pool_t *pool)
{
    int reclaimed = 0;
    apr_status_t status = ds_queue_reclaim(&reclaimed, db, dsw_process_owner_alive, pool);

    if (reclaimed)
        ds_log(DS_LOG_WARNING, APR_SUCCESS,
               DSLOGNO(0530) "%d launches were taken away from runners that are gone", reclaimed);
    return status;
}

static apr_status_t uploads_sweep(ds_db_t *db, apr_pool_t *pool)
{
    apr_time_t now;
    int more = 1, turn;
    apr_status_t status = ds_db_now(&now, db);

    for (turn = 0; more && turn < SWEEP_TURNS && status == APR_SUCCESS; turn++) {
        if (dsw_process_stopping())
            break;
        status = ds_file_sweep(&more, db, now - UPLOAD_SILENCE, pool);
        if (more)
            ds_db_yield(db);
    }
    return status;
}

static apr_status_t turn_run(ds_db_t *db, apr_pool_t *pool)
{
    apr_status_t status = launches_reclaim(db, pool);

    return status == APR_SUCCESS ? uploads_sweep(db, pool) : status;
}

/* Until asked to stop, or the connection is not good any more. */
static void turns_run(ds_db_t *db, apr_pool_t *pool)
{
    apr_status_t status = APR_SUCCESS;
    apr_pool_t *turn;

    apr_pool_create(&turn, pool);
    while (!dsw_process_stopping() && (status == APR_SUCCESS || status == DS_EBUSY)) {
        apr_pool_clear(turn);
        status = turn_run(db, turn);
        if (status != APR_SUCCESS)
            ds_log(DS_LOG_WARNING, status, DSLOGNO(0531) "the keeper's turn failed: %s",
                   ds_db_error(db));
        dsw_process_wait(-1, TURN);
    }
}

int dsw_keeper_run(const dsw_t *worker)
{
    apr_pool_t *pool;

    apr_pool_create(&pool, worker->pool);
    while (!dsw_process_stopping()) {
        ds_db_t *db;

        apr_pool_clear(pool);
        db = dsw_db_open(worker, 0, 0, pool);
        if (db)
            turns_run(db, pool);
    }
    apr_pool_destroy(pool);
    return 0;
}
