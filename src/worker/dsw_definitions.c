#include "dsw_definitions.h"

dsw_definitions_t *dsw_definitions_make(apr_pool_t *pool)
{
    dsw_definitions_t *definitions = apr_pcalloc(pool, sizeof(*definitions));

    apr_pool_create(&definitions->pool, pool);
    return definitions;
}

apr_status_t dsw_definitions_refresh(int *changed, dsw_definitions_t *definitions, ds_db_t *db)
{
    apr_pool_t *pool;
    ds_def_t *def = definitions->def;
    apr_status_t status;

    apr_pool_create(&pool, apr_pool_parent_get(definitions->pool));
    status = ds_def_refresh(&def, definitions->hash, db, pool);
    *changed = status == APR_SUCCESS && def != definitions->def;
    if (!*changed) {
        apr_pool_destroy(pool);
        return status;
    }
    apr_pool_destroy(definitions->pool);
    definitions->pool = pool;
    definitions->def = def;
    return APR_SUCCESS;
}
