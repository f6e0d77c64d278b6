/* What is PostgreSQL's own: its connection, its codes, and transactions by statements of our own.
 * The driver's transactions are not used: a begin that fails on a lost connection crashes there. */
#include <ctype.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "ds_db_pgsql_reach.h"
#include "ds_db_pgsql_watch.h"
#include "ds_db_private.h"

#define CODE_SIZE 5 /* of an SQLSTATE */
#define CODE_READ_ONLY "25006"

/* Somebody waits for an answer within two seconds, or nobody does. */
#define BRISK_REACH apr_time_from_sec(1)
#define BRISK_CALL                                                                                 \
    apr_time_from_msec(800) /* before the server is asked, and again until it answers */
#define PATIENCE apr_time_from_sec(5)

struct ds_db_pgsql_t {
    apr_pool_t *params_pool; /* of the parameters of the server at hand */
    ds_db_watch_call_t call;
    int read_only; /* it has become a standby: another server must be found */
};

static PGconn *native(const ds_db_t *db)
{
    return apr_dbd_native_handle(db->driver, db->handle);
}

/* libpq's own words about faulty parameters repeat pieces of them: a password may be among these.
 */
static ds_problem_t *params_check(const ds_db_where_t *where, apr_pool_t *pool)
{
    char *words = NULL;
    PQconninfoOption *options = PQconninfoParse(where->params, &words);

    PQfreemem(words);
    if (!options)
        return ds_problem_make(pool, APR_EINVAL,
                               "the parameters of the database are not what libpq takes: write "
                               "name=value pairs, a value with spaces in single quotes");
    PQconninfoFree(options);
    return NULL;
}

/* The parameters of the server to take, which live until the next time. */
static ds_problem_t *server_reach(ds_db_t *db, apr_pool_t *pool)
{
    const ds_db_where_t *where = &db->where;
    ds_db_watch_call_t *call = &db->pgsql->call;
    const char *found = NULL;
    ds_problem_t *problem = ds_db_pgsql_reach(
        &found, where->params,
        ds_db_pgsql_patience(where->params, where->brisk ? BRISK_REACH : PATIENCE), pool);

    if (problem)
        return problem;
    apr_pool_clear(db->pgsql->params_pool);
    call->params = apr_pstrdup(db->pgsql->params_pool, found);
    call->given = where->params;
    call->patience = ds_db_pgsql_patience(where->params, where->brisk ? BRISK_CALL : PATIENCE);
    return NULL;
}

static ds_problem_t *handle_open(ds_db_t *db, apr_pool_t *pool)
{
    ds_problem_t *problem;

    db->pgsql = apr_pcalloc(db->pool, sizeof(*db->pgsql));
    apr_pool_create(&db->pgsql->params_pool, db->pool);
    problem = server_reach(db, pool);
    return problem ? problem : ds_db_handle_open(&db->handle, db, db->pgsql->call.params, pool);
}

static void call_begin(ds_db_t *db)
{
    ds_db_watch_call_t *call = &db->pgsql->call;

    call->fd = PQsocket(native(db));
    ds_db_pgsql_watch_begin(call);
}

static void call_end(ds_db_t *db)
{
    ds_db_pgsql_watch_end(&db->pgsql->call);
}

static int text_run(ds_db_t *db, ds_stmt_e stmt)
{
    int changed, ret;

    ds_db_call_begin(db);
    ret = apr_dbd_query(db->driver, db->handle, &changed, ds_db_text(db, stmt));
    ds_db_call_end(db);
    return ret;
}

/* Tell a new connection how we use it; the driver's value. */
static int settings_run(ds_db_t *db)
{
    int ret;

    PQsetErrorVerbosity(native(db), PQERRORS_VERBOSE); /* the codes are shown only so */
    ret = text_run(db, STMT_PGSQL_CONNECTION);
    return ret == 0 && db->where.brisk ? text_run(db, STMT_PGSQL_CONNECTION_BRISK) : ret;
}

static ds_problem_t *connection_prepare(ds_db_t *db, const ds_db_where_t *where, apr_pool_t *pool)
{
    int ret = settings_run(db);

    if (ret == 0)
        return NULL;
    ds_db_failure(db, ret);
    return ds_problem_make(pool, DS_EBUSY, "the database cannot be used: %s", ds_db_error(db));
}

static int connection_is_lost(const ds_db_t *db)
{
    return PQstatus(native(db)) != CONNECTION_OK;
}

static int connection_revive(ds_db_t *db)
{
    apr_dbd_t *handle = NULL;
    apr_pool_t *scratch;
    int found;

    if (!connection_is_lost(db) && !db->pgsql->read_only)
        return 0;
    apr_pool_create(&scratch, db->pool);
    found = !server_reach(db, scratch) &&
            !ds_db_handle_open(&handle, db, db->pgsql->call.params, scratch);
    apr_pool_destroy(scratch);
    if (!found)
        return 0;
    apr_dbd_close(db->driver, db->handle);
    db->handle = handle;
    ds_db_plans_forget(db);
    db->pgsql->read_only = 0;
    return settings_run(db) == 0;
}

static apr_status_t now_get(apr_time_t *now, ds_db_t *db)
{
    ds_db_rows_t *rows;
    apr_pool_t *pool;
    apr_status_t status;

    apr_pool_create(&pool, db->pool);
    status = ds_db_select(&rows, db, STMT_PGSQL_CLOCK, DS_NO_ARGS, pool);
    if (status == APR_SUCCESS && ds_db_rows_next(rows))
        *now = ds_db_rows_int(rows, 0);
    apr_pool_destroy(pool);
    return status;
}

/* --- failures: "ERROR:  23505: words", in the server's language --- */

/* The SQLSTATE of a message and where its words begin; NULL when it has none. */
static const char *code_find(const char **words, const char *message)
{
    const char *code = strchr(message, ':');
    int i;

    if (!code)
        return NULL;
    for (code++; *code == ' '; code++)
        ;
    for (i = 0; i < CODE_SIZE; i++)
        if (!isdigit((unsigned char)code[i]) && !isupper((unsigned char)code[i]))
            return NULL;
    if (code[CODE_SIZE] != ':')
        return NULL;
    *words = code + CODE_SIZE + 1 + strspn(code + CODE_SIZE + 1, " ");
    return code;
}

static apr_status_t code_status(const char *code)
{
    static const struct {
        const char *begin;
        apr_status_t status;
    } classes[] = {
        {"21", DS_ECONSTRAINT},     /* one statement met a row twice */
        {"22", DS_ECONSTRAINT},     /* a value that its type does not take */
        {"23", DS_ECONSTRAINT},     /* a constraint */
        {"44", DS_ECONSTRAINT},     /* WITH CHECK OPTION */
        {"P0", DS_ECONSTRAINT},     /* a trigger raised it */
        {"08", DS_EBUSY},           /* the connection */
        {CODE_READ_ONLY, DS_EBUSY}, /* a standby */
        {"40", DS_EBUSY},           /* a deadlock, or a conflict of transactions */
        {"53", DS_EBUSY},           /* no memory, disk or connections */
        {"55P03", DS_EBUSY},        /* lock_timeout */
        {"57", DS_EBUSY},           /* it shuts down, starts, or has cancelled */
        {"58", DS_EBUSY}            /* input and output */
    };
    unsigned i;

    for (i = 0; i < sizeof(classes) / sizeof(*classes); i++)
        if (!strncmp(code, classes[i].begin, strlen(classes[i].begin)))
            return classes[i].status;
    return DS_EDB;
}

static apr_status_t failure_read(const char **words, ds_db_t *db, int ret, apr_pool_t *pool)
{
    const char *message = apr_dbd_error(db->driver, db->handle, ret);
    const char *code = code_find(&message, message);

    *words = apr_pstrndup(pool, message, strcspn(message, "\n"));
    db->pgsql->read_only = code && !strncmp(code, CODE_READ_ONLY, CODE_SIZE);
    if (connection_is_lost(db))
        return DS_EBUSY;
    return code ? code_status(code) : DS_EDB;
}

/* --- transactions --- */

static apr_status_t begin(ds_db_t *db)
{
    int ret;

    if (db->pgsql->read_only) {
        db->error = "the server has become a standby";
        return DS_EBUSY;
    }
    ret = text_run(db, db->lazy ? STMT_PGSQL_BEGIN_LAZY : STMT_PGSQL_BEGIN);
    if (ret == 0 && db->tolerant)
        ret = text_run(db, STMT_PGSQL_SAVE);
    return ret ? ds_db_failure(db, ret) : APR_SUCCESS;
}

static int commit(ds_db_t *db)
{
    return text_run(db, STMT_PGSQL_COMMIT);
}

static void rollback(ds_db_t *db)
{
    text_run(db, STMT_PGSQL_ROLLBACK);
}

static int transaction_lives_on(ds_db_t *db)
{
    return db->tolerant && text_run(db, STMT_PGSQL_RESTORE) == 0 &&
           PQtransactionStatus(native(db)) == PQTRANS_INTRANS;
}

static int statement_passed(ds_db_t *db)
{
    return text_run(db, STMT_PGSQL_SAVE_ANEW);
}

/* --- statements that run while the caller goes on: apr_dbd has none --- */

static int statement_begin(ds_db_t *db, const char *sql, const char *const *values, int count)
{
    int sent;

    ds_db_call_begin(db);
    sent = PQsendQueryParams(native(db), sql, count, NULL, values, NULL, NULL, 0);
    ds_db_call_end(db);
    return sent ? 0 : 1;
}

static int statement_wait(int *changed, ds_db_t *db)
{
    PGresult *answer;
    int ret;

    ds_db_call_begin(db);
    answer = PQgetResult(native(db));
    ret = PQresultStatus(answer) != PGRES_COMMAND_OK;
    *changed = ret ? 0 : (int)strtol(PQcmdTuples(answer), NULL, 10);
    while (answer) {
        PQclear(answer);
        answer = PQgetResult(native(db));
    }
    ds_db_call_end(db);
    return ret;
}

const ds_db_dialect_t ds_db_pgsql = {
    .driver = "pgsql",
    .where_check = params_check,
    .open = handle_open,
    .connection_prepare = connection_prepare,
    .call_begin = call_begin,
    .call_end = call_end,
    .process_end = ds_db_pgsql_watch_stop,
    .now = now_get,
    .revive = connection_revive,
    .failure = failure_read,
    .is_lost = connection_is_lost,
    .transaction_lives_on = transaction_lives_on,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .statement_passed = statement_passed,
    .statement_begin = statement_begin,
    .statement_wait = statement_wait,
    .chunk_read = ds_db_pgsql_chunk_read,
    .chunk_append = ds_db_pgsql_chunk_append,
    .scan_begin = ds_db_pgsql_scan_begin,
    .scan_next = ds_db_pgsql_scan_next,
    .scan_end = ds_db_pgsql_scan_end,
};
