#include "ds_db_scan.h"

#include <apr_strings.h>

#include "ds_clock.h"
#include "ds_db_scan_private.h"

/* --- what is read --- */

int ds_db_scan_has_value(const ds_db_condition_t *condition)
{
    return *condition->value != '\0';
}

/* The column of the scanned table as something that can be ordered. Texts go by their bytes, as
 * SQLite compares them. There datetimes are texts of UTC, some with a fraction before their Z:
 * without the Z a whole second comes before its fractions. */
static const char *ordered_column(const ds_db_t *db, const ds_db_column_t *column, apr_pool_t *pool)
{
    const char *name = ds_db_sql_column(column, pool);

    if (!db->dialect->is_sqlite)
        return column->kind == DS_COLUMN_TEXT ? apr_pstrcat(pool, name, " COLLATE \"C\"", NULL)
                                              : name;
    return column->kind == DS_COLUMN_DATETIME ? apr_pstrcat(pool, "rtrim(", name, ", 'Z')", NULL)
                                              : name;
}

static const char *placeholder(const ds_db_t *db, ds_db_column_e kind, int number, apr_pool_t *pool)
{
    if (db->dialect->is_sqlite)
        return apr_psprintf(pool, "?%d", number);
    return apr_psprintf(pool, "$%d::%s", number, ds_db_sql_type(db, kind));
}

/* A value that differs from NULL counts as different. */
static void sql_condition_add(ds_db_sql_t *sql, const ds_db_t *db,
                              const ds_db_condition_t *condition, int number)
{
    const ds_db_column_t *column = &condition->column;
    const char *name = ds_db_sql_name(column->name, sql->pool);
    const char *value = placeholder(db, column->kind, number, sql->pool);
    int differs = condition->op[0] == '!', is_sqlite = db->dialect->is_sqlite;

    if (!ds_db_scan_has_value(condition))
        ds_db_sql_add(sql, " AND t.", name, differs ? " IS NOT NULL" : " IS NULL", NULL);
    else if (condition->op[0] == '=')
        ds_db_sql_add(sql, " AND t.", name, " = ", value, NULL);
    else if (differs)
        ds_db_sql_add(sql, " AND t.", name, is_sqlite ? " IS NOT " : " IS DISTINCT FROM ", value,
                      NULL);
    else if (is_sqlite && column->kind == DS_COLUMN_DATETIME)
        ds_db_sql_add(sql, " AND ", ordered_column(db, column, sql->pool), " ", condition->op,
                      " rtrim(", value, ", 'Z')", NULL);
    else
        ds_db_sql_add(sql, " AND ", ordered_column(db, column, sql->pool), " ", condition->op, " ",
                      value, NULL);
}

void ds_db_scan_from_add(ds_db_sql_t *sql, const ds_db_scan_t *scan)
{
    const ds_db_query_t *query = scan->query;
    int number = 0, i;

    ds_db_sql_add(sql, " FROM ", ds_db_sql_name(query->table->name, sql->pool), " t WHERE 1 = 1",
                  NULL);
    for (i = 0; i < query->condition_count; i++) {
        number += ds_db_scan_has_value(&query->conditions[i]);
        sql_condition_add(sql, scan->db, &query->conditions[i], number);
    }
    if (query->table->marks)
        ds_db_sql_add(sql, " AND t.\"_deleted_at\" IS NULL", NULL);
}

void ds_db_scan_order_add(ds_db_sql_t *sql, const ds_db_scan_t *scan)
{
    const ds_db_query_t *query = scan->query;
    int is_sqlite = scan->db->dialect->is_sqlite, i;

    ds_db_sql_add(sql, " ORDER BY ", NULL);
    for (i = 0; i < query->sort_count; i++) {
        int down = query->sorts[i].descending;

        ds_db_sql_add(sql, ordered_column(scan->db, &query->sorts[i].column, sql->pool),
                      down ? " DESC" : "", NULL);
        if (!is_sqlite)
            ds_db_sql_add(sql, down ? " NULLS LAST" : " NULLS FIRST", NULL);
        ds_db_sql_add(sql, ", ", NULL);
    }
}

/* --- the watch --- */

int ds_db_scan_watch_ask(ds_db_scan_t *scan)
{
    ds_db_scan_t *asked = scan->first ? scan->first : scan;

    if (!asked->watch || ds_clock_steady() - asked->asked_at < DS_DB_SCAN_TURN)
        return 0;
    asked->status = asked->watch(asked->baton);
    asked->asked_at = ds_clock_steady();
    scan->status = asked->status;
    return scan->status != APR_SUCCESS;
}

/* What a watch said in the middle of a statement counts before the database's words for it. */
apr_status_t ds_db_scan_fail(ds_db_scan_t *scan, int ret)
{
    if (scan->status == APR_SUCCESS && scan->first)
        scan->status = scan->first->status;
    if (scan->status == APR_SUCCESS)
        scan->status = ds_db_failure(scan->db, ret);
    return scan->status;
}

/* --- the scan --- */

apr_status_t ds_db_scan_next(const char *const **values, ds_db_scan_t *scan)
{
    *values = NULL;
    if (scan->status != APR_SUCCESS || ds_db_scan_watch_ask(scan) || !scan->rows)
        return scan->status;
    if (scan->db->dialect->scan_next(scan))
        *values = scan->values;
    return scan->status;
}

static ds_db_scan_t *scan_make(ds_db_t *db, const ds_db_query_t *query, apr_pool_t *pool)
{
    ds_db_scan_t *scan = apr_pcalloc(pool, sizeof(*scan));

    scan->db = db;
    scan->query = query;
    if (query)
        scan->values = apr_pcalloc(pool, sizeof(char *) * (apr_size_t)query->table->count);
    return scan;
}

static apr_status_t scan_open(ds_db_scan_t **result, ds_db_scan_t *scan, apr_pool_t *pool)
{
    apr_status_t status = scan->db->dialect->scan_begin(scan, pool);

    *result = scan;
    if (status != APR_SUCCESS)
        ds_db_scan_end(scan);
    return status;
}

apr_status_t ds_db_scan_begin(ds_db_scan_t **result, ds_db_t *db, const ds_db_query_t *query,
                              ds_db_watch_cb *watch, void *baton, apr_pool_t *pool)
{
    ds_db_scan_t *scan = scan_make(db, query, pool);

    scan->watch = watch;
    scan->baton = baton;
    return scan_open(result, scan, pool);
}

apr_status_t ds_db_scan_beside(ds_db_scan_t **result, ds_db_scan_t *first,
                               const ds_db_query_t *query, apr_pool_t *pool)
{
    ds_db_scan_t *scan = scan_make(first->db, query, pool);

    scan->first = first;
    first->besides++;
    return scan_open(result, scan, pool);
}

void ds_db_scan_end(ds_db_scan_t *scan)
{
    scan->db->dialect->scan_end(scan);
    if (!scan->first)
        ds_db_execute(scan->db, ds_db_text(scan->db, STMT_SCAN_END));
}
