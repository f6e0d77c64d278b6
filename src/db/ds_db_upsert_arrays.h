/* Upserts of PostgreSQL: one statement for any number of rows, which takes an array for each
 * column. For ds_db_upsert.c. */
#ifndef DS_DB_UPSERT_ARRAYS_H
#define DS_DB_UPSERT_ARRAYS_H

#include "ds_db_sql.h"

typedef enum ds_db_arrays_e { DS_ARRAYS_NEW, DS_ARRAYS_DIFFERING } ds_db_arrays_e;

/* INSERT … SELECT of the rows whose key is new, or of those that are new or differ: this one up to
 * " ON CONFLICT". The arguments are the launch, the time, and the arrays in the order of the
 * columns. */
ds_db_sql_t *ds_db_arrays_sql(const ds_db_t *db, const ds_db_table_t *table, ds_db_arrays_e which,
                              apr_pool_t *pool);

/* The arrays of these rows, in pool; returns how many rows are in them. Of rows with the same key
 * it is only the last one: the statement cannot meet a row twice. */
int ds_db_arrays_make(const char **arrays, const ds_db_table_t *table, const char *const *values,
                      int count, apr_pool_t *pool);

#endif
