#include "dsw_delete.h"

#include "ds_db_remove.h"
#include "dsw_rows.h"

typedef struct {
    const ds_claim_t *claim;
    ds_db_remove_t *remove;
} delete_t;

static void *delete_begin(ds_db_t *db, const ds_claim_t *claim, const dsw_columns_t *columns,
                          apr_pool_t *pool)
{
    delete_t *delete = apr_palloc(pool, sizeof(*delete));

    delete->claim = claim;
    delete->remove = ds_db_remove_make(db, &columns->table, pool);
    return delete;
}

static apr_status_t delete_row(const char **skipped, void *baton, dsw_batch_t *batch,
                               const char *const *values)
{
    delete_t *delete = baton;
    int found = 0;
    apr_status_t status = dsw_batch_open(batch);

    if (status == APR_SUCCESS)
        status = ds_db_remove_row(&found, delete->remove, values, delete->claim->launch->id,
                                  dsw_batch_now(batch));
    *skipped = found ? NULL : DSW_NO_RECORD;
    return status;
}

dsw_result_t dsw_delete_run(ds_db_t *db, const ds_claim_t *claim, const ds_sync_t *sync,
                            apr_pool_t *pool)
{
    static const dsw_rows_kind_t kind = {.keys_only = 1, .begin = delete_begin, .row = delete_row};

    return dsw_rows_run(db, claim, sync, &kind, pool);
}
