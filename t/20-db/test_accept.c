/* What makes launches: an upload that is repeated is not run twice, a full queue says so, and what
 * failed can be run once more. */
#include "database.h"
#include "ds_retention.h"

static ds_sync_t *cars;

/* Accept a text with these wishes; the writer's pool goes at once. */
static apr_status_t upload(ds_launch_t **launch, int *repeated, ds_db_t *db,
                           const ds_launch_request_t *request, const char *text)
{
    ds_file_writer_t *writer;
    apr_pool_t *pool;
    apr_status_t status;

    apr_pool_create(&pool, test_pool);
    *launch = NULL;
    ds_file_writer_begin(&writer, db, "input", "a.csv", "text/csv", pool);
    ds_file_writer_append(writer, text, strlen(text));
    status = ds_launch_accept(launch, repeated, db, request, writer, test_pool);
    apr_pool_destroy(pool);
    return status;
}

/* Let the oldest launch end in a state. */
static apr_int64_t end(ds_db_t *db, ds_launch_state_e state)
{
    ds_claim_t *claim;

    if (ds_queue_claim(&claim, db, "r", apr_time_from_sec(30), test_pool) != APR_SUCCESS)
        return 0;
    ds_queue_finish(db, claim, state, "over");
    return claim->launch->id;
}

static void queue_empty(ds_db_t *db)
{
    while (end(db, DS_LAUNCH_FINISHED))
        ;
}

static void unbound_expect(const char *name)
{
    tap_is_number(outside_number("SELECT count(*) FROM ds_file WHERE launch_id IS NULL"), 0, name);
}

/* --- upload keys --- */

static void test_key(ds_db_t *db)
{
    ds_launch_request_t request = {.sync = cars, .key = "k-1"};
    ds_sync_t *others = sync_make("others", "car_c");
    ds_launch_t *first, *again;
    int repeated = 1;

    upload(&first, &repeated, db, &request, "vin\nA\n");
    tap_is_number(repeated, 0, "the first upload with a key is accepted");
    tap_is_number(upload(&again, &repeated, db, &request, "vin\nA\n"), APR_SUCCESS,
                  "the same bytes with the same key are fine");
    tap_ok(repeated && again && again->id == first->id, "and are the launch of then");
    tap_is_text(again->uuid, first->uuid, "with all that is known of it");
    tap_is_number(upload(&again, &repeated, db, &request, "vin\nB\n"), DS_ECONFLICT,
                  "other bytes with the same key are refused");
    tap_is_number(outside_number("SELECT count(*) FROM ds_launch"), 1, "no second launch is made");
    unbound_expect("nor does a file stay behind");
    request.sync = others;
    tap_is_number(upload(&again, &repeated, db, &request, "vin\nB\n"), APR_SUCCESS,
                  "another sync's keys are its own");
    tap_is_number(repeated, 0, "and make a launch");
    request.sync = cars;
    request.dry_run = 1;
    tap_is_number(upload(&again, &repeated, db, &request, "vin\nA\n"), DS_ECONFLICT,
                  "the key of an import does not answer for its rehearsal");
    queue_empty(db);
}

static void test_key_age(ds_db_t *db)
{
    ds_launch_request_t request = {.sync = cars, .key = "k-1"};
    ds_launch_t *launch;
    int repeated;

    outside_number("UPDATE ds_upload_key SET created_at = created_at - 86000000000; SELECT 1");
    tap_is_number(upload(&launch, &repeated, db, &request, "vin\nB\n"), DS_ECONFLICT,
                  "a key counts for a day");
    outside_number("UPDATE ds_upload_key SET created_at = created_at - 500000000; SELECT 1");
    tap_is_number(upload(&launch, &repeated, db, &request, "vin\nB\n"), APR_SUCCESS,
                  "and may be used anew after it");
    tap_is_number(repeated, 0, "for a launch of its own");
    tap_is_number(upload(&launch, &repeated, db, &request, "vin\nB\n"), APR_SUCCESS,
                  "which the key names from then on");
    tap_is_number(repeated, 1, "for a day again");
    queue_empty(db);
}

/* Only the newest launch of each sync stays. */
static void all_but_one_remove(ds_db_t *db)
{
    ds_def_t *def = ds_def_make(test_pool);
    int more = 1;

    ds_def_sync_add(def, cars, test_pool);
    def->retention.count = 1;
    while (more)
        ds_retention_run(&more, db, def, test_pool);
    for (more = 1; more;)
        ds_file_sweep(&more, db, apr_time_now(), test_pool);
}

static void test_key_and_retention(ds_db_t *db)
{
    ds_launch_request_t request = {.sync = cars, .key = "k-gone"}, other = {.sync = cars};
    ds_launch_t *first, *launch;
    int repeated;

    upload(&first, &repeated, db, &request, "vin\nG\n");
    upload(&launch, &repeated, db, &other, "vin\nH\n");
    queue_empty(db);
    all_but_one_remove(db);
    tap_is_number(ds_launch_get(&launch, db, NULL, first->id, test_pool), DS_ENOTFOUND,
                  "retention removes the launch of an upload of today");
    tap_is_number(upload(&launch, &repeated, db, &request, "vin\nG\n"), APR_SUCCESS,
                  "the same upload is answered as the first time");
    tap_ok(repeated && launch->id == first->id, "as the launch that is gone");
    tap_is_number(upload(&launch, &repeated, db, &request, "vin\nI\n"), DS_ECONFLICT,
                  "the key is still not free for other bytes");
    tap_is_number(outside_number("SELECT count(*) FROM ds_launch WHERE state = 'queued'"), 0,
                  "and nothing runs again");
    unbound_expect("no file stays of either");
}

static void test_key_and_disabled(ds_db_t *db)
{
    ds_launch_request_t request = {.sync = cars, .key = "k-off"}, other = {.sync = cars};
    ds_launch_t *first, *launch;
    int repeated;

    upload(&first, &repeated, db, &request, "vin\nO\n");
    end(db, DS_LAUNCH_FAILED);
    ds_sync_enabled_set(db, cars->id, 0);
    tap_is_number(upload(&launch, &repeated, db, &request, "vin\nO\n"), APR_SUCCESS,
                  "a repeated upload is answered although the sync was disabled meanwhile");
    tap_ok(repeated && launch->id == first->id, "with the launch of then");
    request.key = "k-new";
    tap_is_number(upload(&launch, &repeated, db, &request, "vin\nO\n"), DS_EDISABLED,
                  "a new key is refused");
    tap_is_number(upload(&launch, &repeated, db, &other, "vin\nO\n"), DS_EDISABLED,
                  "and so is an upload without one");
    tap_is_number(ds_launch_retry(&launch, db, &other, first->id, test_pool), DS_EDISABLED,
                  "a retry");
    tap_is_number(ds_launch_start(&launch, db, &other, 1, 0, test_pool), DS_EDISABLED,
                  "and a start");
    unbound_expect("what is refused leaves no file");
    ds_sync_enabled_set(db, cars->id, 1);
    tap_is_number(upload(&launch, &repeated, db, &request, "vin\nO\n"), APR_SUCCESS,
                  "switched on again it takes the key that it refused");
    queue_empty(db);
}

/* --- limits --- */

static void test_limits(ds_db_t *db)
{
    ds_sync_t *small = sync_make("small", "person");
    ds_launch_request_t mine = {.sync = small, .queue_limit = 3};
    ds_launch_request_t other = {.sync = cars, .queue_limit = 3};
    ds_launch_t *launch;
    int repeated;

    small->queue_limit = 2;
    upload(&launch, &repeated, db, &mine, "1");
    tap_is_number(upload(&launch, &repeated, db, &mine, "2"), APR_SUCCESS,
                  "as many as are allowed may wait");
    tap_is_number(upload(&launch, &repeated, db, &mine, "3"), DS_ELIMIT, "one more may not");
    tap_is_number(ds_launch_start(&launch, db, &mine, apr_time_now(), 0, test_pool), DS_ELIMIT,
                  "nor one that a schedule starts");
    unbound_expect("what was refused leaves no file");
    tap_is_number(upload(&launch, &repeated, db, &other, "4"), APR_SUCCESS,
                  "other syncs have room of their own");
    tap_is_number(upload(&launch, &repeated, db, &other, "5"), DS_ELIMIT,
                  "until all together are too many");
    end(db, DS_LAUNCH_FAILED);
    tap_is_number(upload(&launch, &repeated, db, &mine, "6"), APR_SUCCESS,
                  "what has ended makes room");
    tap_is_number(outside_number("SELECT count(*) FROM ds_launch WHERE state = 'queued'"), 3,
                  "no more than allowed wait");
    mine.queue_limit = other.queue_limit = 0;
    tap_is_number(upload(&launch, &repeated, db, &other, "7"), APR_SUCCESS, "0 is no limit");
    queue_empty(db);
}

/* A repeated upload is an answer about the first one, whatever the queue looks like. */
static void test_key_and_limit(ds_db_t *db)
{
    ds_launch_request_t request = {.sync = cars, .queue_limit = 1, .key = "k-2"};
    ds_launch_t *launch;
    int repeated;

    upload(&launch, &repeated, db, &request, "x");
    tap_is_number(upload(&launch, &repeated, db, &request, "x"), APR_SUCCESS,
                  "a repeated upload needs no room in the queue");
    request.key = "k-3";
    upload(&launch, &repeated, db, &request, "y");
    queue_empty(db);
    tap_is_number(upload(&launch, &repeated, db, &request, "y"), APR_SUCCESS,
                  "a key that came when the queue was full can come again");
    tap_is_number(repeated, 0, "and is accepted then");
    queue_empty(db);
}

/* --- a failed acceptance --- */

static void test_rolled_back(ds_db_t *db)
{
    ds_launch_request_t request = {.sync = cars, .key = "k-4"};
    char *chunk = apr_pcalloc(test_pool, DS_FILE_CHUNK_SIZE);
    long launches = outside_number("SELECT count(*) FROM ds_launch");
    ds_file_writer_t *loser, *winner;
    ds_launch_t *launch = NULL;
    apr_pool_t *pool;
    int repeated, more;

    apr_pool_create(&pool, test_pool);
    ds_file_writer_begin(&loser, db, "input", "a", NULL, pool);
    ds_file_writer_append(loser, "small", 5);
    outside_number(by_database("CREATE TRIGGER refuse BEFORE INSERT ON ds_upload_key"
                               " BEGIN SELECT raise(ABORT, 'no'); END; SELECT 1",
                               "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
                               " 'BEGIN RAISE EXCEPTION ''no''; END';"
                               " CREATE TRIGGER refuse BEFORE INSERT ON ds_upload_key"
                               " EXECUTE FUNCTION refuse(); SELECT 1"));
    tap_is_number(ds_launch_accept(&launch, &repeated, db, &request, loser, pool), DS_ECONSTRAINT,
                  "an acceptance that fails at its end says so");
    outside_number(by_database("DROP TRIGGER refuse; SELECT 1",
                               "DROP TRIGGER refuse ON ds_upload_key; DROP FUNCTION refuse;"
                               " SELECT 1"));
    tap_is_number(outside_number("SELECT count(*) FROM ds_launch"), launches, "makes no launch");
    unbound_expect("and leaves no file");
    ds_file_writer_begin(&winner, db, "input", "b", NULL, test_pool);
    ds_file_writer_append(winner, chunk, DS_FILE_CHUNK_SIZE);
    apr_pool_destroy(pool);
    ds_file_sweep(&more, db, apr_time_now() - apr_time_from_sec(3600), test_pool);
    tap_is_number(more, 0, "its end does not give up the upload that got the same number");
    tap_is_number(ds_launch_accept(&launch, &repeated, db, &request, winner, test_pool),
                  APR_SUCCESS, "which is accepted");
    queue_empty(db);
}

static void test_second_try(ds_db_t *db)
{
    ds_launch_request_t request = {.sync = cars, .queue_limit = 1};
    ds_file_writer_t *writer;
    ds_launch_t *launch = NULL;
    ds_file_t *file = NULL;
    int repeated;

    upload(&launch, &repeated, db, &request, "first");
    ds_file_writer_begin(&writer, db, "input", "a", NULL, test_pool);
    ds_file_writer_append(writer, "second", 6);
    tap_is_number(ds_launch_accept(&launch, &repeated, db, &request, writer, test_pool), DS_ELIMIT,
                  "a file that was refused");
    queue_empty(db);
    tap_is_number(ds_launch_accept(&launch, &repeated, db, &request, writer, test_pool),
                  APR_SUCCESS, "can be accepted later without being sent again");
    ds_file_get(&file, db, launch->id, "input", test_pool);
    tap_is_number(file ? file->size : 0, 6, "with all its bytes");
    queue_empty(db);
}

/* A tool keeps its connection and its upload in one pool. */
static void test_one_pool(void)
{
    char *chunk = apr_pcalloc(test_pool, DS_FILE_CHUNK_SIZE);
    ds_file_writer_t *writer;
    ds_db_t *own = NULL;
    apr_pool_t *pool;

    apr_pool_create(&pool, test_pool);
    ds_db_open(&own, &test_where, pool);
    ds_file_writer_begin(&writer, own, "input", "a", NULL, pool);
    ds_file_writer_append(writer, chunk, DS_FILE_CHUNK_SIZE);
    apr_pool_destroy(pool);
    tap_is_number(outside_number("SELECT count(*) FROM ds_file WHERE launch_id IS NULL AND"
                                 " touched_at = 0"),
                  1, "an upload that ends with its connection is given up at once");
}

/* --- dry run, retry, schedule --- */

static ds_launch_t *launch_get(ds_db_t *db, apr_int64_t id)
{
    ds_launch_t *launch = NULL;

    ds_launch_get(&launch, db, NULL, id, test_pool);
    return launch;
}

static void test_retry(ds_db_t *db)
{
    ds_launch_request_t request = {.sync = cars, .dry_run = 1}, again = {.sync = cars};
    ds_launch_state_e state;
    ds_launch_t *first, *second = NULL, *third = NULL;
    int repeated;

    upload(&first, &repeated, db, &request, "vin\n");
    tap_is_number(launch_get(db, first->id)->dry_run, 1, "a dry run is kept as one");
    tap_is_number(ds_launch_retry(&second, db, &again, first->id, test_pool), DS_ESTATE,
                  "what still waits cannot be run again");
    end(db, DS_LAUNCH_FAILED);
    tap_is_number(ds_launch_retry(&second, db, &again, first->id, test_pool), APR_SUCCESS,
                  "what failed can");
    second = launch_get(db, second->id);
    tap_ok(second->id > first->id && second->state == DS_LAUNCH_QUEUED, "as a new launch");
    tap_is_number(second->dry_run, 1, "a dry run stays one");
    tap_is_number(ds_launch_input_id(second), first->id, "that reads the same file");
    ds_launch_cancel(&state, db, NULL, second->id, "ann", test_pool);
    ds_launch_retry(&third, db, &again, second->id, test_pool);
    tap_is_number(ds_launch_input_id(launch_get(db, third->id)), first->id,
                  "a retry of a cancelled retry reads the file of the first launch");
    end(db, DS_LAUNCH_FINISHED);
    tap_is_number(ds_launch_retry(&third, db, &again, third->id, test_pool), DS_ESTATE,
                  "what has finished is not run again");
    tap_is_number(ds_launch_retry(&third, db, &again, 4711, test_pool), DS_ENOTFOUND,
                  "an unknown launch is told");
    again.sync = sync_make("others", "car_c");
    tap_is_number(ds_launch_retry(&third, db, &again, first->id, test_pool), DS_ENOTFOUND,
                  "another sync's launch looks like none");
    again.sync = sync_make("cars", "car_c");
    ((ds_sync_t *)again.sync)->kind = DS_KIND_DELETE;
    tap_is_number(ds_launch_retry(&third, db, &again, first->id, test_pool), DS_ESTATE,
                  "records to import are never taken for keys to delete");
}

static void test_retry_without_file(ds_db_t *db)
{
    ds_launch_request_t request = {.sync = cars, .queue_limit = 1};
    ds_launch_t *launch, *again;
    int repeated;

    upload(&launch, &repeated, db, &request, "vin\n");
    end(db, DS_LAUNCH_FAILED);
    upload(&again, &repeated, db, &request, "vin\n");
    tap_is_number(ds_launch_retry(&again, db, &request, launch->id, test_pool), DS_ELIMIT,
                  "a retry needs room in the queue");
    queue_empty(db);
    outside_number(apr_psprintf(test_pool,
                                "DELETE FROM ds_chunk WHERE file_id = (SELECT id FROM ds_file"
                                " WHERE launch_id = %d); DELETE FROM ds_file WHERE launch_id = %d;"
                                " UPDATE ds_launch SET files_removed_at = 1 WHERE id = %d;"
                                " SELECT 1",
                                (int)launch->id, (int)launch->id, (int)launch->id));
    tap_is_number(ds_launch_retry(&again, db, &request, launch->id, test_pool), DS_ENOTFOUND,
                  "and a file");
}

static void test_start(ds_db_t *db)
{
    ds_sync_t *export = sync_make("cars-export", "car_c");
    ds_launch_request_t request = {.sync = export};
    ds_sync_status_t known;
    ds_launch_t *launch = NULL, *again = NULL;

    export->kind = DS_KIND_EXPORT;
    ds_sync_schedule_set(db, export->id, "@daily UTC", 1000);
    tap_is_number(ds_launch_start(&launch, db, &request, 1000, 2000, test_pool), APR_SUCCESS,
                  "a due time makes a launch");
    tap_is_number(launch_get(db, launch->id)->scheduled_at, 1000, "which knows when it was due");
    tap_is_number(ds_launch_start(&again, db, &request, 1000, 2000, test_pool), DS_ESTATE,
                  "the keeper of another node makes no second one");
    ds_sync_status_get(&known, db, export->id, test_pool);
    tap_is_number(known.next_at, 2000, "the next due time is known");
    tap_is_number(outside_number("SELECT count(*) FROM ds_launch WHERE kind = 'export'"), 1,
                  "one launch for one due time");
    end(db, DS_LAUNCH_FAILED);
    tap_is_number(ds_launch_retry(&again, db, &request, launch->id, test_pool), APR_SUCCESS,
                  "a failed export can be run again without a file");
    end(db, DS_LAUNCH_FAILED);
    ds_sync_enabled_set(db, export->id, 0);
    ds_sync_status_get(&known, db, export->id, test_pool);
    tap_ok(!known.enabled && known.next_at == 2000 && !strcmp(known.schedule, "@daily UTC"),
           "switching a sync off keeps its schedule");
}

int main(void)
{
    ds_db_t *db = database_make();

    cars = sync_make("cars", "car_c");
    test_key(db);
    test_key_age(db);
    test_key_and_retention(db);
    test_key_and_disabled(db);
    test_limits(db);
    test_key_and_limit(db);
    test_rolled_back(db);
    test_second_try(db);
    test_retry(db);
    test_retry_without_file(db);
    test_start(db);
    test_one_pool();
    return database_end(db);
}
