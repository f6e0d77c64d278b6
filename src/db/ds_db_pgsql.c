/* What is PostgreSQL's own: its connection, its codes, and transactions by statements of our own.
 * The driver's transactions are not used: a begin that fails on a lost connection crashes there. */
#include <ctype.h>
#include <libpq-fe.h>
#include <string.h>

#include <apr_strings.h>

#include "ds_db_private.h"

#define CODE_SIZE 5 /* of an SQLSTATE */

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

static int text_run(ds_db_t *db, ds_stmt_e stmt)
{
    int changed;

    return apr_dbd_query(db->driver, db->handle, &changed, ds_db_text(db, stmt));
}

static ds_problem_t *connection_prepare(ds_db_t *db, const ds_db_where_t *where, apr_pool_t *pool)
{
    int ret;

    PQsetErrorVerbosity(native(db), PQERRORS_VERBOSE); /* the codes are shown only so */
    ret = text_run(db, STMT_PGSQL_CONNECTION);
    if (ret == 0)
        return NULL;
    ds_db_failure(db, ret);
    return ds_problem_make(pool, DS_EBUSY, "the database cannot be used: %s", ds_db_error(db));
}

static int connection_revive(ds_db_t *db)
{
    if (PQstatus(native(db)) == CONNECTION_OK)
        return 0;
    return apr_dbd_check_conn(db->driver, db->transaction_pool, db->handle) == APR_SUCCESS &&
           text_run(db, STMT_PGSQL_CONNECTION) == 0;
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
        {"21", DS_ECONSTRAINT}, /* one statement met a row twice */
        {"22", DS_ECONSTRAINT}, /* a value that its type does not take */
        {"23", DS_ECONSTRAINT}, /* a constraint */
        {"44", DS_ECONSTRAINT}, /* WITH CHECK OPTION */
        {"P0", DS_ECONSTRAINT}, /* a trigger raised it */
        {"08", DS_EBUSY},       /* the connection */
        {"25006", DS_EBUSY},    /* read only: a standby */
        {"40", DS_EBUSY},       /* a deadlock, or a conflict of transactions */
        {"53", DS_EBUSY},       /* no memory, disk or connections */
        {"55P03", DS_EBUSY},    /* lock_timeout */
        {"57", DS_EBUSY},       /* it shuts down, starts, or has cancelled */
        {"58", DS_EBUSY}        /* input and output */
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
    if (PQstatus(native(db)) != CONNECTION_OK)
        return DS_EBUSY;
    return code ? code_status(code) : DS_EDB;
}

/* --- transactions --- */

static apr_status_t begin(ds_db_t *db)
{
    int ret = text_run(db, db->lazy ? STMT_PGSQL_BEGIN_LAZY : STMT_PGSQL_BEGIN);

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

const ds_db_dialect_t ds_db_pgsql = {
    .driver = "pgsql",
    .where_check = params_check,
    .connection_prepare = connection_prepare,
    .now = now_get,
    .revive = connection_revive,
    .failure = failure_read,
    .transaction_lives_on = transaction_lives_on,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .statement_passed = statement_passed,
    .scan_begin = ds_db_pgsql_scan_begin,
    .scan_next = ds_db_pgsql_scan_next,
    .scan_end = ds_db_pgsql_scan_end,
};
