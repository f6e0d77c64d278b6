#include "ds_db_table.h"

#include <strings.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include "ds_db_sql.h"

#define KEY_WORD "__key_"
#define KEY_WORD_LENGTH (sizeof(KEY_WORD) - 1)
#define INDEX_NAME_MAX 63
#define INDEX_TABLE_MAX 49 /* what is left beside the word and eight hex digits */

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

/* The name as it is listed, best in its own case; or NULL. */
static const char *name_listed(const apr_array_header_t *names, const char *name)
{
    const char *found = NULL;
    int i;

    for (i = 0; i < names->nelts; i++) {
        const char *listed = APR_ARRAY_IDX(names, i, const char *);

        if (!strcasecmp(listed, name) && (!found || !strcmp(listed, name)))
            found = listed;
    }
    return found;
}

/* What was called `present` before: to PostgreSQL the same name in another case is another name,
 * and every statement would fail, or find an empty table. */
static apr_status_t case_check(ds_db_t *db, const char *what, const char *name, const char *present)
{
    if (db->dialect->is_sqlite || !present || !strcmp(name, present))
        return APR_SUCCESS;
    return ds_db_refuse(db, apr_psprintf(db->error_pool,
                                         "the %s \"%s\" was called \"%s\" before, and PostgreSQL "
                                         "tells these names apart: write it as before",
                                         what, name, present));
}

/* Texts of a key are compared byte by byte, as SQLite does: by the rules of a language PostgreSQL
 * takes several times as long to find a row. */
static const char *column_collation(const ds_db_t *db, const ds_db_column_t *column)
{
    return column->is_key && column->kind == DS_COLUMN_TEXT && !db->dialect->is_sqlite
               ? " COLLATE \"C\""
               : "";
}

static apr_status_t column_add(ds_db_t *db, const ds_db_table_t *table,
                               const ds_db_column_t *column, apr_pool_t *pool)
{
    return ds_db_execute(db, apr_pstrcat(pool, "ALTER TABLE ", ds_db_sql_name(table->name, pool),
                                         " ADD COLUMN ", ds_db_sql_name(column->name, pool), " ",
                                         ds_db_sql_type(db, column->kind),
                                         column_collation(db, column), NULL));
}

/* A column of our own for a time, where there is none yet. */
static apr_status_t time_column_add(ds_db_t *db, const ds_db_table_t *table, const char *name,
                                    const apr_array_header_t *present, apr_pool_t *pool)
{
    const ds_db_column_t column = {.name = name, .kind = DS_COLUMN_DATETIME};

    return name_listed(present, name) ? APR_SUCCESS : column_add(db, table, &column, pool);
}

static apr_status_t columns_add(ds_db_t *db, const ds_db_table_t *table, apr_pool_t *pool)
{
    apr_array_header_t *present;
    apr_status_t status = names_list(&present, db, STMT_TABLE_COLUMNS, table->name, pool);
    int i;

    for (i = 0; i < table->count && status == APR_SUCCESS; i++) {
        const ds_db_column_t *column = &table->columns[i];
        const char *listed = name_listed(present, column->name);

        status = listed ? case_check(db, "field", column->name, listed)
                        : column_add(db, table, column, pool);
    }
    if (status == APR_SUCCESS)
        status = time_column_add(db, table, DS_COLUMN_CREATED, present, pool);
    if (status == APR_SUCCESS && table->marks)
        status = time_column_add(db, table, "_deleted_at", present, pool);
    return status;
}

/* PostgreSQL cuts longer names off, and would not find its own index again. */
static const char *index_name_fit(const char *name, const char *table, apr_pool_t *pool)
{
    apr_ssize_t length = (apr_ssize_t)strlen(name);

    if (length <= INDEX_NAME_MAX)
        return name;
    return apr_psprintf(pool, "%.*s" KEY_WORD "%08x", INDEX_TABLE_MAX, table,
                        apr_hashfunc_default(name, &length));
}

/* The unique index is named after its columns, so that another key is another index. */
static const char *key_index_name(const ds_db_t *db, const ds_db_table_t *table, apr_pool_t *pool)
{
    const char *name = apr_pstrcat(pool, table->name, "__key", NULL);
    int i;

    for (i = 0; i < table->count; i++)
        if (table->columns[i].is_key)
            name = apr_pstrcat(pool, name, "_", table->columns[i].name, NULL);
    return db->dialect->is_sqlite ? name : index_name_fit(name, table->name, pool);
}

static int is_key_index(const char *name, const ds_db_table_t *table)
{
    apr_size_t length = strlen(table->name);

    if (!strncmp(name, table->name, length) && !strncmp(name + length, KEY_WORD, KEY_WORD_LENGTH))
        return 1;
    return length > INDEX_TABLE_MAX && !strncmp(name, table->name, INDEX_TABLE_MAX) &&
           !strncmp(name + INDEX_TABLE_MAX, KEY_WORD, KEY_WORD_LENGTH);
}

static apr_status_t old_keys_drop(ds_db_t *db, const ds_db_table_t *table, const char *keep,
                                  const apr_array_header_t *present, apr_pool_t *pool)
{
    apr_status_t status = APR_SUCCESS;
    int i;

    for (i = 0; i < present->nelts && status == APR_SUCCESS; i++) {
        const char *name = APR_ARRAY_IDX(present, i, const char *);

        if (is_key_index(name, table) && strcmp(name, keep))
            status = ds_db_execute(
                db, apr_pstrcat(pool, "DROP INDEX ", ds_db_sql_name(name, pool), NULL));
    }
    return status;
}

static apr_status_t key_create(ds_db_t *db, const ds_db_table_t *table, apr_pool_t *pool)
{
    const char *index = key_index_name(db, table, pool);
    ds_db_sql_t *sql = ds_db_sql_begin("CREATE UNIQUE INDEX IF NOT EXISTS ", pool);
    apr_array_header_t *present;
    apr_status_t status = names_list(&present, db, STMT_TABLE_INDEXES, table->name, pool);

    if (status == APR_SUCCESS)
        status = old_keys_drop(db, table, index, present, pool);
    if (status != APR_SUCCESS || name_listed(present, index)) /* PostgreSQL would lock the table */
        return status;
    ds_db_sql_add(sql, ds_db_sql_name(index, pool), " ON ", ds_db_sql_name(table->name, pool), " (",
                  NULL);
    ds_db_sql_columns_add(sql, table, DS_KEY_COLUMNS, "");
    ds_db_sql_add(sql, ")", NULL);
    return ds_db_execute(db, ds_db_sql_text(sql));
}

static apr_status_t table_name_check(ds_db_t *db, const char *name, apr_pool_t *pool)
{
    apr_array_header_t *known;
    apr_status_t status = names_list(&known, db, STMT_OBJECT_NAMES, name, pool);

    return status == APR_SUCCESS ? case_check(db, "object", name, name_listed(known, name))
                                 : status;
}

apr_status_t ds_db_table_create(ds_db_t *db, const ds_db_table_t *table, apr_pool_t *scratch)
{
    apr_status_t status = ds_db_schema_lock(db, scratch);

    if (status == APR_SUCCESS)
        status = table_name_check(db, table->name, scratch);
    if (status == APR_SUCCESS)
        status = ds_db_execute(
            db, apr_pstrcat(scratch, "CREATE TABLE IF NOT EXISTS ",
                            ds_db_sql_name(table->name, scratch), " (\"_launch_id\" ",
                            ds_db_sql_type(db, DS_COLUMN_INTEGER), ", \"_updated_at\" ",
                            ds_db_sql_type(db, DS_COLUMN_DATETIME), ")", NULL));
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
    int ret;

    ds_db_call_begin(db);
    ret = apr_dbd_select(db->driver, scratch, db->handle, &results, sql, 1);
    ds_db_call_end(db);
    if (ret)
        return ds_db_failure(db, ret);
    *count = 0;
    if (apr_dbd_get_row(db->driver, scratch, results, &row, -1) == 0)
        apr_dbd_datum_get(db->driver, row, 0, APR_DBD_TYPE_LONGLONG, count);
    return APR_SUCCESS;
}
