/* What the database tests share: a fresh database that goes with the test. DS_TEST_DATABASE names
 * where: "pgsql:" and the parameters of a server on which databases may be made; else, or with
 * "sqlite3:", it is a file. */
#ifndef TEST_DATABASE_H
#define TEST_DATABASE_H

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "ds_check.h"
#include "ds_db_migrate.h"
#include "ds_db_upsert.h"
#include "ds_look.h"
#include "ds_queue.h"
#include "tap.h"

static apr_pool_t *test_pool;
static apr_pool_t *test_names_pool; /* of the database's names, which outlive test_pool */
static const char *test_directory;  /* SQLite: of the file */
static const char *test_server;     /* PostgreSQL: the parameters of the server; else NULL */
static ds_db_where_t test_where;

/* What differs in SQL of the tests themselves. */
static inline const char *by_database(const char *sqlite, const char *pgsql)
{
    return test_server ? pgsql : sqlite;
}

/* Run SQL by the database's own tool: what another program does, and what it sees. */
static inline FILE *outside_open(const char *params, const char *sql)
{
    const char *tool = test_server ? "PGOPTIONS='-c client_min_messages=warning' psql -XqtA -d"
                                   : "sqlite3 -cmd '.timeout 10000'";

    return popen(
        apr_psprintf(test_pool, "%s \"%s\" %s \"%s\"", tool, params, test_server ? "-c" : "", sql),
        "r");
}

static inline long outside_number_of(const char *params, const char *sql)
{
    FILE *pipe = outside_open(params, sql);
    long number = -1;

    if (pipe) {
        if (fscanf(pipe, "%ld", &number) != 1)
            number = -1;
        while (fgetc(pipe) != EOF)
            ;
        pclose(pipe);
    }
    return number;
}

/* The first number that this SQL gives. */
static inline long outside_number(const char *sql)
{
    return outside_number_of(test_where.params, sql);
}

/* Wait until this SQL gives that number. */
static inline int number_wait(const char *sql, long number)
{
    int turns;

    for (turns = 0; outside_number(sql) != number && turns < 500; turns++)
        apr_sleep(20000);
    return turns < 500;
}

static inline int file_writer_wait(void)
{
    int fd = open(apr_pstrcat(test_pool, test_where.params, "-lock", NULL), O_RDWR), turns;
    struct flock byte = {.l_type = F_UNLCK};

    for (turns = 0; byte.l_type == F_UNLCK && turns < 10000; turns++) {
        byte = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 1};
        fcntl(fd, F_OFD_GETLK, &byte);
        apr_sleep(1000);
    }
    close(fd);
    return byte.l_type != F_UNLCK;
}

/* Wait until somebody waits for the right to write, or for a lock of the server. */
static inline int writer_wait(void)
{
    return test_server ? number_wait("SELECT count(*) FROM pg_stat_activity WHERE datname ="
                                     " current_database() AND wait_event_type = 'Lock'",
                                     1)
                       : file_writer_wait();
}

static inline void file_remove(void)
{
    static const char *const names[] = {"t.db", "t.db-lock", "t.db-wal", "t.db-shm"};
    unsigned i;

    for (i = 0; i < sizeof(names) / sizeof(*names); i++)
        unlink(apr_pstrcat(test_pool, test_directory, "/", names[i], NULL));
    rmdir(test_directory);
}

static inline void database_remove(void)
{
    if (test_server)
        outside_number_of(test_server,
                          apr_psprintf(test_pool, "DROP DATABASE t%d WITH (FORCE)", (int)getpid()));
    else
        file_remove();
}

static inline void file_begin(void)
{
    char template[] = "/tmp/datasync-db-XXXXXX";

    test_directory = apr_pstrdup(test_names_pool, mkdtemp(template));
    test_where.driver = "sqlite3";
    test_where.params = apr_pstrcat(test_names_pool, test_directory, "/t.db", NULL);
}

/* A database of this program's own on the server. */
static inline void server_begin(const char *params)
{
    test_server = apr_pstrdup(test_names_pool, params);
    test_where.driver = "pgsql";
    test_where.params = apr_psprintf(test_names_pool, "%s dbname=t%d", params, (int)getpid());
    outside_number_of(test_server, apr_psprintf(test_pool, "CREATE DATABASE t%d", (int)getpid()));
}

/* APR, and a database of this program's own that is still empty. */
static inline void database_begin(void)
{
    const char *wanted = getenv("DS_TEST_DATABASE");

    apr_initialize();
    apr_pool_create(&test_names_pool, NULL);
    apr_pool_create(&test_pool, NULL);
    if (wanted && !strncmp(wanted, "pgsql:", 6))
        server_begin(wanted + 6);
    else if (!wanted || !strcmp(wanted, "sqlite3:"))
        file_begin();
    else {
        printf("Bail out! DS_TEST_DATABASE=%s\n", wanted);
        exit(1);
    }
    printf("# on %s\n", test_where.driver);
    ds_db_init(test_pool);
}

static inline ds_db_t *database_open(int create)
{
    ds_db_t *db = NULL;
    ds_problem_t *problem;

    test_where.create = create;
    problem = ds_db_open(&db, &test_where, test_pool);
    if (problem)
        printf("# %s\n", problem->text);
    return db;
}

/* A migrated database, and a connection to it. */
static inline ds_db_t *database_make(void)
{
    ds_db_t *db;
    ds_problem_t *problem;

    database_begin();
    db = database_open(1);
    problem = db ? ds_db_migrate(db, test_pool) : NULL;
    if (problem)
        printf("# %s\n", problem->text);
    if (!db || problem) {
        printf("Bail out! no database\n");
        exit(1);
    }
    return db;
}

/* The last test of each program: whatever was done, the integrity queries hold. */
static inline int database_end(ds_db_t *db)
{
    apr_array_header_t *faults;
    int i;

    if (db) {
        ds_check_run(&faults, db, test_pool);
        tap_is_number(faults->nelts, 0, "the integrity queries find nothing");
        for (i = 0; i < faults->nelts; i++)
            printf("# %s\n", APR_ARRAY_IDX(faults, i, const char *));
    }
    apr_pool_destroy(test_pool);
    apr_pool_create(&test_pool, NULL);
    database_remove();
    return tap_end();
}

/* --- tables of objects --- */

static inline apr_status_t rows_write(ds_db_t *db, const ds_db_table_t *table, const char **values,
                                      int count, int launch)
{
    ds_db_upsert_t *upsert = ds_db_upsert_make(db, table, test_pool);
    apr_status_t status;

    ds_db_begin(db);
    status = ds_db_upsert_rows(upsert, values, count, launch, "2026-01-01T00:00:00Z");
    if (status == APR_SUCCESS)
        status = ds_db_upsert_finish(upsert);
    if (status == APR_SUCCESS)
        return ds_db_commit(db);
    ds_db_rollback(db);
    return status;
}

static inline void table_make(ds_db_t *db, const ds_db_table_t *table)
{
    ds_db_begin(db);
    tap_is_number(ds_db_table_create(db, table, test_pool), APR_SUCCESS, "a table is made");
    ds_db_commit(db);
}

/* --- launches --- */

/* What the keeper does with the launches of runners that are gone: how many there were. */
static inline int reclaim(ds_db_t *db, ds_queue_alive_cb *alive)
{
    ds_lease_watch_t *leases =
        ds_lease_watch_make(apr_time_from_sec(30), apr_time_from_sec(2), test_pool);
    int reclaimed;

    ds_queue_reclaim(&reclaimed, db, leases, alive, test_pool);
    return reclaimed;
}

/* A sync for launches of an object. */
static inline ds_sync_t *sync_make(const char *id, const char *object)
{
    ds_sync_t *sync = ds_sync_make(id, test_pool);

    sync->object_name = object;
    return sync;
}

/* How a sync stands, and whether a token opens it; text is NULL for none. */
static inline ds_look_t *look_at(ds_db_t *db, const char *sync_id, const char *text)
{
    ds_look_t *look = apr_pcalloc(test_pool, sizeof(*look));

    *look = (ds_look_t){.sync_id = sync_id, .text = text, .pool = test_pool};
    ds_looks_run(&look, 1, db);
    return look;
}

/* Accept one small upload. */
static inline ds_launch_t *launch_accept(ds_db_t *db, const ds_sync_t *sync, const char *text)
{
    ds_launch_t *launch = NULL;
    ds_file_writer_t *writer;
    int repeated;

    ds_file_writer_begin(&writer, db, "input", "a.csv", "text/csv", test_pool);
    ds_file_writer_append(writer, text, strlen(text));
    ds_launch_accept(&launch, &repeated, db, &(ds_launch_request_t){.sync = sync}, writer,
                     test_pool);
    return launch;
}

#endif
