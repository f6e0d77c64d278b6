/* Scans: an export holds each row of its moment once, in order, whatever others write meanwhile. */
#include "ds_clock.h"
#include "ds_db_scan.h"

#include "database.h"

static const ds_db_column_t columns[] = {
    {"id", DS_COLUMN_INTEGER, 1},     {"name", DS_COLUMN_TEXT, 0},
    {"number", DS_COLUMN_INTEGER, 0}, {"price", DS_COLUMN_DECIMAL, 0},
    {"sold", DS_COLUMN_BOOLEAN, 0},   {"built", DS_COLUMN_DATE, 0},
    {"seen", DS_COLUMN_DATETIME, 0},  {"rowid", DS_COLUMN_TEXT, 0}};
enum { ID, NAME, NUMBER, PRICE, SOLD, BUILT, SEEN, ROWID, WIDTH };

static const ds_db_table_t things = {"things", columns, WIDTH, 0};
static const ds_db_table_t marked = {"marked", columns, WIDTH, 1};

/* The ids that a query gives, with commas. */
static const char *ids_scan(ds_db_t *db, const ds_db_query_t *query)
{
    const char *const *values, *ids = "";
    ds_db_scan_t *scan;

    if (ds_db_scan_begin(&scan, db, query, NULL, NULL, test_pool) != APR_SUCCESS)
        return ds_db_error(db);
    while (ds_db_scan_next(&values, scan) == APR_SUCCESS && values)
        ids = apr_pstrcat(test_pool, ids, *ids ? "," : "", values[ID], NULL);
    ds_db_scan_end(scan);
    return ids;
}

static void things_make(ds_db_t *db, const ds_db_table_t *table)
{
    const char *rows[][WIDTH] = {
        {"1", "ant", "10", "1.5", "1", "2022-01-14", "2022-01-14T20:00:00Z", "z"},
        {"2", "bee", "9", "10", "0", "2022-01-15", "2022-01-14T20:00:00.500000Z", "y"},
        {"3", "Cat", "-1", "-0.25", "1", "2021-12-31", "2022-01-14T20:00:01Z", "x"},
        {"4", NULL, NULL, NULL, NULL, NULL, NULL, NULL},
        {"5", "10", "10", "0.00001", "0", "2022-01-15", "2021-01-14T20:00:00Z", "-5"}};

    table_make(db, table);
    rows_write(db, table, &rows[0][0], 5, 1);
}

static void test_filters(ds_db_t *db)
{
    static const struct {
        int column;
        const char *op, *value, *ids;
    } cases[] = {{NAME, "=", "ant", "1"},
                 {NAME, "!=", "ant", "2,3,4,5"},
                 {NAME, "<", "b", "1,3,5"},
                 {NAME, "<=", "bee", "1,2,3,5"},
                 {NAME, ">", "ant", "2"},
                 {NAME, ">=", "ant", "1,2"},
                 {NAME, "=", "", "4"},
                 {NAME, "!=", "", "1,2,3,5"},
                 {NAME, "=", "10", "5"},
                 {NAME, "=", "x' OR '1'='1", ""},
                 {NUMBER, "=", "10", "1,5"},
                 {NUMBER, "!=", "10", "2,3,4"},
                 {NUMBER, "<", "10", "2,3"},
                 {NUMBER, "<=", "9", "2,3"},
                 {NUMBER, ">", "9", "1,5"},
                 {NUMBER, ">=", "-1", "1,2,3,5"},
                 {NUMBER, "=", "", "4"},
                 {PRICE, "=", "1.5", "1"},
                 {PRICE, "=", "0.00001", "5"},
                 {PRICE, "!=", "10", "1,3,4,5"},
                 {PRICE, "<", "1.5", "3,5"},
                 {PRICE, "<=", "1.5", "1,3,5"},
                 {PRICE, ">", "1.5", "2"},
                 {PRICE, ">=", "-0.25", "1,2,3,5"},
                 {SOLD, "=", "1", "1,3"},
                 {SOLD, "!=", "1", "2,4,5"},
                 {SOLD, "<", "1", "2,5"},
                 {BUILT, "=", "2022-01-15", "2,5"},
                 {BUILT, "!=", "2022-01-15", "1,3,4"},
                 {BUILT, "<", "2022-01-14", "3"},
                 {BUILT, "<=", "2022-01-14", "1,3"},
                 {BUILT, ">", "2022-01-14", "2,5"},
                 {BUILT, ">=", "2022-01-14", "1,2,5"},
                 {SEEN, "=", "2022-01-14T20:00:00Z", "1"},
                 {SEEN, "!=", "2022-01-14T20:00:00Z", "2,3,4,5"},
                 {SEEN, "<", "2022-01-14T20:00:00.500000Z", "1,5"},
                 {SEEN, "<=", "2022-01-14T20:00:00Z", "1,5"},
                 {SEEN, ">", "2022-01-14T20:00:00Z", "2,3"},
                 {SEEN, ">=", "2022-01-14T20:00:00Z", "1,2,3"},
                 {SEEN, "!=", "", "1,2,3,5"},
                 {ROWID, "=", "z", "1"}};
    unsigned i;

    for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        ds_db_condition_t condition = {columns[cases[i].column], cases[i].op, cases[i].value};
        ds_db_query_t query = {&things, &condition, 1, NULL, 0};

        tap_is_text(ids_scan(db, &query), cases[i].ids,
                    apr_psprintf(test_pool, "rows with %s %s '%s'", columns[cases[i].column].name,
                                 cases[i].op, cases[i].value));
    }
}

/* What a scan gives is what an import brought, letter for letter. */
static void test_values(ds_db_t *db)
{
    static const char *const wanted[][WIDTH] = {
        {"1", "ant", "10", "1.5", "1", "2022-01-14", "2022-01-14T20:00:00Z", "z"},
        {"2", "bee", "9", "10", "0", "2022-01-15", "2022-01-14T20:00:00.500000Z", "y"},
        {"3", "Cat", "-1", "-0.25", "1", "2021-12-31", "2022-01-14T20:00:01Z", "x"},
        {"4", NULL, NULL, NULL, NULL, NULL, NULL, NULL}};
    ds_db_query_t query = {&things, NULL, 0, NULL, 0};
    const char *const *values;
    ds_db_scan_t *scan;
    int row, i;

    ds_db_scan_begin(&scan, db, &query, NULL, NULL, test_pool);
    for (row = 0; row < 4; row++) {
        int good = ds_db_scan_next(&values, scan) == APR_SUCCESS && values;

        for (i = 0; i < WIDTH && good; i++)
            good = values[i] && wanted[row][i] ? !strcmp(values[i], wanted[row][i])
                                               : !values[i] && !wanted[row][i];
        tap_ok(good, apr_psprintf(test_pool, "row %d comes as it was written", row + 1));
        if (!good && values)
            printf("# value %d: %s\n", i, values[i - 1] ? values[i - 1] : "NULL");
    }
    ds_db_scan_end(scan);
}

static void test_together(ds_db_t *db)
{
    ds_db_condition_t both[] = {
        {columns[NUMBER], "=", "10"}, {columns[NAME], "!=", ""}, {columns[SOLD], "=", "1"}};
    ds_db_sort_t sorts[] = {{columns[NAME], 0}};
    ds_db_query_t query = {&things, both, 3, NULL, 0}, sorted = {&things, both, 3, sorts, 1};

    tap_is_text(ids_scan(db, &query), "1", "all conditions hold together");
    tap_is_text(ids_scan(db, &sorted), "1", "also where rows are ordered");
}

static void test_order(ds_db_t *db)
{
    static const struct {
        int first, descending, second;
        const char *ids;
    } cases[] = {{NAME, 0, -1, "4,5,3,1,2"},   {NAME, 1, -1, "2,1,3,5,4"},
                 {NUMBER, 0, -1, "4,3,2,1,5"}, {NUMBER, 1, -1, "1,5,2,3,4"},
                 {PRICE, 0, -1, "4,3,5,1,2"},  {BUILT, 1, ID, "5,2,1,3,4"},
                 {BUILT, 1, -1, "2,5,1,3,4"},  {SEEN, 0, -1, "4,5,1,2,3"},
                 {SEEN, 1, -1, "3,2,1,5,4"},   {SOLD, 0, NUMBER, "4,5,2,1,3"}};
    unsigned i;

    for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        int second = cases[i].second < 0 ? ID : cases[i].second;
        ds_db_sort_t sorts[] = {{columns[cases[i].first], cases[i].descending},
                                {columns[second], 1}};
        ds_db_query_t query = {&things, NULL, 0, sorts, cases[i].second < 0 ? 1 : 2};

        tap_is_text(ids_scan(db, &query), cases[i].ids,
                    apr_psprintf(test_pool, "rows by %s%s%s", columns[cases[i].first].name,
                                 cases[i].descending ? " descending" : "",
                                 cases[i].second < 0 ? ", equal ones as they are stored"
                                                     : ", then by another field"));
    }
}

static void test_marks(ds_db_t *db)
{
    ds_db_sort_t sort = {columns[NAME], 0};
    ds_db_query_t query = {&marked, NULL, 0, NULL, 0}, sorted = {&marked, NULL, 0, &sort, 1};

    things_make(db, &marked);
    outside_number(
        "UPDATE marked SET _deleted_at = '2026-01-01T00:00:00Z' WHERE id IN (2, 4); SELECT 1");
    tap_is_text(ids_scan(db, &query), "1,3,5", "rows that were deleted are left out");
    tap_is_text(ids_scan(db, &sorted), "5,3,1", "also where rows are ordered");
}

/* --- pages --- */

static const ds_db_table_t many = {"many", columns, 2, 0};

static void many_fill(ds_db_t *db, int count)
{
    outside_number(apr_psprintf(test_pool,
                                "DELETE FROM many; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL"
                                " SELECT i + 1 FROM n WHERE i < %d) INSERT INTO many (id, name)"
                                " SELECT i, 'old' FROM n WHERE i <= %d; SELECT 1",
                                count, count));
}

/* Take up to `most` rows; false when one is not the expected one: ids go up from *id, or down. */
static int rows_expect(int *id, ds_db_scan_t *scan, int most, int step)
{
    const char *const *values;

    while (most-- > 0) {
        if (ds_db_scan_next(&values, scan) != APR_SUCCESS || !values)
            return 0;
        if (atoi(values[0]) != *id || strcmp(values[1], "old"))
            return 0;
        *id += step;
    }
    return 1;
}

static void test_pages(ds_db_t *db)
{
    static const int sizes[] = {0, 1, 999, 1000, 1001, 2000, 2500};
    ds_db_sort_t down = {columns[ID], 1};
    ds_db_query_t queries[] = {{&many, NULL, 0, NULL, 0}, {&many, NULL, 0, &down, 1}};
    const char *const *values;
    unsigned i;
    int sorted;

    for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        many_fill(db, sizes[i]);
        for (sorted = 0; sorted < 2; sorted++) {
            int id = sorted ? sizes[i] : 1, good;
            ds_db_scan_t *scan;

            ds_db_scan_begin(&scan, db, &queries[sorted], NULL, NULL, test_pool);
            good = rows_expect(&id, scan, sizes[i], sorted ? -1 : 1) &&
                   ds_db_scan_next(&values, scan) == APR_SUCCESS && !values &&
                   ds_db_scan_next(&values, scan) == APR_SUCCESS && !values;
            ds_db_scan_end(scan);
            tap_ok(good, apr_psprintf(test_pool, "each of %d rows comes once%s", sizes[i],
                                      sorted ? ", in order" : ""));
        }
    }
}

/* --- one snapshot --- */

/* What others write while a scan is open. */
static void others_write(ds_db_t *other, int turn)
{
    const char *const statements[] = {
        "UPDATE many SET name = 'new' WHERE id % 2 = 0; SELECT 1",
        "DELETE FROM many WHERE id % 3 = 0; SELECT 1",
        /* on PostgreSQL a change of the table itself waits for who reads it */
        by_database("ALTER TABLE many ADD COLUMN more TEXT; SELECT 1",
                    "CREATE INDEX ON many (name); SELECT 1")};
    ds_db_upsert_t *upsert = ds_db_upsert_make(other, &many, test_pool);
    const char *row[] = {apr_psprintf(test_pool, "%d", 7000 + 3 * turn), "new"};

    ds_db_begin(other);
    ds_db_upsert_rows(upsert, row, 1, 1, "now");
    tap_is_number(ds_db_commit(other), APR_SUCCESS,
                  "others write while a scan is open, which nobody could wait for here");
    tap_is_number(outside_number(statements[turn]), 1, "other programs neither");
}

static void test_snapshot(ds_db_t *db, ds_db_t *other, int sorted)
{
    ds_db_sort_t up = {columns[ID], 0};
    ds_db_query_t query = {&many, NULL, 0, &up, sorted};
    const char *const *values = NULL;
    ds_db_scan_t *scan;
    int id = 1, good = 1, turn;

    outside_number("DROP TABLE many; SELECT 1");
    table_make(db, &many);
    many_fill(db, 2500);
    ds_db_scan_begin(&scan, db, &query, NULL, NULL, test_pool);
    for (turn = 0; turn < 3; turn++) {
        others_write(other, turn);
        good &= rows_expect(&id, scan, 700, 1);
    }
    good &= rows_expect(&id, scan, 400, 1);
    good &= ds_db_scan_next(&values, scan) == APR_SUCCESS && !values;
    ds_db_scan_end(scan);
    tap_ok(good, sorted ? "an ordered scan sees the table of its beginning, row for row"
                        : "a scan sees the table of its beginning, row for row");
    tap_is_number(outside_number("SELECT count(*) FROM many"), 2500 - 833 + 3,
                  "while the table has moved on");
    ds_db_scan_begin(&scan, db, &query, NULL, NULL, test_pool);
    for (id = 0; ds_db_scan_next(&values, scan) == APR_SUCCESS && values; id++)
        ;
    ds_db_scan_end(scan);
    tap_is_number(id, 2500 - 833 + 3, "the next scan sees the table of now");
}

/* Scans side by side, one of them begun late and one of a single key: all of one moment. */
static void test_beside(ds_db_t *db, ds_db_t *other)
{
    ds_db_condition_t key = {columns[ID], "=", "1502"};
    ds_db_query_t query = {&many, NULL, 0, NULL, 0}, by_key = {&many, &key, 1, NULL, 0};
    ds_db_scan_t *moment, *early, *late, *single;
    const char *const *values;
    int early_id = 1, late_id = 1, single_id = 1502, good;

    outside_number("DROP TABLE many; SELECT 1");
    table_make(db, &many);
    many_fill(db, 2500);
    good = ds_db_scan_begin(&moment, db, NULL, NULL, NULL, test_pool) == APR_SUCCESS &&
           ds_db_scan_next(&values, moment) == APR_SUCCESS && !values;
    tap_ok(good, "a scan without a query has no rows");
    good = ds_db_scan_beside(&early, moment, &query, test_pool) == APR_SUCCESS &&
           rows_expect(&early_id, early, 1200, 1);
    others_write(other, 0);
    good &= ds_db_scan_beside(&late, moment, &query, test_pool) == APR_SUCCESS &&
            rows_expect(&late_id, late, 1700, 1) && rows_expect(&early_id, early, 1300, 1);
    ds_db_scan_end(early);
    others_write(other, 1);
    good &= ds_db_scan_beside(&single, moment, &by_key, test_pool) == APR_SUCCESS &&
            rows_expect(&single_id, single, 1, 1);
    ds_db_scan_end(single);
    good &= rows_expect(&late_id, late, 800, 1) && ds_db_scan_next(&values, late) == APR_SUCCESS &&
            !values;
    ds_db_scan_end(late);
    ds_db_scan_end(moment);
    tap_ok(good, "scans side by side see one moment, also one that begins later");
    tap_is_number(ds_db_begin(db), APR_SUCCESS, "which leave no transaction open");
    ds_db_rollback(db);
}

/* A launch that is cancelled leaves its scan in the middle. */
static void test_left(ds_db_t *db)
{
    ds_db_sort_t down = {columns[ID], 1};
    ds_db_query_t query = {&many, NULL, 0, &down, 1};
    const char *const *values;
    ds_db_scan_t *scan;

    ds_db_scan_begin(&scan, db, &query, NULL, NULL, test_pool);
    ds_db_scan_next(&values, scan);
    ds_db_scan_end(scan);
    tap_is_number(ds_db_begin(db), APR_SUCCESS, "a connection can write after a scan was left");
    ds_db_rollback(db);
    tap_is_number(ds_db_scan_begin(&scan, db, &query, NULL, NULL, test_pool), APR_SUCCESS,
                  "and scan again");
    ds_db_scan_end(scan);
    query.table = &(ds_db_table_t){"nosuch", columns, 2, 0};
    tap_is_number(ds_db_scan_begin(&scan, db, &query, NULL, NULL, test_pool), DS_EDB,
                  "a table that is gone is an error, no empty file");
    tap_is_number(ds_db_begin(db), APR_SUCCESS, "which leaves no transaction open");
    ds_db_rollback(db);
}

/* --- the watch --- */

typedef struct {
    ds_db_t *other;
    int asked;
    int stop_at; /* 0: never */
    apr_status_t write;
} watch_t;

/* As the watch of an export does: it writes by another connection. */
static apr_status_t watch_answer(void *baton)
{
    watch_t *watch = baton;

    watch->asked++;
    if (watch->write == APR_SUCCESS && (watch->write = ds_db_begin(watch->other)) == APR_SUCCESS) {
        ds_db_query(watch->other, NULL, STMT_UPLOAD_KEY_EXPIRE, DS_ARGS(DS_INT(0)));
        watch->write = ds_db_commit(watch->other);
    }
    return watch->asked == watch->stop_at ? DS_ELOST : APR_SUCCESS;
}

/* Read to the first row; how long it took. */
static apr_status_t first_row(apr_interval_time_t *took, ds_db_t *db, const ds_db_query_t *query,
                              watch_t *watch)
{
    const char *const *values;
    ds_db_scan_t *scan;
    apr_time_t began = ds_clock_steady();
    apr_status_t status = ds_db_scan_begin(&scan, db, query, watch_answer, watch, test_pool);

    if (status == APR_SUCCESS) {
        status = ds_db_scan_next(&values, scan);
        ds_db_scan_end(scan);
    }
    *took = ds_clock_steady() - began;
    return status;
}

/* Statements that last longer than anybody waits, on the fastest machine: a view stands in for a
 * table of many rows. */
static void test_long(ds_db_t *db, ds_db_t *other)
{
    static const ds_db_table_t long_table = {"long", columns, 2, 0};
    ds_db_condition_t nothing = {columns[NAME], "=", "none"};
    ds_db_sort_t sort = {columns[NAME], 0};
    ds_db_query_t queries[] = {{&long_table, NULL, 0, &sort, 1},
                               {&long_table, &nothing, 1, NULL, 0}};
    static const char *const names[] = {"a sort", "a filter that no row passes"};
    static const int counts[] = {100000000, 1000000000};
    int i;

    for (i = 0; i < 2; i++) {
        watch_t watch = {.other = other, .stop_at = 3};
        apr_interval_time_t took;

        outside_number(apr_psprintf(
            test_pool,
            "DROP VIEW IF EXISTS long; CREATE VIEW long AS WITH RECURSIVE n(i) AS (SELECT 1 UNION"
            " ALL SELECT i + 1 FROM n WHERE i < %d) SELECT %s, i AS id,"
            " 'name' || (i %% 10007) AS name FROM n; SELECT 1",
            counts[i], by_database("i AS _rowid_", "NULL::tid AS ctid")));
        tap_is_number(first_row(&took, db, &queries[i], &watch), DS_ELOST,
                      apr_psprintf(test_pool, "%s ends when the watch says so", names[i]));
        tap_is_number(watch.asked, 3, "which is asked until then");
        tap_ok(took >= apr_time_from_msec(1000) && took < apr_time_from_sec(60),
               "but not more often than twice a second");
        tap_is_number(watch.write, APR_SUCCESS, "and may write meanwhile");
        tap_is_number(ds_db_begin(db), APR_SUCCESS, "no transaction is left open");
        ds_db_rollback(db);
        if (test_server)
            tap_ok(number_wait("SELECT count(*) FROM pg_stat_activity WHERE state = 'active'"
                               " AND query LIKE '%ds_scan%' AND pid <> pg_backend_pid()",
                               0),
                   "the database does not go on with it");
    }
}

#define ROWS_A_SECOND (1000 / 50 + 1) /* by which the watch was asked twice */

/* Take rows slowly, each after a twentieth of a second at least: how many there were. */
static int rows_take(apr_status_t *status, ds_db_scan_t *scan)
{
    const char *const *values;
    int rows = -1;

    do {
        apr_sleep(apr_time_from_msec(50));
        *status = ds_db_scan_next(&values, scan);
        rows++;
    } while (*status == APR_SUCCESS && values);
    return rows;
}

/* One who takes rows slowly: the lease must be kept then too. */
static void test_slow_reader(ds_db_t *db, ds_db_t *other)
{
    ds_db_query_t query = {&many, NULL, 0, NULL, 0};
    watch_t watch = {.other = other, .stop_at = 2};
    const char *const *values;
    ds_db_scan_t *scan;
    apr_status_t status;
    int rows;

    ds_db_scan_begin(&scan, db, &query, watch_answer, &watch, test_pool);
    rows = rows_take(&status, scan);
    tap_is_number(status, DS_ELOST, "the watch is asked between rows too");
    tap_ok(rows <= ROWS_A_SECOND, "twice a second");
    tap_is_number(ds_db_scan_next(&values, scan), DS_ELOST, "and nothing is read after it");
    ds_db_scan_end(scan);
}

/* The watch of the first scan is asked for those beside it. */
static void test_beside_watch(ds_db_t *db, ds_db_t *other)
{
    ds_db_query_t query = {&many, NULL, 0, NULL, 0};
    watch_t watch = {.other = other, .stop_at = 2};
    ds_db_scan_t *moment, *scan;
    apr_status_t status;
    int rows;

    ds_db_scan_begin(&moment, db, NULL, watch_answer, &watch, test_pool);
    ds_db_scan_beside(&scan, moment, &query, test_pool);
    rows = rows_take(&status, scan);
    tap_is_number(status, DS_ELOST, "the watch ends a scan beside its own");
    tap_ok(rows <= ROWS_A_SECOND, "as often");
    ds_db_scan_end(scan);
    ds_db_scan_end(moment);
}

int main(void)
{
    ds_db_t *db = database_make(), *other = database_open(0);

    things_make(db, &things);
    test_filters(db);
    test_values(db);
    test_together(db);
    test_order(db);
    test_marks(db);
    table_make(db, &many);
    test_pages(db);
    test_snapshot(db, other, 0);
    test_snapshot(db, other, 1);
    test_beside(db, other);
    test_left(db);
    test_long(db, other);
    test_slow_reader(db, other);
    test_beside_watch(db, other);
    return database_end(db);
}
