#include "ds_db.h"

#include <sqlite3.h>
#include <stdlib.h>

#include <apr_file_info.h>
#include <apr_strings.h>

#include "ds_db_migrate.h"
#include "ds_db_private.h"

#define OPEN_TRIES 10
#define OPEN_PAUSE apr_time_from_msec(20)

static int initialised;

static apr_status_t uninit(void *data)
{
    initialised = 0;
    return APR_SUCCESS;
}

apr_status_t ds_db_init(apr_pool_t *process_pool)
{
    apr_status_t status;

    if (initialised)
        return APR_SUCCESS;
    status = apr_dbd_init(process_pool);
    if (status == APR_SUCCESS) {
        initialised = 1;
        apr_pool_cleanup_register(process_pool, NULL, uninit, apr_pool_cleanup_null);
    }
    return status;
}

static ds_problem_t *driver_find(const apr_dbd_driver_t **driver, const char *name,
                                 apr_pool_t *pool)
{
    apr_status_t status = ds_db_init(pool);

    if (status == APR_SUCCESS)
        status = apr_dbd_get_driver(pool, name, driver);
    if (status == APR_SUCCESS)
        return NULL;
    return ds_problem_make(pool, status,
                           "the apr_dbd driver \"%s\" cannot be loaded: install "
                           "libaprutil1-dbd-%s (Debian) or apr-util-%s (RPM)",
                           name, name, strcmp(name, "sqlite3") ? name : "sqlite");
}

ds_problem_t *ds_db_driver_check(const char *driver, apr_pool_t *pool)
{
    const apr_dbd_driver_t *found;

    return driver_find(&found, driver, pool);
}

static apr_status_t close_cleanup(void *data)
{
    ds_db_close(data);
    return APR_SUCCESS;
}

void ds_db_close(ds_db_t *db)
{
    if (!db->handle)
        return;
    if (db->in_transaction)
        ds_db_rollback(db);
    apr_dbd_close(db->driver, db->handle);
    db->handle = NULL;
    apr_pool_cleanup_kill(db->pool, db, close_cleanup);
}

static int sqlite_code(const ds_db_t *db)
{
    return sqlite3_errcode(apr_dbd_native_handle(db->driver, db->handle));
}

/* A PRAGMA may answer with a row or with none; both drivers' select takes either. */
static apr_status_t pragma_run(ds_db_t *db, const char *sql)
{
    apr_dbd_results_t *rows = NULL;
    int ret = apr_dbd_select(db->driver, db->transaction_pool, db->handle, &rows, sql, 1);

    return ret ? ds_db_failure(db, ret) : APR_SUCCESS;
}

static apr_status_t sqlite_settings_make(ds_db_t *db, int cache_mb)
{
    static const ds_stmt_e pragmas[] = {STMT_CONNECTION_BUSY, STMT_CONNECTION_SYNCHRONOUS,
                                        STMT_CONNECTION_TEMP_STORE, STMT_CONNECTION_WAL_LIMIT};
    apr_status_t status = APR_SUCCESS;
    unsigned i;

    for (i = 0; i < sizeof(pragmas) / sizeof(*pragmas) && status == APR_SUCCESS; i++)
        status = pragma_run(db, ds_db_text(db, pragmas[i]));
    if (cache_mb && status == APR_SUCCESS)
        status =
            pragma_run(db, apr_psprintf(db->transaction_pool, "%s%d",
                                        ds_db_text(db, STMT_CONNECTION_CACHE), cache_mb * 1024));
    return status;
}

/* The first one to open the file makes its -wal and -shm, the last one to close it removes them.
 * Meanwhile it is locked; and when root is the first, they are root's for a moment, and nobody else
 * can open them. */
static int is_passing(const ds_db_t *db)
{
    return sqlite_code(db) == SQLITE_BUSY || sqlite_code(db) == SQLITE_CANTOPEN;
}

static apr_status_t sqlite_prepare_connection(ds_db_t *db, int cache_mb)
{
    apr_status_t status = sqlite_settings_make(db, cache_mb);
    int tries;

    for (tries = 1; status != APR_SUCCESS && is_passing(db) && tries < OPEN_TRIES; tries++) {
        apr_sleep(OPEN_PAUSE);
        status = sqlite_settings_make(db, cache_mb);
    }
    return status;
}

static ds_problem_t *schema_check(ds_db_t *db, apr_pool_t *pool)
{
    int found, newest;
    apr_status_t status = ds_db_schema_version(&found, &newest, db, pool);

    if (status != APR_SUCCESS)
        return ds_problem_make(pool, DS_EBUSY, "the database cannot be read: %s", ds_db_error(db));
    if (found < newest)
        return ds_problem_make(pool, DS_EBUSY,
                               "the database has schema version %d, version %d is needed: a worker "
                               "of this version brings it there when it starts",
                               found, newest);
    if (found > newest)
        return ds_problem_make(pool, DS_ESCHEMA,
                               "the database has schema version %d, this program knows %d: "
                               "update the program",
                               found, newest);
    return NULL;
}

static ds_problem_t *sqlite_file_check(const ds_db_where_t *where, apr_pool_t *pool)
{
    apr_finfo_t info;

    if (where->create || apr_stat(&info, where->params, APR_FINFO_TYPE, pool) == APR_SUCCESS)
        return NULL;
    return ds_problem_make(pool, DS_EBUSY,
                           "there is no database file \"%s\" yet: the worker makes it when httpd "
                           "starts",
                           where->params);
}

static ds_problem_t *sqlite_open(ds_db_t *db, const ds_db_where_t *where, apr_pool_t *pool)
{
    apr_status_t status = ds_db_writelock_open(&db->writelock, where->params, db->pool);

    if (status != APR_SUCCESS)
        return ds_problem_make(pool, status, "cannot open \"%s-lock\" for writing: %s",
                               where->params, ds_problem_status_text(status, pool));
    if (sqlite_prepare_connection(db, where->cache_mb) == APR_SUCCESS)
        return NULL;
    return ds_problem_make(pool, DS_EBUSY, "the database \"%s\" cannot be used: %s", where->params,
                           ds_db_error(db));
}

static ds_db_t *connection_make(const apr_dbd_driver_t *driver, apr_pool_t *pool)
{
    ds_db_t *db = apr_pcalloc(pool, sizeof(*db));

    db->pool = pool;
    db->driver = driver;
    db->is_sqlite = !strcmp(apr_dbd_name(driver), "sqlite3");
    db->error = "";
    apr_pool_create(&db->transaction_pool, pool);
    apr_pool_create(&db->error_pool, pool);
    return db;
}

ds_problem_t *ds_db_open(ds_db_t **result, const ds_db_where_t *where, apr_pool_t *pool)
{
    const apr_dbd_driver_t *driver = NULL;
    const char *error = NULL;
    ds_problem_t *problem = driver_find(&driver, where->driver, pool);
    ds_db_t *db;

    if (problem)
        return problem;
    db = connection_make(driver, pool);
    if (db->is_sqlite && (problem = sqlite_file_check(where, pool)) != NULL)
        return problem;
    if (apr_dbd_open_ex(driver, pool, where->params, &db->handle, &error) != APR_SUCCESS) {
        db->handle = NULL;
        return ds_problem_make(pool, DS_EBUSY, "the database cannot be opened: %s",
                               error ? error : "no reason was given");
    }
    apr_pool_cleanup_register(pool, db, close_cleanup, apr_pool_cleanup_null);
    if (db->is_sqlite)
        problem = sqlite_open(db, where, pool);
    if (!problem && !where->create)
        problem = schema_check(db, pool);
    if (problem)
        ds_db_close(db);
    else
        *result = db;
    return problem;
}

const char *ds_db_error(const ds_db_t *db)
{
    return db->error;
}

apr_status_t ds_db_now(apr_time_t *now, ds_db_t *db)
{
    *now = apr_time_now();
    return APR_SUCCESS;
}

/* A statement that expired by a change of our own fails without any code. */
int ds_db_is_stale(const ds_db_t *db)
{
    return db->is_sqlite && (sqlite_code(db) == SQLITE_SCHEMA || sqlite_code(db) == SQLITE_OK);
}

static apr_status_t sqlite_status(const ds_db_t *db)
{
    switch (sqlite_code(db)) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL: return DS_EBUSY; /* the machine's trouble, not the statement's */
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH: return DS_ECONSTRAINT;
    default: return DS_EDB;
    }
}

apr_status_t ds_db_failure(ds_db_t *db, int ret)
{
    apr_status_t status = db->is_sqlite ? sqlite_status(db) : DS_EDB;

    apr_pool_clear(db->error_pool);
    db->error = apr_pstrdup(db->error_pool, apr_dbd_error(db->driver, db->handle, ret));
    if (!db->in_transaction)
        return status;
    if (db->failed == APR_SUCCESS)
        db->failed = status;
    if (db->is_sqlite && sqlite3_get_autocommit(apr_dbd_native_handle(db->driver, db->handle)))
        db->broken = 1;
    return status;
}
