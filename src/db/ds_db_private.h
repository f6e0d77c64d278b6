/* What the files of src/db share. */
#ifndef DS_DB_PRIVATE_H
#define DS_DB_PRIVATE_H

#include <apr_dbd.h>
#include <apr_hash.h>

#include "ds_db.h"
#include "ds_db_writelock.h"

struct ds_db_scan_t;
struct ds_db_chunk_t;

/* What differs between the databases, beside the texts of statements. */
typedef struct ds_db_dialect_t {
    const char *driver; /* its name in apr_dbd */
    int is_sqlite;

    /* Can a database be there at all? Before a connection is opened. */
    ds_problem_t *(*where_check)(const ds_db_where_t *where, apr_pool_t *pool);
    /* Open db->handle. */
    ds_problem_t *(*open)(ds_db_t *db, apr_pool_t *pool);
    /* Tell a new connection how we use it. */
    ds_problem_t *(*connection_prepare)(ds_db_t *db, const ds_db_where_t *where, apr_pool_t *pool);
    /* Around each call of the driver that may wait for the database; NULL: none. */
    void (*call_begin)(ds_db_t *db);
    void (*call_end)(ds_db_t *db);
    /* Before the process leaves; NULL: nothing. */
    void (*process_end)(void);
    apr_status_t (*now)(apr_time_t *now, ds_db_t *db);
    /* Outside a transaction, after a failure: true when the connection had been lost and there is
     * a new one in its place. */
    int (*revive)(ds_db_t *db);

    /* Our status for what the driver returned (not 0), and the database's words in pool. */
    apr_status_t (*failure)(const char **words, ds_db_t *db, int ret, apr_pool_t *pool);
    /* After a failure: has the connection gone? */
    int (*is_lost)(const ds_db_t *db);
    /* After a failed statement: can the transaction go on? Makes a tolerant one ready for it. */
    int (*transaction_lives_on)(ds_db_t *db);

    /* A begin that failed leaves nothing open. commit gives the driver's value. */
    apr_status_t (*begin)(ds_db_t *db);
    int (*commit)(ds_db_t *db);
    void (*rollback)(ds_db_t *db);
    /* After a transaction, when others may write again; or NULL. */
    void (*released)(ds_db_t *db);
    /* After a statement of a tolerant transaction that went well; the driver's value. */
    int (*statement_passed)(ds_db_t *db);

    /* PostgreSQL only. Send a statement with numbered placeholders and come back before it has
     * ended; then wait for its end. The driver's values. */
    int (*statement_begin)(ds_db_t *db, const char *sql, const char *const *values, int count);
    int (*statement_wait)(int *changed, ds_db_t *db);

    /* ds_db_chunk.h */
    apr_status_t (*chunk_read)(struct ds_db_chunk_t *chunk, ds_db_t *db, apr_int64_t file_id,
                               apr_int64_t offset, apr_pool_t *pool);
    apr_status_t (*chunk_append)(ds_db_t *db, const struct ds_db_chunk_t *chunk,
                                 apr_int64_t file_id);

    /* Of a scan (ds_db_scan_private.h): begin takes the snapshot; next sets the values of a row,
     * and is false after the last one or when scan->status is set; end lets the rows go. */
    apr_status_t (*scan_begin)(struct ds_db_scan_t *scan, apr_pool_t *pool);
    int (*scan_next)(struct ds_db_scan_t *scan);
    void (*scan_end)(struct ds_db_scan_t *scan);
} ds_db_dialect_t;

apr_status_t ds_db_sqlite_chunk_read(struct ds_db_chunk_t *chunk, ds_db_t *db, apr_int64_t file_id,
                                     apr_int64_t offset, apr_pool_t *pool);
apr_status_t ds_db_pgsql_chunk_read(struct ds_db_chunk_t *chunk, ds_db_t *db, apr_int64_t file_id,
                                    apr_int64_t offset, apr_pool_t *pool);
apr_status_t ds_db_sqlite_chunk_append(ds_db_t *db, const struct ds_db_chunk_t *chunk,
                                       apr_int64_t file_id);
apr_status_t ds_db_pgsql_chunk_append(ds_db_t *db, const struct ds_db_chunk_t *chunk,
                                      apr_int64_t file_id);
apr_status_t ds_db_sqlite_scan_begin(struct ds_db_scan_t *scan, apr_pool_t *pool);
int ds_db_sqlite_scan_next(struct ds_db_scan_t *scan);
void ds_db_sqlite_scan_end(struct ds_db_scan_t *scan);
apr_status_t ds_db_pgsql_scan_begin(struct ds_db_scan_t *scan, apr_pool_t *pool);
int ds_db_pgsql_scan_next(struct ds_db_scan_t *scan);
void ds_db_pgsql_scan_end(struct ds_db_scan_t *scan);

extern const ds_db_dialect_t ds_db_sqlite, ds_db_pgsql;

struct ds_db_t {
    apr_pool_t *pool; /* lives as long as the connection */
    const apr_dbd_driver_t *driver;
    const ds_db_dialect_t *dialect;
    ds_db_where_t where;
    struct ds_db_pgsql_t *pgsql;        /* PostgreSQL's own */
    apr_dbd_t *handle;                  /* NULL after close */
    ds_db_writelock_t *writelock;       /* SQLite only */
    apr_pool_t *transaction_pool;       /* cleared at each begin */
    apr_dbd_transaction_t *transaction; /* SQLite only */
    int in_transaction;
    int lazy;            /* the transaction at hand, or the next one, does not wait for the disk */
    int is_relaxed;      /* SQLite: so the connection is set */
    int wal_pages;       /* SQLite: pages in the WAL after the last commit */
    int wal_tried;       /* SQLite: and when it was last copied, as far as readers let it */
    int tolerant;        /* the transaction goes on after a failed statement */
    apr_status_t failed; /* the first failure inside the transaction */
    int broken;          /* the database has rolled it back by itself */
    int in_doubt;        /* nobody said how the last commit ended */
    int under_way;       /* a statement was sent that has not been waited for */
    int settled;         /* how many rows the last one of these changed */
    int owes_rows;       /* an upsert of the transaction must be finished before its commit */
    const char *error;   /* what the database said last, in error_pool */
    apr_pool_t *error_pool;
    apr_dbd_prepared_t *prepared[STMT_COUNT]; /* made at their first use */
    apr_hash_t *composed;                     /* text to apr_dbd_prepared_t, for ds_db_sql */
    int composed_count;                       /* prepared since the connection was opened */
};

struct ds_db_rows_t {
    ds_db_t *db;
    apr_pool_t *pool;
    apr_dbd_results_t *results;
    apr_dbd_row_t *row;
    int ended; /* the driver must not be asked again */
};

/* The text of a named statement for this connection's database. */
const char *ds_db_text(const ds_db_t *db, ds_stmt_e stmt);

/* The words of a driver without their line ends. */
const char *ds_db_one_line(const char *text, apr_pool_t *pool);

/* Open a handle of the driver with these parameters. */
ds_problem_t *ds_db_handle_open(apr_dbd_t **handle, ds_db_t *db, const char *params,
                                apr_pool_t *pool);

/* Around each call of the driver that may wait for the database. */
void ds_db_call_begin(ds_db_t *db);
void ds_db_call_end(ds_db_t *db);

/* Turn a driver's return value (not 0) into our status, keep the database's words, and note the
 * failure in the transaction. */
apr_status_t ds_db_failure(ds_db_t *db, int ret);

/* A failure that we find before the database does: words, in error_pool. The status to return. */
apr_status_t ds_db_refuse(ds_db_t *db, const char *words);

/* A statement went well: what follows may fail without it. */
apr_status_t ds_db_statement_passed(ds_db_t *db);

/* Wait for the statement that is under way, if there is one: before anything else is asked of the
 * connection. A failure is that statement's. */
apr_status_t ds_db_settle(ds_db_t *db);

/* The connection is a new one. */
void ds_db_plans_forget(ds_db_t *db);

/* How often a statement is prepared anew when the schema changes under it. */
#define DS_DB_STALE_TURNS 10

/* SQLite: run a PRAGMA. While a connection is opened or closed the file may be locked for a moment:
 * waits for its end. */
apr_status_t ds_db_pragma_run(ds_db_t *db, const char *sql);

/* Has a prepared statement failed because the schema was changed? SQLite only. */
int ds_db_is_stale(const ds_db_t *db);

/* Inside a transaction: be the only one that changes the schema. */
apr_status_t ds_db_schema_lock(ds_db_t *db, apr_pool_t *scratch);

/* Run SQL that has no arguments: composed DDL, or a schema step of several statements. */
apr_status_t ds_db_execute(ds_db_t *db, const char *sql);

#endif
