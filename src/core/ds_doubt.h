/* Commits in doubt: the connection was lost between a commit and its answer (ds_db_is_in_doubt).
 * Who has to tell somebody whether the launch is there looks it up. In every process. */
#ifndef DS_DOUBT_H
#define DS_DOUBT_H

#include "ds_launch.h"

/* How the transaction ended that was to make a launch, begun by ds_db_begin_queue; its commit was
 * sent at `sent` by the steady clock. APR_SUCCESS: the launch is there. DS_EBUSY: it is not; or,
 * the database could not be asked a second later, nobody knows. The log says which. */
apr_status_t ds_doubt_end(ds_db_t *db, const ds_launch_t *launch, apr_time_t sent,
                          apr_pool_t *scratch);

#endif
