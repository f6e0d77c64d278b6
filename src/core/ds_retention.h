/* Retention: what has ended goes when it is old enough, or one too many. For the keeper. */
#ifndef DS_RETENTION_H
#define DS_RETENTION_H

#include "ds_def.h"

/* Remove some of what the rules say, in short transactions. *more is true while there is work left.
 * The newest output of each sync stays, and so does the input of a launch that still waits to read
 * it. */
apr_status_t ds_retention_run(int *more, ds_db_t *db, const ds_def_t *def, apr_pool_t *scratch);

#endif
