/* A pull: the records of a remote REST API become rows of the object's table. */
#ifndef DSW_PULL_H
#define DSW_PULL_H

#include "dsw_runner.h"

/* Run a launch that this runner has claimed, from its page to its end. */
dsw_result_t dsw_pull_run(ds_db_t *db, const ds_claim_t *claim, const ds_sync_t *sync,
                          const ds_egress_t *egress, apr_pool_t *pool);

#endif
