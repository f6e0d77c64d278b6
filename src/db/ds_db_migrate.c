#include "ds_db_migrate.h"

#include "ds_db_private.h"

/* The steps, in order: step n brings version n - 1 to n. Never change one that was released. */
static const ds_stmt_e steps[] = {STMT_SCHEMA_0001, STMT_SCHEMA_0002};

#define JOURNAL_PATIENCE apr_time_from_sec(2)
#define NEWEST ((int)(sizeof(steps) / sizeof(*steps)))

apr_status_t ds_db_schema_version(int *found, int *newest, ds_db_t *db, apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status = ds_db_select(&rows, db, STMT_SCHEMA_EXISTS, DS_NO_ARGS, pool);

    *newest = NEWEST;
    *found = 0;
    if (status != APR_SUCCESS || !ds_db_rows_next(rows) || ds_db_rows_int(rows, 0) == 0)
        return status;
    status = ds_db_select(&rows, db, STMT_SCHEMA_VERSION_GET, DS_NO_ARGS, pool);
    if (status == APR_SUCCESS && ds_db_rows_next(rows))
        *found = (int)ds_db_rows_int(rows, 0);
    return status;
}

apr_status_t ds_db_schema_lock(ds_db_t *db, apr_pool_t *scratch)
{
    ds_db_rows_t *rows;

    if (db->dialect->is_sqlite) /* the transaction is the only one that writes */
        return APR_SUCCESS;
    return ds_db_select(&rows, db, STMT_PGSQL_SCHEMA_LOCK, DS_NO_ARGS, scratch);
}

/* One step in one transaction. The version is read again inside: another process may have done it.
 */
static apr_status_t step_run(int *version, ds_db_t *db, apr_pool_t *pool)
{
    int newest;
    apr_status_t status = ds_db_begin(db);

    if (status != APR_SUCCESS)
        return status;
    status = ds_db_schema_lock(db, pool);
    if (status == APR_SUCCESS)
        status = ds_db_schema_version(version, &newest, db, pool);
    if (status == APR_SUCCESS && *version < NEWEST) {
        ds_db_execute(db, ds_db_text(db, steps[*version]));
        ++*version;
        ds_db_query(db, NULL, STMT_SCHEMA_VERSION_CLEAR, DS_NO_ARGS);
        ds_db_query(db, NULL, STMT_SCHEMA_VERSION_SET,
                    DS_ARGS(DS_INT(*version), DS_INT(apr_time_now())));
    }
    return ds_db_commit(db);
}

/* SQLite gives the journal's mode to nobody while another one asks for it. */
static apr_status_t journal_set(ds_db_t *db)
{
    apr_status_t status;

    if (!db->writelock)
        return APR_SUCCESS;
    if (ds_db_writelock_acquire(db->writelock, JOURNAL_PATIENCE) != APR_SUCCESS)
        return DS_EBUSY;
    status = ds_db_pragma_run(db, ds_db_text(db, STMT_SQLITE_JOURNAL));
    ds_db_writelock_release(db->writelock);
    return status;
}

ds_problem_t *ds_db_migrate(ds_db_t *db, apr_pool_t *pool)
{
    int version = 0;
    apr_status_t status = journal_set(db);

    do {
        if (status == APR_SUCCESS)
            status = step_run(&version, db, pool);
    } while (status == APR_SUCCESS && version < NEWEST);
    if (status != APR_SUCCESS)
        return ds_problem_make(pool, status, "schema step %d failed: %s", version, ds_db_error(db));
    if (version > NEWEST)
        return ds_problem_make(pool, DS_ESCHEMA,
                               "the database has schema version %d, this program knows %d: "
                               "update the program",
                               version, NEWEST);
    return NULL;
}
