#include "ds_launch.h"

#include <apr_strings.h>

#include "ds_launch_read.h"

static apr_status_t row_create(ds_launch_t *launch, ds_db_t *db, apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status = ds_db_select(&rows, db, STMT_LAUNCH_CREATE,
                                       DS_ARGS(DS_TEXT(launch->uuid), DS_TEXT(launch->sync_id),
                                               DS_TEXT(launch->object), DS_TEXT(launch->object),
                                               DS_TEXT(ds_sync_kind_name(launch->kind)),
                                               DS_INT(launch->scheduled_at)),
                                       pool);

    if (status == APR_SUCCESS && ds_db_rows_next(rows))
        launch->id = ds_db_rows_int(rows, 0);
    return status;
}

static ds_launch_t *launch_make(const ds_sync_t *sync, apr_time_t now, apr_pool_t *pool)
{
    ds_launch_t *launch = apr_pcalloc(pool, sizeof(*launch));
    char *uuid = apr_palloc(pool, 37);

    ds_digest_random_uuid(uuid);
    launch->uuid = uuid;
    launch->sync_id = sync->id;
    launch->object = sync->object_name;
    launch->kind = sync->kind;
    launch->state = DS_LAUNCH_QUEUED;
    launch->scheduled_at = now;
    return launch;
}

apr_status_t ds_launch_accept(ds_launch_t **launch, ds_db_t *db, const ds_sync_t *sync,
                              ds_file_writer_t *input, apr_pool_t *pool)
{
    ds_launch_t *made;
    ds_file_t *file;
    apr_time_t now;
    apr_status_t status = ds_db_begin(db);

    if (status != APR_SUCCESS)
        return status;
    status = ds_db_now(&now, db);
    if (status == APR_SUCCESS) {
        made = launch_make(sync, now, pool);
        status = row_create(made, db, pool);
    }
    if (status == APR_SUCCESS)
        status = ds_file_writer_finish(&file, input, made->id, pool);
    if (status != APR_SUCCESS) {
        ds_db_rollback(db);
        return status;
    }
    status = ds_db_commit(db);
    if (status == APR_SUCCESS) {
        ds_file_writer_close(input);
        *launch = made;
    }
    return status;
}

ds_launch_t *ds_launch_read(ds_db_rows_t *rows, apr_pool_t *pool)
{
    ds_launch_t *launch = apr_pcalloc(pool, sizeof(*launch));

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

apr_status_t ds_launch_list(apr_array_header_t **launches, ds_db_t *db, const char *sync_id,
                            int limit, apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status =
        sync_id ? ds_db_select(&rows, db, STMT_LAUNCH_LIST_OF_SYNC,
                               DS_ARGS(DS_TEXT(sync_id), DS_INT(limit)), pool)
                : ds_db_select(&rows, db, STMT_LAUNCH_LIST, DS_ARGS(DS_INT(limit)), pool);

    *launches = apr_array_make(pool, 20, sizeof(ds_launch_t *));
    while (status == APR_SUCCESS && ds_db_rows_next(rows))
        APR_ARRAY_PUSH(*launches, ds_launch_t *) = ds_launch_read(rows, pool);
    return status;
}

/* Inside a transaction, so that no runner takes or ends the launch between the two updates. */
static apr_status_t cancel_mark(ds_launch_state_e *state, ds_db_t *db, apr_int64_t id,
                                const char *message)
{
    apr_time_t now;
    int changed = 0;
    apr_status_t status = ds_db_now(&now, db);

    *state = DS_LAUNCH_CANCELLED;
    if (status == APR_SUCCESS)
        status = ds_db_query(db, &changed, STMT_LAUNCH_CANCEL_QUEUED,
                             DS_ARGS(DS_TEXT(message), DS_INT(now), DS_INT(id)));
    if (status != APR_SUCCESS || changed)
        return status;
    *state = DS_LAUNCH_CANCELLING;
    status = ds_db_query(db, &changed, STMT_LAUNCH_CANCEL_RUNNING,
                         DS_ARGS(DS_TEXT(message), DS_INT(id)));
    return status == APR_SUCCESS && !changed ? DS_ESTATE : status;
}

apr_status_t ds_launch_cancel(ds_launch_state_e *state, ds_db_t *db, const char *sync_id,
                              apr_int64_t id, const char *by_whom, apr_pool_t *pool)
{
    ds_launch_t *launch;
    apr_status_t status = ds_launch_get(&launch, db, sync_id, id, pool);

    if (status != APR_SUCCESS)
        return status;
    *state = launch->state;
    if (launch->state == DS_LAUNCH_CANCELLING)
        return APR_SUCCESS;
    status = ds_db_begin(db);
    if (status != APR_SUCCESS)
        return status;
    status = cancel_mark(state, db, id, apr_pstrcat(pool, "Cancelled by user: ", by_whom, NULL));
    if (status == APR_SUCCESS)
        return ds_db_commit(db);
    ds_db_rollback(db);
    return status;
}

/* 1204 as "1,204". */
static const char *number_print(apr_int64_t number, apr_pool_t *pool)
{
    const char *digits = apr_psprintf(pool, "%" APR_INT64_T_FMT, number);
    char *text = apr_palloc(pool, 32), *to = text;
    apr_size_t left = strlen(digits);

    for (; left; left--) {
        *to++ = *digits++;
        if (left % 3 == 1 && left > 1)
            *to++ = ',';
    }
    *to = '\0';
    return text;
}

const char *ds_launch_summary(ds_sync_kind_e kind, const ds_counters_t *rows, apr_pool_t *pool)
{
    const char *done = kind == DS_KIND_DELETE   ? "deleted"
                       : kind == DS_KIND_EXPORT ? "exported"
                                                : "imported";
    const char *text = apr_psprintf(pool, "%s row%s %s", number_print(rows->ok, pool),
                                    rows->ok == 1 ? "" : "s", done);

    if (rows->skipped)
        text = apr_psprintf(pool, "%s, %s skipped", text, number_print(rows->skipped, pool));
    if (rows->warned)
        text = apr_psprintf(pool, "%s, %s with a warning", text, number_print(rows->warned, pool));
    if (rows->failed)
        text = apr_psprintf(pool, "%s, %s failed: see the failures file", text,
                            number_print(rows->failed, pool));
    return text;
}
