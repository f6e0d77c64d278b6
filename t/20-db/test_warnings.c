/* Warnings about good rows: keys that come twice, also where the import is stopped in between, and
 * columns that nobody may fill. */
#include "launches.h"

/* Rows V1 to Vn, and behind them each hundredth key again. */
static const char *csv_twice(int rows)
{
    char *text = apr_palloc(test_pool, (apr_size_t)rows * 16 + 100), *to = text;
    int i;

    to += sprintf(to, "vin,doors,createdAt\n");
    for (i = 1; i <= rows; i++)
        to += sprintf(to, "V%d,4,\n", i);
    for (i = 100; i <= rows; i += 100)
        to += sprintf(to, "V%d,2,\n", i);
    return text;
}

static ds_sync_t *sync_with_words(ds_object_t *car)
{
    ds_sync_t *sync = car_sync("import", DS_KIND_IMPORT, car);

    sync->import.phrases[DS_REASON_DUPLICATE] = "twice";
    sync->import.phrases[DS_REASON_READ_ONLY] = "{field} is ours";
    sync->import.phrases[DS_REASON_TYPE] = "no value for {field}";
    sync->import.read_only = apr_array_make(test_pool, 1, sizeof(const char *));
    APR_ARRAY_PUSH(sync->import.read_only, const char *) = "createdAt";
    return sync;
}

static void test_words(ds_db_t *db, const ds_sync_t *sync)
{
    ds_launch_t *launch =
        launch_run(db, sync, "vin,doors,createdAt\nA,1,\nB,x,\nB,2,now\nA,3,\nA,4,now\n", 0);

    tap_is_text(file_text(db, launch->id, "warnings"),
                "vin,doors,createdAt,Import Warning Reason\nB,2,now,createdAt is ours\n"
                "A,3,,twice\nA,4,now,twice\n",
                "each row has one warning; a row that failed is no earlier one");
    tap_is_text(file_text(db, launch->id, "failures"),
                "vin,doors,createdAt,Import Failure Reason\nB,x,,no value for doors\n",
                "failures have the words of the launch");
    tap_ok(launch->rows.ok == 4 && launch->rows.warned == 3 && launch->rows.failed == 1 &&
               launch->rows.read == 5,
           "rows with a warning are good rows");
    tap_is_number(outside_number("SELECT doors FROM car WHERE vin = 'A'"), 4, "the last row wins");
}

static void test_stopped(ds_db_t **db, const ds_sync_t *sync)
{
    ds_launch_t *launch = launch_accept(*db, sync, csv_twice(120000));
    int turns = stopping_turns(db, sync);

    launch = launch_get(*db, launch->id);
    tap_ok(turns >= 2, "an import that is stopped again and again");
    tap_is_number(launch->state, DS_LAUNCH_FINISHED, "comes to its end");
    tap_is_number(launch->rows.ok, 121200, "with every row");
    tap_is_number(launch->rows.warned, 1200, "and knows each key that came twice, whenever it was");
    tap_is_number(lines_of(file_text(*db, launch->id, "warnings")), 1201, "and tells it once");
}

int main(void)
{
    ds_db_t *db = database_make();
    ds_sync_t *sync = sync_with_words(car_make(db, 0));

    test_words(db, sync);
    test_stopped(&db, sync);
    return database_end(db);
}
