#include "ds_db_table.h"

#include <strings.h>

#include <apr_strings.h>

#include "ds_db_sql.h"

static const char *column_type(const ds_db_t *db, ds_db_column_e kind)
{
    static const char *const types[][2] = {
        [DS_COLUMN_TEXT] = {"TEXT", "text"},
        [DS_COLUMN_INTEGER] = {"INTEGER", "bigint"},
        [DS_COLUMN_DECIMAL] = {"NUMERIC", "numeric"},
        [DS_COLUMN_BOOLEAN] = {"BOOLEAN", "boolean"},
        [DS_COLUMN_DATE] = {"DATE", "date"},
        [DS_COLUMN_DATETIME] = {"DATETIME", "timestamptz"},
    };

    return types[kind][db->is_sqlite ? 0 : 1];
}

/* --- the table itself --- */

static apr_status_t names_list(apr_array_header_t **names, ds_db_t *db, ds_stmt_e stmt,
                               const char *table, apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status = ds_db_select(&rows, db, stmt, DS_ARGS(DS_TEXT(table)), pool);

    *names = apr_array_make(pool, 16, sizeof(const char *));
    while (status == APR_SUCCESS && ds_db_rows_next(rows))
        APR_ARRAY_PUSH(*names, const char *) = ds_db_rows_text(rows, 0);
    return status;
}

static int name_listed(const apr_array_header_t *names, const char *name)
{
    int i;

    for (i = 0; i < names->nelts; i++)
        if (!strcasecmp(APR_ARRAY_IDX(names, i, const char *), name))
            return 1;
    return 0;
}

static apr_status_t column_add(ds_db_t *db, const ds_db_table_t *table, const char *name,
                               ds_db_column_e kind, apr_pool_t *pool)
{
    return ds_db_execute(db, apr_pstrcat(pool, "ALTER TABLE ", ds_db_sql_name(table->name, pool),
                                         " ADD COLUMN ", ds_db_sql_name(name, pool), " ",
                                         column_type(db, kind), NULL));
}

static apr_status_t columns_add(ds_db_t *db, const ds_db_table_t *table, apr_pool_t *pool)
{
    apr_array_header_t *present;
    apr_status_t status = names_list(&present, db, STMT_TABLE_COLUMNS, table->name, pool);
    int i;

    for (i = 0; i < table->count && status == APR_SUCCESS; i++)
        if (!name_listed(present, table->columns[i].name))
            status = column_add(db, table, table->columns[i].name, table->columns[i].kind, pool);
    if (status == APR_SUCCESS && table->marks && !name_listed(present, "_deleted_at"))
        status = column_add(db, table, "_deleted_at", DS_COLUMN_DATETIME, pool);
    return status;
}

/* The unique index is named after its columns, so that another key is another index. */
static const char *key_index_name(const ds_db_table_t *table, apr_pool_t *pool)
{
    const char *name = apr_pstrcat(pool, table->name, "__key", NULL);
    int i;

    for (i = 0; i < table->count; i++)
        if (table->columns[i].is_key)
            name = apr_pstrcat(pool, name, "_", table->columns[i].name, NULL);
    return name;
}

static apr_status_t old_keys_drop(ds_db_t *db, const ds_db_table_t *table, const char *keep,
                                  apr_pool_t *pool)
{
    const char *prefix = apr_pstrcat(pool, table->name, "__key_", NULL);
    apr_array_header_t *present;
    apr_status_t status = names_list(&present, db, STMT_TABLE_INDEXES, table->name, pool);
    int i;

    for (i = 0; i < present->nelts && status == APR_SUCCESS; i++) {
        const char *name = APR_ARRAY_IDX(present, i, const char *);

        if (!strncmp(name, prefix, strlen(prefix)) && strcmp(name, keep))
            status = ds_db_execute(
                db, apr_pstrcat(pool, "DROP INDEX ", ds_db_sql_name(name, pool), NULL));
    }
    return status;
}

static apr_status_t key_create(ds_db_t *db, const ds_db_table_t *table, apr_pool_t *pool)
{
    const char *index = key_index_name(table, pool);
    apr_status_t status = old_keys_drop(db, table, index, pool);
    ds_db_sql_t *sql = ds_db_sql_begin("CREATE UNIQUE INDEX IF NOT EXISTS ", pool);

    ds_db_sql_add(sql, ds_db_sql_name(index, pool), " ON ", ds_db_sql_name(table->name, pool), " (",
                  NULL);
    ds_db_sql_columns_add(sql, table, DS_KEY_COLUMNS, "");
    ds_db_sql_add(sql, ")", NULL);
    return status == APR_SUCCESS ? ds_db_execute(db, ds_db_sql_text(sql)) : status;
}

apr_status_t ds_db_table_create(ds_db_t *db, const ds_db_table_t *table, apr_pool_t *scratch)
{
    apr_status_t status =
        ds_db_execute(db, apr_pstrcat(scratch, "CREATE TABLE IF NOT EXISTS ",
                                      ds_db_sql_name(table->name, scratch), " (\"_launch_id\" ",
                                      column_type(db, DS_COLUMN_INTEGER), ", \"_updated_at\" ",
                                      column_type(db, DS_COLUMN_DATETIME), ")", NULL));

    if (status == APR_SUCCESS)
        status = columns_add(db, table, scratch);
    if (status == APR_SUCCESS)
        status = key_create(db, table, scratch);
    return status;
}

apr_status_t ds_db_table_count(apr_int64_t *count, ds_db_t *db, const char *table,
                               apr_pool_t *scratch)
{
    const char *sql =
        apr_pstrcat(scratch, "SELECT count(*) FROM ", ds_db_sql_name(table, scratch), NULL);
    apr_dbd_results_t *results = NULL;
    apr_dbd_row_t *row = NULL;
    int ret = apr_dbd_select(db->driver, scratch, db->handle, &results, sql, 1);

    if (ret)
        return ds_db_failure(db, ret);
    *count = 0;
    if (apr_dbd_get_row(db->driver, scratch, results, &row, -1) == 0)
        apr_dbd_datum_get(db->driver, row, 0, APR_DBD_TYPE_LONGLONG, count);
    return APR_SUCCESS;
}
