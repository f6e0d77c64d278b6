/* Upserts of PostgreSQL: one statement for any number of rows, which takes an array for each
 * column. For ds_db_upsert.c. */
#ifndef DS_DB_UPSERT_ARRAYS_H
#define DS_DB_UPSERT_ARRAYS_H

#include "ds_db_sql.h"

/* INSERT … SELECT of the rows that are new or differ, up to " ON CONFLICT". Its arguments are the
 * launch, the time, and the arrays in the order of the columns. */
ds_db_sql_t *ds_db_arrays_sql(const ds_db_t *db, const ds_db_table_t *table, apr_pool_t *pool);

/* The arrays of these rows, in pool. Of rows with the same key only the last one is in them: the
 * statement cannot meet a row twice. */
void ds_db_arrays_make(const char **arrays, const ds_db_table_t *table, const char *const *values,
                       int count, apr_pool_t *pool);

#endif
