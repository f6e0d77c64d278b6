#include "ds_db_remove.h"

#include <string.h>

#include <apr_strings.h>

#include "ds_db_sql.h"

#define OWN_VALUES 3 /* of a mark: the launch and the time, twice */

struct ds_db_remove_t {
    ds_db_t *db;
    const ds_db_table_t *table;
    ds_db_composed_t statement;
    const char **bound;
};

static const char *remove_sql(const ds_db_t *db, const ds_db_table_t *table, apr_pool_t *pool)
{
    const char *name = ds_db_sql_name(table->name, pool);
    ds_db_sql_t *sql = ds_db_sql_begin(table->marks ? "UPDATE " : "DELETE FROM ", pool);
    int i;

    ds_db_sql_add(sql, name,
                  table->marks
                      ? " SET \"_launch_id\" = %s, \"_updated_at\" = %s,"
                        " \"_deleted_at\" = %s, \"_created_at\" ="
                        " coalesce(\"_created_at\", \"_updated_at\") WHERE \"_deleted_at\" IS NULL"
                      : " WHERE 1 = 1",
                  NULL);
    for (i = 0; i < table->count; i++)
        ds_db_sql_add(sql, " AND ", ds_db_sql_name(table->columns[i].name, pool), " = ",
                      ds_db_sql_value(db, table->columns[i].kind, pool), NULL);
    return ds_db_sql_text(sql);
}

ds_db_remove_t *ds_db_remove_make(ds_db_t *db, const ds_db_table_t *table, apr_pool_t *pool)
{
    ds_db_remove_t *remove = apr_pcalloc(pool, sizeof(*remove));

    remove->db = db;
    remove->table = table;
    remove->statement.text = remove_sql(db, table, pool);
    remove->bound = apr_palloc(pool, sizeof(char *) * (apr_size_t)(table->count + OWN_VALUES));
    return remove;
}

apr_status_t ds_db_remove_row(int *found, ds_db_remove_t *remove, const char *const *values,
                              apr_int64_t launch_id, const char *now)
{
    const char **to = remove->bound;
    char launch[24];

    if (remove->table->marks) {
        apr_snprintf(launch, sizeof(launch), "%" APR_INT64_T_FMT, launch_id);
        *to++ = launch;
        *to++ = now;
        *to++ = now;
    }
    memcpy(to, values, sizeof(char *) * (apr_size_t)remove->table->count);
    return ds_db_composed_query(found, remove->db, &remove->statement, remove->bound);
}
