#include "dsw_import.h"

#include <string.h>

#include "ds_db_upsert.h"
#include "dsw_rows.h"

#define PENDING_BYTES (4 * 1024 * 1024) /* of rows that wait for their statement */

typedef struct {
    const ds_claim_t *claim;
    const ds_db_table_t *table;
    ds_db_upsert_t *upsert;
    const char **values; /* rows that wait for their statement */
    int pending;
    apr_size_t pending_bytes;
    apr_pool_t *pending_pool;
} import_t;

static void *import_begin(ds_db_t *db, const ds_claim_t *claim, const dsw_columns_t *columns,
                          apr_pool_t *pool)
{
    import_t *import = apr_pcalloc(pool, sizeof(*import));

    import->claim = claim;
    import->table = &columns->table;
    import->upsert = ds_db_upsert_make(db, &columns->table, pool);
    import->values = apr_palloc(pool, sizeof(char *) * (apr_size_t)columns->table.count *
                                          (apr_size_t)ds_db_upsert_rows_max(import->upsert));
    apr_pool_create(&import->pending_pool, pool);
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
        status = ds_db_upsert_rows(import->upsert, import->values, import->pending,
                                   import->claim->launch->id, dsw_batch_now(batch));
    import_drop(import);
    return status;
}

static apr_status_t import_flush(void *baton, dsw_batch_t *batch)
{
    import_t *import = baton;
    apr_status_t status = rows_send(import, batch);

    return status == APR_SUCCESS ? ds_db_upsert_finish(import->upsert) : status;
}

static void values_copy(import_t *import, const char *const *values)
{
    const char **to = import->values + (apr_size_t)import->pending * import->table->count;
    int i;

    for (i = 0; i < import->table->count; i++) {
        apr_size_t size;

        to[i] = NULL;
        if (!values[i])
            continue;
        size = strlen(values[i]) + 1;
        to[i] = memcpy(apr_palloc(import->pending_pool, size), values[i], size);
        import->pending_bytes += size;
    }
    import->pending++;
}

static apr_status_t import_row(const char **skipped, void *baton, dsw_batch_t *batch,
                               const char *const *values)
{
    import_t *import = baton;

    *skipped = NULL;
    values_copy(import, values);
    if (dsw_batch_is_careful(batch) || import->pending == ds_db_upsert_rows_max(import->upsert) ||
        import->pending_bytes >= PENDING_BYTES)
        return rows_send(import, batch);
    return APR_SUCCESS;
}

dsw_result_t dsw_import_run(ds_db_t *db, const ds_claim_t *claim, const ds_sync_t *sync,
                            apr_pool_t *pool)
{
    static const dsw_rows_kind_t kind = {
        .begin = import_begin, .row = import_row, .flush = import_flush, .drop = import_drop};

    return dsw_rows_run(db, claim, sync, &kind, pool);
}
