/* Tables of objects: what an import writes is what a reader of the table sees. */
#include "ds_def.h"

#include "database.h"

static const ds_db_column_t columns[] = {
    {"vin", DS_COLUMN_TEXT, 1}, {"color", DS_COLUMN_TEXT, 0}, {"doors", DS_COLUMN_INTEGER, 0}};
static const ds_db_table_t cars = {"car_c", columns, 3, 0};

static void test_upsert(ds_db_t *db)
{
    const char *first[] = {"A", "red", "4", "B", "blue", NULL};
    const char *again[] = {"A", "red", "4", "B", "green", "2"};
    const char *twice[] = {"C", "x", "1", "C", "y", "2"};

    rows_write(db, &cars, first, 2, 1);
    tap_is_number(outside_number("SELECT count(*) FROM car_c"), 2, "rows are there");
    tap_is_number(outside_number("SELECT count(*) FROM car_c WHERE doors IS NULL"), 1,
                  "an empty value is NULL");
    rows_write(db, &cars, again, 2, 2);
    tap_is_number(outside_number("SELECT count(*) FROM car_c"), 2, "the key tells rows apart");
    tap_is_number(outside_number("SELECT doors FROM car_c WHERE vin='B' AND color='green'"), 2,
                  "a changed row is changed");
    tap_is_number(outside_number("SELECT _launch_id FROM car_c WHERE vin='A'"), 1,
                  "an unchanged row is not written again");
    rows_write(db, &cars, twice, 2, 3);
    tap_is_number(outside_number("SELECT doors FROM car_c WHERE vin='C'"), 2,
                  "of two rows with one key in one batch the last counts");
    tap_is_number(outside_number(by_database(
                      "SELECT typeof(doors)='integer' FROM car_c WHERE vin='C'",
                      "SELECT (pg_typeof(doors)='bigint'::regtype)::int FROM car_c WHERE vin='C'")),
                  1, "a number is stored as a number");
}

static void test_merge(ds_db_t *db)
{
    static const ds_db_column_t some[] = {{"vin", DS_COLUMN_TEXT, 1},
                                          {"doors", DS_COLUMN_INTEGER, 0}};
    static const ds_db_table_t part = {"car_c", some, 2, 0};
    static const ds_db_table_t keys = {"car_c", some, 1, 0};
    const char *row[] = {"A", "5"};

    rows_write(db, &part, row, 1, 4);
    tap_is_number(
        outside_number("SELECT count(*) FROM car_c WHERE vin='A' AND color='red' AND doors=5"), 1,
        "columns that a file does not have keep their values");
    tap_is_number(rows_write(db, &keys, row, 1, 5), APR_SUCCESS, "a file of keys alone is fine");
}

/* More rows than one statement takes: every size of the last statements. */
static void test_many(ds_db_t *db)
{
    const char **values = apr_palloc(test_pool, sizeof(char *) * 3 * 1000);
    int sizes[] = {1, 15, 16, 17, 199, 200, 201, 433}, written = 0;
    unsigned s;
    int i;

    for (s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
        for (i = 0; i < sizes[s]; i++) {
            values[3 * i] = apr_psprintf(test_pool, "many-%d", written + i);
            values[3 * i + 1] = "white";
            values[3 * i + 2] = "3";
        }
        rows_write(db, &cars, values, sizes[s], 6);
        written += sizes[s];
    }
    tap_is_number(outside_number("SELECT count(*) FROM car_c WHERE vin LIKE 'many-%'"), written,
                  "no row is lost between statements of different sizes");
}

/* Whatever stands in a cell, it is stored as it is. */
static void test_texts(ds_db_t *db)
{
    static const ds_db_column_t c[] = {{"id", DS_COLUMN_INTEGER, 1}, {"note", DS_COLUMN_TEXT, 0}};
    static const ds_db_table_t notes = {"notes", c, 2, 0};
    static const char *const texts[] = {
        "",      " ",   "NULL",     "null",     "\"", "\\",         "\\\"",  "a\"b\\c",
        "{a,b}", "a,b", "a\nb\r\n", "\x1f\x1e", "'",  "ünï 日本 😀", "%s %d", "\\N"};
    const char *values[2 * (sizeof(texts) / sizeof(*texts) + 1)];
    int count = sizeof(texts) / sizeof(*texts), i;
    long bytes = 0;

    table_make(db, &notes);
    for (i = 0; i < count; i++) {
        values[2 * i] = apr_psprintf(test_pool, "%d", i);
        values[2 * i + 1] = texts[i];
        bytes += (long)strlen(texts[i]);
    }
    values[2 * i] = apr_psprintf(test_pool, "%d", i);
    values[2 * i + 1] = NULL;
    tap_is_number(rows_write(db, &notes, values, count + 1, 1), APR_SUCCESS, "any text is taken");
    tap_is_number(outside_number(by_database("SELECT sum(length(CAST(note AS BLOB))) FROM notes",
                                             "SELECT sum(octet_length(note)) FROM notes")),
                  bytes, "with all its bytes");
    tap_is_number(outside_number("SELECT count(*) FROM notes WHERE note IS NULL"), 1,
                  "no text is another thing than the word NULL or an empty one");
    for (i = 0; i <= count; i++)
        rows_write(db, &notes, values + 2 * i, 1, 2);
    tap_is_number(outside_number("SELECT sum(_launch_id) FROM notes"), count + 1,
                  "and is the same alone or among others");
}

/* The same key again and again, in one statement and in the next. */
static void test_doubles(ds_db_t *db)
{
    const char *values[3 * 450];
    int i;

    for (i = 0; i < 450; i++) {
        values[3 * i] = apr_psprintf(test_pool, "double-%d", i % 7);
        values[3 * i + 1] = i % 3 ? "red" : NULL;
        values[3 * i + 2] = apr_psprintf(test_pool, "%d", i);
    }
    rows_write(db, &cars, values, 450, 8);
    tap_is_number(outside_number("SELECT sum(doors) FROM car_c WHERE vin LIKE 'double-%'"),
                  443 + 444 + 445 + 446 + 447 + 448 + 449, "of each key the last row counts");
    tap_is_number(
        outside_number("SELECT count(*) FROM car_c WHERE vin LIKE 'double-%' AND color IS NULL"), 2,
        "whole");
}

static void test_columns_added(ds_db_t *db)
{
    static const ds_db_column_t more[] = {{"vin", DS_COLUMN_TEXT, 1},
                                          {"color", DS_COLUMN_TEXT, 1},
                                          {"doors", DS_COLUMN_INTEGER, 0},
                                          {"sold", DS_COLUMN_DATE, 0}};
    static const ds_db_table_t wider = {"car_c", more, 4, 0};
    long before = outside_number("SELECT count(*) FROM car_c");

    table_make(db, &wider);
    tap_is_number(outside_number("SELECT count(*) FROM car_c WHERE sold IS NULL"), before,
                  "a new field is a new column, and no row is lost");
    tap_is_number(outside_number(by_database("SELECT count(*) FROM pragma_index_list('car_c')",
                                             "SELECT count(*) FROM pg_indexes"
                                             " WHERE tablename = 'car_c'")),
                  1, "another key replaces the old one");
}

/* Triggers that refuse one row, or end the whole transaction: on PostgreSQL by its connection. */
static void triggers_make(void)
{
    outside_number(
        by_database("CREATE TRIGGER no13 BEFORE INSERT ON checked WHEN new.n = 13"
                    " BEGIN SELECT raise(ABORT, 'unlucky'); END; SELECT 1",
                    "CREATE FUNCTION no13() RETURNS trigger LANGUAGE plpgsql AS"
                    " 'BEGIN RAISE EXCEPTION ''unlucky''; END';"
                    "CREATE TRIGGER no13 BEFORE INSERT ON checked FOR EACH ROW WHEN (new.n = 13)"
                    " EXECUTE FUNCTION no13(); SELECT 1"));
    outside_number(
        by_database("CREATE TRIGGER no99 BEFORE INSERT ON checked WHEN new.n = 99"
                    " BEGIN SELECT raise(ROLLBACK, 'all of it'); END; SELECT 1",
                    "CREATE FUNCTION no99() RETURNS trigger LANGUAGE plpgsql AS"
                    " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN new; END';"
                    "CREATE TRIGGER no99 BEFORE INSERT ON checked FOR EACH ROW WHEN (new.n = 99)"
                    " EXECUTE FUNCTION no99(); SELECT 1"));
}

/* Statement after statement in one transaction, of new rows and of rows that are there: each key
 * ends with its last row. Statement i has the keys from 50 i on; of even ones the value changes. */
static void test_mixed(ds_db_t *db)
{
    static const ds_db_column_t c[] = {{"id", DS_COLUMN_INTEGER, 1}, {"n", DS_COLUMN_INTEGER, 0}};
    static const ds_db_table_t t = {"mixed", c, 2, 0};
    const char *values[2 * 100];
    ds_db_upsert_t *upsert;
    int i, row;

    table_make(db, &t);
    upsert = ds_db_upsert_make(db, &t, test_pool);
    ds_db_begin(db);
    for (i = 0; i < 10; i++) {
        for (row = 0; row < 100; row++) {
            values[2 * row] = apr_psprintf(test_pool, "%d", 50 * i + row);
            values[2 * row + 1] = apr_psprintf(test_pool, "%d", row % 2 ? 7 : i);
        }
        ds_db_upsert_rows(upsert, values, 100, i + 1, "2026-01-01T00:00:00Z");
    }
    tap_is_number(ds_db_upsert_finish(upsert), APR_SUCCESS, "new and old rows come mixed");
    tap_is_number(ds_db_commit(db), APR_SUCCESS, "and are committed together");
    tap_is_number(outside_number("SELECT count(*) FROM mixed"), 550, "no row is lost or doubled");
    tap_is_number(outside_number("SELECT sum(n) FROM mixed WHERE id % 2 = 0"),
                  25 * (0 + 1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9 + 9), "the last statement counts");
    tap_is_number(outside_number("SELECT sum(_launch_id) FROM mixed WHERE id % 2 = 1"),
                  25 * (1 + 1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9 + 10),
                  "a row that is the same is not written again");
}

/* The administrator's own rules on the table: a refusal hits one row. */
static void test_refused(ds_db_t *db)
{
    static const ds_db_column_t c[] = {{"id", DS_COLUMN_INTEGER, 1}, {"n", DS_COLUMN_INTEGER, 0}};
    static const ds_db_table_t t = {"checked", c, 2, 0};
    const char *good[] = {"1", "1"}, *bad[] = {"2", "13"}, *fatal[] = {"3", "99"};
    ds_db_upsert_t *upsert;

    table_make(db, &t);
    triggers_make();
    upsert = ds_db_upsert_make(db, &t, test_pool);
    ds_db_begin_tolerant(db);
    ds_db_upsert_rows(upsert, good, 1, 1, "now");
    tap_is_number(ds_db_upsert_rows(upsert, bad, 1, 1, "now"), DS_ECONSTRAINT,
                  "a trigger's refusal is the row's fault");
    tap_is_text(ds_db_error(db), "unlucky", "in the words of the trigger");
    tap_is_number(ds_db_forgive(db), APR_SUCCESS, "it can be passed over");
    tap_is_number(ds_db_commit(db), APR_SUCCESS, "and the others be committed");
    tap_is_number(outside_number("SELECT count(*) FROM checked"), 1, "the good row is there");

    ds_db_begin_tolerant(db);
    ds_db_upsert_rows(upsert, fatal, 1, 1, "now");
    tap_ok(ds_db_forgive(db) != APR_SUCCESS, "a transaction that the database gave up is over");
    tap_ok(ds_db_commit(db) != APR_SUCCESS, "and cannot be committed by mistake");
    tap_is_number(outside_number("SELECT count(*) FROM checked"), 1, "nothing of it is there");
}

/* A dry run in which rows are refused one by one: what is written after its end stays. */
static void test_refused_dry(ds_db_t *db)
{
    static const ds_db_column_t c[] = {{"id", DS_COLUMN_INTEGER, 1}, {"n", DS_COLUMN_INTEGER, 0}};
    static const ds_db_table_t t = {"checked", c, 2, 0};
    const char *good[] = {"4", "4"}, *bad[] = {"5", "13"}, *kept[] = {"6", "6"};
    ds_db_upsert_t *upsert = ds_db_upsert_make(db, &t, test_pool);

    ds_db_begin_tolerant(db);
    ds_db_dry_run_begin(db);
    ds_db_upsert_rows(upsert, good, 1, 1, "now");
    tap_is_number(ds_db_upsert_rows(upsert, bad, 1, 1, "now"), DS_ECONSTRAINT,
                  "a dry run finds the row that would be refused");
    ds_db_forgive(db);
    tap_is_number(ds_db_upsert_rows(upsert, good, 1, 2, "now"), APR_SUCCESS, "and goes on");
    ds_db_dry_run_end(db);
    ds_db_upsert_rows(upsert, kept, 1, 1, "now");
    tap_is_number(ds_db_upsert_rows(upsert, bad, 1, 1, "now"), DS_ECONSTRAINT,
                  "after its end a refusal hits one row, too");
    ds_db_forgive(db);
    tap_is_number(ds_db_commit(db), APR_SUCCESS, "it can be committed");
    tap_is_number(outside_number("SELECT sum(id) FROM checked"), 7,
                  "and leaves what was written after it, nothing else");
}

/* A refusal among many rows, which PostgreSQL says only when the caller has gone on. */
static void test_refused_many(ds_db_t *db)
{
    static const ds_db_column_t c[] = {{"id", DS_COLUMN_INTEGER, 1}, {"n", DS_COLUMN_INTEGER, 0}};
    static const ds_db_table_t t = {"checked", c, 2, 0};
    const char *values[] = {"20", "1", "21", "13", "22", "1"}, *good[] = {"23", "1", "24", "1"};
    ds_db_upsert_t *upsert = ds_db_upsert_make(db, &t, test_pool);
    long before = outside_number("SELECT count(*) FROM checked");
    apr_status_t status;

    ds_db_begin(db);
    status = ds_db_upsert_rows(upsert, values, 3, 1, "now");
    if (status == APR_SUCCESS)
        status = ds_db_upsert_finish(upsert);
    tap_is_number(status, DS_ECONSTRAINT, "a refusal among many rows is the rows' fault");
    tap_is_text(ds_db_error(db), "unlucky", "in the words of the trigger");
    tap_ok(ds_db_commit(db) != APR_SUCCESS, "nothing of them can be committed");
    ds_db_begin(db);
    ds_db_upsert_rows(upsert, values, 3, 1, "now");
    tap_ok(ds_db_commit(db) != APR_SUCCESS, "also when nobody has asked how it went");
    ds_db_begin(db);
    ds_db_upsert_rows(upsert, values, 3, 1, "now");
    ds_db_rollback(db);
    tap_is_number(outside_number("SELECT count(*) FROM checked"), before, "nothing of it is there");
    ds_db_begin(db);
    ds_db_upsert_rows(upsert, good, 2, 1, "now");
    ds_db_upsert_finish(upsert);
    tap_is_number(ds_db_commit(db), APR_SUCCESS, "the next rows can be");
    tap_is_number(outside_number("SELECT count(*) FROM checked"), before + 2, "and are there");
}

/* Rows may have to be sent a second time, so a commit must not come before their end. */
static void test_unfinished(ds_db_t *db)
{
    static const ds_db_column_t c[] = {{"id", DS_COLUMN_INTEGER, 1}, {"n", DS_COLUMN_INTEGER, 0}};
    static const ds_db_table_t t = {"mixed", c, 2, 0};
    const char *values[] = {"1", "1000", "2", "1000"};
    ds_db_upsert_t *upsert = ds_db_upsert_make(db, &t, test_pool);

    ds_db_begin(db);
    ds_db_upsert_rows(upsert, values, 2, 1, "2026-01-01T00:00:00Z");
    tap_ok(ds_db_commit(db) != APR_SUCCESS, "rows that were not finished are not committed");
    tap_is_number(outside_number("SELECT count(*) FROM mixed WHERE n = 1000"), 0, "not one");
}

/* Another program inserts a key that was not there a moment ago. */
static void test_overtaken(void)
{
    static const ds_db_column_t c[] = {{"id", DS_COLUMN_INTEGER, 1}, {"n", DS_COLUMN_INTEGER, 0}};
    static const ds_db_table_t t = {"mixed", c, 2, 0};
    const char *values[] = {"5000", "1", "5001", "1"}, *theirs[] = {"5000", "2"};
    ds_db_t *db, *other;
    ds_db_upsert_t *upsert;

    outside_number("DO 'BEGIN EXECUTE format(''ALTER DATABASE %I SET lock_timeout = 60000'',"
                   " current_database()); END'; SELECT 1");
    db = database_open(0);
    other = database_open(0);
    upsert = ds_db_upsert_make(db, &t, test_pool);
    ds_db_begin(other);
    ds_db_upsert_rows(ds_db_upsert_make(other, &t, test_pool), theirs, 1, 1, "now");
    ds_db_begin(db);
    tap_is_number(ds_db_upsert_rows(upsert, values, 2, 2, "now"), APR_SUCCESS, "rows are sent");
    tap_ok(number_wait("SELECT count(*) FROM pg_locks WHERE NOT granted", 1), "one of them waits");
    ds_db_commit(other);
    tap_is_number(ds_db_upsert_finish(upsert), DS_ECONSTRAINT, "for a row that has come before it");
    ds_db_rollback(db);
    tap_is_number(rows_write(db, &t, values, 2, 2), APR_SUCCESS, "another time it is seen");
    tap_is_number(outside_number("SELECT n FROM mixed WHERE id = 5000"), 1, "and is changed");
    ds_db_close(other);
    ds_db_close(db);
}

/* The columns in their n-th order, of 720. */
static void columns_order(ds_db_column_t *c, int n)
{
    int i;

    for (i = 0; i < 6; i++) {
        ds_db_column_t first = c[i];
        int from = i + n % (6 - i);

        c[i] = c[from];
        c[from] = first;
        n /= 6 - i;
    }
}

/* The driver keeps what it has prepared until the connection is closed. */
static void test_worn(ds_db_t *db)
{
    static const ds_db_column_t all[] = {{"n0", DS_COLUMN_TEXT, 1}, {"n1", DS_COLUMN_TEXT, 0},
                                         {"n2", DS_COLUMN_TEXT, 0}, {"n3", DS_COLUMN_TEXT, 0},
                                         {"n4", DS_COLUMN_TEXT, 0}, {"n5", DS_COLUMN_TEXT, 0}};
    ds_db_column_t c[6];
    const ds_db_table_t t = {"worn", c, 6, 0};
    const char *row[] = {"a", "b", "c", "d", "e", "f"};
    int i;

    memcpy(c, all, sizeof(c));
    table_make(db, &t);
    for (i = 0; i < 500; i++)
        rows_write(db, &t, row, 1, 1);
    tap_ok(!ds_db_is_worn(db), "500 loads of the same columns leave one statement behind, not 500");
    for (i = 0; i < 100 && !ds_db_is_worn(db); i++) {
        memcpy(c, all, sizeof(c));
        columns_order(c, i);
        rows_write(db, &t, row, 1, 1);
    }
    tap_ok(i > 10 && i < 100, "a client that orders columns ever anew cannot fill the memory");
    tap_is_number(outside_number("SELECT count(*) FROM worn"), 6, "rows come in by any order");
}

static void test_definitions(ds_db_t *db)
{
    ds_def_t *def = ds_def_make(test_pool), *back = NULL;
    ds_object_t *object = ds_object_make("person", test_pool);
    ds_sync_t *sync = sync_make("people", "person");

    ds_object_field_add(object, "id", "integer", NULL, test_pool);
    ds_object_field_add(object, "name", "string", "40", test_pool);
    ds_object_key_add(object, "ID", test_pool);
    ds_def_object_add(def, object, test_pool);
    ds_def_sync_add(def, sync, test_pool);
    tap_ok(ds_def_sync_bind(def, sync, test_pool) == NULL, "a sync finds its object");
    tap_ok(ds_def_store(def, db, test_pool) == NULL, "definitions are stored");
    tap_ok(ds_def_store(def, db, test_pool) == NULL, "twice as well as once");
    tap_is_number(ds_def_load(&back, db, test_pool), APR_SUCCESS, "and read back");
    tap_is_text(ds_def_to_json(back, test_pool), ds_def_to_json(def, test_pool),
                "without any difference");
    tap_is_number(outside_number("SELECT count(*) FROM person"), 0, "the object has its table");
}

/* What a server would say whose configuration has this object. */
static ds_problem_t *definition_store(ds_db_t *db, const char *name, const char *field)
{
    ds_object_t *object = ds_object_make(name, test_pool);
    ds_def_t *def = ds_def_make(test_pool);

    ds_object_field_add(object, "id", "integer", NULL, test_pool);
    ds_object_field_add(object, field, "string", NULL, test_pool);
    ds_object_key_add(object, "id", test_pool);
    ds_def_object_add(def, object, test_pool);
    return ds_def_store(def, db, test_pool);
}

/* To SQLite they are the same names, to PostgreSQL others. */
static void test_case(ds_db_t *db)
{
    ds_problem_t *problem;

    tap_ok(!definition_store(db, "Boat", "Make"), "a name may have capital letters");
    problem = definition_store(db, "Boat", "make");
    if (test_server)
        tap_ok(problem && strstr(problem->text, "the field \"make\" was called \"Make\" before"),
               "a field that is written otherwise later is refused in words");
    else
        tap_ok(!problem, "a field may be written otherwise later");
    problem = definition_store(db, "boat", "Make");
    if (test_server)
        tap_ok(problem && strstr(problem->text, "the object \"boat\" was called \"Boat\" before"),
               "so is an object");
    else
        tap_ok(!problem, "so may an object");
    tap_ok(!definition_store(db, "Boat", "Make"), "the old names stay good");
}

/* However a sync writes the name of its object, launches run in one lane. */
static void test_object_name(void)
{
    ds_def_t *def = ds_def_make(test_pool);
    ds_sync_t *sync = sync_make("cars", "CAR_C");

    ds_def_object_add(def, ds_object_make("Car_c", test_pool), test_pool);
    tap_ok(!ds_def_sync_bind(def, sync, test_pool), "a sync may write its object's name otherwise");
    tap_is_text(sync->object_name, "Car_c", "and its launches stand behind others of that object");
}

int main(void)
{
    ds_db_t *db = database_make();

    table_make(db, &cars);
    test_upsert(db);
    test_merge(db);
    test_many(db);
    test_doubles(db);
    test_texts(db);
    test_columns_added(db);
    test_mixed(db);
    test_refused(db);
    if (test_server) { /* the last trigger cost the connection */
        ds_db_close(db);
        db = database_open(0);
    }
    test_refused_dry(db);
    test_refused_many(db);
    if (test_server) {
        test_unfinished(db);
        test_overtaken();
    }
    test_definitions(db);
    test_case(db);
    test_object_name();
    test_worn(db);
    return database_end(db);
}
