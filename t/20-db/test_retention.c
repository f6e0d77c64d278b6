/* Retention: what is old goes, piece by piece; what is still needed stays. */
#include "ds_retention.h"

#include <apr_thread_proc.h>

#include "database.h"

static ds_def_t *def;
static ds_sync_t *cars, *cars_out;

static ds_launch_t *launch_end(ds_db_t *db, const ds_sync_t *sync, ds_launch_state_e state)
{
    ds_launch_request_t request = {.sync = sync};
    ds_launch_t *launch = NULL;
    ds_file_writer_t *writer;
    ds_claim_t *claim;

    if (sync->kind != DS_KIND_EXPORT)
        launch_accept(db, sync, "id\n1\n");
    else
        ds_launch_start(&launch, db, &request, 1, 0, test_pool);
    ds_queue_claim(&claim, db, "r", apr_time_from_sec(30), test_pool);
    if (sync->kind == DS_KIND_EXPORT) {
        ds_file_writer_begin(&writer, db, "output", "o.csv", "text/csv", test_pool);
        ds_file_writer_append(writer, "id\n", 3);
        ds_db_begin(db);
        ds_file_writer_finish(writer, claim->launch->id);
        ds_db_commit(db);
        ds_file_writer_close(writer);
    }
    ds_queue_finish(db, claim, state, "done");
    return claim->launch;
}

/* Make a launch look as if it had ended so many days ago. */
static void launch_age(const ds_launch_t *launch, int days)
{
    outside_number(apr_psprintf(test_pool,
                                "UPDATE ds_launch SET finished_at = finished_at - %d * 86400000000"
                                " WHERE id = %d; SELECT 1",
                                days, (int)launch->id));
}

static void retention_run(ds_db_t *db)
{
    int more = 1, turns;

    for (turns = 0; more && turns < 100; turns++)
        ds_retention_run(&more, db, def, test_pool);
    for (more = 1; more && turns < 200; turns++)
        ds_file_sweep(&more, db, 1, test_pool);
    tap_ok(turns < 100, "clearing away comes to an end");
}

static long launches(void)
{
    return outside_number("SELECT count(*) FROM ds_launch");
}

static void test_age(ds_db_t *db)
{
    ds_launch_t *old = launch_end(db, cars, DS_LAUNCH_FINISHED);
    ds_launch_t *older = launch_end(db, cars, DS_LAUNCH_FAILED);
    ds_launch_t *fresh = launch_end(db, cars, DS_LAUNCH_FINISHED);
    ds_file_t *file;

    launch_age(old, 40);
    launch_age(older, 100);
    retention_run(db);
    tap_is_number(ds_file_get(&file, db, old->id, "input", test_pool), DS_ENOTFOUND,
                  "the files of an old launch go");
    tap_is_number(ds_launch_get(&old, db, NULL, old->id, test_pool), APR_SUCCESS,
                  "while the launch itself can still be seen");
    tap_is_number(ds_launch_get(&older, db, NULL, older->id, test_pool), DS_ENOTFOUND,
                  "an older one goes as a whole");
    tap_is_number(ds_file_get(&file, db, fresh->id, "input", test_pool), APR_SUCCESS,
                  "what is young stays");
    tap_is_number(outside_number("SELECT count(*) FROM ds_chunk"), 1, "no chunk is left behind");
}

static void test_output(ds_db_t *db)
{
    ds_launch_t *first = launch_end(db, cars_out, DS_LAUNCH_FINISHED);
    ds_launch_t *second = launch_end(db, cars_out, DS_LAUNCH_FINISHED);
    ds_file_t *file = NULL;

    launch_age(first, 200);
    launch_age(second, 200);
    retention_run(db);
    tap_is_number(ds_file_latest_output(&file, db, cars_out->id, test_pool), APR_SUCCESS,
                  "the newest output of a sync stays, however old it is");
    tap_is_number(file->launch_id, second->id, "the newest one only");
    tap_is_number(ds_launch_get(&first, db, NULL, first->id, test_pool), DS_ENOTFOUND,
                  "earlier ones go");
}

static void test_retry(ds_db_t *db)
{
    ds_launch_request_t request = {.sync = cars};
    ds_launch_t *failed = launch_end(db, cars, DS_LAUNCH_FAILED), *again;
    ds_file_t *file;

    ds_launch_retry(&again, db, &request, failed->id, test_pool);
    launch_age(failed, 200);
    retention_run(db);
    tap_is_number(ds_file_get(&file, db, failed->id, "input", test_pool), APR_SUCCESS,
                  "the input that a retry waits for stays");
}

/* --- a retry that comes between the look and the deed --- */

static void *APR_THREAD_FUNC beside_run(apr_thread_t *thread, void *other)
{
    apr_status_t status;
    apr_pool_t *pool;
    int more;

    apr_pool_create(&pool, NULL);
    do /* as the keeper does at its next turn */
        status = ds_retention_run(&more, other, def, pool);
    while (status == DS_EBUSY);
    apr_thread_exit(thread, status);
    return NULL;
}

static void test_retry_beside(ds_db_t *db)
{
    ds_launch_t *failed = launch_end(db, cars, DS_LAUNCH_FAILED);
    ds_db_t *other = database_open(0);
    apr_thread_t *thread;
    apr_status_t status;
    ds_db_rows_t *rows;
    ds_file_t *file;
    ds_claim_t *claim;

    launch_age(failed, 200);
    ds_db_begin_queue(db);
    ds_db_select(&rows, db, STMT_LAUNCH_CREATE,
                 DS_ARGS(DS_TEXT("of-a-retry"), DS_TEXT("cars"), DS_TEXT("car_c"), DS_TEXT("car_c"),
                         DS_TEXT("import"), DS_TEXT("queued"), DS_INT(1), DS_INT(0),
                         DS_INT(failed->id), DS_TEXT(NULL), DS_TEXT(NULL), DS_TEXT(NULL),
                         DS_INT_OR_NULL(0)),
                 test_pool);
    apr_thread_create(&thread, NULL, beside_run, other, test_pool);
    tap_ok(writer_wait(), "retention begins while a retry is not yet to be seen");
    tap_is_number(ds_db_commit(db), APR_SUCCESS, "the retry is accepted");
    apr_thread_join(&status, thread);
    tap_is_number(status, APR_SUCCESS, "retention goes on");
    tap_is_number(ds_file_get(&file, db, failed->id, "input", test_pool), APR_SUCCESS,
                  "and leaves the input that the retry needs");
    ds_db_close(other);
    ds_queue_claim(&claim, db, "r", apr_time_from_sec(30), test_pool);
    ds_queue_finish(db, claim, DS_LAUNCH_FINISHED, "done");
}

static void test_count(ds_db_t *db)
{
    int i;

    for (i = 0; i < 30; i++)
        launch_end(db, cars, DS_LAUNCH_FINISHED);
    def->retention.count = 5;
    retention_run(db);
    tap_is_number(outside_number("SELECT count(*) FROM ds_launch WHERE sync_id = 'cars'"), 5,
                  "a sync keeps so many launches and no more");
}

static void test_for_ever(ds_db_t *db)
{
    long before = launches();

    outside_number("UPDATE ds_launch SET finished_at = 5 WHERE finished_at > 5; SELECT 1");
    def->retention = (ds_retention_t){0};
    retention_run(db);
    tap_is_number(launches(), before, "without rules nothing is ever removed");
}

int main(void)
{
    ds_db_t *db = database_make();

    def = ds_def_make(test_pool);
    cars = sync_make("cars", "car_c");
    cars_out = sync_make("cars-out", "car_c");
    cars_out->kind = DS_KIND_EXPORT;
    ds_def_sync_add(def, cars, test_pool);
    ds_def_sync_add(def, cars_out, test_pool);
    def->retention.files = apr_time_from_sec(30 * 86400);
    def->retention.launches = apr_time_from_sec(90 * 86400);
    test_age(db);
    test_output(db);
    test_retry_beside(db);
    test_retry(db);
    test_count(db);
    test_for_ever(db);
    return database_end(db);
}
