/* Upserts into the table of an object. */
#ifndef DS_DB_UPSERT_H
#define DS_DB_UPSERT_H

#include "ds_db_table.h"

/* An upsert of rows into some columns of a table, all keys among them: rows that exist are changed
 * only where a value differs, and then carry the launch and the time. */
typedef struct ds_db_upsert_t ds_db_upsert_t;

ds_db_upsert_t *ds_db_upsert_make(ds_db_t *db, const ds_db_table_t *table, apr_pool_t *pool);

/* Rows that one statement takes at most. */
int ds_db_upsert_rows_max(const ds_db_upsert_t *upsert);

/* Inside a transaction: values holds count × table->count texts, row by row, NULL for none; they
 * need to live only during the call; now is an RFC 3339 time. On any failure nothing of the
 * transaction may be kept, unless it was begun with ds_db_begin_tolerant: then only this statement
 * has no effect. */
apr_status_t ds_db_upsert_rows(ds_db_upsert_t *upsert, const char **values, int count,
                               apr_int64_t launch_id, const char *now);

/* After the last rows of a transaction: PostgreSQL writes several rows while the caller goes on, so
 * what went wrong may be said by the next call only, whichever it is. A commit without this one
 * fails. */
apr_status_t ds_db_upsert_finish(ds_db_upsert_t *upsert);

#endif
