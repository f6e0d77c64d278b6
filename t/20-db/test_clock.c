/* A machine whose clock is wrong: what several of them must agree on is counted by the clock of the
 * database. All of the program, the layer db too, sees the clock below; PostgreSQL does not. */
#include <time.h>

#include "ds_def.h"

#include "database.h"

#define HOUR apr_time_from_sec(3600)

static apr_interval_time_t wrong_by;

apr_time_t apr_time_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return apr_time_make(now.tv_sec, now.tv_nsec / 1000) + wrong_by;
}

static apr_time_t database_now(ds_db_t *db)
{
    apr_time_t now = 0;

    ds_db_now(&now, db);
    return now;
}

/* Is it a time of the last minute, by the database's clock? */
static int is_now(ds_db_t *db, apr_time_t when)
{
    apr_time_t now = database_now(db);

    return when <= now && when > now - apr_time_from_sec(60);
}

static void test_token(ds_db_t *db)
{
    ds_token_t *token;
    const char *text, *late;

    ds_token_create(&token, &text, db, "cars", 0, "n", database_now(db) + HOUR, test_pool);
    tap_ok(is_now(db, token->created_at), "a token is as old as the database says");
    tap_is_number(look_at(db, "cars", text)->status, APR_SUCCESS,
                  "one that lives for another hour is good");
    ds_token_create(&token, &late, db, "cars", 0, "n", database_now(db) - 1, test_pool);
    tap_is_number(look_at(db, "cars", late)->status, DS_EDENIED, "one that has ended is not");
    ds_token_revoke(db, token->id);
    tap_ok(is_now(db, outside_number(apr_psprintf(
                          test_pool, "SELECT revoked_at FROM ds_token WHERE token_id = '%s'",
                          token->id))),
           "and is revoked when the database says");
}

/* What the keeper of another machine would do meanwhile. */
static void test_upload(ds_db_t *db)
{
    char *text = apr_pcalloc(test_pool, DS_FILE_CHUNK_SIZE);
    ds_launch_request_t request = {.sync = sync_make("cars", "car")};
    ds_launch_t *launch = NULL;
    ds_file_writer_t *writer;
    int more = 0, repeated;

    ds_file_writer_begin(&writer, db, "input", "a.csv", "text/csv", test_pool);
    ds_file_writer_append(writer, text, DS_FILE_CHUNK_SIZE);
    ds_file_sweep(&more, db, database_now(db) - HOUR, test_pool);
    tap_ok(!more, "an upload that is arriving does not count as given up");
    tap_is_number(ds_launch_accept(&launch, &repeated, db, &request, writer, test_pool),
                  APR_SUCCESS, "and is accepted");
}

static void test_definitions(ds_db_t *db, const char *name)
{
    ds_def_t *def = ds_def_make(test_pool);
    ds_object_t *object = ds_object_make(name, test_pool);
    apr_time_t created = 0, updated = 0;

    ds_object_field_add(object, "id", "integer", NULL, test_pool);
    ds_object_key_add(object, "id", test_pool);
    ds_def_object_add(def, object, test_pool);
    ds_def_store(def, db, test_pool);
    ds_def_object_times(&created, &updated, db, name, test_pool);
    tap_ok(is_now(db, created) && is_now(db, updated), "an object is as old as the database says");
}

static void test_all(ds_db_t *db, const char *object)
{
    test_token(db);
    test_upload(db);
    test_definitions(db, object);
}

int main(void)
{
    ds_db_t *db;

    wrong_by = 3 * HOUR;
    db = database_make();
    tap_ok(is_now(db, outside_number("SELECT max(migrated_at) FROM ds_schema")),
           "the schema is as old as the database says");
    printf("# three hours ahead\n");
    test_all(db, "early");
    wrong_by = -3 * HOUR;
    printf("# three hours behind\n");
    test_all(db, "late");
    return database_end(db);
}
