/* An import: the records of the launch's file become rows of the object's table. */
#ifndef DSW_IMPORT_H
#define DSW_IMPORT_H

#include "dsw_rows.h"

/* Run a launch that this runner has claimed, from its checkpoint to its end. */
dsw_result_t dsw_import_run(ds_db_t *db, const ds_claim_t *claim, const ds_sync_t *sync,
                            apr_pool_t *pool);

/* What it does with rows: for launches that do the same with rows from elsewhere. */
extern const dsw_rows_kind_t dsw_import_kind;

#endif
