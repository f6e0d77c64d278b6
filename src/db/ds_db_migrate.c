#include "ds_db_migrate.h"

#include "ds_db_private.h"

/* The steps, in order: step n brings version n - 1 to n. Never change one that was released.
 * oldest is the oldest version whose programs may go on with the schema after the step: that of the
 * step before where it only adds what they need not know, n where they would do harm. */
static const struct {
    ds_stmt_e stmt;
    int oldest;
} steps[] = {{STMT_SCHEMA_0001, 1}, {STMT_SCHEMA_0002, 2}, {STMT_SCHEMA_0003, 3},
             {STMT_SCHEMA_0004, 4}, {STMT_SCHEMA_0005, 4}, {STMT_SCHEMA_0006, 4},
             {STMT_SCHEMA_0007, 4}};

#define OLDEST_SINCE 2 /* the version that has the column */
#define JOURNAL_PATIENCE apr_time_from_sec(2)
#define NEWEST ((int)(sizeof(steps) / sizeof(*steps)))

static apr_status_t number_get(int *number, ds_db_t *db, ds_stmt_e stmt, apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status = ds_db_select(&rows, db, stmt, DS_NO_ARGS, pool);

    *number = status == APR_SUCCESS && ds_db_rows_next(rows) ? (int)ds_db_rows_int(rows, 0) : 0;
    return status;
}

apr_status_t ds_db_schema_get(ds_db_schema_t *schema, ds_db_t *db, apr_pool_t *pool)
{
    int there;
    apr_status_t status = number_get(&there, db, STMT_SCHEMA_EXISTS, pool);

    *schema = (ds_db_schema_t){.newest = NEWEST};
    if (status == APR_SUCCESS && there)
        status = number_get(&schema->version, db, STMT_SCHEMA_VERSION_GET, pool);
    schema->oldest = schema->version;
    if (status == APR_SUCCESS && schema->version >= OLDEST_SINCE)
        status = number_get(&schema->oldest, db, STMT_SCHEMA_OLDEST_GET, pool);
    return status;
}

ds_problem_t *ds_db_schema_check(const ds_db_schema_t *schema, apr_pool_t *pool)
{
    if (schema->version < schema->newest)
        return ds_problem_make(pool, DS_EBUSY,
                               "the database has schema version %d, version %d is needed: a worker "
                               "of this version brings it there when it starts",
                               schema->version, schema->newest);
    if (schema->oldest > schema->newest)
        return ds_problem_make(pool, DS_ESCHEMA,
                               "the database has schema version %d and needs programs that know "
                               "version %d, this one knows %d: update it",
                               schema->version, schema->oldest, schema->newest);
    return NULL;
}

apr_status_t ds_db_schema_admit(ds_db_t *db, apr_pool_t *scratch)
{
    int oldest;
    apr_status_t status = number_get(&oldest, db, STMT_SCHEMA_OLDEST_GET, scratch);

    if (status != APR_SUCCESS || oldest <= NEWEST)
        return status;
    db->error = "the schema of the database needs a newer program: update this one";
    return DS_ESCHEMA;
}

apr_status_t ds_db_schema_lock(ds_db_t *db, apr_pool_t *scratch)
{
    ds_db_rows_t *rows;

    if (db->dialect->is_sqlite) /* the transaction is the only one that writes */
        return APR_SUCCESS;
    return ds_db_select(&rows, db, STMT_PGSQL_SCHEMA_LOCK, DS_NO_ARGS, scratch);
}

/* Inside a transaction: the step that follows version. A failure is remembered by the transaction.
 */
static void step_take(int version, ds_db_t *db)
{
    apr_time_t now;

    if (ds_db_now(&now, db) != APR_SUCCESS)
        return;
    ds_db_execute(db, ds_db_text(db, steps[version].stmt));
    ds_db_query(db, NULL, STMT_SCHEMA_VERSION_CLEAR, DS_NO_ARGS);
    ds_db_query(db, NULL, STMT_SCHEMA_VERSION_SET, DS_ARGS(DS_INT(version + 1), DS_INT(now)));
    if (version + 1 >= OLDEST_SINCE)
        ds_db_query(db, NULL, STMT_SCHEMA_OLDEST_SET, DS_ARGS(DS_INT(steps[version].oldest)));
}

/* One step in one transaction, unless the schema is at `last` or beyond. It is read again inside:
 * another process may have made the step. */
static apr_status_t step_run(ds_db_schema_t *schema, ds_db_t *db, int last, apr_pool_t *pool)
{
    apr_status_t status = ds_db_begin(db);

    if (status != APR_SUCCESS)
        return status;
    status = ds_db_schema_lock(db, pool);
    if (status == APR_SUCCESS)
        status = ds_db_schema_get(schema, db, pool);
    if (status == APR_SUCCESS && schema->version < last)
        step_take(schema->version++, db);
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

ds_problem_t *ds_db_migrate_to(ds_db_t *db, int last, apr_pool_t *pool)
{
    ds_db_schema_t schema = {0};
    apr_status_t status = journal_set(db);

    do {
        if (status == APR_SUCCESS)
            status = step_run(&schema, db, last, pool);
    } while (status == APR_SUCCESS && schema.version < last);
    if (status == APR_SUCCESS)
        status = ds_db_schema_get(&schema, db, pool);
    if (status != APR_SUCCESS)
        return ds_problem_make(pool, status, "schema step %d failed: %s", schema.version,
                               ds_db_error(db));
    return last < NEWEST ? NULL : ds_db_schema_check(&schema, pool);
}

ds_problem_t *ds_db_migrate(ds_db_t *db, apr_pool_t *pool)
{
    return ds_db_migrate_to(db, NEWEST, pool);
}
