/* A scan of SQLite. apr_dbd's driver reads a whole result into memory, and keeps a lock of the
 * process meanwhile: the watch could use no other connection. So these statements go to SQLite
 * itself. */
#include <sqlite3.h>

#include <apr_strings.h>

#include "ds_db_scan_private.h"

#define TURN_STEPS 200 /* of SQLite's machine: a few with large values may last long */

/* Rows are told apart by _rowid_: no field can have that name, while one may be called rowid. */

/* With an order: first it is laid down as a temporary table of row numbers. */
static const char *sort_sql(const ds_db_scan_t *scan, apr_pool_t *pool)
{
    ds_db_sql_t *sql = ds_db_sql_begin("INSERT INTO temp.ds_scan (source) SELECT t._rowid_", pool);

    ds_db_scan_from_add(sql, scan);
    ds_db_scan_order_add(sql, scan);
    ds_db_sql_add(sql, "t._rowid_", NULL);
    return ds_db_sql_text(sql);
}

static const char *rows_sql(const ds_db_scan_t *scan, apr_pool_t *pool)
{
    const ds_db_table_t *table = scan->query->table;
    ds_db_sql_t *sql = ds_db_sql_begin("SELECT ", pool);
    int i;

    for (i = 0; i < table->count; i++) {
        ds_db_sql_add(sql, i ? ", " : "", NULL);
        ds_db_sql_selected_add(sql, scan->db, &table->columns[i]);
    }
    if (scan->query->sort_count)
        ds_db_sql_add(sql, " FROM temp.ds_scan s JOIN ", ds_db_sql_name(table->name, pool),
                      " t ON t._rowid_ = s.source ORDER BY s.place", NULL);
    else {
        ds_db_scan_from_add(sql, scan);
        ds_db_sql_add(sql, " ORDER BY t._rowid_", NULL);
    }
    return ds_db_sql_text(sql);
}

static sqlite3 *scan_handle(const ds_db_scan_t *scan)
{
    return apr_dbd_native_handle(scan->db->driver, scan->db->handle);
}

/* SQLite asks in the middle of a statement. */
static int progress(void *scan)
{
    return ds_db_scan_watch_ask(scan);
}

/* Prepare a statement with the values of the conditions, in the order of their placeholders. */
static apr_status_t statement_prepare(sqlite3_stmt **statement, ds_db_scan_t *scan, const char *sql,
                                      int conditions)
{
    int ret = sqlite3_prepare_v2(scan_handle(scan), sql, -1, statement, NULL), place = 0, i;

    for (i = 0; i < conditions && ret == SQLITE_OK; i++)
        if (ds_db_scan_has_value(&scan->query->conditions[i]))
            ret = sqlite3_bind_text(*statement, ++place, scan->query->conditions[i].value, -1,
                                    SQLITE_STATIC);
    return ret == SQLITE_OK ? APR_SUCCESS : ds_db_scan_fail(scan, ret);
}

static apr_status_t sort_run(ds_db_scan_t *scan, apr_pool_t *pool)
{
    sqlite3_stmt *statement = NULL;
    apr_status_t status = ds_db_execute(scan->db, ds_db_text(scan->db, STMT_SQLITE_SCAN_CREATE));
    int ret;

    if (status == APR_SUCCESS)
        status =
            statement_prepare(&statement, scan, sort_sql(scan, pool), scan->query->condition_count);
    if (status == APR_SUCCESS && (ret = sqlite3_step(statement)) != SQLITE_DONE)
        status = ds_db_scan_fail(scan, ret);
    sqlite3_finalize(statement);
    return status;
}

apr_status_t ds_db_sqlite_scan_begin(ds_db_scan_t *scan, apr_pool_t *pool)
{
    const ds_db_query_t *query = scan->query;
    int sorts = query && query->sort_count;
    apr_status_t status = APR_SUCCESS;
    sqlite3_stmt *rows = NULL;

    if (sorts)
        status = ds_db_execute(scan->db, ds_db_text(scan->db, STMT_SQLITE_SCAN_STORE));
    if (status == APR_SUCCESS && !scan->first) {
        status = ds_db_execute(scan->db, ds_db_text(scan->db, STMT_SCAN_BEGIN));
        sqlite3_progress_handler(scan_handle(scan), TURN_STEPS, progress, scan);
    }
    if (status == APR_SUCCESS && sorts)
        status = sort_run(scan, pool);
    if (status == APR_SUCCESS && query)
        status = statement_prepare(&rows, scan, rows_sql(scan, pool),
                                   sorts ? 0 : query->condition_count);
    scan->rows = rows;
    return status;
}

static void rows_close(ds_db_scan_t *scan)
{
    sqlite3_finalize(scan->rows);
    scan->rows = NULL;
}

int ds_db_sqlite_scan_next(ds_db_scan_t *scan)
{
    int ret = sqlite3_step(scan->rows), i;

    if (ret != SQLITE_ROW) {
        if (ret != SQLITE_DONE)
            ds_db_scan_fail(scan, ret);
        rows_close(scan);
        return 0;
    }
    for (i = 0; i < scan->query->table->count; i++)
        scan->values[i] = (const char *)sqlite3_column_text(scan->rows, i);
    return 1;
}

void ds_db_sqlite_scan_end(ds_db_scan_t *scan)
{
    rows_close(scan);
    if (!scan->first)
        sqlite3_progress_handler(scan_handle(scan), 0, NULL, NULL);
}
