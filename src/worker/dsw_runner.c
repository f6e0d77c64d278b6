#include "dsw_runner.h"

#include <stdlib.h>
#include <unistd.h>

#include <apr_strings.h>

#include "ds_options.h"
#include "dsw_delete.h"
#include "dsw_export.h"
#include "dsw_import.h"
#include "dsw_process.h"
#include "dsw_pull.h"
#include "dsw_sign.h"

#define POLL apr_time_from_sec(1)
#define TROUBLE_PAUSE apr_time_from_sec(2)
#define DEFINITION_PATIENCE apr_time_from_sec(30)

typedef struct {
    const dsw_t *worker;
    const char *owner;
    ds_db_t *db;
    int owns; /* it may own a launch that it works on no more */
    unsigned seed;
} runner_t;

/* The result of a launch that cannot be run at all. */
static dsw_result_t refused(const char *message)
{
    return (dsw_result_t){DSW_DONE, DS_LAUNCH_REJECTED, message, APR_SUCCESS};
}

/* Another node may accept launches of a new sync a moment before it has
 * stored their definitions. */
static dsw_result_t undefined_wait(runner_t *runner, const ds_claim_t *claim)
{
    apr_time_t now;
    apr_status_t status = ds_db_now(&now, runner->db);

    if (status != APR_SUCCESS)
        return (dsw_result_t){.outcome = DSW_TROUBLE, .status = status};
    if (now - claim->launch->scheduled_at > DEFINITION_PATIENCE)
        return refused("Its sync is not defined any more");
    dsw_process_wait(-1, POLL);
    return (dsw_result_t){.outcome = DSW_INTERRUPTED};
}

/* A new kind of launch is one more line here and one more file. */
static dsw_result_t launch_run(runner_t *runner, const ds_claim_t *claim, apr_pool_t *pool)
{
    const ds_sync_t *sync;
    ds_problem_t *problem;
    ds_def_t *def;
    apr_status_t status = ds_def_load(&def, runner->db, pool);

    if (status == DS_ENOTFOUND)
        return undefined_wait(runner, claim);
    if (status != APR_SUCCESS)
        return (dsw_result_t){.outcome = DSW_TROUBLE, .status = status};
    sync = ds_def_sync_get(def, claim->launch->sync_id);
    if (!sync)
        return undefined_wait(runner, claim);
    problem = ds_options_apply(&sync, sync, claim->launch->options, pool);
    if (problem)
        return refused(problem->text);
    switch (claim->launch->kind) {
    case DS_KIND_IMPORT: return dsw_import_run(runner->db, claim, sync, pool);
    case DS_KIND_DELETE: return dsw_delete_run(runner->db, claim, sync, pool);
    case DS_KIND_EXPORT: return dsw_export_run(runner->worker, runner->db, claim, sync, def, pool);
    case DS_KIND_PULL: return dsw_pull_run(runner->db, claim, sync, &def->egress, pool);
    default: return refused("This version cannot run launches of this kind");
    }
}

/* The launch goes back to the queue; one whose work the database itself refuses, not for ever. */
static apr_status_t trouble_store(runner_t *runner, const dsw_result_t *result, apr_pool_t *pool)
{
    const char *fault;

    if (result->status == DS_EBUSY)
        return ds_queue_release(runner->db, runner->owner, pool);
    fault = apr_psprintf(pool, "The database refused the work %d times in a row: %s",
                         DS_QUEUE_CRASHES_MAX,
                         result->message ? result->message : ds_db_error(runner->db));
    return ds_queue_stumble(runner->db, runner->owner, fault, pool);
}

static apr_status_t result_store(runner_t *runner, const ds_claim_t *claim,
                                 const dsw_result_t *result, apr_pool_t *pool)
{
    switch (result->outcome) {
    case DSW_DONE: return ds_queue_finish(runner->db, claim, result->state, result->message);
    case DSW_LOST: return DS_ELOST;
    case DSW_PAUSED: return APR_SUCCESS;
    case DSW_TROUBLE: return trouble_store(runner, result, pool);
    default: return ds_queue_release(runner->db, runner->owner, pool);
    }
}

static void result_log(const ds_claim_t *claim, const dsw_result_t *result, apr_status_t status)
{
    apr_int64_t id = claim->launch->id;

    if (status == DS_ELOST)
        ds_log(DS_LOG_WARNING, APR_SUCCESS,
               DSLOGNO(0540) "launch %" APR_INT64_T_FMT " of %s was taken away", id,
               claim->launch->sync_id);
    else if (status != APR_SUCCESS || result->outcome == DSW_TROUBLE)
        ds_log(DS_LOG_ERR, status,
               DSLOGNO(0541) "launch %" APR_INT64_T_FMT " of %s waits for the database", id,
               claim->launch->sync_id);
    else if (result->outcome == DSW_INTERRUPTED)
        ds_log(DS_LOG_INFO, APR_SUCCESS,
               DSLOGNO(0542) "launch %" APR_INT64_T_FMT " of %s was handed back", id,
               claim->launch->sync_id);
    else if (result->outcome == DSW_PAUSED)
        ds_log(DS_LOG_INFO, APR_SUCCESS, DSLOGNO(0546) "launch %" APR_INT64_T_FMT " of %s: %s", id,
               claim->launch->sync_id, result->message);
    else
        ds_log(DS_LOG_INFO, APR_SUCCESS, DSLOGNO(0543) "launch %" APR_INT64_T_FMT " of %s %s: %s",
               id, claim->launch->sync_id, ds_launch_state_name(result->state), result->message);
}

/* A launch whose end could not be stored: it goes on from its checkpoint, here or in another
 * runner, and not only when its lease has ended. */
static apr_status_t owned_release(runner_t *runner, apr_pool_t *pool)
{
    apr_status_t status;

    dsw_sign_set(runner->owns);
    status = runner->owns ? ds_queue_release(runner->db, runner->owner, pool) : DS_ELOST;
    if (status == APR_SUCCESS)
        ds_log(DS_LOG_NOTICE, APR_SUCCESS,
               DSLOGNO(0545) "the launch that waited for the database is back in the queue");
    if (status != APR_SUCCESS && status != DS_ELOST)
        return status;
    runner->owns = 0;
    dsw_sign_set(0);
    return APR_SUCCESS;
}

/* One launch from claim to end. APR_SUCCESS when it is done with, DS_ENOTFOUND when none waits;
 * anything else: the connection should be opened anew. */
static apr_status_t turn_run(runner_t *runner, apr_pool_t *pool)
{
    ds_claim_t *claim;
    dsw_result_t result;
    apr_status_t status = owned_release(runner, pool);

    if (status == APR_SUCCESS)
        status = ds_queue_claim(&claim, runner->db, runner->owner, runner->worker->settings->lease,
                                pool);
    runner->owns |= status != DS_ENOTFOUND;
    if (status != APR_SUCCESS)
        return status;
    result = launch_run(runner, claim, pool);
    dsw_sign_set(result.outcome == DSW_TROUBLE && result.status == DS_EBUSY);
    status = result_store(runner, claim, &result, pool);
    runner->owns = status != APR_SUCCESS && status != DS_ELOST;
    dsw_sign_set(runner->owns);
    result_log(claim, &result, status);
    if (status == DS_ELOST)
        return APR_SUCCESS;
    return result.outcome == DSW_TROUBLE ? DS_EDB : status;
}

/* Other runners wait for the same byte, so the pause between two looks differs from one to the
 * next. */
static void wake_wait(runner_t *runner)
{
    apr_interval_time_t jitter = rand_r(&runner->seed) % (POLL / 4);
    char byte;

    if (!dsw_process_wait(runner->worker->wake_fd, POLL - jitter))
        return;
    if (read(runner->worker->wake_fd, &byte, 1) == 0)
        dsw_process_wait(-1, POLL - jitter);
}

/* Until asked to stop, or the connection is not good any more. */
static void turns_run(runner_t *runner, apr_pool_t *pool)
{
    apr_status_t status = APR_SUCCESS;
    apr_pool_t *turn;

    apr_pool_create(&turn, pool);
    while (!dsw_process_stopping() && !ds_db_is_worn(runner->db) &&
           (status == APR_SUCCESS || status == DS_ENOTFOUND || status == DS_EBUSY)) {
        apr_pool_clear(turn);
        status = turn_run(runner, turn);
        if (status == DS_ENOTFOUND || status == DS_EBUSY)
            wake_wait(runner);
    }
    if (!dsw_process_stopping() && !ds_db_is_worn(runner->db)) {
        ds_log(DS_LOG_WARNING, status, DSLOGNO(0544) "the runner opens the database anew: %s",
               ds_db_error(runner->db));
        dsw_sign_renew();
        dsw_process_wait(-1, TROUBLE_PAUSE);
        dsw_sign_renew();
    }
}

int dsw_runner_run(const dsw_t *worker)
{
    runner_t runner = {.worker = worker, .seed = (unsigned)getpid()};
    apr_pool_t *pool;

    runner.owner = dsw_process_owner(worker->pool);
    apr_pool_create(&pool, worker->pool);
    while (!dsw_process_stopping()) {
        apr_pool_clear(pool);
        runner.db = dsw_db_open(worker, worker->settings->cache_mb, 0, pool);
        if (runner.db)
            turns_run(&runner, pool);
    }
    apr_pool_destroy(pool);
    return 0;
}
