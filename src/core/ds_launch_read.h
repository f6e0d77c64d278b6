/* How rows of ds_launch and ds_sync become structures; for the files of src/core. */
#ifndef DS_LAUNCH_READ_H
#define DS_LAUNCH_READ_H

#include "ds_launch.h"

#define DS_LAUNCH_COLUMNS 22

/* The columns as sql/launch.sql lists them. In pool; texts live as long as the rows' pool. */
ds_launch_t *ds_launch_read(ds_db_rows_t *rows, apr_pool_t *pool);

/* The columns as SYNC_GET has them, the first of them at `column`; NULL where the sync has no row.
 */
void ds_sync_status_read(ds_sync_status_t *known, ds_db_rows_t *rows, int column);

#endif
