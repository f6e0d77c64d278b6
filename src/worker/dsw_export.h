/* An export: the rows of an object's table become a file of the launch, from one consistent
 * snapshot. */
#ifndef DSW_EXPORT_H
#define DSW_EXPORT_H

#include "ds_def.h"
#include "dsw_runner.h"

/* Run a launch that this runner has claimed; a query may read what other syncs of `def` show. An
 * export that was interrupted begins anew: a snapshot does not outlive its reader. The file is
 * bound to the launch only when it is whole. */
dsw_result_t dsw_export_run(const dsw_t *worker, ds_db_t *db, const ds_claim_t *claim,
                            const ds_sync_t *sync, const ds_def_t *def, apr_pool_t *pool);

#endif
