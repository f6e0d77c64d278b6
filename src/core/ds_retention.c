#include "ds_retention.h"

#define KEY_LIFE apr_time_from_sec(24 * 3600) /* of an upload's Idempotency-Key */

/* Let the files of the listed launches go. *found: there were any. */
static apr_status_t files_remove(int *found, ds_db_t *db, ds_db_rows_t *launches, apr_time_t now)
{
    apr_status_t status = ds_db_begin(db);

    if (status != APR_SUCCESS)
        return status;
    while (ds_db_rows_next(launches)) {
        ds_db_arg_t id = DS_INT(ds_db_rows_int(launches, 0));

        ds_db_query(db, NULL, STMT_RETENTION_FILES_RELEASE, DS_ARGS(id));
        ds_db_query(db, NULL, STMT_RETENTION_FILES_REMOVED, DS_ARGS(DS_INT(now), id));
        *found = 1;
    }
    return ds_db_commit(db);
}

static apr_status_t files_by_age(int *found, ds_db_t *db, apr_time_t before, apr_time_t now,
                                 apr_pool_t *scratch)
{
    ds_db_rows_t *launches;
    apr_status_t status =
        ds_db_select(&launches, db, STMT_RETENTION_FILES_FIND, DS_ARGS(DS_INT(before)), scratch);

    return status == APR_SUCCESS ? files_remove(found, db, launches, now) : status;
}

static apr_status_t launches_by_age(int *found, ds_db_t *db, apr_time_t before)
{
    int deleted = 0;
    apr_status_t status =
        ds_db_query(db, &deleted, STMT_RETENTION_LAUNCHES_DELETE, DS_ARGS(DS_INT(before)));

    *found |= deleted > 0;
    return status;
}

/* The launches of one sync that are too many: their files, then themselves. */
static apr_status_t sync_surplus(int *found, ds_db_t *db, const ds_sync_t *sync, int count,
                                 apr_time_t now, apr_pool_t *scratch)
{
    ds_db_arg_t id = DS_TEXT(sync->id), last;
    ds_db_rows_t *rows;
    int deleted = 0;
    apr_status_t status =
        ds_db_select(&rows, db, STMT_RETENTION_SURPLUS_FIND, DS_ARGS(id, DS_INT(count)), scratch);

    if (status != APR_SUCCESS || !ds_db_rows_next(rows))
        return status;
    last = DS_INT(ds_db_rows_int(rows, 0));
    status = ds_db_select(&rows, db, STMT_RETENTION_SURPLUS_FILES_FIND, DS_ARGS(id, last), scratch);
    if (status == APR_SUCCESS)
        status = files_remove(found, db, rows, now);
    if (status == APR_SUCCESS)
        status = ds_db_query(db, &deleted, STMT_RETENTION_SURPLUS_DELETE, DS_ARGS(id, last));
    *found |= deleted > 0;
    return status;
}

static apr_status_t by_age(int *found, ds_db_t *db, const ds_retention_t *rules, apr_time_t now,
                           apr_pool_t *scratch)
{
    apr_interval_time_t files = rules->files;
    apr_status_t status = APR_SUCCESS;

    if (rules->launches && (!files || rules->launches < files))
        files = rules->launches; /* a launch does not go before its files */
    if (files)
        status = files_by_age(found, db, now - files, now, scratch);
    if (status == APR_SUCCESS && rules->launches)
        status = launches_by_age(found, db, now - rules->launches);
    return status;
}

apr_status_t ds_retention_run(int *more, ds_db_t *db, const ds_def_t *def, apr_pool_t *scratch)
{
    apr_time_t now;
    apr_status_t status = ds_db_now(&now, db);
    int i;

    *more = 0;
    if (status == APR_SUCCESS)
        status = ds_db_query(db, NULL, STMT_UPLOAD_KEY_EXPIRE, DS_ARGS(DS_INT(now - KEY_LIFE)));
    if (status == APR_SUCCESS)
        status = by_age(more, db, &def->retention, now, scratch);
    for (i = 0; def->retention.count && i < def->syncs->nelts && status == APR_SUCCESS; i++)
        status = sync_surplus(more, db, APR_ARRAY_IDX(def->syncs, i, ds_sync_t *),
                              def->retention.count, now, scratch);
    return status;
}
