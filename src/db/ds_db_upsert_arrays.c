#include "ds_db_upsert_arrays.h"

#include <string.h>

#include <apr_hash.h>
#include <apr_strings.h>

#define OWN_ARGUMENTS 2 /* the launch and the time, before the arrays */

/* " FROM unnest($3::text[], ...) AS n (...)": in the order of the arrays. */
static void sql_rows_add(ds_db_sql_t *sql, const ds_db_t *db, const ds_db_table_t *table)
{
    int i;

    ds_db_sql_add(sql, " FROM unnest(", NULL);
    for (i = 0; i < table->count; i++)
        ds_db_sql_add(sql,
                      apr_psprintf(sql->pool, "%s$%d::%s[]", i ? ", " : "", i + 1 + OWN_ARGUMENTS,
                                   ds_db_sql_type(db, table->columns[i].kind)),
                      NULL);
    ds_db_sql_add(sql, ") AS n (", NULL);
    ds_db_sql_columns_add(sql, table, DS_ALL_COLUMNS, "");
    ds_db_sql_add(sql, ")", NULL);
}

/* " WHERE NOT EXISTS (SELECT FROM t AS o WHERE o.key = n.key AND ...)": a row that is there and the
 * same would be locked for nothing. The offset keeps it a look at the index for each row: as a join
 * it might read the whole table for each statement. */
static void sql_wanted_add(ds_db_sql_t *sql, const ds_db_table_t *table, ds_db_arrays_e which)
{
    int i, count = 0;

    ds_db_sql_add(sql, " WHERE NOT EXISTS (SELECT FROM ", ds_db_sql_name(table->name, sql->pool),
                  " AS o WHERE ", NULL);
    for (i = 0; i < table->count; i++) {
        const ds_db_column_t *column = &table->columns[i];
        const char *name = ds_db_sql_name(column->name, sql->pool);

        if (column->is_key || which == DS_ARRAYS_DIFFERING)
            ds_db_sql_add(sql, count++ ? " AND " : "", "o.", name,
                          column->is_key ? " = n." : " IS NOT DISTINCT FROM n.", name, NULL);
    }
    if (table->marks && which == DS_ARRAYS_DIFFERING)
        ds_db_sql_add(sql, " AND o.\"_deleted_at\" IS NULL", NULL);
    ds_db_sql_add(sql, " OFFSET 0)", NULL);
}

ds_db_sql_t *ds_db_arrays_sql(const ds_db_t *db, const ds_db_table_t *table, ds_db_arrays_e which,
                              apr_pool_t *pool)
{
    ds_db_sql_t *sql = ds_db_sql_begin("INSERT INTO ", pool);

    ds_db_sql_add(sql, ds_db_sql_name(table->name, pool), " (\"_launch_id\", \"_updated_at\", ",
                  NULL);
    ds_db_sql_columns_add(sql, table, DS_ALL_COLUMNS, "");
    ds_db_sql_add(sql, ") SELECT $1::", ds_db_sql_type(db, DS_COLUMN_INTEGER),
                  ", $2::", ds_db_sql_type(db, DS_COLUMN_DATETIME), ", ", NULL);
    ds_db_sql_columns_add(sql, table, DS_ALL_COLUMNS, "n.");
    sql_rows_add(sql, db, table);
    sql_wanted_add(sql, table, which);
    return sql;
}

/* --- keys --- */

/* The key of a row as one text; of several columns with the length of each value before it. */
static const char *key_text(const ds_db_table_t *table, const char *const *values, apr_pool_t *pool)
{
    const char *key = NULL;
    int i;

    for (i = 0; i < table->count; i++) {
        const char *value = values[i] ? values[i] : "";

        if (!table->columns[i].is_key)
            continue;
        key = key ? apr_psprintf(pool, "%s %" APR_SIZE_T_FMT ":%s", key, strlen(value), value)
                  : value;
    }
    return key;
}

/* Say of each row whether it is the last one of its key. */
static const char *last_ones_find(int *found, const ds_db_table_t *table, const char *const *values,
                                  int count, apr_pool_t *pool)
{
    apr_hash_t *seen = apr_hash_make(pool);
    char *last = apr_palloc(pool, (apr_size_t)count);
    int row;

    *found = 0;
    for (row = count - 1; row >= 0; row--) {
        const char *key = key_text(table, values + (apr_size_t)row * table->count, pool);

        last[row] = apr_hash_get(seen, key, APR_HASH_KEY_STRING) == NULL;
        if (!last[row])
            continue;
        apr_hash_set(seen, key, APR_HASH_KEY_STRING, "");
        ++*found;
    }
    return last;
}

/* --- arrays --- */

/* An element in double quotes; NULL without. */
static char *element_write(char *to, const char *value)
{
    if (!value) {
        memcpy(to, "NULL", 4);
        return to + 4;
    }
    *to++ = '"';
    for (; *value; value++) {
        if (*value == '"' || *value == '\\')
            *to++ = '\\';
        *to++ = *value;
    }
    *to++ = '"';
    return to;
}

/* The values of a column: every `step`th of them. */
static const char *array_make(const char *const *values, int step, const char *wanted, int count,
                              apr_pool_t *pool)
{
    apr_size_t size = 3;
    char *text, *to;
    int row;

    for (row = 0; row < count; row++)
        if (wanted[row])
            size += values[row * step] ? 2 * strlen(values[row * step]) + 3 : 5;
    text = to = apr_palloc(pool, size);
    *to++ = '{';
    for (row = 0; row < count; row++) {
        if (!wanted[row])
            continue;
        if (to > text + 1)
            *to++ = ',';
        to = element_write(to, values[row * step]);
    }
    *to++ = '}';
    *to = '\0';
    return text;
}

int ds_db_arrays_make(const char **arrays, const ds_db_table_t *table, const char *const *values,
                      int count, apr_pool_t *pool)
{
    int found, i;
    const char *wanted = last_ones_find(&found, table, values, count, pool);

    for (i = 0; i < table->count; i++)
        arrays[i] = array_make(values + i, table->count, wanted, count, pool);
    return found;
}
