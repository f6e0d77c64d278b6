#include "ds_db_table.h"

#include <strings.h>

#include <apr_strings.h>
#include <apr_tables.h>

#include "ds_db_private.h"

#define UPSERT_ROWS_MAX 200
#define UPSERT_ROWS_SOME 16
#define VARIABLES_MAX 32000 /* SQLite takes 32,766 in one statement */
#define OWN_COLUMNS 2       /* _launch_id, _updated_at */

struct ds_db_upsert_t {
    ds_db_t *db;
    const ds_db_table_t *table;
    apr_pool_t *pool;
    int rows_max;
    apr_dbd_prepared_t *many, *some, *one; /* for rows_max, UPSERT_ROWS_SOME and 1 rows */
    const char **bound;                    /* the arguments of one statement */
};

/* SQL under construction: pieces of text in order. */
typedef struct {
    apr_pool_t *pool;
    apr_array_header_t *pieces;
} sql_t;

static void sql_add(sql_t *sql, const char *piece)
{
    APR_ARRAY_PUSH(sql->pieces, const char *) = piece;
}

static sql_t *sql_begin(const char *piece, apr_pool_t *pool)
{
    sql_t *sql = apr_palloc(pool, sizeof(*sql));

    sql->pool = pool;
    sql->pieces = apr_array_make(pool, 64, sizeof(const char *));
    sql_add(sql, piece);
    return sql;
}

static const char *sql_text(const sql_t *sql)
{
    return apr_array_pstrcat(sql->pool, sql->pieces, 0);
}

static const char *name_quote(const char *name, apr_pool_t *pool)
{
    return apr_pstrcat(pool, "\"", name, "\"", NULL);
}

/* Columns of the wanted sort, each between before and after, with commas. */
typedef enum { ALL_COLUMNS, KEY_COLUMNS, OTHER_COLUMNS } which_e;

static int sql_columns(sql_t *sql, const ds_db_table_t *table, which_e which, const char *prefix)
{
    int i, count = 0;

    for (i = 0; i < table->count; i++) {
        const ds_db_column_t *column = &table->columns[i];

        if (which != ALL_COLUMNS && column->is_key != (which == KEY_COLUMNS))
            continue;
        sql_add(sql, count++ ? ", " : "");
        sql_add(sql, prefix);
        sql_add(sql, name_quote(column->name, sql->pool));
    }
    return count;
}

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

static apr_status_t columns_add(ds_db_t *db, const ds_db_table_t *table, apr_pool_t *pool)
{
    const char *name = name_quote(table->name, pool);
    apr_array_header_t *present;
    apr_status_t status = names_list(&present, db, STMT_TABLE_COLUMNS, table->name, pool);
    int i;

    for (i = 0; i < table->count && status == APR_SUCCESS; i++) {
        const ds_db_column_t *column = &table->columns[i];

        if (!name_listed(present, column->name))
            status = ds_db_execute(db, apr_pstrcat(pool, "ALTER TABLE ", name, " ADD COLUMN ",
                                                   name_quote(column->name, pool), " ",
                                                   column_type(db, column->kind), NULL));
    }
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
            status =
                ds_db_execute(db, apr_pstrcat(pool, "DROP INDEX ", name_quote(name, pool), NULL));
    }
    return status;
}

static apr_status_t key_create(ds_db_t *db, const ds_db_table_t *table, apr_pool_t *pool)
{
    const char *index = key_index_name(table, pool);
    apr_status_t status = old_keys_drop(db, table, index, pool);
    sql_t *sql = sql_begin("CREATE UNIQUE INDEX IF NOT EXISTS ", pool);

    sql_add(sql, name_quote(index, pool));
    sql_add(sql, " ON ");
    sql_add(sql, name_quote(table->name, pool));
    sql_add(sql, " (");
    sql_columns(sql, table, KEY_COLUMNS, "");
    sql_add(sql, ")");
    return status == APR_SUCCESS ? ds_db_execute(db, sql_text(sql)) : status;
}

apr_status_t ds_db_table_create(ds_db_t *db, const ds_db_table_t *table, apr_pool_t *scratch)
{
    apr_status_t status = ds_db_execute(
        db, apr_pstrcat(scratch, "CREATE TABLE IF NOT EXISTS ", name_quote(table->name, scratch),
                        " (\"_launch_id\" ", column_type(db, DS_COLUMN_INTEGER),
                        ", \"_updated_at\" ", column_type(db, DS_COLUMN_DATETIME), ")", NULL));

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
        apr_pstrcat(scratch, "SELECT count(*) FROM ", name_quote(table, scratch), NULL);
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

/* --- upserts --- */

/* ON CONFLICT (keys) DO UPDATE SET a = excluded.a, ... WHERE (a, ...) IS NOT (excluded.a, ...) */
static void sql_conflict(sql_t *sql, const ds_db_table_t *table)
{
    const char *own = name_quote(table->name, sql->pool);
    int i;

    sql_add(sql, " ON CONFLICT (");
    sql_columns(sql, table, KEY_COLUMNS, "");
    sql_add(sql, ") DO UPDATE SET \"_launch_id\" = excluded.\"_launch_id\","
                 " \"_updated_at\" = excluded.\"_updated_at\"");
    for (i = 0; i < table->count; i++) {
        const char *name = name_quote(table->columns[i].name, sql->pool);

        if (!table->columns[i].is_key)
            sql_add(sql, apr_pstrcat(sql->pool, ", ", name, " = excluded.", name, NULL));
    }
    sql_add(sql, " WHERE (");
    sql_columns(sql, table, OTHER_COLUMNS, apr_pstrcat(sql->pool, own, ".", NULL));
    sql_add(sql, ") IS NOT (");
    sql_columns(sql, table, OTHER_COLUMNS, "excluded.");
    sql_add(sql, ")");
}

static int has_other_columns(const ds_db_table_t *table)
{
    int i;

    for (i = 0; i < table->count; i++)
        if (!table->columns[i].is_key)
            return 1;
    return 0;
}

/* OR FAIL: a statement of many rows that may abort would keep a journal of every page it touches.
 */
static const char *upsert_sql(const ds_db_table_t *table, int rows, apr_pool_t *pool)
{
    sql_t *sql = sql_begin("INSERT OR FAIL INTO ", pool);
    const char *marks = "(%s, %s";
    int i;

    for (i = 0; i < table->count; i++)
        marks = apr_pstrcat(pool, marks, ", %s", NULL);
    sql_add(sql, name_quote(table->name, pool));
    sql_add(sql, " (\"_launch_id\", \"_updated_at\", ");
    sql_columns(sql, table, ALL_COLUMNS, "");
    sql_add(sql, ") VALUES ");
    for (i = 0; i < rows; i++) {
        sql_add(sql, i ? ", " : "");
        sql_add(sql, marks);
        sql_add(sql, ")");
    }
    if (has_other_columns(table))
        sql_conflict(sql, table);
    else {
        sql_add(sql, " ON CONFLICT (");
        sql_columns(sql, table, KEY_COLUMNS, "");
        sql_add(sql, ") DO NOTHING");
    }
    return sql_text(sql);
}

ds_db_upsert_t *ds_db_upsert_make(ds_db_t *db, const ds_db_table_t *table, apr_pool_t *pool)
{
    ds_db_upsert_t *upsert = apr_pcalloc(pool, sizeof(*upsert));
    int width = table->count + OWN_COLUMNS;

    upsert->db = db;
    upsert->table = table;
    upsert->pool = pool;
    upsert->rows_max =
        VARIABLES_MAX / width < UPSERT_ROWS_MAX ? VARIABLES_MAX / width : UPSERT_ROWS_MAX;
    upsert->bound = apr_palloc(pool, sizeof(char *) * width * upsert->rows_max);
    return upsert;
}

int ds_db_upsert_rows_max(const ds_db_upsert_t *upsert)
{
    return upsert->rows_max;
}

/* The largest statement that `left` rows fill. */
static apr_dbd_prepared_t **statement_choose(int *rows, ds_db_upsert_t *upsert, int left)
{
    if (left >= upsert->rows_max) {
        *rows = upsert->rows_max;
        return &upsert->many;
    }
    if (left >= UPSERT_ROWS_SOME) {
        *rows = UPSERT_ROWS_SOME;
        return &upsert->some;
    }
    *rows = 1;
    return &upsert->one;
}

static int statement_run(ds_db_upsert_t *upsert, apr_dbd_prepared_t **statement, int rows)
{
    ds_db_t *db = upsert->db;
    int turn, changed, ret = 0;

    for (turn = 0; turn < 2; turn++) {
        if (!*statement && (ret = apr_dbd_prepare(db->driver, upsert->pool, db->handle,
                                                  upsert_sql(upsert->table, rows, upsert->pool),
                                                  NULL, statement)) != 0) {
            *statement = NULL;
            return ret;
        }
        ret = apr_dbd_pquery(db->driver, db->transaction_pool, db->handle, &changed, *statement, 0,
                             upsert->bound);
        if (!ret || !ds_db_is_stale(db))
            return ret;
        *statement = NULL;
    }
    return ret;
}

static void rows_bind(ds_db_upsert_t *upsert, const char **values, int rows, const char *launch,
                      const char *now)
{
    const char **to = upsert->bound;
    int width = upsert->table->count, i;

    for (i = 0; i < rows; i++, values += width) {
        *to++ = launch;
        *to++ = now;
        memcpy(to, values, sizeof(char *) * width);
        to += width;
    }
}

apr_status_t ds_db_upsert_rows(ds_db_upsert_t *upsert, const char **values, int count,
                               apr_int64_t launch_id, const char *now)
{
    char launch[24];
    int done, rows;

    apr_snprintf(launch, sizeof(launch), "%" APR_INT64_T_FMT, launch_id);
    for (done = 0; done < count; done += rows) {
        apr_dbd_prepared_t **statement = statement_choose(&rows, upsert, count - done);
        int ret;

        rows_bind(upsert, values + (apr_size_t)done * upsert->table->count, rows, launch, now);
        ret = statement_run(upsert, statement, rows);
        if (ret)
            return ds_db_failure(upsert->db, ret);
    }
    return APR_SUCCESS;
}
