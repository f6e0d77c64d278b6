/* How a row of ds_launch becomes a ds_launch_t; for ds_launch.c and ds_queue.c. */
#ifndef DS_LAUNCH_READ_H
#define DS_LAUNCH_READ_H

#include "ds_launch.h"

/* The columns as sql/launch.sql lists them. In pool; texts live as long as the rows' pool. */
ds_launch_t *ds_launch_read(ds_db_rows_t *rows, apr_pool_t *pool);

#endif
