/* Named statements: prepared at their first use, with typed arguments. */
#include <stdlib.h>

#include <apr_strings.h>

#include "ds_db_private.h"

#define VALUES_MAX 64 /* no named statement has more arguments, four values for a blob */

const char *ds_db_text(const ds_db_t *db, ds_stmt_e stmt)
{
    return db->dialect->is_sqlite ? ds_db_statements[stmt].sqlite : ds_db_statements[stmt].pgsql;
}

int ds_db_has_statement(const ds_db_t *db, ds_stmt_e stmt)
{
    return ds_db_text(db, stmt) != NULL;
}

/* PostgreSQL plans these once for a connection, by this name, and all others (NULL) each time:
 * plans are gone with their connection, and the driver does not know. Most requests begin with
 * them. */
static const char *plan_name(ds_stmt_e stmt)
{
    if (stmt == STMT_SYNC_LOOK)
        return "ds_sync_look";
    return stmt == STMT_PGSQL_SYNC_LOOK_MANY ? "ds_sync_look_many" : NULL;
}

void ds_db_plans_forget(ds_db_t *db)
{
    int stmt;

    for (stmt = 0; stmt < STMT_COUNT; stmt++)
        if (plan_name((ds_stmt_e)stmt))
            db->prepared[stmt] = NULL;
}

static apr_status_t statement_prepare(ds_db_t *db, ds_stmt_e stmt)
{
    int ret;

    if (db->prepared[stmt])
        return APR_SUCCESS;
    ds_db_call_begin(db);
    ret = apr_dbd_prepare(db->driver, db->pool, db->handle, ds_db_text(db, stmt), plan_name(stmt),
                          &db->prepared[stmt]);
    ds_db_call_end(db);
    if (ret) {
        db->prepared[stmt] = NULL;
        return ds_db_failure(db, ret);
    }
    return APR_SUCCESS;
}

/* The driver of PostgreSQL would read past the last value, that of SQLite would take NULL. */
static apr_status_t arguments_check(ds_db_t *db, ds_stmt_e stmt, const ds_db_arg_t *args)
{
    const ds_db_statement_t *statement = &ds_db_statements[stmt];
    int given = 0;

    while (args[given].kind != DS_ARG_END)
        given++;
    if (given == statement->arguments)
        return APR_SUCCESS;
    return ds_db_refuse(db, apr_psprintf(db->error_pool, "%s takes %d arguments, %d were given",
                                         statement->name, statement->arguments, given));
}

/* apr_dbd takes the addresses of values in the order of the placeholders; a blob takes four. */
static void values_collect(const void **values, apr_size_t *sizes, const ds_db_arg_t *args)
{
    int n = 0, blobs = 0;

    for (; args->kind != DS_ARG_END; args++) {
        switch (args->kind) {
        case DS_ARG_INT: values[n++] = args->data ? &args->number : NULL; break;
        case DS_ARG_TEXT: values[n++] = args->data; break;
        default:
            sizes[blobs] = args->number;
            values[n++] = args->data;
            values[n++] = &sizes[blobs++];
            values[n++] = NULL;
            values[n++] = NULL;
        }
    }
}

static int statement_run(int *changed, ds_db_rows_t *rows, ds_db_t *db, ds_stmt_e stmt,
                         const ds_db_arg_t *args, apr_pool_t *pool)
{
    const void *values[VALUES_MAX];
    apr_size_t sizes[VALUES_MAX / 4];
    int ret;

    values_collect(values, sizes, args);
    if (rows)
        rows->results = NULL;
    ds_db_call_begin(db);
    ret = rows ? apr_dbd_pbselect(db->driver, pool, db->handle, &rows->results, db->prepared[stmt],
                                  1, values)
               : apr_dbd_pbquery(db->driver, pool, db->handle, changed, db->prepared[stmt], values);
    ds_db_call_end(db);
    return ret;
}

apr_status_t ds_db_statement_passed(ds_db_t *db)
{
    int ret = db->in_transaction && db->tolerant ? db->dialect->statement_passed(db) : 0;

    return ret ? ds_db_failure(db, ret) : APR_SUCCESS;
}

apr_status_t ds_db_settle(ds_db_t *db)
{
    int ret;

    if (!db->under_way)
        return APR_SUCCESS;
    db->under_way = 0;
    ret = db->dialect->statement_wait(&db->settled, db);
    return ret ? ds_db_failure(db, ret) : ds_db_statement_passed(db);
}

/* Another connection may have changed the schema since the statement was prepared: every use of it
 * fails from then on. It is prepared anew and repeated. More than once: the schema may change again
 * meanwhile. */
static apr_status_t statement_send(int *changed, ds_db_rows_t *rows, ds_db_t *db, ds_stmt_e stmt,
                                   const ds_db_arg_t *args, apr_pool_t *pool)
{
    int turn, ret = 0;
    apr_status_t status = arguments_check(db, stmt, args);

    if (status != APR_SUCCESS)
        return status;
    for (turn = 0; turn < DS_DB_STALE_TURNS; turn++) {
        status = ds_db_settle(db);
        if (status == APR_SUCCESS)
            status = statement_prepare(db, stmt);
        if (status != APR_SUCCESS)
            return status;
        ret = statement_run(changed, rows, db, stmt, args, pool);
        if (!ret)
            return ds_db_statement_passed(db);
        if (!ds_db_is_stale(db))
            break;
        db->prepared[stmt] = NULL;
    }
    return ds_db_failure(db, ret);
}

apr_status_t ds_db_query(ds_db_t *db, int *changed, ds_stmt_e stmt, const ds_db_arg_t *args)
{
    int alone = !db->in_transaction, count = 0;
    apr_status_t status;

    if (alone && (status = ds_db_begin(db)) != APR_SUCCESS)
        return status;
    status = statement_send(&count, NULL, db, stmt, args, db->transaction_pool);
    if (alone && status == APR_SUCCESS)
        status = ds_db_commit(db);
    else if (alone)
        ds_db_rollback(db);
    if (changed)
        *changed = count;
    return status;
}

apr_status_t ds_db_select(ds_db_rows_t **rows, ds_db_t *db, ds_stmt_e stmt, const ds_db_arg_t *args,
                          apr_pool_t *pool)
{
    apr_status_t status;

    *rows = apr_pcalloc(pool, sizeof(**rows));
    (*rows)->db = db;
    (*rows)->pool = pool;
    status = statement_send(NULL, *rows, db, stmt, args, pool);
    if (status != APR_SUCCESS && !db->in_transaction && db->dialect->revive(db))
        status = statement_send(NULL, *rows, db, stmt, args, pool); /* it only reads */
    return status;
}

int ds_db_rows_next(ds_db_rows_t *rows)
{
    if (!rows->ended)
        rows->ended =
            apr_dbd_get_row(rows->db->driver, rows->pool, rows->results, &rows->row, -1) != 0;
    return !rows->ended;
}

void ds_db_rows_pool_set(ds_db_rows_t *rows, apr_pool_t *pool)
{
    rows->pool = pool;
}

apr_int64_t ds_db_rows_int(ds_db_rows_t *rows, int column)
{
    apr_int64_t number = 0;

    apr_dbd_datum_get(rows->db->driver, rows->row, column, APR_DBD_TYPE_LONGLONG, &number);
    return number;
}

const char *ds_db_rows_text(ds_db_rows_t *rows, int column)
{
    const char *text = NULL;

    apr_dbd_datum_get(rows->db->driver, rows->row, column, APR_DBD_TYPE_STRING, &text);
    if (text && !rows->db->dialect->is_sqlite) /* its driver drops them with the last row */
        text = apr_pstrdup(rows->pool, text);
    return text;
}

apr_status_t ds_db_execute(ds_db_t *db, const char *sql)
{
    int changed, ret;
    apr_status_t status = ds_db_settle(db);

    if (status != APR_SUCCESS)
        return status;
    ds_db_call_begin(db);
    ret = apr_dbd_query(db->driver, db->handle, &changed, sql);
    if (ret && ds_db_is_stale(db)) /* the first statement was refused; by now the schema is known */
        ret = apr_dbd_query(db->driver, db->handle, &changed, sql);
    ds_db_call_end(db);
    return ret ? ds_db_failure(db, ret) : APR_SUCCESS;
}
