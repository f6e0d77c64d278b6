#include "ds_db.h"

#include <stdlib.h>

#include <apr_strings.h>

#include "ds_db_migrate.h"
#include "ds_db_private.h"

static const ds_db_dialect_t *const dialects[] = {&ds_db_sqlite,
#ifdef HAVE_LIBPQ
                                                  &ds_db_pgsql,
#endif
                                                  NULL};

static int initialised;

static void dialects_end(void)
{
    int i;

    for (i = 0; dialects[i]; i++)
        if (dialects[i]->process_end)
            dialects[i]->process_end();
}

static apr_status_t uninit(void *data)
{
    dialects_end();
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

static const ds_db_dialect_t *dialect_find(const char *name)
{
    int i;

    for (i = 0; dialects[i] && strcmp(dialects[i]->driver, name); i++)
        ;
    return dialects[i];
}

static ds_problem_t *driver_find(const apr_dbd_driver_t **driver, const char *name,
                                 apr_pool_t *pool)
{
    apr_status_t status = ds_db_init(pool);

    if (status == APR_SUCCESS)
        status = apr_dbd_get_driver(pool, name, driver);
    if (status != APR_SUCCESS)
        return ds_problem_make(pool, status,
                               "the apr_dbd driver \"%s\" cannot be loaded: install "
                               "libaprutil1-dbd-%s (Debian) or apr-util-%s (RPM)",
                               name, name, strcmp(name, "sqlite3") ? name : "sqlite");
    if (!dialect_find(name))
        return ds_problem_make(pool, APR_ENOTIMPL,
                               "this program was built without support for the database \"%s\"%s",
                               name, strcmp(name, "pgsql") ? "" : ": build it with libpq");
    return NULL;
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

static ds_problem_t *schema_check(ds_db_t *db, apr_pool_t *pool)
{
    ds_db_schema_t schema;
    apr_status_t status = ds_db_schema_get(&schema, db, pool);

    if (status != APR_SUCCESS)
        return ds_problem_make(pool, DS_EBUSY, "the database cannot be read: %s", ds_db_error(db));
    return ds_db_schema_check(&schema, pool);
}

static ds_db_t *connection_make(const apr_dbd_driver_t *driver, const ds_db_where_t *where,
                                apr_pool_t *pool)
{
    ds_db_t *db = apr_pcalloc(pool, sizeof(*db));

    db->pool = pool;
    db->driver = driver;
    db->dialect = dialect_find(apr_dbd_name(driver));
    db->where = *where;
    db->where.params = apr_pstrdup(pool, where->params);
    db->error = "";
    db->composed = apr_hash_make(pool);
    apr_pool_create(&db->transaction_pool, pool);
    apr_pool_create(&db->error_pool, pool);
    return db;
}

const char *ds_db_one_line(const char *text, apr_pool_t *pool)
{
    char *line = apr_pstrdup(pool, text), *at;

    for (at = line; *at; at++)
        if (*at == '\n' || *at == '\t')
            *at = ' ';
    while (at > line && at[-1] == ' ')
        *--at = '\0';
    return line;
}

ds_problem_t *ds_db_handle_open(apr_dbd_t **handle, ds_db_t *db, const char *params,
                                apr_pool_t *pool)
{
    const char *error = NULL;

    if (apr_dbd_open_ex(db->driver, db->pool, params, handle, &error) == APR_SUCCESS)
        return NULL;
    return ds_problem_make(pool, DS_EBUSY, "the database cannot be opened: %s",
                           error ? ds_db_one_line(error, pool) : "no reason was given");
}

ds_problem_t *ds_db_open(ds_db_t **result, const ds_db_where_t *where, apr_pool_t *pool)
{
    const apr_dbd_driver_t *driver = NULL;
    ds_problem_t *problem = driver_find(&driver, where->driver, pool);
    ds_db_t *db;

    if (problem)
        return problem;
    db = connection_make(driver, where, pool);
    problem = db->dialect->where_check(where, pool);
    if (!problem)
        problem = db->dialect->open(db, pool);
    if (problem)
        return problem;
    /* Before the pools below go: an open transaction lives in one of them. */
    apr_pool_pre_cleanup_register(pool, db, close_cleanup);
    problem = db->dialect->connection_prepare(db, where, pool);
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

void ds_db_call_begin(ds_db_t *db)
{
    if (db->dialect->call_begin)
        db->dialect->call_begin(db);
}

void ds_db_call_end(ds_db_t *db)
{
    if (db->dialect->call_end)
        db->dialect->call_end(db);
}

apr_status_t ds_db_now(apr_time_t *now, ds_db_t *db)
{
    return db->dialect->now(now, db);
}

apr_status_t ds_db_refuse(ds_db_t *db, const char *words)
{
    db->error = words;
    if (db->in_transaction && db->failed == APR_SUCCESS)
        db->failed = DS_EDB;
    return DS_EDB;
}

apr_status_t ds_db_failure(ds_db_t *db, int ret)
{
    apr_status_t status;

    apr_pool_clear(db->error_pool);
    status = db->dialect->failure(&db->error, db, ret, db->error_pool);
    if (!db->in_transaction)
        return status;
    if (db->failed == APR_SUCCESS)
        db->failed = status;
    if (!db->dialect->transaction_lives_on(db))
        db->broken = 1;
    return status;
}
