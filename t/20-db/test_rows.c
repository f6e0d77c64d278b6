/* Imports and deletes as a runner runs them: each row takes effect once, a refusal hits one row,
 * and a dry run changes none. */
#include <sys/syscall.h>
#include <time.h>

#include "launches.h"

static ds_sync_t *import, *delete;

static void cars_reset(void)
{
    outside_number(apr_psprintf(test_pool,
                                "DROP TRIGGER IF EXISTS rule %s; DELETE FROM car;"
                                " INSERT INTO car (vin, doors, _launch_id) VALUES"
                                " ('A', 2, 0), ('B', 3, 0), ('C', 4, 0); SELECT 1",
                                by_database("", "ON car")));
}

/* A rule of the administrator that refuses some changes of the table, in these words. */
static void rule_make(const char *change, const char *condition, const char *words)
{
    outside_number(
        by_database(apr_psprintf(test_pool,
                                 "CREATE TRIGGER rule BEFORE %s ON car WHEN %s"
                                 " BEGIN SELECT raise(ABORT, '%s'); END; SELECT 1",
                                 change, condition, words),
                    apr_psprintf(test_pool,
                                 "CREATE OR REPLACE FUNCTION rule() RETURNS trigger LANGUAGE"
                                 " plpgsql AS 'BEGIN RAISE EXCEPTION ''%s''; END';"
                                 " CREATE TRIGGER rule BEFORE %s ON car FOR EACH ROW WHEN (%s)"
                                 " EXECUTE FUNCTION rule(); SELECT 1",
                                 words, change, condition)));
}

/* Changes with any change of the table. */
static long table_sum(void)
{
    return outside_number("SELECT sum(doors * 100 + _launch_id) + 1000 * count(*) FROM car");
}

static void counters_are(const ds_launch_t *launch, int read, int ok, int failed, int skipped,
                         const char *name)
{
    const ds_counters_t *rows = &launch->rows;

    if (!tap_ok(rows->read == read && rows->ok == ok && rows->failed == failed &&
                    rows->skipped == skipped,
                name))
        printf("# read %d, ok %d, failed %d, skipped %d\n", (int)rows->read, (int)rows->ok,
               (int)rows->failed, (int)rows->skipped);
}

/* "vin,doors" and so many rows; each `bad`th has no number. */
static const char *csv_make(int count, int bad)
{
    char *text = apr_palloc(test_pool, 32 + 24 * (apr_size_t)count), *to = text;
    int i;

    to += sprintf(to, "vin,doors\n");
    for (i = 1; i <= count; i++)
        to += sprintf(to, bad && i % bad == 0 ? "V%d,x\n" : "V%d,%d\n", i, i);
    return text;
}

/* --- dry runs --- */

static void test_dry_import(ds_db_t *db)
{
    static const char text[] = "vin,doors\nA,5\nD,1\nE,many\n";
    ds_launch_t *dry, *real;
    long before;

    cars_reset();
    before = table_sum();
    dry = launch_run(db, import, text, 1);
    tap_is_number(table_sum(), before, "a dry import changes no row");
    tap_is_number(dry->state, DS_LAUNCH_FINISHED, "and comes to its end");
    tap_is_text(dry->message, "Dry run: 2 rows would be imported, 1 failed: see the failures file",
                "and says what would be");
    tap_is_text(file_text(db, dry->id, "failures"),
                "vin,doors,Import Failure Reason\nE,many,doors: not an integer\n",
                "its failures file can be corrected and sent");
    real = launch_run(db, import, text, 0);
    tap_is_text(file_text(db, real->id, "failures"), file_text(db, dry->id, "failures"),
                "the import that follows fails in the same rows");
    counters_are(dry, 3, 2, 1, 0, "a dry run counts its rows");
    counters_are(real, 3, 2, 1, 0, "as the import does");
    tap_is_number(outside_number("SELECT sum(doors) FROM car"), 5 + 3 + 4 + 1, "which is real");
}

static void test_dry_delete(ds_db_t *db)
{
    ds_launch_t *dry;
    long before;

    cars_reset();
    before = table_sum();
    dry = launch_run(db, delete, "vin\nA\nZ\n\"\"\n", 1);
    tap_is_number(table_sum(), before, "a dry delete removes no row");
    counters_are(dry, 3, 1, 1, 1, "and counts");
    tap_is_text(file_text(db, dry->id, "warnings"),
                "vin,Import Warning Reason\nZ,no record has this key\n",
                "unknown keys are in its warnings file");
    tap_is_text(file_text(db, dry->id, "failures"),
                "vin,Import Failure Reason\n\"\",missing.dedupe.fields\n",
                "rows without a key in its failures file");
    tap_is_text(dry->message,
                "Dry run: 1 row would be deleted, 1 not found: see the warnings file, 1 failed: "
                "see the failures file",
                "and the message says all of it");
}

/* Several batches, and rows that only the database refuses. */
static void test_dry_refused(ds_db_t *db)
{
    ds_launch_t *dry;
    long before;

    cars_reset();
    rule_make("INSERT", "new.doors % 6000 = 0", "no");
    before = table_sum();
    dry = launch_run(db, import, csv_make(25000, 0), 1);
    tap_is_number(table_sum(), before, "a dry run of several batches changes no row");
    counters_are(dry, 25000, 24996, 4, 0, "and finds what the database refuses");
}

/* --- what the database refuses --- */

static void test_abort(ds_db_t *db)
{
    ds_launch_t *launch;

    cars_reset();
    rule_make("INSERT", "new.vin = 'V251'", "not this one");
    launch = launch_run(db, import, csv_make(500, 0), 0);
    tap_is_number(launch->state, DS_LAUNCH_FINISHED, "a refused row does not stop an import");
    counters_are(launch, 500, 499, 1, 0, "it alone fails");
    tap_is_number(outside_number("SELECT count(*) FROM car WHERE vin LIKE 'V%'"), 499,
                  "all others are there");
    tap_is_text(file_text(db, launch->id, "failures"),
                "vin,doors,Import Failure Reason\nV251,251,row 251 (line 252): the database "
                "refused it: not this one\n",
                "with the row and the words of the rule");
}

static void test_abort_delete(ds_db_t *db)
{
    ds_launch_t *launch;

    cars_reset();
    rule_make("DELETE", "old.vin = 'B'", "B stays");
    launch = launch_run(db, delete, "vin\nA\nB\nC\n", 0);
    counters_are(launch, 3, 2, 1, 0, "a refused removal fails alone");
    tap_is_number(outside_number("SELECT doors FROM car"), 3, "its row stays");
}

static void batches_expect(const ds_launch_t *launch)
{
    tap_ok(launch->rows.ok > 0 && launch->rows.ok < 23001, "batches before it stay");
    tap_is_number(outside_number("SELECT count(*) FROM car WHERE vin LIKE 'V%'"), launch->rows.ok,
                  "and the counters tell exactly how many rows there are");
}

/* SQLite: a rule may end the transaction. */
static void test_rollback(ds_db_t *db)
{
    ds_launch_t *launch;

    cars_reset();
    outside_number("CREATE TRIGGER rule BEFORE INSERT ON car WHEN new.vin = 'V23001'"
                   " BEGIN SELECT raise(ROLLBACK, 'stop it all'); END; SELECT 1");
    launch = launch_run(db, import, csv_make(25000, 0), 0);
    tap_is_number(launch->state, DS_LAUNCH_FAILED,
                  "a rule that ends the whole transaction fails the launch");
    tap_ok(strstr(launch->message,
                  "row 23001 (line 23002): the database refused it: stop it all") != NULL,
           "the message names the row and the words of the rule");
    batches_expect(launch);
}

/* PostgreSQL: a rule may speak only at the commit, when nobody knows whose fault it is. */
static void test_deferred(ds_db_t *db)
{
    ds_launch_t *launch;
    ds_claim_t *claim;
    dsw_result_t result;

    cars_reset();
    outside_number("CREATE OR REPLACE FUNCTION rule() RETURNS trigger LANGUAGE plpgsql AS"
                   " 'BEGIN RAISE EXCEPTION ''stop it all''; END'; CREATE CONSTRAINT TRIGGER rule"
                   " AFTER INSERT ON car INITIALLY DEFERRED FOR EACH ROW WHEN (new.vin = 'V23001')"
                   " EXECUTE FUNCTION rule(); SELECT 1");
    launch = launch_accept(db, import, csv_make(25000, 0));
    claim = claim_take(db);
    result = claim_run(db, claim, import);
    tap_ok(result.outcome == DSW_TROUBLE && result.status == DS_ECONSTRAINT,
           "a rule that refuses a commit stops the launch");
    tap_is_text(ds_db_error(db), "stop it all", "in its words");
    batches_expect(launch_get(db, launch->id));
    ds_queue_finish(db, claim, DS_LAUNCH_FAILED, "stopped");
}

/* --- interruptions --- */

static void test_interrupted(ds_db_t **db)
{
    ds_launch_t *launch;
    int turns = 0;

    cars_reset();
    outside_number(by_database(
        "CREATE TABLE effects (vin); CREATE TRIGGER rule AFTER INSERT ON car"
        " BEGIN INSERT INTO effects VALUES (new.vin); END; SELECT 1",
        "CREATE TABLE effects (vin text); CREATE FUNCTION effect() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN INSERT INTO effects VALUES (new.vin); RETURN NULL; END'; CREATE TRIGGER rule"
        " AFTER INSERT ON car FOR EACH ROW EXECUTE FUNCTION effect(); SELECT 1"));
    launch = launch_accept(*db, import, csv_make(25000, 5000));
    while (turns < 5000 && stopping_run(db, import) == DSW_INTERRUPTED)
        turns++;
    launch = launch_get(*db, launch->id);
    tap_ok(turns >= 2, "an import that is stopped again and again");
    tap_is_number(launch->state, DS_LAUNCH_FINISHED, "comes to its end");
    counters_are(launch, 25000, 24995, 5, 0, "with every row counted once");
    tap_is_number(outside_number("SELECT count(*) FROM effects"), 24995,
                  "every row took effect once");
    tap_is_text(file_text(*db, launch->id, "failures"),
                "vin,doors,Import Failure Reason\nV5000,x,doors: not an integer\n"
                "V10000,x,doors: not an integer\nV15000,x,doors: not an integer\n"
                "V20000,x,doors: not an integer\nV25000,x,doors: not an integer\n",
                "and every failure is told once");
    tap_is_number(launch->crashes, 0, "to be stopped is no crash");
}

static int nobody_alive(const char *owner, int silent)
{
    return 0;
}

/* A runner that hung and wakes up when another one has its launch. */
static void test_lost(ds_db_t *db)
{
    ds_launch_t *launch;
    ds_claim_t *first, *second;

    cars_reset();
    launch = launch_accept(db, import, "vin,doors\nA,9\n");
    first = claim_take(db);
    reclaim(db, nobody_alive);
    second = claim_take(db);
    tap_is_number(claim_run(db, first, import).outcome, DSW_LOST,
                  "a runner that lost its launch learns it");
    tap_is_number(outside_number("SELECT doors FROM car WHERE vin = 'A'"), 2, "and changes no row");
    claim_run(db, second, import);
    tap_is_number(launch_get(db, launch->id)->rows.ok, 1, "the other one does");
}

static void test_cancelled(ds_db_t *db)
{
    ds_launch_t *launch, *again;
    ds_launch_state_e state;
    ds_claim_t *claim;

    cars_reset();
    launch = launch_accept(db, import, csv_make(25000, 0));
    claim = claim_take(db);
    ds_launch_cancel(&state, db, NULL, launch->id, "ann", test_pool);
    claim_run(db, claim, import);
    launch = launch_get(db, launch->id);
    tap_is_number(launch->state, DS_LAUNCH_CANCELLED, "a running launch can be cancelled");
    tap_ok(launch->rows.read > 0 && launch->rows.read < 25000, "at its next batch");
    tap_is_number(outside_number("SELECT count(*) FROM car WHERE vin LIKE 'V%'"), launch->rows.ok,
                  "and says how many rows it has imported");
    ds_launch_retry(&again, db, &(ds_launch_request_t){.sync = import}, launch->id, test_pool);
    claim_run(db, claim_take(db), import);
    again = launch_get(db, again->id);
    counters_are(again, 25000, 25000, 0, 0, "run again it reads the same file from its beginning");
    tap_is_number(outside_number("SELECT count(*) FROM car WHERE vin LIKE 'V%'"), 25000,
                  "and no row is missing");
}

/* "vin,note" and so many rows, each of that many bytes in its note. */
static const char *csv_large_make(int count, apr_size_t size)
{
    char *text = apr_palloc(test_pool, 32 + (size + 16) * (apr_size_t)count), *to = text;
    int i;

    to += sprintf(to, "vin,note\n");
    for (i = 1; i <= count; i++) {
        to += sprintf(to, "V%d,", i);
        memset(to, 'n', size);
        to += size;
        *to++ = '\n';
    }
    *to = '\0';
    return text;
}

/* So much more than passes is added to the steady clock at each look. */
static apr_interval_time_t look_time;

int clock_gettime(clockid_t clock, struct timespec *time)
{
    static apr_interval_time_t added;
    int status = (int)syscall(SYS_clock_gettime, clock, time);

    if (clock == CLOCK_MONOTONIC) {
        added += look_time;
        time->tv_nsec += (long)apr_time_usec(added) * 1000;
        time->tv_sec += apr_time_sec(added) + time->tv_nsec / 1000000000;
        time->tv_nsec %= 1000000000;
    }
    return status;
}

/* Fewer rows than those between two looks at the clock, were it not for their size: after a few of
 * them a transaction has lasted long enough, on the fastest machine. */
static void test_cancelled_large(ds_db_t *db)
{
    ds_launch_t *launch;
    ds_launch_state_e state;
    ds_claim_t *claim;

    cars_reset();
    launch = launch_accept(db, import, csv_large_make(60, 1000000));
    claim = claim_take(db);
    ds_launch_cancel(&state, db, NULL, launch->id, "ann", test_pool);
    look_time = apr_time_from_msec(100);
    claim_run(db, claim, import);
    look_time = 0;
    launch = launch_get(db, launch->id);
    tap_is_number(launch->state, DS_LAUNCH_CANCELLED, "large rows do not put off a cancel");
    tap_ok(launch->rows.ok > 0 && launch->rows.ok <= 30, "nor the end of a transaction");
    printf("# %d rows in the first batch\n", (int)launch->rows.ok);
}

/* --- deletes --- */

static void test_delete(ds_db_t *db)
{
    ds_launch_t *launch;

    cars_reset();
    launch = launch_run(db, delete, "note;vin\r\nsold;A\r\n;Z\r\ntwice;A\r\n", 0);
    counters_are(launch, 3, 1, 0, 2, "a key that no row has, or no row any more, is skipped");
    tap_is_number(outside_number("SELECT count(*) FROM car"), 2, "only named rows are removed");
    tap_is_text(file_text(db, launch->id, "warnings"),
                "note;vin;Import Warning Reason\r\n;Z;no record has this key\r\n"
                "twice;A;no record has this key\r\n",
                "and the warnings file has the rows as they were sent");
    tap_is_text(launch->message, "1 row deleted, 2 not found: see the warnings file",
                "the message says so");
    launch = launch_run(db, delete, file_text(db, launch->id, "warnings"), 0);
    counters_are(launch, 2, 0, 0, 2, "the warnings file can be sent again as it is");
    launch = launch_run(db, delete, "doors\n3\n", 0);
    counters_are(launch, 1, 0, 1, 0, "a file without the key removes nothing");
    tap_is_number(outside_number("SELECT count(*) FROM car"), 2, "whatever its other columns name");
}

static void test_marks(ds_db_t *db)
{
    ds_object_t *marked = car_make(db, 1);
    ds_launch_t *launch;

    import = car_sync("import", DS_KIND_IMPORT, marked);
    delete = car_sync("delete", DS_KIND_DELETE, marked);
    cars_reset();
    launch = launch_run(db, delete, "vin\nA\nB\n", 0);
    counters_are(launch, 2, 2, 0, 0, "rows are marked");
    tap_is_number(outside_number("SELECT count(*) FROM car WHERE _deleted_at IS NOT NULL"), 2,
                  "and stay");
    launch = launch_run(db, delete, "vin\nA\n", 0);
    counters_are(launch, 1, 0, 0, 1, "a marked row is not there to be deleted");
    launch_run(db, import, "vin\nA\n", 1);
    tap_is_number(outside_number("SELECT count(*) FROM car WHERE _deleted_at IS NOT NULL"), 2,
                  "a dry import revives none");
    launch_run(db, import, "vin\nA\n", 0);
    tap_is_number(outside_number("SELECT doors FROM car WHERE vin='A' AND _deleted_at IS NULL"), 2,
                  "an import does, and the row has its values");
}

/* The highest time of the records, over interruptions and in what follows. */
static void test_times(ds_db_t **db, ds_object_t *car)
{
    const char *wanted = "2024-06-01T12:00:00.500000Z";
    ds_sync_t *export = car_sync("export", DS_KIND_EXPORT, car);
    apr_size_t rows = 120000, i;
    char *text = apr_palloc(test_pool, 64 + 48 * rows), *to = text;
    ds_launch_t *launch;
    int turns = 0;

    cars_reset();
    ds_object_updated_at_set(car, "seen", test_pool);
    to += sprintf(to, "vin,seen,doors\nT0,%s,1\nT1,2025-01-01T00:00:00Z,x\n", wanted);
    for (i = 2; i < rows; i++)
        to += sprintf(to, "T%d,2024-06-01T12:00:00Z,1\n", (int)i);
    launch = launch_accept(*db, import, text);
    while (turns < 5000 && stopping_run(db, import) == DSW_INTERRUPTED)
        turns++;
    tap_ok(turns >= 1, "an import is stopped behind the record with the highest time");
    launch = launch_get(*db, launch->id);
    tap_is_text(launch->rows.synced_until, wanted, "and knows that time at its end");
    launch = launch_run(*db, import, "vin,seen\nT0,2029-01-01T00:00:00Z\n", 1);
    tap_is_text(launch->rows.synced_until, "", "a dry run has applied no time");
    launch = launch_run(*db, import, "vin\nT0\n", 0);
    tap_is_text(launch->rows.synced_until, "", "nor has a file without that column");
    launch = launch_run(*db, export, NULL, 0);
    tap_is_text(launch->rows.synced_until, wanted, "an export has the highest time that it wrote");
    ds_sync_field_add(export, "vin", test_pool);
    launch = launch_run(*db, export, NULL, 0);
    tap_is_text(launch->rows.synced_until, wanted, "also where it does not write that field");
}

int main(void)
{
    ds_db_t *db = database_make();
    ds_object_t *car = car_make(db, 0);

    import = car_sync("import", DS_KIND_IMPORT, car);
    delete = car_sync("delete", DS_KIND_DELETE, car);
    test_dry_import(db);
    test_dry_delete(db);
    test_dry_refused(db);
    test_abort(db);
    test_abort_delete(db);
    if (test_server)
        test_deferred(db);
    else
        test_rollback(db);
    test_interrupted(&db);
    test_lost(db);
    test_cancelled(db);
    test_cancelled_large(db);
    test_delete(db);
    test_times(&db, car);
    test_marks(db);
    return database_end(db);
}
