#include "dsw_import.h"

#include <string.h>

#include <apr_strings.h>

#include "ds_db_remove.h"
#include "ds_db_upsert.h"

#define PENDING_BYTES (4 * 1024 * 1024) /* of rows that wait for their statement */
#define SETS_MAX 16

/* Columns that a row fills, and the upsert into them. */
typedef struct {
    const char *given; /* for each column of the file: is it one of them? NULL: all are */
    ds_db_table_t table;
    ds_db_upsert_t *upsert;
} set_t;

typedef struct {
    ds_db_t *db;
    const ds_claim_t *claim;
    const dsw_columns_t *columns;
    set_t all;
    set_t some[SETS_MAX]; /* those that items had of late */
    int some_count;
    apr_pool_t *some_pool;
    set_t *set;          /* of the rows that wait */
    const char **values; /* rows that wait for their statement */
    int rows_max;
    int pending;
    apr_size_t pending_bytes;
    apr_pool_t *pending_pool;
    ds_db_remove_t *remove; /* made when it is needed */
    ds_db_table_t key;
    const char **key_values;
    apr_pool_t *pool;
} import_t;

static void *import_begin(ds_db_t *db, const ds_claim_t *claim, const dsw_columns_t *columns,
                          apr_pool_t *pool)
{
    import_t *import = apr_pcalloc(pool, sizeof(*import));

    import->db = db;
    import->claim = claim;
    import->columns = columns;
    import->all.table = columns->table;
    import->all.upsert = ds_db_upsert_make(db, &import->all.table, pool);
    import->set = &import->all;
    import->rows_max = ds_db_upsert_rows_max(import->all.upsert);
    import->values = apr_palloc(pool, sizeof(char *) * (apr_size_t)columns->table.count *
                                          (apr_size_t)import->rows_max);
    import->pool = pool;
    apr_pool_create(&import->pending_pool, pool);
    apr_pool_create(&import->some_pool, pool);
    return import;
}

static void import_drop(void *baton)
{
    import_t *import = baton;

    import->pending = 0;
    import->pending_bytes = 0;
    apr_pool_clear(import->pending_pool);
}

static apr_status_t rows_send(import_t *import, dsw_batch_t *batch)
{
    apr_status_t status;

    if (!import->pending)
        return APR_SUCCESS;
    status = dsw_batch_open(batch);
    if (status == APR_SUCCESS)
        status = ds_db_upsert_rows(import->set->upsert, import->values, import->pending,
                                   import->claim->launch->id, dsw_batch_now(batch));
    import_drop(import);
    return status;
}

static apr_status_t import_flush(void *baton, dsw_batch_t *batch)
{
    import_t *import = baton;
    apr_status_t status = rows_send(import, batch);

    return status == APR_SUCCESS ? ds_db_upsert_finish(import->set->upsert) : status;
}

/* --- items that do not have all fields --- */

/* The columns that are wanted, or the key's alone. */
static void table_choose(ds_db_table_t *table, const ds_db_table_t *from, const char *given,
                         apr_pool_t *pool)
{
    ds_db_column_t *columns = apr_palloc(pool, sizeof(*columns) * (apr_size_t)from->count);
    int i;

    *table = (ds_db_table_t){from->name, columns, 0, from->marks};
    for (i = 0; i < from->count; i++)
        if (given ? given[i] : from->columns[i].is_key)
            columns[table->count++] = from->columns[i];
}

static int set_is(const import_t *import, const set_t *set, const char *given)
{
    if (!given || !set->given)
        return given == set->given;
    return !memcmp(set->given, given, (apr_size_t)import->columns->table.count);
}

static set_t *set_find(import_t *import, const char *given)
{
    set_t *set;
    int i;

    if (!given)
        return &import->all;
    for (i = 0; i < import->some_count; i++)
        if (set_is(import, &import->some[i], given))
            return &import->some[i];
    if (import->some_count == SETS_MAX) {
        apr_pool_clear(import->some_pool);
        import->some_count = 0;
    }
    set = &import->some[import->some_count++];
    set->given = apr_pmemdup(import->some_pool, given, (apr_size_t)import->columns->table.count);
    table_choose(&set->table, &import->columns->table, given, import->some_pool);
    set->upsert = ds_db_upsert_make(import->db, &set->table, import->some_pool);
    return set;
}

/* Rows with other columns than those that wait go into another statement. */
static apr_status_t set_change(import_t *import, dsw_batch_t *batch, const char *given)
{
    apr_status_t status = import_flush(import, batch);

    import->set = set_find(import, given);
    return status;
}

/* Rows that wait come first: they may have the same key. */
static apr_status_t row_remove(const char **skipped, import_t *import, dsw_batch_t *batch,
                               const char *const *values)
{
    const ds_db_table_t *table = &import->columns->table;
    int found = 0, count = 0, i;
    apr_status_t status = import_flush(import, batch);

    if (!import->remove) {
        table_choose(&import->key, table, NULL, import->pool);
        import->remove = ds_db_remove_make(import->db, &import->key, import->pool);
        import->key_values = apr_palloc(import->pool, sizeof(char *) * (apr_size_t)table->count);
    }
    for (i = 0; i < table->count; i++)
        if (table->columns[i].is_key)
            import->key_values[count++] = values[i];
    if (status == APR_SUCCESS)
        status = dsw_batch_open(batch);
    if (status == APR_SUCCESS)
        status = ds_db_remove_row(&found, import->remove, import->key_values,
                                  import->claim->launch->id, dsw_batch_now(batch));
    *skipped = found ? NULL : DSW_NO_RECORD;
    return status;
}

/* --- rows --- */

static inline void value_copy(import_t *import, const char **to, const char *value)
{
    apr_size_t size;

    *to = NULL;
    if (!value)
        return;
    size = strlen(value) + 1;
    *to = memcpy(apr_palloc(import->pending_pool, size), value, size);
    import->pending_bytes += size;
}

static void values_copy(import_t *import, const char *const *values)
{
    const char **to = import->values + (apr_size_t)import->pending * import->set->table.count;
    const char *given = import->set->given;
    int count = import->columns->table.count, i;

    for (i = 0; i < count; i++)
        if (!given || given[i])
            value_copy(import, to++, values[i]);
    import->pending++;
}

static apr_status_t import_row(const char **skipped, void *baton, dsw_batch_t *batch,
                               const char *const *values)
{
    import_t *import = baton;
    apr_status_t status = APR_SUCCESS;

    *skipped = NULL;
    if (import->columns->is_removal)
        return row_remove(skipped, import, batch, values);
    if (!set_is(import, import->set, import->columns->given))
        status = set_change(import, batch, import->columns->given);
    if (status != APR_SUCCESS)
        return status;
    values_copy(import, values);
    if (dsw_batch_is_careful(batch) || import->pending == import->rows_max ||
        import->pending_bytes >= PENDING_BYTES)
        return rows_send(import, batch);
    return APR_SUCCESS;
}

const dsw_rows_kind_t dsw_import_kind = {
    .begin = import_begin, .row = import_row, .flush = import_flush, .drop = import_drop};

dsw_result_t dsw_import_run(ds_db_t *db, const ds_claim_t *claim, const ds_sync_t *sync,
                            apr_pool_t *pool)
{
    return dsw_rows_run(db, claim, sync, &dsw_import_kind, pool);
}
