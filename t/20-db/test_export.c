/* Exports as a runner runs them: the file is whole, has what was asked for, and can be imported. */
#include "launches.h"

static ds_sync_t *export;
static ds_object_t *car;

static void cars_fill(void)
{
    const char *chr = by_database("char", "chr");

    outside_number(
        apr_psprintf(test_pool,
                     "DELETE FROM car; INSERT INTO car (vin, doors, price, sold, seen, note) VALUES"
                     " ('A', 2, 1.5, TRUE, '2022-01-14T20:00:00Z', 'plain'),"
                     " ('B', NULL, NULL, NULL, NULL, NULL),"
                     " ('C', -4, 0.00001, FALSE, '2022-01-14T20:00:00.500000Z', 'a, ' || %s(34) ||"
                     " 'b' || %s(34) || ' and ' || %s(13) || %s(10) || 'more;'),"
                     " ('D', 5, 100000000000000, FALSE, '2021-01-14T20:00:00Z', 'ünï'); SELECT 1",
                     chr, chr, chr, chr));
}

/* What an export of these cars is. */
static const char *export_run(ds_db_t *db)
{
    ds_launch_t *launch = launch_run(db, export, NULL, 0);

    return launch->state == DS_LAUNCH_FINISHED ? file_text(db, launch->id, "output") : NULL;
}

static void test_csv(ds_db_t *db)
{
    export = car_sync("out", DS_KIND_EXPORT, car);
    tap_is_text(export_run(db),
                "vin,doors,price,sold,seen,note\r\n"
                "A,2,1.5,true,2022-01-14T20:00:00Z,plain\r\n"
                "B,,,,,\r\n"
                "C,-4,0.00001,false,2022-01-14T20:00:00.500000Z,"
                "\"a, \"\"b\"\" and \r\nmore;\"\r\n"
                "D,5,100000000000000,false,2021-01-14T20:00:00Z,ünï\r\n",
                "an export has every field of every row");
    export->delimiter = ';';
    export->export.header = 0;
    ds_sync_field_add(export, "note", test_pool);
    ds_sync_field_add(export, "vin", test_pool);
    tap_is_text(export_run(db), "plain;A\r\n;B\r\n\"a, \"\"b\"\" and \r\nmore;\";C\r\nünï;D\r\n",
                "or chosen ones in their order, without header, with another delimiter");
    export = car_sync("out", DS_KIND_EXPORT, car);
    ds_sync_field_add(export, "doors", test_pool);
    tap_is_text(export_run(db), "doors\r\n2\r\n\"\"\r\n-4\r\n5\r\n",
                "a row of one empty value is no empty line");
}

static void test_ndjson(ds_db_t *db)
{
    export = car_sync("out", DS_KIND_EXPORT, car);
    export->export.format = DS_FORMAT_NDJSON;
    tap_is_text(
        export_run(db),
        "{\"vin\":\"A\",\"doors\":2,\"price\":1.5,\"sold\":true,"
        "\"seen\":\"2022-01-14T20:00:00Z\",\"note\":\"plain\"}\n"
        "{\"vin\":\"B\",\"doors\":null,\"price\":null,\"sold\":null,\"seen\":null,\"note\":null}\n"
        "{\"vin\":\"C\",\"doors\":-4,\"price\":0.00001,\"sold\":false,"
        "\"seen\":\"2022-01-14T20:00:00.500000Z\",\"note\":\"a, \\\"b\\\" and \\r\\nmore;\"}\n"
        "{\"vin\":\"D\",\"doors\":5,\"price\":100000000000000,\"sold\":false,"
        "\"seen\":\"2021-01-14T20:00:00Z\",\"note\":\"ünï\"}\n",
        "NDJSON has an object a line, with numbers, truth values and null");
}

static void test_chosen(ds_db_t *db)
{
    export = car_sync("out", DS_KIND_EXPORT, car);
    ds_sync_field_add(export, "vin", test_pool);
    ds_sync_filter_add(export, "price", "!=", "", test_pool);
    ds_sync_filter_add(export, "seen", ">", "2022-01-14T21:00:00+02:00", test_pool);
    ds_sync_order_add(export, "seen", 1, test_pool);
    tap_is_text(export_run(db), "vin\r\nC\r\nA\r\n",
                "filters and order go by fields that are not exported too");
    ds_sync_filter_add(export, "note", "=", "nowhere", test_pool);
    tap_is_text(export_run(db), "vin\r\n", "an export of no row is a header");
    export->export.format = DS_FORMAT_NDJSON;
    tap_is_text(export_run(db), "", "or an empty file, which is there all the same");
}

/* What went out comes in again. */
static void test_round_trip(ds_db_t *db)
{
    static const char sum[] =
        "SELECT count(*) FROM (SELECT vin, doors, price, sold, seen, note FROM"
        " car EXCEPT SELECT vin, doors, price, sold, seen, note FROM before) AS changed";
    ds_sync_t *import = car_sync("in", DS_KIND_IMPORT, car);
    const char *text;

    export = car_sync("out", DS_KIND_EXPORT, car);
    text = export_run(db);
    outside_number("CREATE TABLE before AS SELECT * FROM car; DELETE FROM car; SELECT 1");
    tap_is_number(launch_run(db, import, text, 0)->rows.ok, 4, "an export can be imported");
    tap_is_number(outside_number("SELECT count(*) FROM car") + outside_number(sum), 4,
                  "and gives the same rows");
}

static void test_result(ds_db_t *db)
{
    ds_launch_t *launch;
    ds_file_t *file = NULL, *latest = NULL;
    char sha256[DS_SHA256_HEX_SIZE];
    const char *text;

    export = car_sync("out", DS_KIND_EXPORT, car);
    launch = launch_run(db, export, NULL, 0);
    text = file_text(db, launch->id, "output");
    ds_file_get(&file, db, launch->id, "output", test_pool);
    ds_digest_sha256(sha256, text, strlen(text));
    tap_is_text(file->sha256, sha256, "the digest is the one of the file");
    tap_is_text(file->name, "out.csv", "the file has the name of its sync");
    tap_is_text(file->content_type, "text/csv", "and its type");
    tap_ok(launch->rows.read == 4 && launch->rows.ok == 4, "its rows are counted");
    tap_is_text(launch->message, "4 rows exported", "and told");
    ds_file_latest_output(&latest, db, "out", test_pool);
    tap_is_number(latest->id, file->id, "it is the latest");
    outside_number("DROP TABLE car; SELECT 1");
    launch_run(db, export, NULL, 0);
    ds_file_latest_output(&latest, db, "out", test_pool);
    tap_is_number(latest->id, file->id, "and stays it when the next export cannot be made");
}

/* --- interruptions --- */

static int nobody_alive(const char *owner, int silent)
{
    return 0;
}

static void queue_empty(ds_db_t *db)
{
    ds_claim_t *claim;

    reclaim(db, nobody_alive);
    while ((claim = claim_take(db)) != NULL)
        ds_queue_finish(db, claim, DS_LAUNCH_FAILED, "given up by the test");
}

static void test_stopped(ds_db_t **db)
{
    ds_launch_t *launch;
    int id;

    queue_empty(*db);
    ds_launch_start(&launch, *db, &(ds_launch_request_t){.sync = export}, 1, 0, test_pool);
    id = (int)launch->id;
    tap_is_number(stopping_run(db, export), DSW_INTERRUPTED, "an export that is stopped");
    tap_ok(file_text(*db, id, "output") == NULL, "leaves no half file");
    tap_is_number(launch_get(*db, id)->rows.read, 0, "and counts nothing");
    claim_run(*db, claim_take(*db), export);
    tap_is_number(launch_get(*db, id)->rows.ok, 4, "it begins anew, and each row counts once");
    tap_is_number((apr_int64_t)strlen(file_text(*db, id, "output")),
                  (apr_int64_t)strlen(export_run(*db)), "its file is whole");
}

/* The runner died when the file was there but the launch had not ended. */
static void test_died_at_the_end(ds_db_t *db)
{
    ds_launch_t *launch;
    const char *text;

    launch = launch_run(db, export, NULL, 0);
    text = file_text(db, launch->id, "output");
    outside_number(apr_psprintf(test_pool,
                                "UPDATE ds_launch SET state = 'running', owner = 'gone',"
                                " lease_until = 0, finished_at = NULL WHERE id = %d;"
                                " DELETE FROM car; SELECT 1",
                                (int)launch->id));
    reclaim(db, nobody_alive);
    claim_run(db, claim_take(db), export);
    launch = launch_get(db, launch->id);
    tap_is_number(launch->state, DS_LAUNCH_FINISHED, "an export whose file was whole just ends");
    tap_is_text(file_text(db, launch->id, "output"), text, "with the file that was there");
    tap_is_number(launch->rows.ok, 4, "and its counters");
}

static void test_cancelled(ds_db_t *db)
{
    ds_launch_t *launch;
    ds_launch_state_e state;
    ds_claim_t *claim;

    outside_number("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE"
                   " i < 3000) INSERT INTO car (vin, note) SELECT 'V' || i,"
                   " replace('**********', '*', '********************') FROM n; SELECT 1");
    ds_launch_start(&launch, db, &(ds_launch_request_t){.sync = export}, 1, 0, test_pool);
    claim = claim_take(db);
    ds_launch_cancel(&state, db, NULL, launch->id, "ann", test_pool);
    claim_run(db, claim, export);
    launch = launch_get(db, launch->id);
    tap_is_number(launch->state, DS_LAUNCH_CANCELLED, "a running export can be cancelled");
    tap_ok(file_text(db, launch->id, "output") == NULL, "and has no file");
    tap_ok(strstr(launch->message, "ann") != NULL, "the message says who did it");
    tap_is_number(launch->rows.read, 0, "and its counters claim no rows");
}

int main(void)
{
    ds_db_t *db = database_make();

    car = car_make(db, 0);
    cars_fill();
    test_csv(db);
    test_ndjson(db);
    test_chosen(db);
    test_round_trip(db);
    test_result(db);
    car = car_make(db, 1);
    export = car_sync("out", DS_KIND_EXPORT, car);
    cars_fill();
    outside_number(
        "INSERT INTO car (vin, _deleted_at) VALUES ('gone', '2026-01-01T00:00:00Z'); SELECT 1");
    test_stopped(&db);
    test_died_at_the_end(db);
    test_cancelled(db);
    return database_end(db);
}
