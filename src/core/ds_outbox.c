#include "ds_outbox.h"

#include <apr_general.h>

#define LIFE apr_time_from_sec(2 * 86400) /* after which a message is given up */
#define TRIES_MAX 100
#define PAUSE_FIRST apr_time_from_sec(1)
#define PAUSE_MAX apr_time_from_sec(3600)
#define KEPT apr_time_from_sec(86400) /* for so long one that has ended is still shown */

apr_status_t ds_outbox_outlets_set(ds_db_t *db, const apr_array_header_t *outlets)
{
    apr_status_t status = ds_db_query(db, NULL, STMT_OUTLET_CLEAR, DS_NO_ARGS);
    int i;

    for (i = 0; i < outlets->nelts && status == APR_SUCCESS; i++)
        status = ds_db_query(db, NULL, STMT_OUTLET_ADD,
                             DS_ARGS(DS_TEXT(APR_ARRAY_IDX(outlets, i, const char *))));
    return status;
}

static ds_message_t *message_read(ds_db_rows_t *rows, apr_pool_t *pool)
{
    ds_message_t *message = apr_pcalloc(pool, sizeof(*message));

    message->id = ds_db_rows_int(rows, 0);
    message->outlet = ds_db_rows_text(rows, 1);
    message->launch_id = ds_db_rows_int(rows, 2);
    message->recipient = ds_db_rows_text(rows, 3);
    message->data = ds_db_rows_text(rows, 4);
    message->state = ds_db_rows_text(rows, 5);
    message->created_at = ds_db_rows_int(rows, 6);
    message->next_at = ds_db_rows_int(rows, 7);
    message->tries = (int)ds_db_rows_int(rows, 8);
    message->ended_at = ds_db_rows_int(rows, 9);
    message->fault = ds_db_rows_text(rows, 10);
    return message;
}

static apr_status_t next_find(apr_int64_t *id, ds_db_t *db, const char *outlet, apr_time_t now,
                              apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status =
        ds_db_select(&rows, db, STMT_OUTBOX_NEXT, DS_ARGS(DS_TEXT(outlet), DS_INT(now)), pool);

    if (status != APR_SUCCESS)
        return status;
    if (!ds_db_rows_next(rows))
        return DS_ENOTFOUND;
    *id = ds_db_rows_int(rows, 0);
    return APR_SUCCESS;
}

/* Inside a transaction. */
static apr_status_t message_take(ds_message_t **message, ds_db_t *db, apr_int64_t id,
                                 apr_time_t now, apr_interval_time_t lease, apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status = ds_db_select(&rows, db, STMT_OUTBOX_CLAIM,
                                       DS_ARGS(DS_INT(now + lease), DS_INT(id), DS_INT(now)), pool);

    if (status != APR_SUCCESS)
        return status;
    if (!ds_db_rows_next(rows))
        return DS_ENOTFOUND;
    *message = message_read(rows, pool);
    return APR_SUCCESS;
}

apr_status_t ds_outbox_claim(ds_message_t **message, ds_db_t *db, const char *outlet,
                             apr_interval_time_t lease, apr_pool_t *pool)
{
    apr_int64_t id = 0;
    apr_time_t now;
    apr_status_t status = ds_db_now(&now, db);

    if (status == APR_SUCCESS)
        status = next_find(&id, db, outlet, now, pool); /* an idle sender writes nothing */
    if (status != APR_SUCCESS)
        return status;
    ds_db_lazy_set(db); /* a claim that is lost leaves a message that waits */
    status = ds_db_begin(db);
    if (status != APR_SUCCESS)
        return status;
    status = message_take(message, db, id, now, lease, pool);
    if (status == APR_SUCCESS)
        return ds_db_commit(db);
    ds_db_rollback(db);
    return status;
}

apr_status_t ds_outbox_finish(ds_db_t *db, const ds_message_t *message)
{
    apr_time_t now;
    apr_status_t status = ds_db_now(&now, db);

    if (status != APR_SUCCESS)
        return status;
    return ds_db_query(db, NULL, STMT_OUTBOX_SENT,
                       DS_ARGS(DS_INT(now), DS_INT(message->id), DS_INT(message->tries)));
}

static apr_interval_time_t pause_find(int tries)
{
    apr_interval_time_t pause = PAUSE_FIRST;
    apr_uint64_t chance = 0;

    for (; tries > 1 && pause < PAUSE_MAX; tries--)
        pause *= 2;
    if (pause > PAUSE_MAX)
        pause = PAUSE_MAX;
    apr_generate_random_bytes((unsigned char *)&chance, sizeof(chance));
    return pause / 2 + (apr_interval_time_t)(chance % (apr_uint64_t)(pause / 2));
}

static apr_status_t delay_until(ds_db_t *db, const ds_message_t *message, apr_time_t next_at,
                                const char *fault)
{
    return ds_db_query(
        db, NULL, STMT_OUTBOX_DELAY,
        DS_ARGS(DS_INT(next_at), DS_TEXT(fault), DS_INT(message->id), DS_INT(message->tries)));
}

apr_status_t ds_outbox_delay(int *given_up, ds_db_t *db, const ds_message_t *message,
                             apr_interval_time_t least, const char *fault)
{
    apr_interval_time_t pause = pause_find(message->tries);
    apr_time_t now;
    apr_status_t status = ds_db_now(&now, db);

    if (status != APR_SUCCESS)
        return status;
    *given_up = message->tries >= TRIES_MAX || now - message->created_at > LIFE;
    return *given_up ? ds_outbox_give_up(db, message, fault)
                     : delay_until(db, message, now + (pause > least ? pause : least), fault);
}

apr_status_t ds_outbox_give_up(ds_db_t *db, const ds_message_t *message, const char *fault)
{
    apr_time_t now;
    apr_status_t status = ds_db_now(&now, db);

    if (status != APR_SUCCESS)
        return status;
    return ds_db_query(
        db, NULL, STMT_OUTBOX_GIVE_UP,
        DS_ARGS(DS_INT(now), DS_TEXT(fault), DS_INT(message->id), DS_INT(message->tries)));
}

apr_status_t ds_outbox_release(ds_db_t *db, const ds_message_t *message)
{
    apr_time_t now;
    apr_status_t status = ds_db_now(&now, db);

    return status == APR_SUCCESS ? delay_until(db, message, now, message->fault) : status;
}

apr_status_t ds_outbox_expire(int *given_up, int *more, ds_db_t *db)
{
    int removed = 0;
    apr_time_t now;
    apr_status_t status = ds_db_now(&now, db);

    *given_up = 0;
    if (status == APR_SUCCESS)
        status =
            ds_db_query(db, given_up, STMT_OUTBOX_EXPIRE, DS_ARGS(DS_INT(now), DS_INT(now - LIFE)));
    if (status == APR_SUCCESS)
        status = ds_db_query(db, &removed, STMT_OUTBOX_REMOVE, DS_ARGS(DS_INT(now - KEPT)));
    *more = removed > 0;
    return status;
}

apr_status_t ds_outbox_list(apr_array_header_t **messages, ds_db_t *db, int limit, apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status = ds_db_select(&rows, db, STMT_OUTBOX_LIST, DS_ARGS(DS_INT(limit)), pool);

    *messages = apr_array_make(pool, 20, sizeof(ds_message_t *));
    while (status == APR_SUCCESS && ds_db_rows_next(rows))
        APR_ARRAY_PUSH(*messages, ds_message_t *) = message_read(rows, pool);
    return status;
}
