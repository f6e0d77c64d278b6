/* What the files of src/db share. */
#ifndef DS_DB_PRIVATE_H
#define DS_DB_PRIVATE_H

#include <apr_dbd.h>

#include "ds_db.h"
#include "ds_db_writelock.h"

struct ds_db_t {
    apr_pool_t *pool; /* lives as long as the connection */
    const apr_dbd_driver_t *driver;
    apr_dbd_t *handle; /* NULL after close */
    int is_sqlite;
    ds_db_writelock_t *writelock; /* SQLite only */
    apr_pool_t *transaction_pool; /* cleared at each begin */
    apr_dbd_transaction_t *transaction;
    int in_transaction;
    apr_status_t failed; /* the first failure inside the transaction */
    int broken;          /* the database has rolled it back by itself */
    const char *error;   /* what the database said last, in error_pool */
    apr_pool_t *error_pool;
    apr_dbd_prepared_t *prepared[STMT_COUNT]; /* made at their first use */
};

struct ds_db_rows_t {
    ds_db_t *db;
    apr_pool_t *pool;
    apr_dbd_results_t *results;
    apr_dbd_row_t *row;
};

/* The text of a named statement for this connection's database. */
const char *ds_db_text(const ds_db_t *db, ds_stmt_e stmt);

/* Turn a driver's return value (not 0) into our status, keep the database's words, and note the
 * failure in the transaction. */
apr_status_t ds_db_failure(ds_db_t *db, int ret);

/* How often a statement is prepared anew when the schema changes under it. */
#define DS_DB_STALE_TURNS 10

/* Has a prepared statement failed because the schema was changed? SQLite only. */
int ds_db_is_stale(const ds_db_t *db);

/* Run SQL that has no arguments: composed DDL, or a schema step of several statements. */
apr_status_t ds_db_execute(ds_db_t *db, const char *sql);

#endif
