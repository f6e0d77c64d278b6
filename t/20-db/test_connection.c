/* Connections, the schema and transactions: the traps of apr_dbd stay closed. */
#include <signal.h>
#include <sys/wait.h>

#include "database.h"

static int tokens(ds_db_t *db)
{
    apr_array_header_t *list;

    ds_token_list(&list, db, NULL, test_pool);
    return list->nelts;
}

static apr_status_t token_write(ds_db_t *db, const char *id)
{
    return ds_db_query(db, NULL, STMT_TOKEN_CREATE,
                       DS_ARGS(DS_TEXT(id), DS_TEXT("s"), DS_TEXT("n"), DS_TEXT("h"), DS_INT(1),
                               DS_INT_OR_NULL(0), DS_TEXT(NULL)));
}

static ds_problem_t *problem_of(const char *params)
{
    ds_db_where_t where = {.driver = test_where.driver, .params = params};
    ds_db_t *db = NULL;

    return ds_db_open(&db, &where, test_pool);
}

static void test_no_file(void)
{
    ds_problem_t *problem = problem_of(test_where.params);

    tap_ok(problem && problem->status == DS_EBUSY, "a missing database can be waited for");
    tap_ok(access(test_where.params, F_OK) != 0, "looking for a database does not make one");
}

static void test_no_server(void)
{
    ds_problem_t *problem = problem_of("host=127.0.0.1 port=1 password=hidden");

    tap_ok(problem && problem->status == DS_EBUSY, "a server that is away can be waited for");
    tap_ok(!strstr(problem->text, "hidden") && !strchr(problem->text, '\n'),
           "which is told in one line, without the password");
    problem = problem_of("host=127.0.0.1 password=one two");
    tap_ok(problem && !strstr(problem->text, "two"), "nor is a piece of faulty parameters told");
    problem = problem_of(test_where.params);
    tap_ok(problem && problem->status == DS_EBUSY, "an empty database can be waited for");
    tap_is_number(outside_number("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'ds_%'"), 0,
                  "looking at a database makes nothing in it");
}

static void test_missing(void)
{
    ds_problem_t *problem;

    if (test_server)
        test_no_server();
    else
        test_no_file();
    problem = ds_db_driver_check("nosuch", test_pool);
    tap_ok(problem && strstr(problem->text, "install libaprutil1-dbd-nosuch"),
           "a missing driver is explained with its package");
}

static void test_migration(ds_db_t *db)
{
    ds_db_schema_t schema;
    ds_db_t *later = NULL;

    tap_ok(ds_db_migrate(db, test_pool) == NULL, "a migration that is done already does nothing");
    ds_db_schema_get(&schema, db, test_pool);
    tap_is_number(schema.version, schema.newest, "the schema is the newest");
    tap_is_number(outside_number("SELECT count(*) FROM ds_schema"), 1,
                  "another program can read the database");
    outside_number("UPDATE ds_schema SET version = 999; SELECT 1");
    later = database_open(0);
    tap_ok(later != NULL, "a newer schema is good where it says that it fits");
    tap_ok(ds_db_migrate(later, test_pool) == NULL, "and stays as it is");
    outside_number("UPDATE ds_schema SET oldest = 999; SELECT 1");
    tap_ok(database_open(0) == NULL, "one that does not fit is refused");
    tap_is_number(ds_db_begin_queue(later), DS_ESCHEMA, "also by a connection from before");
    tap_is_number(outside_number("SELECT version FROM ds_schema"), 999, "nobody touches it");
    ds_db_close(later);
    outside_number(apr_psprintf(test_pool,
                                "UPDATE ds_schema SET version = %d, oldest = %d; SELECT 1",
                                schema.newest, schema.oldest));
}

static void test_transactions(ds_db_t *db)
{
    ds_db_t *other = database_open(0);

    ds_db_begin(db);
    token_write(db, "one");
    tap_is_number(tokens(other), 0, "nobody sees what is not committed");
    ds_db_rollback(db);
    tap_is_number(tokens(other), 0, "a rollback leaves nothing");

    ds_db_begin(db);
    token_write(db, "two");
    tap_is_number(token_write(db, "two"), DS_ECONSTRAINT, "a refused value is told apart");
    tap_ok(strstr(ds_db_error(db), by_database("UNIQUE", "unique")) != NULL,
           "the database's words are kept");
    tap_ok(!strchr(ds_db_error(db), '\n') && !strstr(ds_db_error(db), "23505"),
           "in one line and without codes");
    tap_is_number(ds_db_commit(db), DS_ECONSTRAINT, "commit tells that a statement had failed");
    tap_is_number(tokens(other), 0, "and has rolled back");

    tap_is_number(token_write(db, "three"), APR_SUCCESS, "the connection goes on afterwards");
    tap_is_number(tokens(other), 1, "a statement alone is a transaction");
    ds_db_close(other);
}

static void test_pool_end(ds_db_t *db)
{
    ds_db_t *doomed = NULL;
    apr_pool_t *pool;

    apr_pool_create(&pool, test_pool);
    ds_db_open(&doomed, &test_where, pool);
    ds_db_begin(doomed);
    token_write(doomed, "doomed");
    apr_pool_destroy(pool);
    tap_is_number(tokens(db), 1, "a pool that goes with an open transaction commits nothing");
    tap_is_number(token_write(db, "four"), APR_SUCCESS, "nor does it keep the database locked");
}

/* Every statement prepared before a change of the schema fails for ever in apr_dbd's driver. */
static void test_stale(ds_db_t *db)
{
    outside_number("CREATE TABLE from_outside (a int); SELECT 1");
    tap_is_number(tokens(db), 2, "a select outlives a change of the schema");
    outside_number("CREATE TABLE from_outside_2 (a int); SELECT 1");
    tap_is_number(token_write(db, "five"), APR_SUCCESS, "a write outlives a change of the schema");
    outside_number("CREATE TABLE from_outside_3 (a int); SELECT 1");
    ds_db_begin(db);
    tap_is_number(token_write(db, "six"), APR_SUCCESS, "also inside a transaction");
    tap_is_number(ds_db_commit(db), APR_SUCCESS, "which can be committed");
    tap_is_number(tokens(db), 4, "with all its rows");
}

/* Writers of one PostgreSQL meet at rows and at the queue, not at the database. */
static void test_side_by_side(ds_db_t *db)
{
    ds_db_t *other = database_open(0);

    ds_db_begin(other);
    token_write(other, "slow");
    tap_is_number(token_write(db, "quick"), APR_SUCCESS, "a second writer does not wait");
    tap_is_number(tokens(db), 5, "and sees only what is committed");
    tap_is_number(ds_db_commit(other), APR_SUCCESS, "the first one commits when it likes");
    tap_is_number(tokens(db), 6, "and is seen then");
    ds_db_close(other);
}

static void connections_cut(void)
{
    outside_number("SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
                   " WHERE datname = current_database() AND pid <> pg_backend_pid()");
}

/* A connection that dies: the transaction is over, and the trouble is not the row's. */
static void test_cut(void)
{
    ds_db_t *doomed = database_open(0);
    ds_db_t *db = database_open(0);

    ds_db_begin_tolerant(doomed);
    token_write(doomed, "cut");
    connections_cut();
    tap_is_number(token_write(doomed, "after"), DS_EBUSY, "a lost connection can be waited for");
    tap_is_number(ds_db_forgive(doomed), DS_EBUSY, "and is no fault of a row");
    tap_is_number(ds_db_commit(doomed), DS_EBUSY, "nothing is committed by mistake");
    tap_is_number(tokens(db), 6, "its transaction has left nothing");
    tap_is_number(ds_db_begin(doomed), APR_SUCCESS, "the next transaction has a new connection");
    ds_db_rollback(doomed);
    connections_cut();
    tap_is_number(tokens(doomed), 6, "so has a select");
    connections_cut();
    tap_is_number(token_write(doomed, "again"), APR_SUCCESS, "and a write of one statement");
    tap_is_number(tokens(db), 7, "which takes effect once");
    ds_db_close(doomed);
    ds_db_close(db);
    db = database_open(0);
    tap_is_number(look_at(db, "cars", NULL)->status, APR_SUCCESS, "a status can be asked for");
    connections_cut();
    tap_is_number(look_at(db, "cars", NULL)->status, APR_SUCCESS,
                  "and again after the connection was lost");
    tap_is_number(look_at(db, "cars", NULL)->status, APR_SUCCESS, "as often as one likes");
    ds_db_close(db);
}

/* The lock file keeps our own connections apart; a stranger's lock is met by SQLite itself. */
static void test_busy(ds_db_t *db)
{
    ds_db_t *other = database_open(0);
    apr_time_t began = apr_time_now();

    ds_db_begin(other);
    tap_is_number(ds_db_begin(db), DS_EBUSY, "a second writer is told to come again");
    tap_ok(apr_time_now() - began < apr_time_from_sec(60), "and does not wait for ever");
    ds_db_rollback(other);
    tap_is_number(ds_db_begin(db), APR_SUCCESS, "and can write when the first has gone");
    ds_db_rollback(db);
    ds_db_close(other);
}

/* Begins when the other end is closed. */
static void other_writer_run(int pipe_end)
{
    apr_status_t status;
    char byte;
    ds_db_t *db;

    apr_pool_create(&test_pool, NULL);
    read(pipe_end, &byte, 1);
    db = database_open(0);
    do
        status = token_write(db, apr_psprintf(test_pool, "of process %ld", (long)getpid()));
    while (test_server && status == DS_EBUSY); /* the machine stood still */
    _exit(status == APR_SUCCESS ? 0 : 1);
}

static pid_t other_writer_start(int *pipe_end)
{
    int ends[2];
    pid_t pid;

    fflush(stdout);
    if (pipe(ends) != 0 || (pid = fork()) < 0)
        exit(1);
    if (pid == 0) {
        close(ends[1]);
        other_writer_run(ends[0]);
    }
    close(ends[0]);
    *pipe_end = ends[1];
    return pid;
}

/* A long series of transactions, as an import is one: another process must get its turn. */
static void test_fair(ds_db_t *db)
{
    int pipe_end, status = 1, i;
    pid_t pid, ended = 0;

    ds_db_close(db);
    pid = other_writer_start(&pipe_end);
    db = database_open(0);
    ds_db_begin(db);
    close(pipe_end);
    if (!test_server) /* there nobody waits for all writes of another one */
        tap_ok(writer_wait(), "another process wants to write");
    ds_db_rollback(db);
    ds_db_yield(db);
    for (i = 0; i < 400 && (ended = waitpid(pid, &status, WNOHANG)) != pid; i++) {
        ds_db_begin(db);
        apr_sleep(apr_time_from_msec(20));
        ds_db_rollback(db);
        ds_db_yield(db);
    }
    if (ended != pid)
        kill(pid, SIGKILL);
    tap_ok(i < 100 && WIFEXITED(status) && WEXITSTATUS(status) == 0,
           "who waits to write gets its turn beside a long series of batches");
}

/* How often a process has gone to sleep. */
static long sleeps_of(pid_t pid)
{
    char line[256];
    long count = -1;
    FILE *file;

    snprintf(line, sizeof(line), "/proc/%ld/status", (long)pid);
    file = fopen(line, "r");
    while (file && fgets(line, sizeof(line), file))
        sscanf(line, "voluntary_ctxt_switches: %ld", &count);
    if (file)
        fclose(file);
    return count;
}

static int sleeps_wait(pid_t pid, long count)
{
    int turns;

    for (turns = 0; sleeps_of(pid) < count && turns < 10000; turns++)
        apr_sleep(apr_time_from_msec(1));
    return turns < 10000;
}

/* When the machine stands still, so does who writes: nobody gives up for that. */
static void test_standstill(ds_db_t *db)
{
    int pipe_end, status = 1;
    long sleeps;
    pid_t pid;

    ds_db_close(db);
    pid = other_writer_start(&pipe_end);
    db = database_open(0);
    ds_db_begin(db);
    close(pipe_end);
    tap_ok(writer_wait(), "another process waits to write");
    kill(pid, SIGSTOP);
    apr_sleep(apr_time_from_msec(2200));
    sleeps = sleeps_of(pid);
    kill(pid, SIGCONT);
    tap_ok(sleeps > 0 && sleeps_wait(pid, sleeps + 5), "it looks again when it goes on");
    ds_db_rollback(db);
    waitpid(pid, &status, 0);
    tap_ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "and still does after it stood still");
    ds_db_close(db);
}

static void test_arguments(ds_db_t *db)
{
    ds_db_rows_t *rows;

    tap_is_number(ds_db_query(db, NULL, STMT_TOKEN_REVOKE, DS_ARGS(DS_INT(1))), DS_EDB,
                  "a statement that gets too few values is refused");
    tap_is_text(ds_db_error(db), "TOKEN_REVOKE takes 2 arguments, 1 were given",
                "and told by its name");
    tap_is_number(ds_db_select(&rows, db, STMT_SYNC_GET, DS_NO_ARGS, test_pool), DS_EDB,
                  "so is one that reads");
    tap_is_number(
        ds_db_select(&rows, db, STMT_SYNC_GET, DS_ARGS(DS_TEXT("a"), DS_TEXT("b")), test_pool),
        DS_EDB, "and one that gets too many");
    ds_db_begin(db);
    token_write(db, "with-a-fault");
    ds_db_query(db, NULL, STMT_TOKEN_REVOKE, DS_ARGS(DS_INT(1)));
    tap_is_number(ds_db_commit(db), DS_EDB, "its transaction is not committed");
    tap_is_number(outside_number("SELECT count(*) FROM ds_token WHERE token_id = 'with-a-fault'"),
                  0, "and nothing of it stays");
}

int main(void)
{
    ds_db_t *db;

    database_begin();
    test_missing();
    db = database_open(1);
    ds_db_migrate(db, test_pool);
    test_migration(db);
    test_transactions(db);
    test_arguments(db);
    test_pool_end(db);
    test_stale(db);
    if (test_server) {
        test_side_by_side(db);
        test_cut();
    }
    else
        test_busy(db);
    test_fair(db);
    if (!test_server)
        test_standstill(database_open(0));
    return database_end(database_open(0));
}
