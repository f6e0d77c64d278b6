/* Claim and finish launches that have no work, one after the other.
 *
 *   queue_loop bare|ours DRIVER PARAMS COUNT
 *
 * "ours" is what a runner calls; "bare" the least that gives the same promise through apr_dbd: one
 * job for one worker, both steps on the disk. Prints the seconds. */
#include "bare.h"

#include "ds_db_migrate.h"
#include "ds_queue.h"

#define LEASE apr_time_from_sec(30)

/* --- bare --- */

static void bare_fill(const bare_t *bare, long count)
{
    const char *values[] = {"queued"};
    apr_dbd_prepared_t *statement;
    apr_pool_t *pool;
    int rows;

    bare_run(bare, bare_is_sqlite(bare)
                       ? "CREATE TABLE job (id INTEGER PRIMARY KEY, state TEXT NOT NULL)"
                       : "CREATE TABLE job (id bigserial PRIMARY KEY, state text NOT NULL)");
    bare_run(bare, "CREATE INDEX job_queued ON job (id) WHERE state = 'queued'");
    statement = bare_prepare(bare, "INSERT INTO job (state) VALUES (%s)");
    apr_pool_create(&pool, bare->pool);
    bare_run(bare, "BEGIN");
    while (count-- > 0) {
        bare_check(bare,
                   apr_dbd_pquery(bare->driver, pool, bare->handle, &rows, statement, 0, values),
                   "fill");
        apr_pool_clear(pool);
    }
    bare_run(bare, "COMMIT");
}

/* The id of the claimed job as text, or NULL. */
static const char *bare_claim(const bare_t *bare, apr_dbd_prepared_t *statement, apr_pool_t *pool)
{
    apr_dbd_results_t *results = NULL;
    apr_dbd_row_t *row = NULL;
    const char *none[] = {NULL}, *id = NULL;

    bare_check(bare,
               apr_dbd_pselect(bare->driver, pool, bare->handle, &results, statement, 1, 0, none),
               "claim");
    while (apr_dbd_get_row(bare->driver, pool, results, &row, -1) == 0) {
        id = apr_pstrdup(pool, apr_dbd_get_entry(bare->driver, row, 0));
    }
    return id;
}

static long bare_loop(const bare_t *bare)
{
    apr_dbd_prepared_t *claim = bare_prepare(
        bare, bare_is_sqlite(bare)
                  ? "UPDATE job SET state = 'running' WHERE id = (SELECT id FROM job"
                    " WHERE state = 'queued' ORDER BY id LIMIT 1) RETURNING id"
                  : "UPDATE job SET state = 'running' WHERE id = (SELECT id FROM job"
                    " WHERE state = 'queued' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)"
                    " RETURNING id");
    apr_dbd_prepared_t *finish = bare_prepare(
        bare, bare_is_sqlite(bare) ? "UPDATE job SET state = 'finished' WHERE id = %s"
                                   : "UPDATE job SET state = 'finished' WHERE id = %s::bigint");
    const char *id;
    apr_pool_t *pool;
    long done = 0;
    int rows;

    apr_pool_create(&pool, bare->pool);
    while ((id = bare_claim(bare, claim, pool)) != NULL) {
        bare_check(bare, apr_dbd_pquery(bare->driver, pool, bare->handle, &rows, finish, 0, &id),
                   "finish");
        apr_pool_clear(pool);
        done++;
    }
    return done;
}

static long bare_measure(double *seconds, const char *driver, const char *params, long count)
{
    apr_time_t begin;
    bare_t bare;
    long done;

    bare_open(&bare, driver, params);
    bare_fill(&bare, count);
    begin = apr_time_now();
    done = bare_loop(&bare);
    *seconds = bare_seconds(begin);
    apr_dbd_close(bare.driver, bare.handle);
    return done;
}

/* --- ours --- */

static ds_db_t *ours_open(const char *driver, const char *params, apr_pool_t *pool)
{
    ds_db_where_t where = {.driver = driver, .params = params, .create = 1};
    ds_problem_t *problem;
    ds_db_t *db = NULL;

    ds_db_init(pool);
    problem = ds_db_open(&db, &where, pool);
    if (!problem) {
        problem = ds_db_migrate(db, pool);
    }
    if (problem) {
        fprintf(stderr, "%s\n", problem->text);
        exit(1);
    }
    return db;
}

static void ours_fill(ds_db_t *db, long count, apr_pool_t *parent)
{
    ds_sync_t *sync = ds_sync_make("bench", parent);
    ds_launch_request_t request = {.sync = sync};
    ds_launch_t *launch;
    apr_pool_t *pool;

    sync->object_name = "bench";
    apr_pool_create(&pool, parent);
    while (count-- > 0) {
        if (ds_launch_start(&launch, db, &request, 1, 0, pool) != APR_SUCCESS) {
            exit(1);
        }
        apr_pool_clear(pool);
    }
}

static long ours_loop(ds_db_t *db, apr_pool_t *parent)
{
    ds_claim_t *claim;
    apr_pool_t *pool;
    long done = 0;

    apr_pool_create(&pool, parent);
    while (ds_queue_claim(&claim, db, "bench", LEASE, pool) == APR_SUCCESS) {
        if (ds_queue_finish(db, claim, DS_LAUNCH_FINISHED, "0 rows") != APR_SUCCESS) {
            exit(1);
        }
        apr_pool_clear(pool);
        done++;
    }
    return done;
}

static long ours_measure(double *seconds, const char *driver, const char *params, long count)
{
    apr_time_t begin;
    apr_pool_t *pool;
    ds_db_t *db;
    long done;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    db = ours_open(driver, params, pool);
    ours_fill(db, count, pool);
    begin = apr_time_now();
    done = ours_loop(db, pool);
    *seconds = bare_seconds(begin);
    ds_db_close(db);
    return done;
}

int main(int argc, char **argv)
{
    long count = argc == 5 ? atol(argv[4]) : 0, done;
    double seconds;

    if (count < 1) {
        fprintf(stderr, "usage: queue_loop bare|ours DRIVER PARAMS COUNT\n");
        return 2;
    }
    done = strcmp(argv[1], "bare") ? ours_measure(&seconds, argv[2], argv[3], count)
                                   : bare_measure(&seconds, argv[2], argv[3], count);
    if (done != count) {
        fprintf(stderr, "%ld of %ld jobs were done\n", done, count);
        return 1;
    }
    printf("{\"seconds\": %.6f}\n", seconds);
    return 0;
}
