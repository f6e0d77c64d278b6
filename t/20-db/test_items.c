/* Imports of JSON: what a dry run leaves, and what comes of a file whose import is stopped again
 * and again. */
#include "launches.h"

#define ITEMS 60000
#define BAD_EVERY 100

/* An array; half of the items have a note, the others have none, and some are bad. */
static const char *items_make(void)
{
    char *text = apr_palloc(test_pool, ITEMS * 50), *to = text;
    int i;

    to += sprintf(to, "[");
    for (i = 1; i <= ITEMS; i++)
        to += sprintf(to, "%s{\"vin\": \"V%d\", \"doors\": %s%s}", i > 1 ? ",\n" : "", i,
                      i % BAD_EVERY ? "4" : "[4]", i % 1000 < 500 ? ", \"note\": \"n\"" : "");
    sprintf(to, "]\n");
    return text;
}

static ds_sync_t *sync_of_items(ds_object_t *car)
{
    ds_sync_t *sync = car_sync("import", DS_KIND_IMPORT, car);
    int i;

    sync->import.columns = apr_array_make(test_pool, car->fields->nelts, sizeof(const char *));
    for (i = 0; i < car->fields->nelts; i++)
        APR_ARRAY_PUSH(sync->import.columns, const char *) =
            APR_ARRAY_IDX(car->fields, i, ds_field_t).name;
    sync->import.headless = sync->import.is_json = sync->import.removes = 1;
    return sync;
}

static void test_dry(ds_db_t *db, const ds_sync_t *sync)
{
    static const char items[] = "{\"vin\":\"A\",\"doors\":2,\"note\":\"x\"} {\"vin\":\"B\"}";
    static const char others[] =
        "[{\"headers\":{\"action\":\"Delete\"},\"data\":{\"vin\":\"A\"}},"
        "{\"headers\":{\"action\":\"Delete\"},\"data\":{\"vin\":\"X\"}},"
        "{\"vin\":\"B\",\"doors\":5},{\"vin\":\"C\"},{\"vin\":\"C\",\"doors\":\"many\"}]";
    ds_launch_t *launch;

    launch_run(db, sync, items, 0);
    tap_is_number(outside_number("SELECT count(*) FROM car"), 2, "items become records");
    launch = launch_run(db, sync, others, 1);
    tap_ok(launch->rows.read == 5 && launch->rows.ok == 3 && launch->rows.skipped == 1 &&
               launch->rows.failed == 1,
           "a dry run counts what would be");
    tap_is_number(outside_number("SELECT count(*) FROM car WHERE note = 'x' AND doors = 2"), 1,
                  "and removes nothing");
    tap_is_number(outside_number("SELECT count(*) FROM car"), 2, "and adds nothing");
    launch_run(db, sync, others, 0);
    tap_is_number(outside_number("SELECT count(*) FROM car WHERE vin = 'A'"), 0, "the import does");
    tap_is_number(outside_number("SELECT count(*) FROM car"), 2, "both");
}

static void test_stopped(ds_db_t **db, const ds_sync_t *sync)
{
    ds_launch_t *launch = launch_accept(*db, sync, items_make());
    int turns = stopping_turns(db, sync);

    launch = launch_get(*db, launch->id);
    tap_ok(turns >= 1, "an import that is stopped");
    tap_is_number(launch->state, DS_LAUNCH_FINISHED, "comes to its end");
    tap_is_number(launch->rows.ok, ITEMS - ITEMS / BAD_EVERY, "with every good item");
    tap_is_number(launch->rows.failed, ITEMS / BAD_EVERY, "and every bad one");
    tap_is_number(lines_of(file_text(*db, launch->id, "failures")), ITEMS / BAD_EVERY,
                  "each of which stands in the failures file once");
    tap_is_number(outside_number("SELECT count(*) FROM car WHERE doors = 4"),
                  ITEMS - ITEMS / BAD_EVERY, "the good ones are there");
    tap_is_number(outside_number("SELECT count(*) FROM car WHERE doors = 4 AND note = 'n'"), 29700,
                  "with what they had");
}

int main(void)
{
    ds_db_t *db = database_make();
    ds_sync_t *sync = sync_of_items(car_make(db, 0));

    test_dry(db, sync);
    test_stopped(&db, sync);
    return database_end(db);
}
