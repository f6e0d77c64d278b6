/* Files, launches and the queue: what is accepted is there, and each launch has one owner. */
#include "database.h"

static int alive_answer, silent_owners;

static int alive(const char *owner, int silent)
{
    silent_owners += silent;
    return alive_answer;
}

static ds_launch_t *launch_get(ds_db_t *db, apr_int64_t id)
{
    ds_launch_t *launch = NULL;

    ds_launch_get(&launch, db, NULL, id, test_pool);
    return launch;
}

static ds_claim_t *claim(ds_db_t *db, const char *owner)
{
    ds_claim_t *made = NULL;

    ds_queue_claim(&made, db, owner, apr_time_from_sec(30), test_pool);
    return made;
}

static void finish(ds_db_t *db, const ds_claim_t *owned)
{
    ds_queue_finish(db, owned, DS_LAUNCH_FINISHED, "done");
}

static void test_file(ds_db_t *db, const ds_sync_t *sync)
{
    apr_size_t size = 2 * DS_FILE_CHUNK_SIZE + 4711, got;
    char *data = apr_palloc(test_pool, size), sha256[DS_SHA256_HEX_SIZE];
    const char *chunk;
    ds_file_writer_t *writer;
    ds_launch_t *launch = NULL;
    int repeated;
    ds_file_t *file = NULL;
    apr_int64_t start, offset = 0;
    apr_size_t i, wrong = 0;

    for (i = 0; i < size; i++)
        data[i] = (char)(i * 31 + (i >> 8));
    ds_file_writer_begin(&writer, db, "input", "big.bin", NULL, test_pool);
    for (i = 0; i < size; i += 100000)
        ds_file_writer_append(writer, data + i, size - i < 100000 ? size - i : 100000);
    tap_is_number(outside_number("SELECT count(*) FROM ds_launch"), 0,
                  "an upload is not visible before its end");
    ds_launch_accept(&launch, &repeated, db, &(ds_launch_request_t){.sync = sync}, writer,
                     test_pool);
    ds_file_get(&file, db, launch->id, "input", test_pool);
    tap_is_number(file->size, (apr_int64_t)size, "every byte is counted");
    ds_digest_sha256(sha256, data, size);
    tap_is_text(file->sha256, sha256, "the digest is the one of the bytes");
    while (ds_file_chunk_read(&chunk, &got, &start, db, file->id, offset, test_pool) ==
           APR_SUCCESS) {
        wrong += memcmp(chunk, data + start, got) != 0;
        offset = start + (apr_int64_t)got;
    }
    tap_is_number(offset, (apr_int64_t)size, "the file is read to its end");
    tap_is_number((apr_int64_t)wrong, 0, "and byte for byte, NUL bytes too");
    ds_file_chunk_read(&chunk, &got, &start, db, file->id, DS_FILE_CHUNK_SIZE + 5, test_pool);
    tap_is_number(start, DS_FILE_CHUNK_SIZE, "any place of it can be found");
    finish(db, claim(db, "r"));
}

static void test_given_up(ds_db_t *db)
{
    char *data = apr_pcalloc(test_pool, DS_FILE_CHUNK_SIZE);
    ds_file_writer_t *writer;
    apr_pool_t *request;
    int more = 1, turns, i;

    apr_pool_create(&request, test_pool);
    ds_file_writer_begin(&writer, db, "input", NULL, NULL, request);
    for (i = 0; i < 40; i++)
        ds_file_writer_append(writer, data, DS_FILE_CHUNK_SIZE);
    ds_file_sweep(&more, db, apr_time_now() - apr_time_from_sec(3600), test_pool);
    tap_is_number(more, 0, "an upload that still arrives is not swept");
    apr_pool_destroy(request);
    for (turns = 0, more = 1; more && turns < 100; turns++)
        ds_file_sweep(&more, db, apr_time_now() - apr_time_from_sec(3600), test_pool);
    tap_is_number(outside_number("SELECT count(*) FROM ds_file WHERE launch_id IS NULL"), 0,
                  "a given up upload leaves no file");
    tap_is_number(outside_number("SELECT count(*) FROM ds_chunk c WHERE NOT EXISTS (SELECT 1 FROM "
                                 "ds_file f WHERE f.id = c.file_id)"),
                  0, "and no chunk");
    tap_ok(turns > 2, "in several short transactions");
}

/* A client that was silent for too long comes back while its chunks are being swept. */
static void test_come_back(ds_db_t *db, const ds_sync_t *sync)
{
    ds_launch_request_t request = {.sync = sync};
    char *data = apr_pcalloc(test_pool, DS_FILE_CHUNK_SIZE);
    ds_file_writer_t *writer;
    ds_launch_t *launch = NULL;
    int i, more, repeated;

    ds_file_writer_begin(&writer, db, "input", NULL, NULL, test_pool);
    for (i = 0; i < 20; i++)
        ds_file_writer_append(writer, data, DS_FILE_CHUNK_SIZE);
    ds_file_sweep(&more, db, apr_time_now() + apr_time_from_sec(1), test_pool);
    tap_ok(ds_file_writer_append(writer, data, DS_FILE_CHUNK_SIZE) != APR_SUCCESS ||
               ds_file_writer_append(writer, data, DS_FILE_CHUNK_SIZE) != APR_SUCCESS,
           "an upload that is being swept cannot go on");
    tap_ok(ds_launch_accept(&launch, &repeated, db, &request, writer, test_pool) != APR_SUCCESS,
           "nor be accepted with a hole");
    for (i = 0, more = 1; more && i < 100; i++)
        ds_file_sweep(&more, db, apr_time_now(), test_pool);
}

static void test_order(ds_db_t *db, const ds_sync_t *cars, const ds_sync_t *people)
{
    ds_launch_t *first = launch_accept(db, cars, "a"), *second = launch_accept(db, cars, "b");
    ds_launch_t *other = launch_accept(db, people, "c");
    ds_claim_t *one = claim(db, "r1"), *two = claim(db, "r2");

    tap_is_number(one->launch->id, first->id, "the oldest launch runs first");
    tap_is_number(two->launch->id, other->id, "launches of different objects run side by side");
    tap_ok(claim(db, "r3") == NULL, "launches of one object run one after the other");
    finish(db, one);
    one = claim(db, "r1");
    tap_is_number(one->launch->id, second->id, "in the order of acceptance");
    finish(db, one);
    finish(db, two);
}

static void test_owner(ds_db_t *db, const ds_sync_t *sync)
{
    ds_counters_t rows = {.read = 5, .ok = 4, .failed = 1};
    ds_checkpoint_t checkpoint = {100, 6};
    ds_claim_t *first, *second;
    int cancelled;

    launch_accept(db, sync, "x");
    first = claim(db, "r1");
    ds_db_begin(db);
    ds_queue_checkpoint(&cancelled, db, first, &rows, &checkpoint, test_pool);
    ds_file_append(db, first->launch->id, "failures", "text/csv", "f\n", 2, test_pool);
    ds_file_append(db, first->launch->id, "failures", "text/csv", "gg\n", 3, test_pool);
    tap_is_number(ds_db_commit(db), APR_SUCCESS, "a batch is stored with its checkpoint");
    tap_is_number(ds_queue_release(db, "r2", test_pool), DS_ELOST, "others cannot hand it back");
    tap_is_number(ds_queue_release(db, "r1", test_pool), APR_SUCCESS,
                  "a launch can be handed back");
    second = claim(db, "r2");
    tap_is_number(second->checkpoint.offset, 100, "the next runner goes on at the checkpoint");
    tap_is_number(second->launch->rows.ok, 4, "with the counters of then");
    ds_db_begin(db);
    tap_is_number(ds_queue_checkpoint(&cancelled, db, first, &rows, &checkpoint, test_pool),
                  DS_ELOST, "who has lost a launch cannot write");
    ds_db_rollback(db);
    tap_is_number(ds_queue_finish(db, first, DS_LAUNCH_FINISHED, "x"), DS_ELOST, "nor end it");
    alive_answer = 1;
    tap_is_number(reclaim(db, alive), 0, "a living runner keeps its launch");
    tap_is_number(silent_owners, 0, "and is left alone");
    alive_answer = 0;
    tap_is_number(reclaim(db, alive), 1, "a dead runner's launch is taken away");
    finish(db, claim(db, "r3"));
}

static const char *state_of(ds_db_t *db, apr_int64_t id)
{
    ds_launch_t *launch = NULL;

    return ds_launch_get(&launch, db, NULL, id, test_pool) == APR_SUCCESS
               ? ds_launch_state_name(launch->state)
               : "none";
}

static void test_pause(ds_db_t *db, const ds_sync_t *sync)
{
    const apr_time_t now = apr_time_now(), soon = now + apr_time_from_sec(3000);
    ds_claim_t *owned;
    ds_launch_state_e state;

    launch_accept(db, sync, "x");
    launch_accept(db, sync, "y");
    owned = claim(db, "r1");
    tap_is_number(ds_queue_pause(db, owned, soon, "waits"), APR_SUCCESS, "a launch can wait");
    tap_is_number(ds_queue_finish(db, owned, DS_LAUNCH_FINISHED, "x"), DS_ELOST,
                  "its runner has it no more");
    tap_ok(!claim(db, "r1"), "nobody takes it, or overtakes it");
    alive_answer = 0;
    tap_is_number(reclaim(db, alive), 0, "it is nobody who is gone");
    tap_is_text(state_of(db, owned->launch->id), "running", "for others it goes on");
    ds_launch_cancel(&state, db, NULL, owned->launch->id, "me", test_pool);
    reclaim(db, alive);
    tap_is_text(state_of(db, owned->launch->id), "cancelled", "it can be cancelled at once");
    owned = claim(db, "r1");
    ds_queue_pause(db, owned, now - 1, "waits");
    tap_is_number(reclaim(db, alive), 0, "nobody lost it when its time has come");
    owned = claim(db, "r1");
    tap_ok(owned && !owned->launch->crashes && !owned->launch->message, "and it goes on");
    ds_queue_pause(db, owned, now + apr_time_from_sec(86400), "waits");
    reclaim(db, alive);
    owned = claim(db, "r1");
    tap_ok(owned != NULL, "also when the clock was set back meanwhile");
    finish(db, owned);
}

static void test_lease(ds_db_t *db, const ds_sync_t *sync)
{
    ds_claim_t *owned = NULL;

    launch_accept(db, sync, "x");
    ds_queue_claim(&owned, db, "far away", apr_time_from_msec(1), test_pool);
    apr_sleep(apr_time_from_msec(5));
    alive_answer = 1;
    tap_is_number(reclaim(db, alive), 1,
                  "a runner of another machine loses its launch with its lease");
    tap_is_number(silent_owners, 1, "one that hangs can be ended before that");
    finish(db, claim(db, "r"));
    launch_accept(db, sync, "x");
    ds_queue_claim(&owned, db, "waits", apr_time_from_msec(1), test_pool);
    apr_sleep(apr_time_from_msec(5));
    alive_answer = DS_OWNER_WAITS;
    tap_is_number(reclaim(db, alive), 1, "so does one that cannot write for so long");
    tap_is_number(launch_get(db, owned->launch->id)->crashes, 0, "which is no crash");
    finish(db, claim(db, "r"));
}

static void test_crashes(ds_db_t *db, const ds_sync_t *sync)
{
    apr_int64_t id = launch_accept(db, sync, "poison")->id;
    ds_counters_t none = {0};
    ds_checkpoint_t start = {10, 2};
    int i, cancelled;

    alive_answer = 0;
    for (i = 0; i < 2; i++) {
        claim(db, "r");
        reclaim(db, alive);
    }
    tap_is_number(launch_get(db, id)->state, DS_LAUNCH_QUEUED, "a launch outlives two crashes");
    ds_db_begin(db);
    ds_queue_checkpoint(&cancelled, db, claim(db, "r"), &none, &start, test_pool);
    ds_db_commit(db);
    tap_is_number(launch_get(db, id)->crashes, 0, "progress forgives earlier crashes");
    for (i = 0; i < 3; i++) {
        reclaim(db, alive);
        claim(db, "r");
    }
    tap_is_number(launch_get(db, id)->state, DS_LAUNCH_FAILED, "three in a row fail it");
    tap_ok(strstr(launch_get(db, id)->message, "died 3 times") != NULL, "and the message says why");
}

/* An export begins anew each time: what it has read is no progress. */
static void test_crashes_of_export(ds_db_t *db, const ds_sync_t *sync)
{
    apr_int64_t id = launch_accept(db, sync, "poison")->id;
    ds_counters_t rows = {.read = 300, .ok = 300};
    ds_checkpoint_t start = {0};
    int i, cancelled;

    alive_answer = 0;
    for (i = 0; i < 3; i++) {
        ds_claim_t *owned = claim(db, "r");

        ds_db_begin(db);
        ds_queue_checkpoint(&cancelled, db, owned, &rows, &start, test_pool);
        ds_db_commit(db);
        reclaim(db, alive);
    }
    tap_is_number(launch_get(db, id)->state, DS_LAUNCH_FAILED,
                  "a launch that never gets further is given up");
}

/* The object's table was dropped, or lacks a column: no try will ever succeed. */
static void test_stumble(ds_db_t *db, const ds_sync_t *sync)
{
    apr_int64_t id = launch_accept(db, sync, "x")->id;
    int i;

    for (i = 0; i < 2; i++) {
        claim(db, "r");
        ds_queue_stumble(db, "r", "No such table", test_pool);
    }
    tap_is_number(launch_get(db, id)->state, DS_LAUNCH_QUEUED,
                  "work that the database refuses is tried again");
    claim(db, "r");
    ds_queue_stumble(db, "r", "No such table", test_pool);
    tap_is_number(launch_get(db, id)->state, DS_LAUNCH_FAILED,
                  "but does not block others for ever");
    tap_is_text(launch_get(db, id)->message, "No such table. 0 rows imported", "and says why");
}

static void test_cancel(ds_db_t *db, const ds_sync_t *sync)
{
    ds_counters_t none = {0};
    ds_checkpoint_t start = {0};
    apr_int64_t id = launch_accept(db, sync, "x")->id;
    ds_launch_state_e state;
    ds_claim_t *owned;
    int cancelled = 0;

    ds_launch_cancel(&state, db, NULL, id, "ann", test_pool);
    tap_is_number(state, DS_LAUNCH_CANCELLED, "a queued launch is cancelled at once");
    tap_is_text(launch_get(db, id)->message, "Cancelled by user: ann", "by a name");
    tap_is_number(ds_launch_cancel(&state, db, NULL, id, "ann", test_pool), DS_ESTATE,
                  "what has ended cannot be cancelled");
    tap_is_number(ds_launch_cancel(&state, db, "another", id, "ann", test_pool), DS_ENOTFOUND,
                  "another sync's launch looks like none");
    id = launch_accept(db, sync, "x")->id;
    owned = claim(db, "r");
    ds_launch_cancel(&state, db, NULL, id, "bob", test_pool);
    tap_is_number(state, DS_LAUNCH_CANCELLING, "a running one is asked to stop");
    ds_db_begin(db);
    ds_queue_checkpoint(&cancelled, db, owned, &none, &start, test_pool);
    ds_db_commit(db);
    tap_ok(cancelled, "the runner learns it with its next batch");
    ds_queue_finish(db, owned, DS_LAUNCH_CANCELLED, "0 rows imported");
    tap_is_text(launch_get(db, id)->message, "Cancelled by user: bob: 0 rows imported",
                "what was done by then is said");
}

/* Somebody cancels a launch that its runner cannot go on with. */
static void test_cancel_left(ds_db_t *db, const ds_sync_t *sync, int stumbles)
{
    ds_counters_t rows = {.read = 2, .ok = 2};
    ds_checkpoint_t checkpoint = {10, 3};
    apr_int64_t id = launch_accept(db, sync, "x")->id;
    ds_claim_t *owned = claim(db, "r");
    ds_launch_state_e state;
    int cancelled;

    ds_db_begin(db);
    ds_queue_checkpoint(&cancelled, db, owned, &rows, &checkpoint, test_pool);
    ds_db_commit(db);
    ds_launch_cancel(&state, db, NULL, id, "ann", test_pool);
    tap_is_number(stumbles ? ds_queue_stumble(db, "r", "No such table", test_pool)
                           : ds_queue_release(db, "r", test_pool),
                  APR_SUCCESS, "a launch that is to be cancelled can be let go");
    tap_is_number(launch_get(db, id)->state, DS_LAUNCH_CANCELLED, "and is cancelled at once");
    tap_is_text(launch_get(db, id)->message, "Cancelled by user: ann: 2 rows imported",
                "with what was done by then");
    tap_ok(launch_get(db, id)->finished_at != 0, "it has ended");
    tap_ok(claim(db, "r") == NULL, "and is not run again");
}

static void test_list(ds_db_t *db)
{
    apr_array_header_t *list;

    ds_launch_list(&list, db, "cars", 3, test_pool);
    tap_is_number(list->nelts, 3, "a list has at most so many launches");
    tap_ok(APR_ARRAY_IDX(list, 0, ds_launch_t *)->id > APR_ARRAY_IDX(list, 2, ds_launch_t *)->id,
           "the newest first");
    tap_is_text(
        ds_launch_summary(&(ds_launch_t){0}, &(ds_counters_t){.ok = 1204, .failed = 3}, test_pool),
        "1,204 rows imported, 3 failed: see the failures file", "a summary is plain words");
    tap_is_text(ds_launch_summary(&(ds_launch_t){0}, &(ds_counters_t){.ok = 1}, test_pool),
                "1 row imported", "also for one row");
}

/* What is added between two pages moves the later ones on, and hides nothing. */
static void test_history(ds_db_t *db)
{
    ds_sync_t *sync = sync_make("watched", "watched");
    apr_array_header_t *page;
    apr_int64_t ids[4];
    int i;

    launch_accept(db, sync, "waits");
    ds_launch_history(&page, db, sync->id, 0, 10, test_pool);
    tap_is_number(page->nelts, 0, "a launch that waits is no history yet");
    for (i = 0; i < 4; i++) {
        ds_claim_t *claimed = claim(db, "r");

        ids[i] = claimed->launch->id;
        finish(db, claimed);
        launch_accept(db, sync, "next");
    }
    ds_launch_history(&page, db, sync->id, 0, 2, test_pool);
    tap_ok(page->nelts == 2 && APR_ARRAY_IDX(page, 0, ds_launch_t *)->id == ids[3] &&
               APR_ARRAY_IDX(page, 1, ds_launch_t *)->id == ids[2],
           "the newest launches come first");
    finish(db, claim(db, "r"));
    ds_launch_history(&page, db, sync->id, 2, 10, test_pool);
    tap_ok(page->nelts == 3 && APR_ARRAY_IDX(page, 0, ds_launch_t *)->id == ids[2],
           "the next page begins at the last one when a launch was added");
    ds_launch_history(&page, db, sync->id, APR_INT64_MAX, 11, test_pool);
    tap_is_number(page->nelts, 0, "no launch is that far back");
}

static void test_alone(ds_db_t *db)
{
    ds_sync_t *sync = sync_make("lonely", "car_c");
    ds_launch_request_t request = {.sync = sync, .alone = 1};
    ds_launch_t *launch = NULL, *second = NULL;
    ds_launch_state_e state;

    sync->kind = DS_KIND_EXPORT;
    tap_is_number(ds_launch_start(&launch, db, &request, 1, 0, test_pool), APR_SUCCESS,
                  "a launch that is to run alone");
    tap_is_number(ds_launch_start(&second, db, &request, 1, 0, test_pool), DS_ESTATE,
                  "is made once, while it waits");
    ds_launch_cancel(&state, db, NULL, launch->id, "me", test_pool);
    tap_is_number(ds_launch_start(&launch, db, &request, 1, 0, test_pool), APR_SUCCESS,
                  "and again when it has ended");
    ds_launch_cancel(&state, db, NULL, launch->id, "me", test_pool);
}

static void time_is(const char *first, const char *second, const char *wanted, const char *name)
{
    ds_counters_t rows = {0};

    ds_counters_time_raise(&rows, first);
    ds_counters_time_raise(&rows, second);
    tap_is_text(rows.synced_until, wanted, name);
}

static void test_times(void)
{
    time_is("2024-01-01T00:00:00Z", "2024-01-01T00:00:01Z", "2024-01-01T00:00:01Z",
            "a later time counts");
    time_is("2024-01-01T00:00:01Z", "2024-01-01T00:00:00.999999Z", "2024-01-01T00:00:01Z",
            "an earlier one does not");
    time_is("2024-01-01T00:00:01Z", "2024-01-01T00:00:01.000001Z", "2024-01-01T00:00:01.000001Z",
            "a fraction is later than its second");
    time_is("2024-01-01T00:00:01.000001Z", "2024-01-01T00:00:01Z", "2024-01-01T00:00:01.000001Z",
            "whichever comes first");
    time_is("2024-01-01T00:00:01.000001Z", "2024-01-01T00:00:01.000002Z",
            "2024-01-01T00:00:01.000002Z", "fractions are compared");
    time_is("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z",
            "over all the years there are");
}

int main(void)
{
    ds_db_t *db = database_make();
    ds_sync_t *cars = sync_make("cars", "car_c"), *people = sync_make("people", "person");

    test_file(db, cars);
    test_given_up(db);
    test_come_back(db, cars);
    test_order(db, cars, people);
    test_owner(db, cars);
    test_pause(db, cars);
    test_lease(db, cars);
    test_crashes(db, cars);
    test_crashes_of_export(db, cars);
    test_stumble(db, cars);
    test_cancel(db, cars);
    test_cancel_left(db, cars, 0);
    test_cancel_left(db, cars, 1);
    test_list(db);
    test_history(db);
    test_alone(db);
    test_times();
    return database_end(db);
}
