#include "ds_db_scan.h"

#include <sqlite3.h>

#include <apr_strings.h>

#include "ds_clock.h"
#include "ds_db_sql.h"

#define TURN apr_time_from_msec(500) /* between two questions to the watch */
#define TURN_STEPS 200 /* of SQLite's machine: a few with large values may last long */

struct ds_db_scan_t {
    ds_db_t *db;
    const ds_db_query_t *query;
    ds_db_watch_cb *watch;
    void *baton;
    apr_time_t asked_at; /* when the watch was last asked; 0: not yet */
    apr_status_t status; /* why nothing more can be read, or what the watch said */
    sqlite3_stmt *rows;  /* NULL: none yet, or no more */
    const char **values;
};

/* --- what is read --- */

static int condition_has_value(const ds_db_condition_t *condition)
{
    return *condition->value != '\0';
}

/* The column of the scanned table as something that can be ordered. Datetimes are texts of UTC,
 * some with a fraction before their Z: without the Z a whole second comes before its fractions. */
static const char *ordered_column(const ds_db_column_t *column, apr_pool_t *pool)
{
    const char *name = apr_pstrcat(pool, "t.", ds_db_sql_name(column->name, pool), NULL);

    return column->kind == DS_COLUMN_DATETIME ? apr_pstrcat(pool, "rtrim(", name, ", 'Z')", NULL)
                                              : name;
}

/* "" with = and != asks for NULL; a value that differs from NULL counts as different. */
static void sql_condition_add(ds_db_sql_t *sql, const ds_db_condition_t *condition)
{
    const ds_db_column_t *column = &condition->column;
    const char *name = ds_db_sql_name(column->name, sql->pool);
    int differs = condition->op[0] == '!';

    if (!condition_has_value(condition))
        ds_db_sql_add(sql, " AND t.", name, differs ? " IS NOT NULL" : " IS NULL", NULL);
    else if (differs || condition->op[0] == '=')
        ds_db_sql_add(sql, " AND t.", name, differs ? " IS NOT ?" : " = ?", NULL);
    else
        ds_db_sql_add(sql, " AND ", ordered_column(column, sql->pool), " ", condition->op,
                      column->kind == DS_COLUMN_DATETIME ? " rtrim(?, 'Z')" : " ?", NULL);
}

static void sql_conditions_add(ds_db_sql_t *sql, const ds_db_query_t *query)
{
    int i;

    for (i = 0; i < query->condition_count; i++)
        sql_condition_add(sql, &query->conditions[i]);
    if (query->table->marks)
        ds_db_sql_add(sql, " AND t.\"_deleted_at\" IS NULL", NULL);
}

/* Rows are told apart by _rowid_: no field can have that name, while one may be called rowid. */

/* With an order: first it is laid down as a temporary table of row numbers. */
static const char *sort_sql(const ds_db_query_t *query, apr_pool_t *pool)
{
    ds_db_sql_t *sql =
        ds_db_sql_begin("INSERT INTO temp.ds_scan (source) SELECT t._rowid_ FROM ", pool);
    int i;

    ds_db_sql_add(sql, ds_db_sql_name(query->table->name, pool), " t WHERE 1 = 1", NULL);
    sql_conditions_add(sql, query);
    ds_db_sql_add(sql, " ORDER BY ", NULL);
    for (i = 0; i < query->sort_count; i++)
        ds_db_sql_add(sql, ordered_column(&query->sorts[i].column, pool),
                      query->sorts[i].descending ? " DESC, " : ", ", NULL);
    ds_db_sql_add(sql, "t._rowid_", NULL);
    return ds_db_sql_text(sql);
}

static const char *rows_sql(const ds_db_query_t *query, apr_pool_t *pool)
{
    const char *name = ds_db_sql_name(query->table->name, pool);
    ds_db_sql_t *sql = ds_db_sql_begin("SELECT ", pool);

    ds_db_sql_columns_add(sql, query->table, DS_ALL_COLUMNS, "t.");
    if (query->sort_count)
        ds_db_sql_add(sql, " FROM temp.ds_scan s JOIN ", name,
                      " t ON t._rowid_ = s.source ORDER BY s.place", NULL);
    else {
        ds_db_sql_add(sql, " FROM ", name, " t WHERE 1 = 1", NULL);
        sql_conditions_add(sql, query);
        ds_db_sql_add(sql, " ORDER BY t._rowid_", NULL);
    }
    return ds_db_sql_text(sql);
}

/* --- statements, past apr_dbd --- */

/* The driver reads a whole result into memory, and keeps a lock of the process meanwhile: the watch
 * could use no other connection. So these statements go to SQLite itself. */

static sqlite3 *scan_handle(const ds_db_scan_t *scan)
{
    return apr_dbd_native_handle(scan->db->driver, scan->db->handle);
}

static apr_status_t scan_fail(ds_db_scan_t *scan, int ret)
{
    if (scan->status == APR_SUCCESS)
        scan->status = ds_db_failure(scan->db, ret);
    return scan->status;
}

/* True when the watch says that the scan must end. SQLite asks in the middle of a statement. */
static int watch_ask(void *data)
{
    ds_db_scan_t *scan = data;

    if (!scan->watch || ds_clock_steady() - scan->asked_at < TURN)
        return 0;
    scan->status = scan->watch(scan->baton);
    scan->asked_at = ds_clock_steady();
    return scan->status != APR_SUCCESS;
}

/* Prepare a statement with the values of the conditions, in the order of their placeholders. */
static apr_status_t statement_prepare(sqlite3_stmt **statement, ds_db_scan_t *scan, const char *sql,
                                      int conditions)
{
    int ret = sqlite3_prepare_v2(scan_handle(scan), sql, -1, statement, NULL), place = 0, i;

    for (i = 0; i < conditions && ret == SQLITE_OK; i++)
        if (condition_has_value(&scan->query->conditions[i]))
            ret = sqlite3_bind_text(*statement, ++place, scan->query->conditions[i].value, -1,
                                    SQLITE_STATIC);
    return ret == SQLITE_OK ? APR_SUCCESS : scan_fail(scan, ret);
}

static apr_status_t sort_run(ds_db_scan_t *scan, apr_pool_t *pool)
{
    sqlite3_stmt *statement = NULL;
    apr_status_t status = ds_db_execute(scan->db, ds_db_text(scan->db, STMT_SCAN_ORDER_CREATE));
    int ret;

    if (status == APR_SUCCESS)
        status = statement_prepare(&statement, scan, sort_sql(scan->query, pool),
                                   scan->query->condition_count);
    if (status == APR_SUCCESS && (ret = sqlite3_step(statement)) != SQLITE_DONE)
        status = scan_fail(scan, ret);
    sqlite3_finalize(statement);
    return status;
}

static void rows_close(ds_db_scan_t *scan)
{
    sqlite3_finalize(scan->rows);
    scan->rows = NULL;
}

apr_status_t ds_db_scan_next(const char *const **values, ds_db_scan_t *scan)
{
    int ret, i;

    *values = NULL;
    if (scan->status != APR_SUCCESS || watch_ask(scan) || !scan->rows)
        return scan->status;
    ret = sqlite3_step(scan->rows);
    if (ret != SQLITE_ROW) {
        if (ret != SQLITE_DONE)
            scan_fail(scan, ret);
        rows_close(scan);
        return scan->status;
    }
    for (i = 0; i < scan->query->table->count; i++)
        scan->values[i] = (const char *)sqlite3_column_text(scan->rows, i);
    *values = scan->values;
    return APR_SUCCESS;
}

static apr_status_t snapshot_begin(ds_db_scan_t *scan, apr_pool_t *pool)
{
    const ds_db_query_t *query = scan->query;
    apr_status_t status = APR_SUCCESS;

    if (query->sort_count)
        status = ds_db_execute(scan->db, ds_db_text(scan->db, STMT_SCAN_TEMP_STORE));
    if (status == APR_SUCCESS)
        status = ds_db_execute(scan->db, ds_db_text(scan->db, STMT_SCAN_BEGIN));
    sqlite3_progress_handler(scan_handle(scan), TURN_STEPS, watch_ask, scan);
    if (status == APR_SUCCESS && query->sort_count)
        status = sort_run(scan, pool);
    if (status == APR_SUCCESS)
        status = statement_prepare(&scan->rows, scan, rows_sql(query, pool),
                                   query->sort_count ? 0 : query->condition_count);
    return status;
}

apr_status_t ds_db_scan_begin(ds_db_scan_t **result, ds_db_t *db, const ds_db_query_t *query,
                              ds_db_watch_cb *watch, void *baton, apr_pool_t *pool)
{
    ds_db_scan_t *scan = apr_pcalloc(pool, sizeof(*scan));
    apr_status_t status;

    scan->db = db;
    scan->query = query;
    scan->watch = watch;
    scan->baton = baton;
    scan->values = apr_pcalloc(pool, sizeof(char *) * (apr_size_t)query->table->count);
    status = snapshot_begin(scan, pool);
    *result = scan;
    if (status != APR_SUCCESS)
        ds_db_scan_end(scan);
    return status;
}

void ds_db_scan_end(ds_db_scan_t *scan)
{
    rows_close(scan);
    sqlite3_progress_handler(scan_handle(scan), 0, NULL, NULL);
    ds_db_execute(scan->db, ds_db_text(scan->db, STMT_SCAN_END));
}
