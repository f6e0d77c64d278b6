#include "ds_db_scan.h"

#include <apr_strings.h>

#include "ds_db_sql.h"

#define PAGE_ROWS "1000"

struct ds_db_scan_t {
    ds_db_t *db;
    const ds_db_query_t *query;
    ds_db_composed_t page;
    const char **bound;    /* the position, then the conditions' values */
    apr_pool_t *page_pool; /* of one page of rows */
    ds_db_rows_t *rows;    /* NULL: read a page first */
    int rows_in_page;
    char position[24]; /* of the last row that was given */
    const char **values;
};

static int condition_has_value(const ds_db_condition_t *condition)
{
    return *condition->value != '\0';
}

/* The column of the scanned table as something that can be ordered. Datetimes are texts of UTC,
 * some with a fraction before their Z: without the Z a whole second comes before its fractions. */
static const char *ordered_column(const ds_db_t *db, const ds_db_column_t *column, apr_pool_t *pool)
{
    const char *name = apr_pstrcat(pool, "t.", ds_db_sql_name(column->name, pool), NULL);

    if (!db->dialect->is_sqlite) /* texts by their bytes, as SQLite compares them */
        return column->kind == DS_COLUMN_TEXT ? apr_pstrcat(pool, name, " COLLATE \"C\"", NULL)
                                              : name;

    return column->kind == DS_COLUMN_DATETIME ? apr_pstrcat(pool, "rtrim(", name, ", 'Z')", NULL)
                                              : name;
}

/* "" with = and != asks for NULL; a value that differs from NULL counts as different. */
static void sql_condition_add(ds_db_sql_t *sql, const ds_db_t *db,
                              const ds_db_condition_t *condition)
{
    const ds_db_column_t *column = &condition->column;
    const char *name = ds_db_sql_name(column->name, sql->pool);
    const char *value = ds_db_sql_value(db, column->kind, sql->pool);
    int differs = condition->op[0] == '!', is_sqlite = db->dialect->is_sqlite;

    if (!condition_has_value(condition))
        ds_db_sql_add(sql, " AND t.", name, differs ? " IS NOT NULL" : " IS NULL", NULL);
    else if (condition->op[0] == '=')
        ds_db_sql_add(sql, " AND t.", name, " = ", value, NULL);
    else if (differs)
        ds_db_sql_add(sql, " AND t.", name, is_sqlite ? " IS NOT " : " IS DISTINCT FROM ", value,
                      NULL);
    else
        ds_db_sql_add(sql, " AND ", ordered_column(db, column, sql->pool), " ", condition->op, " ",
                      is_sqlite && column->kind == DS_COLUMN_DATETIME ? "rtrim(%s, 'Z')" : value,
                      NULL);
}

static void sql_conditions_add(ds_db_sql_t *sql, const ds_db_t *db, const ds_db_query_t *query)
{
    int i;

    for (i = 0; i < query->condition_count; i++)
        sql_condition_add(sql, db, &query->conditions[i]);
    if (query->table->marks)
        ds_db_sql_add(sql, " AND t.\"_deleted_at\" IS NULL", NULL);
}

/* The values of the conditions, in the order of their placeholders. */
static void conditions_bind(const char **to, const ds_db_query_t *query)
{
    int i;

    for (i = 0; i < query->condition_count; i++)
        if (condition_has_value(&query->conditions[i]))
            *to++ = query->conditions[i].value;
}

/* " ORDER BY a, b DESC, ": what tells equal rows apart must follow. NULL comes before all values.
 */
static void sql_order_add(ds_db_sql_t *sql, const ds_db_t *db, const ds_db_query_t *query)
{
    int is_sqlite = db->dialect->is_sqlite, i;

    ds_db_sql_add(sql, " ORDER BY ", NULL);
    for (i = 0; i < query->sort_count; i++) {
        int down = query->sorts[i].descending;

        ds_db_sql_add(sql, ordered_column(db, &query->sorts[i].column, sql->pool),
                      down ? " DESC" : "", NULL);
        if (!is_sqlite)
            ds_db_sql_add(sql, down ? " NULLS LAST" : " NULLS FIRST", NULL);
        ds_db_sql_add(sql, ", ", NULL);
    }
}

/* --- SQLite: pages by the number of a row --- */

/* Rows are told apart by _rowid_: no field can have that name, while one may be called rowid. */

/* --- a sorted scan: the order as a temporary table of row numbers --- */

static const char *sort_sql(const ds_db_t *db, const ds_db_query_t *query, apr_pool_t *pool)
{
    ds_db_sql_t *sql =
        ds_db_sql_begin("INSERT INTO temp.ds_scan (source) SELECT t._rowid_ FROM ", pool);

    ds_db_sql_add(sql, ds_db_sql_name(query->table->name, pool), " t WHERE 1 = 1", NULL);
    sql_conditions_add(sql, db, query);
    sql_order_add(sql, db, query);
    ds_db_sql_add(sql, "t._rowid_", NULL);
    return ds_db_sql_text(sql);
}

static apr_status_t sort_run(ds_db_scan_t *scan, apr_pool_t *pool)
{
    ds_db_composed_t statement = {sort_sql(scan->db, scan->query, pool), pool, NULL};
    int changed;
    apr_status_t status = ds_db_execute(scan->db, ds_db_text(scan->db, STMT_SQLITE_SCAN_CREATE));

    conditions_bind(scan->bound, scan->query);
    if (status == APR_SUCCESS)
        status = ds_db_composed_query(&changed, scan->db, &statement, scan->bound);
    return status;
}

static const char *page_sql(const ds_db_t *db, const ds_db_query_t *query, apr_pool_t *pool)
{
    const char *name = ds_db_sql_name(query->table->name, pool);
    ds_db_sql_t *sql =
        ds_db_sql_begin(query->sort_count ? "SELECT s.place, " : "SELECT t._rowid_, ", pool);

    ds_db_sql_columns_add(sql, query->table, DS_ALL_COLUMNS, "t.");
    if (query->sort_count)
        ds_db_sql_add(sql, " FROM temp.ds_scan s JOIN ", name,
                      " t ON t._rowid_ = s.source WHERE s.place > %s ORDER BY s.place", NULL);
    else {
        ds_db_sql_add(sql, " FROM ", name, " t WHERE t._rowid_ > %s", NULL);
        sql_conditions_add(sql, db, query);
        ds_db_sql_add(sql, " ORDER BY t._rowid_", NULL);
    }
    ds_db_sql_add(sql, " LIMIT " PAGE_ROWS, NULL);
    return ds_db_sql_text(sql);
}

/* --- PostgreSQL: a cursor --- */

/* Values as SQLite keeps them: truth as 1 or 0, times in UTC, with a fraction only where there is
 * one. */
static void sql_selected_add(ds_db_sql_t *sql, const ds_db_column_t *column)
{
    const char *name = ds_db_sql_name(column->name, sql->pool);

    if (column->kind == DS_COLUMN_DATETIME)
        ds_db_sql_add(sql, ", replace(to_char(t.", name,
                      " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), '.000000Z', 'Z')",
                      NULL);
    else
        ds_db_sql_add(sql, ", t.", name, column->kind == DS_COLUMN_BOOLEAN ? "::int" : "", NULL);
}

/* The first column takes the place of SQLite's position. */
static const char *cursor_sql(const ds_db_t *db, const ds_db_query_t *query, apr_pool_t *pool)
{
    ds_db_sql_t *sql = ds_db_sql_begin("DECLARE ds_scan NO SCROLL CURSOR FOR SELECT 0", pool);
    int i;

    for (i = 0; i < query->table->count; i++)
        sql_selected_add(sql, &query->table->columns[i]);
    ds_db_sql_add(sql, " FROM ", ds_db_sql_name(query->table->name, pool), " t WHERE 1 = 1", NULL);
    sql_conditions_add(sql, db, query);
    if (query->sort_count) {
        sql_order_add(sql, db, query);
        ds_db_sql_add(sql, "t.ctid", NULL);
    }
    return ds_db_sql_text(sql);
}

static apr_status_t cursor_open(ds_db_scan_t *scan, apr_pool_t *pool)
{
    ds_db_composed_t statement = {cursor_sql(scan->db, scan->query, pool), pool, NULL};
    int changed;

    conditions_bind(scan->bound, scan->query);
    return ds_db_composed_query(&changed, scan->db, &statement, scan->bound);
}

/* --- pages --- */

static apr_status_t page_read(ds_db_scan_t *scan)
{
    apr_pool_clear(scan->page_pool);
    scan->rows_in_page = 0;
    scan->bound[0] = scan->position;
    if (scan->db->dialect->is_sqlite && !scan->query->sort_count)
        conditions_bind(scan->bound + 1, scan->query);
    return ds_db_composed_select(&scan->rows, scan->db, &scan->page, scan->bound, scan->page_pool);
}

static void row_take(ds_db_scan_t *scan)
{
    int i;

    for (i = 0; i < scan->query->table->count; i++)
        scan->values[i] = ds_db_rows_text(scan->rows, i + 1);
    apr_cpystrn(scan->position, ds_db_rows_text(scan->rows, 0), sizeof(scan->position));
    scan->rows_in_page++;
}

apr_status_t ds_db_scan_next(const char *const **values, ds_db_scan_t *scan)
{
    apr_status_t status = APR_SUCCESS;

    *values = NULL;
    if (!scan->rows)
        status = page_read(scan);
    if (status == APR_SUCCESS && !ds_db_rows_next(scan->rows)) {
        if (scan->rows_in_page == 0)
            return APR_SUCCESS;
        status = page_read(scan);
        if (status != APR_SUCCESS || !ds_db_rows_next(scan->rows))
            return status;
    }
    if (status != APR_SUCCESS)
        return status;
    row_take(scan);
    *values = scan->values;
    return APR_SUCCESS;
}

apr_status_t ds_db_scan_begin(ds_db_scan_t **result, ds_db_t *db, const ds_db_query_t *query,
                              apr_pool_t *pool)
{
    ds_db_scan_t *scan = apr_pcalloc(pool, sizeof(*scan));
    int is_sqlite = db->dialect->is_sqlite;
    apr_status_t status = APR_SUCCESS;

    scan->db = db;
    scan->query = query;
    scan->page.text = is_sqlite ? page_sql(db, query, pool) : "FETCH " PAGE_ROWS " FROM ds_scan";
    scan->page.pool = pool;
    scan->bound = apr_pcalloc(pool, sizeof(char *) * (apr_size_t)(query->condition_count + 1));
    scan->values = apr_pcalloc(pool, sizeof(char *) * (apr_size_t)query->table->count);
    apr_cpystrn(scan->position, "-1", sizeof(scan->position));
    apr_pool_create(&scan->page_pool, pool);
    if (is_sqlite && query->sort_count)
        status = ds_db_execute(db, ds_db_text(db, STMT_SQLITE_SCAN_STORE));
    if (status == APR_SUCCESS)
        status = ds_db_execute(db, ds_db_text(db, STMT_SCAN_BEGIN));
    if (status == APR_SUCCESS && !is_sqlite)
        status = cursor_open(scan, pool);
    else if (status == APR_SUCCESS && query->sort_count)
        status = sort_run(scan, pool);
    if (status == APR_SUCCESS)
        status = page_read(scan);
    *result = scan;
    if (status != APR_SUCCESS)
        ds_db_scan_end(scan);
    return status;
}

void ds_db_scan_end(ds_db_scan_t *scan)
{
    if (scan->db->dialect->is_sqlite && scan->query->sort_count)
        ds_db_execute(scan->db, ds_db_text(scan->db, STMT_SQLITE_SCAN_DROP));
    ds_db_execute(scan->db, ds_db_text(scan->db, STMT_SCAN_END));
}
