/* The database: the only caller of apr_dbd. Every statement has a name (ds_db_statements.h, made
 * from sql/); only object tables have composed ones (ds_db_table.h).
 *
 * One ds_db_t is one connection. It is used by one thread at a time and never crosses a fork. Rules
 * and reasons: docs/database.md. */
#ifndef DS_DB_H
#define DS_DB_H

#include <apr_pools.h>
#include <apr_time.h>

#include "ds_db_statements.h"
#include "ds_problem.h"

typedef struct ds_db_t ds_db_t;
typedef struct ds_db_rows_t ds_db_rows_t;

/* One argument of a statement. Text and blobs are not copied: they must live until the call ends.
 */
typedef struct ds_db_arg_t {
    enum { DS_ARG_END, DS_ARG_INT, DS_ARG_TEXT, DS_ARG_BLOB } kind;
    apr_int64_t number; /* the integer, or the blob's size in bytes */
    const void *data;   /* NULL stores NULL */
} ds_db_arg_t;

#define DS_INT(v) ((ds_db_arg_t){DS_ARG_INT, (v), ""})
#define DS_INT_OR_NULL(v) ((ds_db_arg_t){DS_ARG_INT, (v), (v) ? "" : NULL}) /* 0 becomes NULL */
#define DS_TEXT(v) ((ds_db_arg_t){DS_ARG_TEXT, 0, (v)})
#define DS_BLOB(v, size) ((ds_db_arg_t){DS_ARG_BLOB, (apr_int64_t)(size), (v)})
#define DS_ARGS(...) ((const ds_db_arg_t[]){__VA_ARGS__, {DS_ARG_END, 0, NULL}})
#define DS_NO_ARGS ((const ds_db_arg_t[]){{DS_ARG_END, 0, NULL}})

/* Where the database is, and how a connection of this process uses it. */
typedef struct ds_db_where_t {
    const char *driver; /* "sqlite3" or "pgsql" */
    const char *params; /* as apr_dbd_open takes them */
    int cache_kb;       /* SQLite's page cache for this connection; 0: SQLite's default */
    int create; /* may make an SQLite file that is not there, and may use any schema: for the
                   migration; else both are problems */
    int brisk;  /* somebody waits: PostgreSQL that does not answer is given up within two seconds,
                   and no statement lasts longer than ten */
} ds_db_where_t;

/* Once per process, before anything else of this file. */
apr_status_t ds_db_init(apr_pool_t *process_pool);

/* Is there an apr_dbd driver of that name? The problem names the package to install. For checks of
 * a configuration: opens nothing. Calls ds_db_init for the life of pool when nobody has yet. */
ds_problem_t *ds_db_driver_check(const char *driver, apr_pool_t *pool);

/* Open a connection; it closes with pool. The problem never shows the parameters; its status is
 * DS_EBUSY where waiting may help (no database yet, or away) and DS_ESCHEMA for another schema. */
ds_problem_t *ds_db_open(ds_db_t **db, const ds_db_where_t *where, apr_pool_t *pool);

/* Close it before its pool goes. */
void ds_db_close(ds_db_t *db);

/* True when the connection should be closed and another one opened, outside a transaction: the
 * driver frees a statement only then, and clients may send columns in ever another order. */
int ds_db_is_worn(const ds_db_t *db);

/* After DS_EDB, DS_EBUSY or DS_ECONSTRAINT: what the database said last. Valid until the next call.
 */
const char *ds_db_error(const ds_db_t *db);

/* The database's clock: what leases and due times are counted by. */
apr_status_t ds_db_now(apr_time_t *now, ds_db_t *db);

/* Run a statement that gives no rows. changed (may be NULL) is the number of rows it changed.
 * Outside a transaction it is one of its own and waits for other writers like ds_db_begin. */
apr_status_t ds_db_query(ds_db_t *db, int *changed, ds_stmt_e stmt, const ds_db_arg_t *args);

/* Run a statement that gives rows and read all of them into pool. Statements that write (RETURNING)
 * must stand in a transaction: outside of one it is repeated when the connection had been lost.
 * Bound the result by the statement. */
apr_status_t ds_db_select(ds_db_rows_t **rows, ds_db_t *db, ds_stmt_e stmt, const ds_db_arg_t *args,
                          apr_pool_t *pool);

/* Is there such a statement for this connection's database? Some are one database's own. */
int ds_db_has_statement(const ds_db_t *db, ds_stmt_e stmt);

/* Go to the next row; false after the last. Columns count from 0, values live as long as the pool.
 */
int ds_db_rows_next(ds_db_rows_t *rows);

/* From here on values live as long as this pool. */
void ds_db_rows_pool_set(ds_db_rows_t *rows, apr_pool_t *pool);
apr_int64_t ds_db_rows_int(ds_db_rows_t *rows, int column);  /* NULL reads as 0 */
const char *ds_db_rows_text(ds_db_rows_t *rows, int column); /* NULL reads as NULL */

/* A transaction. begin waits at most two seconds for other writers of an SQLite file (DS_EBUSY);
 * writers of a PostgreSQL meet at rows and wait there as long as its lock_timeout allows. A
 * connection that was lost is opened anew by begin; DS_EBUSY when the server is away. After any
 * failed statement commit rolls back and returns that statement's status. Exactly one of commit and
 * rollback follows a begin that succeeded; rollback after a failed commit is harmless. */
apr_status_t ds_db_begin(ds_db_t *db);
apr_status_t ds_db_commit(ds_db_t *db);
void ds_db_rollback(ds_db_t *db);

/* After a commit that failed: true when its answer was lost with the connection. Then it may have
 * happened all the same, or happens yet: the server ends it or takes it back, and keeps its locks
 * until then. */
int ds_db_is_in_doubt(const ds_db_t *db);

/* The next transaction need not wait for the disk: a power cut may take it back, whole, unless a
 * later one that waited has been committed. For work that would then be done again, never for what
 * an answer depends on. */
void ds_db_lazy_set(ds_db_t *db);

/* Begin a transaction that alone, from whatever machine, makes, chooses and removes launches:
 * limits are kept, a key is used once, launches are seen in the order of their ids. DS_ESCHEMA when
 * the schema has become too new for this program since the connection was opened. */
apr_status_t ds_db_begin_queue(ds_db_t *db);

/* Begin a transaction in which a failed statement has no effect and may be passed over:
 * ds_db_forgive lets commit go on after it. Its status is not APR_SUCCESS when the database has
 * given up the whole transaction; then only rollback is left. */
apr_status_t ds_db_begin_tolerant(ds_db_t *db);
apr_status_t ds_db_forgive(ds_db_t *db);

/* Inside a transaction: what is written between the two is taken back by the second. */
apr_status_t ds_db_dry_run_begin(ds_db_t *db);
apr_status_t ds_db_dry_run_end(ds_db_t *db);

/* Between two transactions of a long series of them: let those go first who wait to write. */
void ds_db_yield(ds_db_t *db);

#endif
