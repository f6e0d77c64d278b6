/* Removals from the table of an object, by key. */
#ifndef DS_DB_REMOVE_H
#define DS_DB_REMOVE_H

#include "ds_db_table.h"

typedef struct ds_db_remove_t ds_db_remove_t;

/* table describes the key's columns and no others. With table->marks rows are not removed but get
 * the time of their removal; a marked row is no row any more. */
ds_db_remove_t *ds_db_remove_make(ds_db_t *db, const ds_db_table_t *table, apr_pool_t *pool);

/* Inside a transaction: remove the row with these key values, in the order of the columns. *found
 * is false when there is none. now is an RFC 3339 time. */
apr_status_t ds_db_remove_row(int *found, ds_db_remove_t *remove, const char *const *values,
                              apr_int64_t launch_id, const char *now);

#endif
