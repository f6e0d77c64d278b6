#include "dsw_setup.h"

#include <stdlib.h>
#include <unistd.h>

#include "ds_db_migrate.h"
#include "dsw_process.h"
#include "dsw_sign.h"

#define PAUSE_FIRST apr_time_from_msec(100)
#define PAUSE_MAX apr_time_from_sec(5)

ds_db_t *dsw_db_open(const dsw_t *worker, int cache_mb, int create, apr_pool_t *pool)
{
    ds_db_where_t where = {worker->settings->db_driver, worker->settings->db_params,
                           cache_mb * 1024, create, 0};
    apr_interval_time_t pause = PAUSE_FIRST;
    unsigned seed = (unsigned)getpid(); /* not all processes of all nodes at the same moment */
    apr_pool_t *turn;
    ds_db_t *db;

    while (!dsw_process_stopping()) {
        ds_problem_t *problem;

        dsw_sign_renew();
        apr_pool_create(&turn, pool);
        problem = ds_db_open(&db, &where, turn);
        if (!problem)
            return db;
        if (pause == PAUSE_FIRST)
            ds_log(DS_LOG_ERR, APR_SUCCESS, DSLOGNO(0520) "%s; trying again", problem->text);
        apr_pool_destroy(turn);
        dsw_process_wait(-1, pause - rand_r(&seed) % (pause / 2));
        pause = pause * 2 > PAUSE_MAX ? PAUSE_MAX : pause * 2;
    }
    return NULL;
}

int dsw_setup_run(const dsw_t *worker)
{
    ds_db_t *db = dsw_db_open(worker, 0, 1, worker->pool);
    ds_problem_t *problem = NULL;

    if (db)
        problem = ds_db_migrate(db, worker->pool);
    if (db && !problem && worker->settings->def)
        problem = ds_def_store(worker->settings->def, db, worker->pool);
    if (problem)
        ds_log(DS_LOG_ERR, APR_SUCCESS, DSLOGNO(0521) "the database is not ready: %s",
               problem->text);
    if (db)
        ds_db_close(db);
    return problem || !db ? 1 : 0;
}
