/* The integrity queries: a fault of the database that they do not see is seen by nobody. */
#include "database.h"

/* What is broken from outside, what the check says of it, and how it is mended. */
static const struct {
    const char *plant, *words, *mend;
} faults[] = {
    {"UPDATE ds_launch SET owner = 'x', lease_until = 1 WHERE id = 1",
     "its state and its owner do not fit",
     "UPDATE ds_launch SET owner = NULL, lease_until = NULL WHERE id = 1"},
    {"UPDATE ds_launch SET state = 'running' WHERE id = 3", "its state and its owner do not fit",
     "UPDATE ds_launch SET state = 'queued' WHERE id = 3"},
    {"UPDATE ds_launch SET lease_until = NULL WHERE id = 5", "its state and its owner do not fit",
     "UPDATE ds_launch SET lease_until = 1 WHERE id = 5"},
    {"UPDATE ds_launch SET finished_at = 1 WHERE id = 3", "its state and its end do not fit",
     "UPDATE ds_launch SET finished_at = NULL WHERE id = 3"},
    {"UPDATE ds_launch SET finished_at = NULL WHERE id = 1", "its state and its end do not fit",
     "UPDATE ds_launch SET finished_at = 1 WHERE id = 1"},
    {"UPDATE ds_launch SET state = 'running', owner = 'x', lease_until = 1 WHERE id IN (3, 4)",
     "another one of its object runs",
     "UPDATE ds_launch SET state = 'queued', owner = NULL, lease_until = NULL WHERE id IN (3, 4)"},
    {"UPDATE ds_file SET role = 'warnings' WHERE launch_id = 3", "its input file is missing",
     "UPDATE ds_file SET role = 'input' WHERE launch_id = 3"},
    {"UPDATE ds_launch SET input_launch_id = 2 WHERE id = 3", "its input file is missing",
     "UPDATE ds_launch SET input_launch_id = NULL WHERE id = 3"},
    {"UPDATE ds_launch SET rows_read = 1, rows_failed = 1 WHERE id = 1", "no failures file",
     "UPDATE ds_launch SET rows_read = 0, rows_failed = 0 WHERE id = 1"},
    {"UPDATE ds_file SET role = 'warnings' WHERE launch_id = 2",
     "an export finished without a file", "UPDATE ds_file SET role = 'output' WHERE launch_id = 2"},
    {"UPDATE ds_file SET size = size + 1 WHERE launch_id = 1", "its size is not that of",
     "UPDATE ds_file SET size = size - 1 WHERE launch_id = 1"},
    {"UPDATE ds_chunk SET file_id = 99 WHERE file_id = 1", "its size is not that of",
     "UPDATE ds_chunk SET file_id = 1 WHERE file_id = 99"},
    {"INSERT INTO ds_chunk (file_id, start, data) SELECT 99, 0, data FROM ds_chunk LIMIT 1",
     "chunks without a file", "DELETE FROM ds_chunk WHERE file_id = 99"}};

/* The schema itself keeps this one out, until somebody takes its check away. */
static const char *const check_off[] = {
    "PRAGMA ignore_check_constraints = ON; UPDATE ds_launch SET rows_ok = 1 WHERE id = 1",
    "ALTER TABLE ds_launch DROP CONSTRAINT ds_launch_rows;"
    " UPDATE ds_launch SET rows_ok = 1 WHERE id = 1"};

static void outside_run(const char *sql)
{
    outside_number(apr_pstrcat(test_pool, sql, "; SELECT 1", NULL));
}

/* Is a fault with these words among those that the check finds? */
static int check_finds(ds_db_t *db, const char *words)
{
    apr_array_header_t *found;
    int i, hits = 0;

    ds_check_run(&found, db, test_pool);
    for (i = 0; i < found->nelts; i++)
        hits += strstr(APR_ARRAY_IDX(found, i, const char *), words) != NULL;
    return hits;
}

/* Launches 1 (a finished import), 2 (a finished export), 3 and 4 (they wait), 5 (it runs). */
static void launches_make(ds_db_t *db)
{
    ds_sync_t *cars = sync_make("cars", "car_c"), *export = sync_make("export", "car_c");
    ds_claim_t *claim;
    ds_launch_t *launch;
    ds_file_writer_t *writer;

    export->kind = DS_KIND_EXPORT;
    launch_accept(db, cars, "vin\n");
    ds_queue_claim(&claim, db, "r", apr_time_from_sec(30), test_pool);
    ds_queue_finish(db, claim, DS_LAUNCH_FINISHED, "done");
    ds_launch_start(&launch, db, &(ds_launch_request_t){.sync = export}, 1, 0, test_pool);
    ds_queue_claim(&claim, db, "r", apr_time_from_sec(30), test_pool);
    ds_file_writer_begin(&writer, db, "output", "o", "text/csv", test_pool);
    ds_file_writer_append(writer, "vin\n", 4);
    ds_db_begin(db);
    ds_file_writer_finish(writer, launch->id);
    ds_db_commit(db);
    ds_file_writer_close(writer);
    ds_queue_finish(db, claim, DS_LAUNCH_FINISHED, "done");
    launch_accept(db, cars, "vin\n");
    launch_accept(db, cars, "vin\n");
    launch_accept(db, sync_make("people", "person"), "id\n");
    outside_run(
        "UPDATE ds_launch SET state = 'running', owner = 'x', lease_until = 1 WHERE id = 5");
}

static void fault_expect(ds_db_t *db, const char *plant, const char *words, const char *mend)
{
    outside_run(plant);
    tap_ok(check_finds(db, words) > 0, apr_psprintf(test_pool, "it is seen: %s", plant));
    outside_run(mend);
    tap_is_number(check_finds(db, ""), 0, "and only while it is there");
}

int main(void)
{
    ds_db_t *db = database_make();
    unsigned i;

    launches_make(db);
    tap_is_number(check_finds(db, ""), 0, "a good database has no fault");
    fault_expect(db, by_database(check_off[0], check_off[1]), "rows read are not",
                 "UPDATE ds_launch SET rows_ok = 0 WHERE id = 1");
    for (i = 0; i < sizeof(faults) / sizeof(*faults); i++)
        fault_expect(db, faults[i].plant, faults[i].words, faults[i].mend);
    return database_end(db);
}
