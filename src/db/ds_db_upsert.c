#include "ds_db_upsert.h"

#include <apr_hash.h>
#include <apr_strings.h>

#include "ds_db_sql.h"

#define ROWS_MAX 200
#define ROWS_SOME 16
#define VARIABLES_MAX 32000 /* SQLite takes 32,766 in one statement, PostgreSQL 65,535 */
#define OWN_COLUMNS 2       /* _launch_id, _updated_at */

struct ds_db_upsert_t {
    ds_db_t *db;
    const ds_db_table_t *table;
    apr_pool_t *pool;
    apr_pool_t *keys_pool; /* PostgreSQL: the keys of one statement */
    int rows_max;
    ds_db_composed_t many, some, one; /* for rows_max, ROWS_SOME and 1 rows */
    const char **bound;               /* the arguments of one statement */
};

/* A row that was marked as deleted and comes again is alive again. */
static void sql_set_add(ds_db_sql_t *sql, const ds_db_table_t *table)
{
    int i;

    ds_db_sql_add(sql,
                  ") DO UPDATE SET \"_launch_id\" = excluded.\"_launch_id\","
                  " \"_updated_at\" = excluded.\"_updated_at\"",
                  table->marks ? ", \"_deleted_at\" = NULL" : "", NULL);
    for (i = 0; i < table->count; i++) {
        const char *name = ds_db_sql_name(table->columns[i].name, sql->pool);

        if (!table->columns[i].is_key)
            ds_db_sql_add(sql, ", ", name, " = excluded.", name, NULL);
    }
}

/* ON CONFLICT (keys) DO UPDATE SET a = excluded.a, ... WHERE (a, ...) IS NOT (excluded.a, ...) */
static void sql_conflict_add(ds_db_sql_t *sql, const ds_db_table_t *table, const char *differs,
                             int has_others)
{
    const char *own = apr_pstrcat(sql->pool, ds_db_sql_name(table->name, sql->pool), ".", NULL);

    ds_db_sql_add(sql, " ON CONFLICT (", NULL);
    ds_db_sql_columns_add(sql, table, DS_KEY_COLUMNS, "");
    if (!has_others && !table->marks) {
        ds_db_sql_add(sql, ") DO NOTHING", NULL);
        return;
    }
    sql_set_add(sql, table);
    ds_db_sql_add(sql, " WHERE ", NULL);
    if (has_others) {
        ds_db_sql_add(sql, "(", NULL);
        ds_db_sql_columns_add(sql, table, DS_OTHER_COLUMNS, own);
        ds_db_sql_add(sql, ")", differs, "(", NULL);
        ds_db_sql_columns_add(sql, table, DS_OTHER_COLUMNS, "excluded.");
        ds_db_sql_add(sql, ")", NULL);
    }
    if (table->marks)
        ds_db_sql_add(sql, has_others ? " OR " : "", own, "\"_deleted_at\" IS NOT NULL", NULL);
}

static int has_other_columns(const ds_db_table_t *table)
{
    int i;

    for (i = 0; i < table->count; i++)
        if (!table->columns[i].is_key)
            return 1;
    return 0;
}

/* One row of VALUES. */
static const char *row_sql(const ds_db_t *db, const ds_db_table_t *table, apr_pool_t *pool)
{
    ds_db_sql_t *sql = ds_db_sql_begin("(", pool);
    int i;

    ds_db_sql_add(sql, ds_db_sql_value(db, DS_COLUMN_INTEGER, pool), ", ",
                  ds_db_sql_value(db, DS_COLUMN_DATETIME, pool), NULL);
    for (i = 0; i < table->count; i++)
        ds_db_sql_add(sql, ", ", ds_db_sql_value(db, table->columns[i].kind, pool), NULL);
    ds_db_sql_add(sql, ")", NULL);
    return ds_db_sql_text(sql);
}

/* OR FAIL: a statement of many rows that may abort would keep a journal of every page it touches.
 */
static const char *upsert_sql(const ds_db_t *db, const ds_db_table_t *table, int rows,
                              apr_pool_t *pool)
{
    int is_sqlite = db->dialect->is_sqlite, i;
    ds_db_sql_t *sql = ds_db_sql_begin(is_sqlite ? "INSERT OR FAIL INTO " : "INSERT INTO ", pool);
    const char *row = row_sql(db, table, pool);

    ds_db_sql_add(sql, ds_db_sql_name(table->name, pool), " (\"_launch_id\", \"_updated_at\", ",
                  NULL);
    ds_db_sql_columns_add(sql, table, DS_ALL_COLUMNS, "");
    ds_db_sql_add(sql, ") VALUES ", NULL);
    for (i = 0; i < rows; i++)
        ds_db_sql_add(sql, i ? ", " : "", row, NULL);
    sql_conflict_add(sql, table, is_sqlite ? " IS NOT " : " IS DISTINCT FROM ",
                     has_other_columns(table));
    return ds_db_sql_text(sql);
}

ds_db_upsert_t *ds_db_upsert_make(ds_db_t *db, const ds_db_table_t *table, apr_pool_t *pool)
{
    ds_db_upsert_t *upsert = apr_pcalloc(pool, sizeof(*upsert));
    int width = table->count + OWN_COLUMNS;

    upsert->db = db;
    upsert->table = table;
    upsert->pool = pool;
    apr_pool_create(&upsert->keys_pool, pool);
    upsert->rows_max = VARIABLES_MAX / width < ROWS_MAX ? VARIABLES_MAX / width : ROWS_MAX;
    upsert->bound = apr_palloc(pool, sizeof(char *) * width * upsert->rows_max);
    return upsert;
}

int ds_db_upsert_rows_max(const ds_db_upsert_t *upsert)
{
    return upsert->rows_max;
}

/* The key of a row as one text: the length of each value before it. */
static const char *key_text(const ds_db_table_t *table, const char *const *values, apr_pool_t *pool)
{
    const char *key = "";
    int i;

    for (i = 0; i < table->count; i++)
        if (table->columns[i].is_key && values[i])
            key = apr_psprintf(pool, "%s%" APR_SIZE_T_FMT ":%s", key, strlen(values[i]), values[i]);
        else if (table->columns[i].is_key)
            key = apr_pstrcat(pool, key, "-", NULL);
    return key;
}

/* How many of the next rows have different keys: PostgreSQL's statement cannot meet a row twice. */
static int different_count(ds_db_upsert_t *upsert, const char *const *values, int left)
{
    int most = left < upsert->rows_max ? left : upsert->rows_max, i;
    apr_hash_t *seen;

    if (upsert->db->dialect->is_sqlite || left == 1)
        return left;
    apr_pool_clear(upsert->keys_pool);
    seen = apr_hash_make(upsert->keys_pool);
    for (i = 0; i < most; i++, values += upsert->table->count) {
        const char *key = key_text(upsert->table, values, upsert->keys_pool);

        if (apr_hash_get(seen, key, APR_HASH_KEY_STRING))
            break;
        apr_hash_set(seen, key, APR_HASH_KEY_STRING, "");
    }
    return i;
}

/* The largest statement that `left` rows fill. */
static ds_db_composed_t *statement_choose(int *rows, ds_db_upsert_t *upsert, int left)
{
    ds_db_composed_t *chosen = &upsert->one;

    *rows = 1;
    if (left >= upsert->rows_max) {
        *rows = upsert->rows_max;
        chosen = &upsert->many;
    }
    else if (left >= ROWS_SOME) {
        *rows = ROWS_SOME;
        chosen = &upsert->some;
    }
    if (!chosen->text)
        chosen->text = upsert_sql(upsert->db, upsert->table, *rows, upsert->pool);
    return chosen;
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
    int done, rows, changed;

    apr_snprintf(launch, sizeof(launch), "%" APR_INT64_T_FMT, launch_id);
    for (done = 0; done < count; done += rows) {
        const char **next = values + (apr_size_t)done * upsert->table->count;
        int fit = different_count(upsert, next, count - done);
        ds_db_composed_t *statement = statement_choose(&rows, upsert, fit);
        apr_status_t status;

        rows_bind(upsert, next, rows, launch, now);
        status = ds_db_composed_query(&changed, upsert->db, statement, upsert->bound);
        if (status != APR_SUCCESS)
            return status;
    }
    return APR_SUCCESS;
}
