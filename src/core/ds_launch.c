#include "ds_launch.h"

#include <apr_strings.h>

#include "ds_clock.h"
#include "ds_doubt.h"
#include "ds_upload_key.h"

/* Loads of one object run in order; exports of one sync do, and stand in nobody's way. */
static const char *lane_of(const ds_sync_t *sync, apr_pool_t *pool)
{
    if (sync->kind == DS_KIND_EXPORT)
        return apr_pstrcat(pool, "export:", sync->id, NULL);
    return sync->object_name;
}

static apr_status_t row_create(ds_launch_t *launch, ds_db_t *db, const ds_launch_request_t *request,
                               apr_pool_t *pool)
{
    const ds_family_t *family = &request->family;
    ds_db_rows_t *rows;
    apr_status_t status = ds_db_select(
        &rows, db, STMT_LAUNCH_CREATE,
        DS_ARGS(DS_TEXT(launch->uuid), DS_TEXT(launch->sync_id), DS_TEXT(launch->object),
                DS_TEXT(lane_of(request->sync, pool)), DS_TEXT(ds_sync_kind_name(launch->kind)),
                DS_TEXT(ds_launch_state_name(launch->state)), DS_INT(launch->scheduled_at),
                DS_INT(launch->dry_run), DS_INT_OR_NULL(launch->input_launch_id),
                DS_TEXT(launch->client_id), DS_TEXT(launch->options), DS_TEXT(family->name),
                DS_INT_OR_NULL(family->running)),
        pool);

    if (status == APR_SUCCESS && ds_db_rows_next(rows))
        launch->id = ds_db_rows_int(rows, 0);
    return status;
}

static ds_launch_t *launch_make(const ds_launch_request_t *request, apr_time_t due,
                                apr_pool_t *pool)
{
    ds_launch_t *launch = apr_pcalloc(pool, sizeof(*launch));
    char *uuid = apr_palloc(pool, 37);

    ds_digest_random_uuid(uuid);
    launch->uuid = uuid;
    launch->sync_id = request->sync->id;
    launch->object = request->sync->object_name;
    launch->kind = request->sync->kind;
    launch->state = request->state ? request->state : DS_LAUNCH_QUEUED;
    launch->scheduled_at = due;
    launch->dry_run = request->dry_run;
    launch->client_id = request->client_id;
    launch->options = request->options;
    return launch;
}

apr_status_t ds_launch_create(ds_launch_t **launch, ds_db_t *db, const ds_launch_request_t *request,
                              apr_time_t due, apr_pool_t *pool)
{
    *launch = launch_make(request, due, pool);
    return row_create(*launch, db, request, pool);
}

static apr_status_t family_check(ds_db_t *db, const ds_family_t *family, apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status;

    if (!family->name)
        return APR_SUCCESS;
    status =
        ds_db_select(&rows, db, STMT_LAUNCH_FAMILY_COUNT, DS_ARGS(DS_TEXT(family->name)), pool);
    if (status != APR_SUCCESS || !ds_db_rows_next(rows))
        return status;
    return ds_db_rows_int(rows, 0) >= family->queued ? DS_ELIMIT : APR_SUCCESS;
}

static apr_status_t limits_check(ds_db_t *db, const ds_launch_request_t *request, apr_pool_t *pool)
{
    int all = request->queue_limit, own = request->sync->queue_limit;
    ds_db_rows_t *rows;
    apr_status_t status;

    if (!all && !own)
        return family_check(db, &request->family, pool);
    status = ds_db_select(&rows, db, STMT_LAUNCH_WAITING_COUNT,
                          DS_ARGS(DS_INT(all), DS_TEXT(lane_of(request->sync, pool)),
                                  DS_TEXT(request->sync->id), DS_INT(own)),
                          pool);
    if (status != APR_SUCCESS || !ds_db_rows_next(rows))
        return status;
    if ((all && ds_db_rows_int(rows, 0) >= all) || (own && ds_db_rows_int(rows, 1) >= own))
        return DS_ELIMIT;
    return family_check(db, &request->family, pool);
}

apr_status_t ds_launch_admission_check(ds_db_t *db, const ds_launch_request_t *request,
                                       apr_pool_t *pool)
{
    ds_sync_status_t known;
    apr_status_t status = ds_sync_status_get(&known, db, request->sync->id, pool);

    if (status == APR_SUCCESS && !known.enabled)
        return DS_EDISABLED;
    return status == APR_SUCCESS ? limits_check(db, request, pool) : status;
}

/* Inside a transaction: the launch that the same key made before, or DS_ENOTFOUND. */
static apr_status_t repeated_find(ds_launch_t **launch, ds_db_t *db, const ds_upload_key_t *key,
                                  apr_time_t now, apr_pool_t *pool)
{
    apr_int64_t id;
    apr_status_t status = ds_upload_key_find(&id, db, key, now, pool);

    if (status != APR_SUCCESS)
        return status;
    status = ds_launch_get(launch, db, key->sync_id, id, pool);
    if (status == DS_ENOTFOUND) { /* retention is no reason for another answer */
        *launch = apr_pcalloc(pool, sizeof(**launch));
        (*launch)->id = id;
        status = APR_SUCCESS;
    }
    return status;
}

/* Inside a transaction: the new launch of an upload. */
static apr_status_t upload_launch(ds_launch_t **launch, ds_db_t *db,
                                  const ds_launch_request_t *request, ds_file_writer_t *input,
                                  apr_time_t now, apr_pool_t *pool)
{
    apr_status_t status = ds_launch_admission_check(db, request, pool);

    if (status != APR_SUCCESS)
        return status;
    *launch = launch_make(request, now, pool);
    status = row_create(*launch, db, request, pool);
    return status == APR_SUCCESS ? ds_file_writer_finish(input, (*launch)->id) : status;
}

/* Inside a transaction. */
static apr_status_t upload_accept(ds_launch_t **launch, int *repeated, ds_db_t *db,
                                  const ds_launch_request_t *request, ds_file_writer_t *input,
                                  apr_pool_t *pool)
{
    ds_upload_key_t key = {.sync_id = request->sync->id, .key = request->key};
    apr_time_t now;
    apr_status_t status = ds_file_writer_digest(&key.sha256, input);

    if (request->dry_run && status == APR_SUCCESS) /* a rehearsal is not the upload itself */
        key.sha256 = apr_pstrcat(pool, key.sha256, " dry run", NULL);
    if (status == APR_SUCCESS)
        status = ds_db_now(&now, db);
    if (status == APR_SUCCESS && key.key) {
        status = repeated_find(launch, db, &key, now, pool);
        *repeated = status == APR_SUCCESS;
        if (status != DS_ENOTFOUND)
            return status;
        status = APR_SUCCESS;
    }
    if (status == APR_SUCCESS)
        status = upload_launch(launch, db, request, input, now, pool);
    if (status == APR_SUCCESS && key.key)
        status = ds_upload_key_store(db, &key, (*launch)->id, now);
    return status;
}

/* End the transaction the way its work went. */
static apr_status_t transaction_end(ds_db_t *db, apr_status_t status)
{
    if (status == APR_SUCCESS)
        return ds_db_commit(db);
    ds_db_rollback(db);
    return status;
}

/* The same for one that makes a launch, where somebody waits to hear whether it is there. */
static apr_status_t creation_end(ds_launch_t *const *launch, ds_db_t *db, apr_status_t status,
                                 apr_pool_t *pool)
{
    apr_time_t sent = ds_clock_steady();

    if (status != APR_SUCCESS)
        return transaction_end(db, status);
    status = ds_db_commit(db);
    return status == DS_EBUSY && ds_db_is_in_doubt(db) ? ds_doubt_end(db, *launch, sent, pool)
                                                       : status;
}

apr_status_t ds_launch_accept(ds_launch_t **launch, int *repeated, ds_db_t *db,
                              const ds_launch_request_t *request, ds_file_writer_t *input,
                              apr_pool_t *pool)
{
    apr_status_t status = ds_db_begin_queue(db);

    *repeated = 0;
    if (status != APR_SUCCESS)
        return status;
    status = upload_accept(launch, repeated, db, request, input, pool);
    status = *repeated ? transaction_end(db, status) : creation_end(launch, db, status, pool);
    if (status == APR_SUCCESS && !*repeated)
        ds_file_writer_close(input);
    return status;
}

/* Inside a transaction: move the due time on, unless another keeper has done it. */
static apr_status_t schedule_advance(ds_db_t *db, const ds_sync_t *sync, apr_time_t due,
                                     apr_time_t advance)
{
    int changed = 0;
    apr_status_t status = ds_db_query(db, &changed, STMT_SYNC_SCHEDULE_ADVANCE,
                                      DS_ARGS(DS_INT(advance), DS_TEXT(sync->id), DS_INT(due)));

    return status == APR_SUCCESS && !changed ? DS_ESTATE : status;
}

/* Inside a transaction that makes a launch, so that nobody else makes one meanwhile. */
static apr_status_t others_check(ds_db_t *db, const ds_launch_request_t *request, apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status;

    if (!request->alone)
        return APR_SUCCESS;
    status = ds_db_select(&rows, db, STMT_LAUNCH_UNFINISHED_COUNT,
                          DS_ARGS(DS_TEXT(request->sync->id)), pool);
    if (status != APR_SUCCESS || !ds_db_rows_next(rows))
        return status;
    return ds_db_rows_int(rows, 0) ? DS_ESTATE : APR_SUCCESS;
}

apr_status_t ds_launch_start(ds_launch_t **launch, ds_db_t *db, const ds_launch_request_t *request,
                             apr_time_t due, apr_time_t advance, apr_pool_t *pool)
{
    apr_status_t status = ds_db_begin_queue(db);

    if (status != APR_SUCCESS)
        return status;
    *launch = launch_make(request, due, pool);
    if (advance)
        status = schedule_advance(db, request->sync, due, advance);
    if (status == APR_SUCCESS && request->state != DS_LAUNCH_SCHEDULED)
        status = ds_launch_admission_check(db, request, pool);
    if (status == APR_SUCCESS)
        status = others_check(db, request, pool);
    if (status == APR_SUCCESS)
        status = row_create(*launch, db, request, pool);
    return creation_end(launch, db, status, pool);
}

/* Begin a transaction with the queue's lock; the time by the database's clock. */
static apr_status_t queue_begin(apr_time_t *now, ds_db_t *db)
{
    apr_status_t status = ds_db_begin_queue(db);

    if (status != APR_SUCCESS)
        return status;
    status = ds_db_now(now, db);
    if (status != APR_SUCCESS)
        ds_db_rollback(db);
    return status;
}

apr_status_t ds_launch_reject(ds_launch_t **launch, ds_db_t *db, const ds_launch_request_t *request,
                              const char *message, apr_pool_t *pool)
{
    static const ds_sync_t none = {.id = DS_LAUNCH_OF_NONE, .object_name = DS_LAUNCH_OF_NONE};
    ds_launch_request_t kept = *request;
    apr_time_t now;
    apr_status_t status = queue_begin(&now, db);

    if (status != APR_SUCCESS)
        return status;
    if (!kept.sync)
        kept.sync = &none;
    status = ds_launch_create(launch, db, &kept, now, pool);
    if (status == APR_SUCCESS) {
        (*launch)->message = message;
        (*launch)->finished_at = now;
        status = ds_db_query(db, NULL, STMT_LAUNCH_REJECT,
                             DS_ARGS(DS_TEXT(message), DS_INT(now), DS_INT((*launch)->id)));
    }
    return creation_end(launch, db, status, pool);
}

/* Does a launch of this kind read a file of its own? */
static int has_input(ds_sync_kind_e kind)
{
    return kind == DS_KIND_IMPORT || kind == DS_KIND_DELETE;
}

/* Inside a transaction: the launch to repeat, if it may be. */
static apr_status_t retry_check(ds_launch_t **old, ds_db_t *db, const ds_sync_t *sync,
                                apr_int64_t id, apr_pool_t *pool)
{
    ds_file_t *input;
    apr_status_t status = ds_launch_get(old, db, sync->id, id, pool);

    if (status != APR_SUCCESS)
        return status;
    if (!ds_launch_state_is_end((*old)->state) || (*old)->state == DS_LAUNCH_FINISHED)
        return DS_ESTATE;
    if ((*old)->kind != sync->kind) /* keys to delete are no records to import */
        return DS_ESTATE;
    if (!has_input((*old)->kind))
        return APR_SUCCESS;
    return ds_file_get(&input, db, ds_launch_input_id(*old), "input", pool);
}

apr_status_t ds_launch_retry(ds_launch_t **launch, ds_db_t *db, const ds_launch_request_t *request,
                             apr_int64_t id, apr_pool_t *pool)
{
    ds_launch_t *old;
    apr_time_t now;
    apr_status_t status = queue_begin(&now, db);

    if (status != APR_SUCCESS)
        return status;
    status = retry_check(&old, db, request->sync, id, pool);
    if (status == APR_SUCCESS)
        status = ds_launch_admission_check(db, request, pool);
    if (status == APR_SUCCESS) {
        *launch = launch_make(request, now, pool);
        (*launch)->dry_run = old->dry_run;
        (*launch)->options = old->options;
        if (has_input(old->kind))
            (*launch)->input_launch_id = ds_launch_input_id(old);
        status = row_create(*launch, db, request, pool);
    }
    return creation_end(launch, db, status, pool);
}

apr_int64_t ds_launch_input_id(const ds_launch_t *launch)
{
    return launch->input_launch_id ? launch->input_launch_id : launch->id;
}

apr_status_t ds_launch_queue(ds_db_t *db, const ds_launch_request_t *request, apr_int64_t id,
                             apr_pool_t *pool)
{
    apr_time_t now;
    int changed = 0;
    apr_status_t status = queue_begin(&now, db);

    if (status != APR_SUCCESS)
        return status;
    status = ds_launch_admission_check(db, request, pool);
    if (status == APR_SUCCESS)
        status = ds_db_query(db, &changed, STMT_LAUNCH_QUEUE, DS_ARGS(DS_INT(now), DS_INT(id)));
    if (status == APR_SUCCESS && !changed)
        status = DS_ESTATE;
    return transaction_end(db, status);
}

apr_status_t ds_launch_expire(ds_db_t *db, apr_time_t now, apr_time_t before)
{
    return ds_db_query(db, NULL, STMT_LAUNCH_EXPIRE, DS_ARGS(DS_INT(now), DS_INT(before)));
}

/* Inside a transaction. In one statement: between two a runner could take the launch, or hand it
 * back. */
static apr_status_t cancel_mark(ds_launch_state_e *state, ds_db_t *db, apr_int64_t id,
                                const char *message, apr_pool_t *pool)
{
    apr_time_t now;
    ds_db_rows_t *rows;
    apr_status_t status = ds_db_now(&now, db);

    if (status == APR_SUCCESS)
        status = ds_db_select(&rows, db, STMT_LAUNCH_CANCEL,
                              DS_ARGS(DS_TEXT(message), DS_INT(now), DS_INT(id)), pool);
    if (status != APR_SUCCESS)
        return status;
    return ds_db_rows_next(rows) && ds_launch_state_find(state, ds_db_rows_text(rows, 0))
               ? APR_SUCCESS
               : DS_ESTATE;
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
    return transaction_end(
        db,
        cancel_mark(state, db, id, apr_pstrcat(pool, "Cancelled by user: ", by_whom, NULL), pool));
}

/* Normal forms are texts of UTC, some with a fraction before their Z: without the Z a whole second
 * comes before its fractions. */
void ds_counters_time_raise(ds_counters_t *rows, const char *updated_at)
{
    apr_size_t known = strlen(rows->synced_until), length = strlen(updated_at);
    int order =
        known ? strncmp(updated_at, rows->synced_until, (length < known ? length : known) - 1) : 1;

    if (order > 0 || (order == 0 && length > known))
        apr_cpystrn(rows->synced_until, updated_at, DS_VALUE_NORMAL_SIZE);
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

static const char *done_words(const ds_launch_t *launch)
{
    switch (launch->kind) {
    case DS_KIND_DELETE: return launch->dry_run ? "would be deleted" : "deleted";
    case DS_KIND_EXPORT: return "exported";
    case DS_KIND_PULL: return launch->dry_run ? "would be pulled" : "pulled";
    default: return launch->dry_run ? "would be imported" : "imported";
    }
}

const char *ds_launch_summary(const ds_launch_t *launch, const ds_counters_t *rows,
                              apr_pool_t *pool)
{
    const char *text =
        apr_psprintf(pool, "%s%s row%s %s", launch->dry_run ? "Dry run: " : "",
                     number_print(rows->ok, pool), rows->ok == 1 ? "" : "s", done_words(launch));

    if (rows->skipped)
        text = apr_psprintf(pool, "%s, %s not found: see the warnings file", text,
                            number_print(rows->skipped, pool));
    if (rows->warned)
        text = apr_psprintf(pool, "%s, %s with a warning: see the warnings file", text,
                            number_print(rows->warned, pool));
    if (rows->failed)
        text = apr_psprintf(pool, "%s, %s failed: see the failures file", text,
                            number_print(rows->failed, pool));
    return text;
}

/* A summary holds no semicolon. */
const char *ds_launch_note(const ds_launch_t *launch)
{
    const char *behind = launch->message ? strstr(launch->message, "; ") : NULL;

    return behind ? behind + 2 : NULL;
}
