#include "ds_db_upsert.h"

#include <apr_strings.h>

#include "ds_db_upsert_arrays.h"

#define ROWS_MAX 200
#define ROWS_SOME 16
#define VARIABLES_MAX 32000 /* SQLite takes 32,766 in one statement */
#define ARRAY_ROWS_MAX 1000 /* PostgreSQL */
#define PAUSE_MAX 64        /* statements */
#define OWN_COLUMNS 2       /* _launch_id, _updated_at */

struct ds_db_upsert_t {
    ds_db_t *db;
    const ds_db_table_t *table;
    apr_pool_t *pool;
    int rows_max;
    ds_db_composed_t many, some, one; /* for rows_max, ROWS_SOME and 1 rows */
    const char **bound;               /* the arguments of one statement */

    /* PostgreSQL */
    apr_pool_t *arrays_pool; /* of one statement */
    const char *arrays[2];   /* statements for any number of rows, by ds_db_arrays_e */
    int sent;                /* rows of the last one that was begun; 0: it was finished */
    ds_db_arrays_e sent_as;
    int old_ones; /* for so many statements rows are not taken for new ones */
    int pause;    /* and for so many it was the last time */
};

/* A row that was marked as deleted and comes again is alive again. */
static void sql_set_add(ds_db_sql_t *sql, const ds_db_table_t *table, const char *own)
{
    int i;

    ds_db_sql_add(sql, ") DO UPDATE SET \"_created_at\" = coalesce(", own, "\"_created_at\", ", own,
                  "\"_updated_at\"), \"_launch_id\" = excluded.\"_launch_id\","
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
    sql_set_add(sql, table, own);
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
static ds_db_sql_t *insert_sql(const ds_db_t *db, const ds_db_table_t *table, int rows,
                               apr_pool_t *pool)
{
    const char *verb = db->dialect->is_sqlite ? "INSERT OR FAIL INTO " : "INSERT INTO ";
    ds_db_sql_t *sql = ds_db_sql_begin(verb, pool);
    const char *row = row_sql(db, table, pool);
    int i;

    ds_db_sql_add(sql, ds_db_sql_name(table->name, pool), " (\"_launch_id\", \"_updated_at\", ",
                  NULL);
    ds_db_sql_columns_add(sql, table, DS_ALL_COLUMNS, "");
    ds_db_sql_add(sql, ") VALUES ", NULL);
    for (i = 0; i < rows; i++)
        ds_db_sql_add(sql, i ? ", " : "", row, NULL);
    return sql;
}

static const char *upsert_sql(ds_db_sql_t *sql, const ds_db_t *db, const ds_db_table_t *table)
{
    sql_conflict_add(sql, table, db->dialect->is_sqlite ? " IS NOT " : " IS DISTINCT FROM ",
                     has_other_columns(table));
    return ds_db_sql_text(sql);
}

ds_db_upsert_t *ds_db_upsert_make(ds_db_t *db, const ds_db_table_t *table, apr_pool_t *pool)
{
    ds_db_upsert_t *upsert = apr_pcalloc(pool, sizeof(*upsert));
    int width = table->count + OWN_COLUMNS, is_sqlite = db->dialect->is_sqlite;

    upsert->db = db;
    upsert->table = table;
    upsert->pool = pool;
    apr_pool_create(&upsert->arrays_pool, pool);
    upsert->rows_max = VARIABLES_MAX / width < ROWS_MAX ? VARIABLES_MAX / width : ROWS_MAX;
    upsert->bound = apr_palloc(pool, sizeof(char *) * width * (is_sqlite ? upsert->rows_max : 1));
    if (!is_sqlite)
        upsert->rows_max = ARRAY_ROWS_MAX;
    return upsert;
}

int ds_db_upsert_rows_max(const ds_db_upsert_t *upsert)
{
    return upsert->rows_max;
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
        chosen->text = upsert_sql(insert_sql(upsert->db, upsert->table, *rows, upsert->pool),
                                  upsert->db, upsert->table);
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

static apr_status_t rows_send(ds_db_upsert_t *upsert, const char **values, int count,
                              const char *launch, const char *now)
{
    int done, rows, changed;
    apr_status_t status = APR_SUCCESS;

    for (done = 0; done < count && status == APR_SUCCESS; done += rows) {
        ds_db_composed_t *statement = statement_choose(&rows, upsert, count - done);

        rows_bind(upsert, values + (apr_size_t)done * upsert->table->count, rows, launch, now);
        status = ds_db_composed_query(&changed, upsert->db, statement, upsert->bound);
    }
    return status;
}

/* --- PostgreSQL: the server writes a statement's rows while the next ones are read --- */

static apr_status_t arrays_begin(ds_db_upsert_t *upsert, ds_db_arrays_e which)
{
    ds_db_sql_t *sql;

    if (!upsert->arrays[which]) {
        sql = ds_db_arrays_sql(upsert->db, upsert->table, which, upsert->pool);
        upsert->arrays[which] = which == DS_ARRAYS_NEW ? ds_db_sql_text(sql)
                                                       : upsert_sql(sql, upsert->db, upsert->table);
    }
    upsert->sent_as = which;
    return ds_db_composed_begin(upsert->db, upsert->arrays[which], upsert->bound,
                                upsert->table->count + OWN_COLUMNS);
}

/* Rows were taken for new ones, and some were not: the others follow. Where that happens again and
 * again it is tried ever more seldom. */
static apr_status_t others_send(ds_db_upsert_t *upsert)
{
    apr_status_t status = arrays_begin(upsert, DS_ARRAYS_DIFFERING);

    upsert->pause = upsert->pause ? 2 * upsert->pause : 1;
    if (upsert->pause > PAUSE_MAX)
        upsert->pause = PAUSE_MAX;
    upsert->old_ones = upsert->pause;
    return status == APR_SUCCESS ? ds_db_settle(upsert->db) : status;
}

apr_status_t ds_db_upsert_finish(ds_db_upsert_t *upsert)
{
    apr_status_t status;
    int sent = upsert->sent;

    upsert->sent = 0;
    if (!sent || !upsert->db->owes_rows)
        return APR_SUCCESS;
    status = ds_db_settle(upsert->db);
    if (status == APR_SUCCESS && upsert->sent_as == DS_ARRAYS_NEW) {
        if (upsert->db->settled < sent)
            status = others_send(upsert);
        else
            upsert->pause = 0;
    }
    upsert->db->owes_rows = 0;
    return status;
}

static apr_status_t arrays_send(ds_db_upsert_t *upsert, const char **values, int count,
                                const char *launch, const char *now)
{
    apr_status_t status = ds_db_upsert_finish(upsert);
    ds_db_arrays_e which = DS_ARRAYS_NEW;

    if (status != APR_SUCCESS)
        return status;
    apr_pool_clear(upsert->arrays_pool);
    upsert->bound[0] = apr_pstrdup(upsert->arrays_pool, launch);
    upsert->bound[1] = apr_pstrdup(upsert->arrays_pool, now);
    upsert->sent = ds_db_arrays_make(upsert->bound + OWN_COLUMNS, upsert->table, values, count,
                                     upsert->arrays_pool);
    if (upsert->old_ones) {
        upsert->old_ones--;
        which = DS_ARRAYS_DIFFERING;
    }
    status = arrays_begin(upsert, which);
    upsert->db->owes_rows = status == APR_SUCCESS;
    return status;
}

apr_status_t ds_db_upsert_rows(ds_db_upsert_t *upsert, const char **values, int count,
                               apr_int64_t launch_id, const char *now)
{
    char launch[24];
    apr_status_t status;

    apr_snprintf(launch, sizeof(launch), "%" APR_INT64_T_FMT, launch_id);
    if (!upsert->db->dialect->is_sqlite && count > 1)
        return arrays_send(upsert, values, count, launch, now);
    status = ds_db_upsert_finish(upsert);
    return status == APR_SUCCESS ? rows_send(upsert, values, count, launch, now) : status;
}
