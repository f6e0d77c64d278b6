#include "ds_db_sql.h"

#include <stdarg.h>
#include <string.h>

#include <apr_strings.h>

#define COMPOSED_MAX 60 /* some hundred kilobytes each */

ds_db_sql_t *ds_db_sql_begin(const char *piece, apr_pool_t *pool)
{
    ds_db_sql_t *sql = apr_palloc(pool, sizeof(*sql));

    sql->pool = pool;
    sql->pieces = apr_array_make(pool, 64, sizeof(const char *));
    APR_ARRAY_PUSH(sql->pieces, const char *) = piece;
    return sql;
}

void ds_db_sql_add(ds_db_sql_t *sql, ...)
{
    const char *piece;
    va_list pieces;

    va_start(pieces, sql);
    while ((piece = va_arg(pieces, const char *)) != NULL)
        APR_ARRAY_PUSH(sql->pieces, const char *) = piece;
    va_end(pieces);
}

int ds_db_sql_columns_add(ds_db_sql_t *sql, const ds_db_table_t *table, ds_db_which_e which,
                          const char *prefix)
{
    int i, count = 0;

    for (i = 0; i < table->count; i++) {
        const ds_db_column_t *column = &table->columns[i];

        if (which == DS_ALL_COLUMNS || column->is_key == (which == DS_KEY_COLUMNS))
            ds_db_sql_add(sql, count++ ? ", " : "", prefix, ds_db_sql_name(column->name, sql->pool),
                          NULL);
    }
    return count;
}

const char *ds_db_sql_type(const ds_db_t *db, ds_db_column_e kind)
{
    static const char *const types[][2] = {
        [DS_COLUMN_TEXT] = {"TEXT", "text"},
        [DS_COLUMN_INTEGER] = {"INTEGER", "bigint"},
        [DS_COLUMN_DECIMAL] = {"NUMERIC", "numeric"},
        [DS_COLUMN_BOOLEAN] = {"BOOLEAN", "boolean"},
        [DS_COLUMN_DATE] = {"DATE", "date"},
        [DS_COLUMN_DATETIME] = {"DATETIME", "timestamptz"},
    };

    return types[kind][db->dialect->is_sqlite ? 0 : 1];
}

/* PostgreSQL takes a placeholder for text where nothing else tells its type. */
const char *ds_db_sql_value(const ds_db_t *db, ds_db_column_e kind, apr_pool_t *pool)
{
    return db->dialect->is_sqlite ? "%s"
                                  : apr_pstrcat(pool, "%s::", ds_db_sql_type(db, kind), NULL);
}

const char *ds_db_sql_column(const ds_db_column_t *column, apr_pool_t *pool)
{
    if (!strcmp(column->name, DS_COLUMN_CREATED))
        return "coalesce(t.\"" DS_COLUMN_CREATED "\", t.\"" DS_COLUMN_UPDATED "\")";
    return apr_pstrcat(pool, "t.", ds_db_sql_name(column->name, pool), NULL);
}

void ds_db_sql_selected_add(ds_db_sql_t *sql, const ds_db_t *db, const ds_db_column_t *column)
{
    const char *name = ds_db_sql_column(column, sql->pool);

    if (db->dialect->is_sqlite)
        ds_db_sql_add(sql, name, NULL);
    else if (column->kind == DS_COLUMN_DATETIME)
        ds_db_sql_add(sql, "replace(to_char(", name,
                      " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), '.000000Z', 'Z')",
                      NULL);
    else
        ds_db_sql_add(sql, name, column->kind == DS_COLUMN_BOOLEAN ? "::int" : "", NULL);
}

const char *ds_db_sql_text(const ds_db_sql_t *sql)
{
    return apr_array_pstrcat(sql->pool, sql->pieces, 0);
}

const char *ds_db_sql_name(const char *name, apr_pool_t *pool)
{
    return apr_pstrcat(pool, "\"", name, "\"", NULL);
}

static int composed_run(int *changed, ds_db_rows_t *rows, ds_db_t *db, ds_db_composed_t *statement,
                        const char **values)
{
    int ret;

    if (rows)
        rows->results = NULL;
    ds_db_call_begin(db);
    ret = rows ? apr_dbd_pselect(db->driver, rows->pool, db->handle, &rows->results,
                                 statement->prepared, 1, 0, values)
               : apr_dbd_pquery(db->driver, db->transaction_pool, db->handle, changed,
                                statement->prepared, 0, values);
    ds_db_call_end(db);
    return ret;
}

/* The driver's value. */
static int composed_prepare(ds_db_t *db, ds_db_composed_t *statement)
{
    int ret;

    if (!statement->prepared)
        statement->prepared = apr_hash_get(db->composed, statement->text, APR_HASH_KEY_STRING);
    if (statement->prepared)
        return 0;
    ret = apr_dbd_prepare(db->driver, db->pool, db->handle, statement->text, NULL,
                          &statement->prepared);
    if (ret)
        return ret;
    apr_hash_set(db->composed, apr_pstrdup(db->pool, statement->text), APR_HASH_KEY_STRING,
                 statement->prepared);
    db->composed_count++;
    return 0;
}

static void composed_forget(ds_db_t *db, ds_db_composed_t *statement)
{
    apr_hash_set(db->composed, statement->text, APR_HASH_KEY_STRING, NULL);
    statement->prepared = NULL;
}

static apr_status_t composed_send(int *changed, ds_db_rows_t *rows, ds_db_t *db,
                                  ds_db_composed_t *statement, const char **values)
{
    int turn, ret = 0;
    apr_status_t status = ds_db_settle(db);

    if (status != APR_SUCCESS)
        return status;
    for (turn = 0; turn < DS_DB_STALE_TURNS; turn++) {
        ret = composed_prepare(db, statement);
        if (!ret)
            ret = composed_run(changed, rows, db, statement, values);
        if (!ret)
            return ds_db_statement_passed(db);
        if (!ds_db_is_stale(db))
            break;
        composed_forget(db, statement);
    }
    return ds_db_failure(db, ret);
}

int ds_db_is_worn(const ds_db_t *db)
{
    return db->composed_count >= COMPOSED_MAX;
}

apr_status_t ds_db_composed_begin(ds_db_t *db, const char *text, const char *const *values,
                                  int count)
{
    apr_status_t status = ds_db_settle(db);
    int ret;

    if (status != APR_SUCCESS)
        return status;
    ret = db->dialect->statement_begin(db, text, values, count);
    if (ret)
        return ds_db_failure(db, ret);
    db->under_way = 1;
    return APR_SUCCESS;
}

apr_status_t ds_db_composed_query(int *changed, ds_db_t *db, ds_db_composed_t *statement,
                                  const char **values)
{
    return composed_send(changed, NULL, db, statement, values);
}

apr_status_t ds_db_composed_select(ds_db_rows_t **rows, ds_db_t *db, ds_db_composed_t *statement,
                                   const char **values, apr_pool_t *pool)
{
    *rows = apr_pcalloc(pool, sizeof(**rows));
    (*rows)->db = db;
    (*rows)->pool = pool;
    return composed_send(NULL, *rows, db, statement, values);
}
