/* A delete: the keys in the launch's file name the rows to remove, or to mark, in the object's
 * table. */
#ifndef DSW_DELETE_H
#define DSW_DELETE_H

#include "dsw_runner.h"

/* Run a launch that this runner has claimed, from its checkpoint to its end. A key that no row has
 * is counted as skipped and named in the warnings file. */
dsw_result_t dsw_delete_run(ds_db_t *db, const ds_claim_t *claim, const ds_sync_t *sync,
                            apr_pool_t *pool);

#endif
