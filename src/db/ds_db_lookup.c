#include "ds_db_lookup.h"

#include "ds_db_sql.h"

struct ds_db_lookup_t {
    ds_db_t *db;
    const ds_db_table_t *table;
    ds_db_composed_t plain, locked;
};

static const char *lookup_sql(const ds_db_t *db, const ds_db_table_t *table, int locked,
                              apr_pool_t *pool)
{
    ds_db_sql_t *sql = ds_db_sql_begin("SELECT ", pool);
    int i;

    for (i = 0; i < table->count; i++) {
        ds_db_sql_add(sql, i ? ", " : "", NULL);
        ds_db_sql_selected_add(sql, db, &table->columns[i]);
    }
    ds_db_sql_add(sql, " FROM ", ds_db_sql_name(table->name, pool), " t WHERE 1 = 1", NULL);
    for (i = 0; i < table->count; i++)
        if (table->columns[i].is_key)
            ds_db_sql_add(sql, " AND t.", ds_db_sql_name(table->columns[i].name, pool), " = ",
                          ds_db_sql_value(db, table->columns[i].kind, pool), NULL);
    if (table->marks)
        ds_db_sql_add(sql, " AND t.\"_deleted_at\" IS NULL", NULL);
    /* SQLite has one writer at a time anyway. */
    if (locked && !db->dialect->is_sqlite)
        ds_db_sql_add(sql, " FOR UPDATE", NULL);
    return ds_db_sql_text(sql);
}

ds_db_lookup_t *ds_db_lookup_make(ds_db_t *db, const ds_db_table_t *table, apr_pool_t *pool)
{
    ds_db_lookup_t *lookup = apr_pcalloc(pool, sizeof(*lookup));

    lookup->db = db;
    lookup->table = table;
    lookup->plain = (ds_db_composed_t){lookup_sql(db, table, 0, pool), NULL};
    lookup->locked = (ds_db_composed_t){lookup_sql(db, table, 1, pool), NULL};
    return lookup;
}

apr_status_t ds_db_lookup_row(const char *const **values, ds_db_lookup_t *lookup,
                              const char *const *key, int locked, apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    const char **row;
    apr_status_t status = ds_db_composed_select(
        &rows, lookup->db, locked ? &lookup->locked : &lookup->plain, (const char **)key, pool);
    int i;

    *values = NULL;
    if (status != APR_SUCCESS || !ds_db_rows_next(rows))
        return status;
    row = apr_palloc(pool, sizeof(char *) * (apr_size_t)lookup->table->count);
    for (i = 0; i < lookup->table->count; i++)
        row[i] = ds_db_rows_text(rows, i);
    while (ds_db_rows_next(rows)) {
    }
    *values = row;
    return APR_SUCCESS;
}
