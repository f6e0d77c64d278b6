/* Transactions, with the traps of apr_dbd closed: they are in rollback mode from the start, so that
 * nothing but ds_db_commit ever commits, and a failed start leaves no half-open transaction behind.
 */
#include "ds_db_migrate.h"
#include "ds_db_private.h"

#define PATIENCE apr_time_from_sec(2)
#define YIELD_AT_MOST apr_time_from_msec(50)

static void transaction_end(ds_db_t *db)
{
    db->transaction = NULL;
    db->in_transaction = 0;
    db->owes_rows = 0;
    db->lazy = 0;
    if (db->writelock)
        ds_db_writelock_release(db->writelock);
    if (db->dialect->released)
        db->dialect->released(db);
}

static apr_status_t transaction_begin(ds_db_t *db, int tolerant)
{
    apr_status_t status = ds_db_settle(db);

    if (status != APR_SUCCESS) {
        db->lazy = 0;
        return status;
    }
    if (db->writelock && ds_db_writelock_acquire(db->writelock, PATIENCE) != APR_SUCCESS) {
        db->error = "another connection kept the database locked";
        db->lazy = 0;
        return DS_EBUSY;
    }
    apr_pool_clear(db->transaction_pool);
    db->transaction = NULL;
    db->failed = APR_SUCCESS;
    db->broken = 0;
    db->tolerant = tolerant;
    status = db->dialect->begin(db);
    if (status != APR_SUCCESS && db->dialect->revive(db))
        status = db->dialect->begin(db);
    if (status != APR_SUCCESS)
        transaction_end(db);
    else
        db->in_transaction = 1;
    return status;
}

void ds_db_lazy_set(ds_db_t *db)
{
    db->lazy = 1;
}

apr_status_t ds_db_begin(ds_db_t *db)
{
    return transaction_begin(db, 0);
}

apr_status_t ds_db_begin_queue(ds_db_t *db)
{
    ds_db_rows_t *rows;
    apr_status_t status = ds_db_begin(db);

    if (status != APR_SUCCESS)
        return status;
    status = ds_db_select(&rows, db, STMT_QUEUE_LOCK, DS_NO_ARGS, db->transaction_pool);
    if (status == APR_SUCCESS)
        status = ds_db_schema_admit(db, db->transaction_pool);
    if (status != APR_SUCCESS)
        ds_db_rollback(db);
    return status;
}

apr_status_t ds_db_begin_tolerant(ds_db_t *db)
{
    return transaction_begin(db, 1);
}

apr_status_t ds_db_forgive(ds_db_t *db)
{
    if (!db->broken)
        db->failed = APR_SUCCESS;
    return db->failed;
}

apr_status_t ds_db_commit(ds_db_t *db)
{
    apr_status_t status = ds_db_settle(db);
    int ret;

    db->in_doubt = 0;
    if (status == APR_SUCCESS)
        status = db->failed;
    if (status == APR_SUCCESS && db->owes_rows)
        status = ds_db_refuse(db, "rows were sent whose end nobody waited for");
    if (status != APR_SUCCESS) {
        ds_db_rollback(db);
        return status;
    }
    ret = db->dialect->commit(db);
    if (ret) {
        status = ds_db_failure(db, ret);
        db->in_doubt = db->dialect->is_lost(db);
        apr_dbd_query(db->driver, db->handle, &ret, "ROLLBACK"); /* it may still be open */
    }
    transaction_end(db);
    return status;
}

int ds_db_is_in_doubt(const ds_db_t *db)
{
    return db->in_doubt;
}

void ds_db_rollback(ds_db_t *db)
{
    if (!db->in_transaction)
        return;
    ds_db_settle(db);
    db->dialect->rollback(db);
    transaction_end(db);
}

apr_status_t ds_db_dry_run_begin(ds_db_t *db)
{
    return ds_db_execute(db, ds_db_text(db, STMT_DRY_RUN_BEGIN));
}

apr_status_t ds_db_dry_run_end(ds_db_t *db)
{
    return ds_db_execute(db, ds_db_text(db, STMT_DRY_RUN_END));
}

void ds_db_yield(ds_db_t *db)
{
    if (db->writelock)
        ds_db_writelock_yield(db->writelock, YIELD_AT_MOST);
}
