/* Removals: only the rows whose keys were named go, and where rows are marked they can come back.
 */
#include "ds_db_remove.h"

#include "database.h"

static const ds_db_column_t columns[] = {
    {"shop", DS_COLUMN_TEXT, 1}, {"item", DS_COLUMN_INTEGER, 1}, {"count", DS_COLUMN_INTEGER, 0}};
static const ds_db_table_t plain = {"stock", columns, 3, 0}, plain_key = {"stock", columns, 2, 0};
static const ds_db_table_t marked = {"kept", columns, 3, 1}, marked_key = {"kept", columns, 2, 1};

/* One removal in a transaction of its own. */
static int row_remove(ds_db_t *db, const ds_db_table_t *key, const char *shop, const char *item,
                      int launch)
{
    ds_db_remove_t *remove = ds_db_remove_make(db, key, test_pool);
    const char *values[] = {shop, item};
    int found = -1;

    ds_db_begin(db);
    ds_db_remove_row(&found, remove, values, launch, "2026-02-02T00:00:00Z");
    return ds_db_commit(db) == APR_SUCCESS ? found : -1;
}

static void rows_make(ds_db_t *db, const ds_db_table_t *table)
{
    const char *rows[] = {"A", "1", "10", "A", "2", "20", "B", "1", NULL};

    table_make(db, table);
    tap_is_number(rows_write(db, table, rows, 3, 1), APR_SUCCESS, "with rows");
}

static void test_plain(ds_db_t *db)
{
    rows_make(db, &plain);
    tap_is_number(row_remove(db, &plain_key, "A", "1", 2), 1, "a row is found by its whole key");
    tap_is_number(outside_number("SELECT count(*) FROM stock WHERE shop='A' AND item=1"), 0,
                  "and is gone");
    tap_is_number(outside_number("SELECT count(*) FROM stock"), 2,
                  "rows that share a part of the key stay");
    tap_is_number(row_remove(db, &plain_key, "A", "1", 2), 0, "a key that no row has is told");
    tap_is_number(row_remove(db, &plain_key, "a", "2", 2), 0, "keys are compared byte for byte");
    tap_is_number(row_remove(db, &plain_key, "B", NULL, 2), 0, "a missing key names no row");
    tap_is_number(outside_number("SELECT count(*) FROM stock"), 2, "and nothing else changes");
}

static void test_rollback(ds_db_t *db)
{
    ds_db_remove_t *remove = ds_db_remove_make(db, &plain_key, test_pool);
    const char *values[] = {"A", "2"};
    int found = 0;

    ds_db_begin(db);
    ds_db_remove_row(&found, remove, values, 3, "now");
    ds_db_rollback(db);
    tap_is_number(found + outside_number("SELECT count(*) FROM stock"), 3,
                  "a removal that is not committed has not happened");
    ds_db_begin(db);
    ds_db_dry_run_begin(db);
    ds_db_remove_row(&found, remove, values, 3, "now");
    ds_db_dry_run_end(db);
    tap_is_number(ds_db_commit(db), APR_SUCCESS, "a dry run can be committed");
    tap_is_number(found + outside_number("SELECT count(*) FROM stock"), 3, "and removes nothing");
}

static void test_marked(ds_db_t *db)
{
    rows_make(db, &marked);
    tap_is_number(row_remove(db, &marked_key, "A", "1", 7), 1, "a row is marked");
    tap_is_number(outside_number("SELECT count(*) FROM kept"), 3, "and stays");
    tap_is_number(outside_number("SELECT count(*) FROM kept WHERE count=10 AND _launch_id=7 AND"
                                 " _deleted_at='2026-02-02T00:00:00Z' AND"
                                 " _updated_at=_deleted_at"),
                  1, "with its values, the time of its removal and the launch");
    tap_is_number(outside_number("SELECT count(*) FROM kept WHERE _deleted_at IS NULL"), 2,
                  "others are not marked");
    tap_is_number(row_remove(db, &marked_key, "A", "1", 8), 0, "a marked row is no row any more");
    tap_is_number(outside_number("SELECT _launch_id FROM kept WHERE shop='A' AND item=1"), 7,
                  "and keeps the time of its first removal");
}

static void test_revival(ds_db_t *db)
{
    const char *same[] = {"A", "1", "10"}, *other[] = {"B", "1", "5"};

    rows_write(db, &marked, same, 1, 9);
    tap_is_number(outside_number("SELECT count(*) FROM kept WHERE shop='A' AND item=1 AND count=10"
                                 " AND _deleted_at IS NULL AND _launch_id=9"),
                  1, "a marked row that comes again with the same values is alive again");
    row_remove(db, &marked_key, "B", "1", 10);
    rows_write(db, &marked, other, 1, 11);
    tap_is_number(outside_number("SELECT count FROM kept WHERE shop='B' AND _deleted_at IS NULL"),
                  5, "so is one with new values, which it gets");
    row_remove(db, &marked_key, "A", "2", 12);
    rows_write(db, &marked_key, (const char *[]){"A", "2"}, 1, 13);
    tap_is_number(outside_number("SELECT count FROM kept WHERE shop='A' AND item=2 AND"
                                 " _deleted_at IS NULL AND _launch_id=13"),
                  20, "a file of keys alone revives a row with the values it had");
    tap_is_number(outside_number("SELECT count(*) FROM kept"), 3, "no row is there twice");
}

/* An object that gets marks when it has rows already. */
static void test_marks_added(ds_db_t *db)
{
    static const ds_db_table_t now_marked = {"stock", columns, 3, 1};
    static const ds_db_table_t now_key = {"stock", columns, 2, 1};

    table_make(db, &now_marked);
    tap_is_number(row_remove(db, &now_key, "A", "2", 14), 1, "rows of before can be marked");
    tap_is_number(outside_number("SELECT count(*) FROM stock WHERE _deleted_at IS NULL"), 1,
                  "and those that were there stay as they are");
}

int main(void)
{
    ds_db_t *db = database_make();

    test_plain(db);
    test_rollback(db);
    test_marked(db);
    test_revival(db);
    test_marks_added(db);
    return database_end(db);
}
