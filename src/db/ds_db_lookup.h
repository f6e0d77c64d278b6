/* Single rows of the table of an object, by their key. */
#ifndef DS_DB_LOOKUP_H
#define DS_DB_LOOKUP_H

#include "ds_db_table.h"

typedef struct ds_db_lookup_t ds_db_lookup_t;

/* table describes the columns that are read, the key's among them. pool lives as long as the
 * connection. A row that was marked as deleted is no row. */
ds_db_lookup_t *ds_db_lookup_make(ds_db_t *db, const ds_db_table_t *table, apr_pool_t *pool);

/* The row with these values of the key, in the order of the columns: a text for each column, NULL
 * for none, in pool; *values is NULL when there is no such row. With `locked`, inside a
 * transaction, nobody else changes the row before its end. */
apr_status_t ds_db_lookup_row(const char *const **values, ds_db_lookup_t *lookup,
                              const char *const *key, int locked, apr_pool_t *pool);

#endif
