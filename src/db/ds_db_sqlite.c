/* What is SQLite's own: its file, its settings, its codes, and its driver's transactions. */
#include <sqlite3.h>

#include <apr_file_info.h>
#include <apr_strings.h>

#include "ds_clock.h"
#include "ds_db_private.h"

#define PATIENCE apr_time_from_sec(2)
#define CANTOPEN_PATIENCE apr_time_from_msec(200) /* there it may as well be a lasting fault */
#define PAUSE apr_time_from_msec(5)
#define WAL_PAGES 16000 /* after so many the WAL is copied into the database: about 64 MB */

static sqlite3 *native(const ds_db_t *db)
{
    return apr_dbd_native_handle(db->driver, db->handle);
}

/* The first one to open the file makes its -wal and -shm, the last one to close it removes them.
 * Meanwhile it is locked; and when root is the first, they are root's for a moment, and nobody else
 * can open them. */
static apr_interval_time_t passing_patience(const ds_db_t *db)
{
    switch (sqlite3_errcode(native(db))) {
    case SQLITE_BUSY: return PATIENCE;
    case SQLITE_CANTOPEN: return CANTOPEN_PATIENCE;
    default: return 0;
    }
}

apr_status_t ds_db_pragma_run(ds_db_t *db, const char *sql)
{
    apr_time_t start = ds_clock_steady();
    apr_status_t status;

    for (;;) {
        /* It may answer with a row or with none; select takes either. */
        apr_dbd_results_t *rows = NULL;
        int ret = apr_dbd_select(db->driver, db->transaction_pool, db->handle, &rows, sql, 1);

        status = ret ? ds_db_failure(db, ret) : APR_SUCCESS;
        if (status == APR_SUCCESS || ds_clock_steady() - start >= passing_patience(db))
            return status;
        apr_sleep(PAUSE);
    }
}

static apr_status_t pragmas_run(ds_db_t *db, int cache_kb)
{
    static const ds_stmt_e pragmas[] = {STMT_SQLITE_BUSY, STMT_SQLITE_SYNCHRONOUS,
                                        STMT_SQLITE_TEMP_STORE, STMT_SQLITE_WAL_LIMIT};
    apr_status_t status = APR_SUCCESS;
    unsigned i;

    for (i = 0; i < sizeof(pragmas) / sizeof(*pragmas) && status == APR_SUCCESS; i++)
        status = ds_db_pragma_run(db, ds_db_text(db, pragmas[i]));
    if (cache_kb && status == APR_SUCCESS)
        status = ds_db_pragma_run(db, apr_psprintf(db->transaction_pool, "%s%d",
                                                   ds_db_text(db, STMT_SQLITE_CACHE), cache_kb));
    return status;
}

static ds_problem_t *file_check(const ds_db_where_t *where, apr_pool_t *pool)
{
    apr_finfo_t info;

    if (where->create || apr_stat(&info, where->params, APR_FINFO_TYPE, pool) == APR_SUCCESS)
        return NULL;
    return ds_problem_make(pool, DS_EBUSY,
                           "there is no database file \"%s\" yet: the worker makes it when httpd "
                           "starts",
                           where->params);
}

static int wal_grown(void *data, sqlite3 *handle, const char *name, int pages)
{
    ((ds_db_t *)data)->wal_pages = pages;
    return SQLITE_OK;
}

/* Not as a part of the commit, as SQLite would do it by itself, while others wait to write; and
 * seldom, because a page that is written again and again is copied once. */
static void wal_copy(ds_db_t *db)
{
    if (db->wal_pages < WAL_PAGES)
        db->wal_tried = 0;
    if (db->wal_pages - db->wal_tried < (db->wal_tried ? WAL_PAGES / 4 : WAL_PAGES))
        return; /* small, or kept by somebody who reads for long */
    db->wal_tried = db->wal_pages;
    sqlite3_wal_checkpoint_v2(native(db), NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

static ds_problem_t *handle_open(ds_db_t *db, apr_pool_t *pool)
{
    return ds_db_handle_open(&db->handle, db, db->where.params, pool);
}

static ds_problem_t *connection_prepare(ds_db_t *db, const ds_db_where_t *where, apr_pool_t *pool)
{
    apr_status_t status = ds_db_writelock_open(&db->writelock, where->params, db->pool);

    if (status != APR_SUCCESS)
        return ds_problem_make(pool, status, "cannot open \"%s-lock\" for writing: %s",
                               where->params, ds_problem_status_text(status, pool));
    if (pragmas_run(db, where->cache_kb) == APR_SUCCESS) {
        sqlite3_wal_hook(native(db), wal_grown, db);
        return NULL;
    }
    return ds_problem_make(pool, DS_EBUSY, "the database \"%s\" cannot be used: %s", where->params,
                           ds_db_error(db));
}

static apr_status_t now_get(apr_time_t *now, ds_db_t *db)
{
    *now = apr_time_now();
    return APR_SUCCESS;
}

static int never_lost(const ds_db_t *db)
{
    return 0;
}

static int never_revived(ds_db_t *db)
{
    return 0;
}

/* A statement that expired by a change of our own fails without any code. */
int ds_db_is_stale(const ds_db_t *db)
{
    int code;

    if (!db->dialect->is_sqlite)
        return 0;
    code = sqlite3_errcode(native(db));
    return code == SQLITE_SCHEMA || code == SQLITE_OK;
}

static apr_status_t failure_read(const char **words, ds_db_t *db, int ret, apr_pool_t *pool)
{
    *words = apr_pstrdup(pool, apr_dbd_error(db->driver, db->handle, ret));
    switch (sqlite3_errcode(native(db))) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_CORRUPT: /* also where a page could not be read just now */
    case SQLITE_NOTADB:
    case SQLITE_PROTOCOL: return DS_EBUSY; /* the machine's trouble, not the statement's */
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH: return DS_ECONSTRAINT;
    default: return DS_EDB;
    }
}

static int transaction_lives_on(ds_db_t *db)
{
    return !sqlite3_get_autocommit(native(db));
}

/* Inside a transaction it cannot be changed. */
static apr_status_t relaxed_set(ds_db_t *db, int wanted)
{
    apr_status_t status = APR_SUCCESS;

    if (db->is_relaxed != wanted)
        status = ds_db_pragma_run(
            db, ds_db_text(db, wanted ? STMT_SQLITE_SYNCHRONOUS_LAZY : STMT_SQLITE_SYNCHRONOUS));
    if (status == APR_SUCCESS)
        db->is_relaxed = wanted;
    return status;
}

/* The driver refuses all that follows a failed statement, unless it ignores errors; we remember
 * failures ourselves, and a statement that went stale must be repeatable. */
static apr_status_t begin(ds_db_t *db)
{
    apr_status_t status = relaxed_set(db, db->lazy);
    int ret;

    if (status != APR_SUCCESS)
        return status;
    ret = apr_dbd_transaction_start(db->driver, db->transaction_pool, db->handle, &db->transaction);
    if (ret) {
        status = ds_db_failure(db, ret);
        if (db->transaction)
            apr_dbd_transaction_end(db->driver, db->transaction_pool, db->transaction);
        return status;
    }
    apr_dbd_transaction_mode_set(db->driver, db->transaction,
                                 APR_DBD_TRANSACTION_ROLLBACK | APR_DBD_TRANSACTION_IGNORE_ERRORS);
    return APR_SUCCESS;
}

static int commit(ds_db_t *db)
{
    apr_dbd_transaction_mode_set(db->driver, db->transaction, APR_DBD_TRANSACTION_COMMIT);
    return apr_dbd_transaction_end(db->driver, db->transaction_pool, db->transaction);
}

static void rollback(ds_db_t *db)
{
    apr_dbd_transaction_end(db->driver, db->transaction_pool, db->transaction);
}

/* A statement that fails has no effect by itself. */
static int statement_passed(ds_db_t *db)
{
    return 0;
}

const ds_db_dialect_t ds_db_sqlite = {
    .driver = "sqlite3",
    .is_sqlite = 1,
    .where_check = file_check,
    .open = handle_open,
    .connection_prepare = connection_prepare,
    .now = now_get,
    .revive = never_revived,
    .failure = failure_read,
    .is_lost = never_lost,
    .transaction_lives_on = transaction_lives_on,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .released = wal_copy,
    .statement_passed = statement_passed,
    .chunk_read = ds_db_sqlite_chunk_read,
    .chunk_append = ds_db_sqlite_chunk_append,
    .scan_begin = ds_db_sqlite_scan_begin,
    .scan_next = ds_db_sqlite_scan_next,
    .scan_end = ds_db_sqlite_scan_end,
};
