/* An import: the records of the launch's file become rows of the object's table. */
#ifndef DSW_IMPORT_H
#define DSW_IMPORT_H

#include "dsw_runner.h"

/* Run a launch that this runner has claimed, from its checkpoint to its end. */
dsw_result_t dsw_import_run(ds_db_t *db, const ds_claim_t *claim, const ds_sync_t *sync,
                            apr_pool_t *pool);

#endif
