#include "ds_retention.h"

#include "ds_launch.h"

#define WAITING_LIFE                                                                               \
    apr_time_from_sec(7 * 86400) /* of a launch that nobody puts into the queue                    \
                                  */

#include "ds_upload_key.h"

/* Which of the launches that have ended: those of before a time, and those of a sync up to one. */
typedef struct chosen_t {
    apr_time_t before;
    const char *sync_id; /* or NULL */
    apr_int64_t last_id;
} chosen_t;

/* Let the files of some of the launches go. *found: there were any. Statements that failed are the
 * commit's to tell. */
static apr_status_t files_remove(int *found, ds_db_t *db, const chosen_t *chosen, apr_time_t now,
                                 apr_pool_t *scratch)
{
    ds_db_rows_t *launches;
    apr_status_t status = ds_db_begin_queue(db);

    if (status != APR_SUCCESS)
        return status;
    status = ds_db_select(&launches, db, STMT_RETENTION_FILES_TAKE,
                          DS_ARGS(DS_INT(now), DS_INT(chosen->before), DS_TEXT(chosen->sync_id),
                                  DS_INT(chosen->last_id)),
                          scratch);
    while (status == APR_SUCCESS && ds_db_rows_next(launches)) {
        status = ds_db_query(db, NULL, STMT_RETENTION_FILES_RELEASE,
                             DS_ARGS(DS_INT(ds_db_rows_int(launches, 0))));
        *found = 1;
    }
    return ds_db_commit(db);
}

/* Remove some of the launches that have no files any more. */
static apr_status_t launches_remove(int *found, ds_db_t *db, const chosen_t *chosen)
{
    int deleted = 0;
    apr_status_t status = ds_db_query(
        db, &deleted, STMT_RETENTION_LAUNCHES_DELETE,
        DS_ARGS(DS_INT(chosen->before), DS_TEXT(chosen->sync_id), DS_INT(chosen->last_id)));

    *found |= deleted > 0;
    return status;
}

/* The launches of one sync that are too many: their files, then themselves. */
static apr_status_t sync_surplus(int *found, ds_db_t *db, const ds_sync_t *sync, int count,
                                 apr_time_t now, apr_pool_t *scratch)
{
    chosen_t chosen = {.sync_id = sync->id};
    ds_db_rows_t *rows;
    apr_status_t status = ds_db_select(&rows, db, STMT_RETENTION_SURPLUS_FIND,
                                       DS_ARGS(DS_TEXT(sync->id), DS_INT(count)), scratch);

    if (status != APR_SUCCESS || !ds_db_rows_next(rows))
        return status;
    chosen.last_id = ds_db_rows_int(rows, 0);
    status = files_remove(found, db, &chosen, now, scratch);
    return status == APR_SUCCESS ? launches_remove(found, db, &chosen) : status;
}

static apr_status_t by_age(int *found, ds_db_t *db, const ds_retention_t *rules, apr_time_t now,
                           apr_pool_t *scratch)
{
    apr_interval_time_t files = rules->files;
    apr_status_t status = APR_SUCCESS;

    if (rules->launches && (!files || rules->launches < files))
        files = rules->launches; /* a launch does not go before its files */
    if (files)
        status = files_remove(found, db, &(chosen_t){.before = now - files}, now, scratch);
    if (status == APR_SUCCESS && rules->launches)
        status = launches_remove(found, db, &(chosen_t){.before = now - rules->launches});
    return status;
}

apr_status_t ds_retention_run(int *more, ds_db_t *db, const ds_def_t *def, apr_pool_t *scratch)
{
    apr_time_t now;
    apr_status_t status = ds_db_now(&now, db);
    int i;

    *more = 0;
    if (status == APR_SUCCESS)
        status = ds_launch_expire(db, now, now - WAITING_LIFE);
    if (status == APR_SUCCESS)
        status = by_age(more, db, &def->retention, now, scratch);
    for (i = 0; def->retention.count && i < def->syncs->nelts && status == APR_SUCCESS; i++)
        status = sync_surplus(more, db, APR_ARRAY_IDX(def->syncs, i, ds_sync_t *),
                              def->retention.count, now, scratch);
    return status == APR_SUCCESS ? ds_upload_key_expire(db, now) : status;
}
