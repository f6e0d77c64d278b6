/* Tables of objects: the only SQL that is put together at run time. Names come from checked
 * definitions and are quoted; values are always bound.
 *
 * src/db knows no objects: its caller describes a table by columns. */
#ifndef DS_DB_TABLE_H
#define DS_DB_TABLE_H

#include "ds_db.h"

/* Columns that every table has, beside _launch_id: when a row was changed last, and when it came,
 * which is NULL as long as the row was never changed. Whoever reads it gets a time all the same. */
#define DS_COLUMN_UPDATED "_updated_at"
#define DS_COLUMN_CREATED "_created_at"

/* What a column stores; the SQL type follows from it. */
typedef enum ds_db_column_e {
    DS_COLUMN_TEXT,
    DS_COLUMN_INTEGER,
    DS_COLUMN_DECIMAL,
    DS_COLUMN_BOOLEAN,
    DS_COLUMN_DATE,
    DS_COLUMN_DATETIME
} ds_db_column_e;

typedef struct ds_db_column_t {
    const char *name;
    ds_db_column_e kind;
    int is_key;
} ds_db_column_t;

typedef struct ds_db_table_t {
    const char *name;
    const ds_db_column_t *columns;
    int count;
    int marks; /* deleted rows stay and have a time in _deleted_at */
} ds_db_table_t;

/* Create the table with its unique key, or add the columns it lacks. Inside a transaction. */
apr_status_t ds_db_table_create(ds_db_t *db, const ds_db_table_t *table, apr_pool_t *scratch);

/* How many rows it has. */
apr_status_t ds_db_table_count(apr_int64_t *rows, ds_db_t *db, const char *table,
                               apr_pool_t *scratch);

#endif
