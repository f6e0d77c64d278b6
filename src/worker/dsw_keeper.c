#include "dsw_keeper.h"

#include "ds_outbox.h"
#include "ds_queue.h"
#include "ds_retention.h"
#include "dsw_calendar.h"
#include "dsw_definitions.h"
#include "dsw_process.h"

#define TURN apr_time_from_sec(1)
#define UPLOAD_SILENCE apr_time_from_sec(3600) /* after which an upload counts as given up */
#define SWEEP_STEPS 200                        /* transactions of clearing away in one turn */
#define RETENTION_TURNS 10                     /* turns between two looks at what is old */

typedef struct {
    ds_db_t *db;
    ds_lease_watch_t *leases; /* outlives the connection */
    apr_pool_t *turn;         /* cleared at each turn */
    dsw_definitions_t *definitions;
    apr_time_t looked_at; /* at the calendar */
    int turns;
} keeper_t;

static apr_status_t launches_reclaim(keeper_t *keeper)
{
    int reclaimed = 0;
    apr_status_t status = ds_queue_reclaim(&reclaimed, keeper->db, keeper->leases,
                                           dsw_process_owner_alive, keeper->turn);

    if (reclaimed)
        ds_log(DS_LOG_WARNING, APR_SUCCESS,
               DSLOGNO(0530) "%d launches were taken away from runners that are gone or wait",
               reclaimed);
    return status;
}

static apr_status_t files_sweep(keeper_t *keeper)
{
    apr_time_t now;
    int more = 1, step;
    apr_status_t status = ds_db_now(&now, keeper->db);

    for (step = 0; more && step < SWEEP_STEPS && status == APR_SUCCESS; step++) {
        if (dsw_process_stopping())
            break;
        status = ds_file_sweep(&more, keeper->db, now - UPLOAD_SILENCE, keeper->turn);
        if (more)
            ds_db_yield(keeper->db);
    }
    return status;
}

static apr_status_t retention_run(keeper_t *keeper)
{
    int more = 1, step;
    apr_status_t status = APR_SUCCESS;

    for (step = 0; more && step < SWEEP_STEPS && status == APR_SUCCESS; step++) {
        if (dsw_process_stopping())
            break;
        status = ds_retention_run(&more, keeper->db, keeper->definitions->def, keeper->turn);
        if (more)
            ds_db_yield(keeper->db);
    }
    return status;
}

static apr_status_t outbox_clear(keeper_t *keeper)
{
    int more = 1, given_up = 0, step;
    apr_status_t status = APR_SUCCESS;

    for (step = 0; more && step < SWEEP_STEPS && status == APR_SUCCESS; step++) {
        if (dsw_process_stopping())
            break;
        status = ds_outbox_expire(&given_up, &more, keeper->db);
        if (given_up)
            ds_log(DS_LOG_WARNING, APR_SUCCESS,
                   DSLOGNO(0575) "%d messages were given up: nobody could send them in time",
                   given_up);
        if (more)
            ds_db_yield(keeper->db);
    }
    return status;
}

static apr_status_t turn_run(keeper_t *keeper)
{
    int changed;
    apr_status_t status = launches_reclaim(keeper);

    if (status == APR_SUCCESS)
        status = dsw_definitions_refresh(&changed, keeper->definitions, keeper->db);
    if (status == DS_ENOTFOUND)
        return APR_SUCCESS; /* nobody has defined anything yet */
    if (status == APR_SUCCESS)
        status = dsw_calendar_run(&keeper->looked_at, keeper->db, keeper->definitions->def,
                                  keeper->turn);
    if (status == APR_SUCCESS && keeper->turns++ % RETENTION_TURNS == 0) {
        status = retention_run(keeper);
        if (status == APR_SUCCESS)
            status = outbox_clear(keeper);
    }
    return status == APR_SUCCESS ? files_sweep(keeper) : status;
}

/* Until asked to stop, or the connection is not good any more. */
static void turns_run(keeper_t *keeper)
{
    apr_status_t status = APR_SUCCESS, before = APR_SUCCESS;

    while (!dsw_process_stopping() && (status == APR_SUCCESS || status == DS_EBUSY)) {
        apr_pool_clear(keeper->turn);
        status = turn_run(keeper);
        if (status != APR_SUCCESS && before == APR_SUCCESS)
            ds_log(DS_LOG_WARNING, status, DSLOGNO(0531) "the keeper's turn failed: %s",
                   ds_db_error(keeper->db));
        before = status;
        dsw_process_wait(-1, TURN);
    }
}

int dsw_keeper_run(const dsw_t *worker)
{
    ds_lease_watch_t *leases = ds_lease_watch_make(worker->settings->lease, 2 * TURN, worker->pool);
    apr_pool_t *pool;

    apr_pool_create(&pool, worker->pool);
    while (!dsw_process_stopping()) {
        keeper_t keeper = {.db = dsw_db_open(worker, 0, 0, pool), .leases = leases};

        apr_pool_create(&keeper.turn, pool);
        keeper.definitions = dsw_definitions_make(pool);
        if (keeper.db)
            turns_run(&keeper);
        apr_pool_clear(pool);
    }
    apr_pool_destroy(pool);
    return 0;
}
