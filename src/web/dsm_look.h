/* The look at the database that most requests begin with (ds_look.h). Requests that look at the
 * same time are answered by one statement: what a PostgreSQL takes for one is mostly the message
 * and the waking up.
 *
 * Children only, any thread. */
#ifndef DSM_LOOK_H
#define DSM_LOOK_H

#include "ds_db.h"
#include "ds_look.h"

/* In child_init; lives as long as the child. */
apr_status_t dsm_look_open(const ds_db_where_t *where, apr_pool_t *pchild);

/* Answer a look, maybe together with those of other threads. The answer is not older than the call.
 * Returns look->status, DS_EBUSY when there is no connection. */
apr_status_t dsm_look_run(ds_look_t *look);

#endif
