/* Launches as they are read: one, or lists of them. */
#include "ds_launch_read.h"

#include <string.h>

#include <apr_strings.h>

ds_launch_t *ds_launch_read(ds_db_rows_t *rows, apr_pool_t *pool)
{
    ds_launch_t *launch = apr_pcalloc(pool, sizeof(*launch));
    const char *synced_until;

    launch->id = ds_db_rows_int(rows, 0);
    launch->uuid = ds_db_rows_text(rows, 1);
    launch->sync_id = ds_db_rows_text(rows, 2);
    launch->object = ds_db_rows_text(rows, 3);
    ds_sync_kind_find(&launch->kind, ds_db_rows_text(rows, 4));
    ds_launch_state_find(&launch->state, ds_db_rows_text(rows, 5));
    launch->message = ds_db_rows_text(rows, 6);
    launch->scheduled_at = ds_db_rows_int(rows, 7);
    launch->started_at = ds_db_rows_int(rows, 8);
    launch->finished_at = ds_db_rows_int(rows, 9);
    launch->rows.read = ds_db_rows_int(rows, 10);
    launch->rows.ok = ds_db_rows_int(rows, 11);
    launch->rows.failed = ds_db_rows_int(rows, 12);
    launch->rows.warned = ds_db_rows_int(rows, 13);
    launch->rows.skipped = ds_db_rows_int(rows, 14);
    launch->crashes = (int)ds_db_rows_int(rows, 15);
    launch->dry_run = ds_db_rows_int(rows, 16) != 0;
    launch->input_launch_id = ds_db_rows_int(rows, 17);
    launch->client_id = ds_db_rows_text(rows, 18);
    launch->options = ds_db_rows_text(rows, 19);
    launch->queued_at = ds_db_rows_int(rows, 20);
    synced_until = ds_db_rows_text(rows, 21);
    apr_cpystrn(launch->rows.synced_until, synced_until ? synced_until : "", DS_VALUE_NORMAL_SIZE);
    return launch;
}

apr_status_t ds_launch_get(ds_launch_t **launch, ds_db_t *db, const char *sync_id, apr_int64_t id,
                           apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status = ds_db_select(&rows, db, STMT_LAUNCH_GET, DS_ARGS(DS_INT(id)), pool);

    if (status != APR_SUCCESS)
        return status;
    if (!ds_db_rows_next(rows))
        return DS_ENOTFOUND;
    *launch = ds_launch_read(rows, pool);
    return sync_id && strcmp((*launch)->sync_id, sync_id) ? DS_ENOTFOUND : APR_SUCCESS;
}

apr_status_t ds_launch_find(ds_launch_t **launch, ds_db_t *db, const char *uuid, apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status =
        ds_db_select(&rows, db, STMT_LAUNCH_GET_BY_UUID, DS_ARGS(DS_TEXT(uuid)), pool);

    if (status != APR_SUCCESS)
        return status;
    if (!ds_db_rows_next(rows))
        return DS_ENOTFOUND;
    *launch = ds_launch_read(rows, pool);
    return APR_SUCCESS;
}

static apr_array_header_t *launches_read(ds_db_rows_t *rows, apr_pool_t *pool)
{
    apr_array_header_t *launches = apr_array_make(pool, 20, sizeof(ds_launch_t *));

    while (ds_db_rows_next(rows))
        APR_ARRAY_PUSH(launches, ds_launch_t *) = ds_launch_read(rows, pool);
    return launches;
}

apr_status_t ds_launch_list_of_client(apr_array_header_t **launches, ds_db_t *db,
                                      const char *client_id, ds_sync_kind_e kind,
                                      const char *object, const char *states, apr_int64_t before,
                                      int limit, apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status =
        ds_db_select(&rows, db, STMT_LAUNCH_LIST_OF_CLIENT,
                     DS_ARGS(DS_TEXT(client_id), DS_TEXT(ds_sync_kind_name(kind)), DS_TEXT(object),
                             DS_INT(before), DS_TEXT(states), DS_TEXT(states), DS_INT(limit)),
                     pool);

    if (status == APR_SUCCESS)
        *launches = launches_read(rows, pool);
    return status;
}

apr_status_t ds_launch_list(apr_array_header_t **launches, ds_db_t *db, const char *sync_id,
                            int limit, apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status =
        sync_id ? ds_db_select(&rows, db, STMT_LAUNCH_LIST_OF_SYNC,
                               DS_ARGS(DS_TEXT(sync_id), DS_INT(limit)), pool)
                : ds_db_select(&rows, db, STMT_LAUNCH_LIST, DS_ARGS(DS_INT(limit)), pool);

    if (status == APR_SUCCESS)
        *launches = launches_read(rows, pool);
    return status;
}

apr_status_t ds_launch_history(apr_array_header_t **launches, ds_db_t *db, const char *sync_id,
                               apr_int64_t skip, int limit, apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status =
        ds_db_select(&rows, db, STMT_LAUNCH_HISTORY,
                     DS_ARGS(DS_TEXT(sync_id), DS_INT(limit), DS_INT(skip)), pool);

    if (status == APR_SUCCESS)
        *launches = launches_read(rows, pool);
    return status;
}
