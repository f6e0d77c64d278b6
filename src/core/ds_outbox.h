/* The outbox: what is to be told of launches by mail and to webhooks.
 *
 * Nobody here puts a message in: triggers of the database do, in the transaction that changes the
 * launch, one for each outlet that is told of it. Senders take messages out (dsw_sender.h). */
#ifndef DS_OUTBOX_H
#define DS_OUTBOX_H

#include <apr_tables.h>
#include <apr_time.h>

#include "ds_db.h"

#define DS_OUTLET_MAIL "mail" /* the outlet of mail; all others are those of webhooks */

typedef struct ds_message_t {
    apr_int64_t id;
    const char *outlet;
    apr_int64_t launch_id;
    const char *recipient; /* of mail: an address; else NULL */
    const char *data;      /* the launch as it was at that moment, as JSON (docs/schema.md) */
    const char *state;     /* "waiting", "sent" or "given up" */
    apr_time_t created_at;
    apr_time_t next_at; /* when it may be tried next */
    int tries;
    apr_time_t ended_at; /* 0: not yet */
    const char *fault;   /* why the last try failed, or NULL */
} ds_message_t;

/* Inside a transaction: from now on these are told, an array of const char *, and no others. */
apr_status_t ds_outbox_outlets_set(ds_db_t *db, const apr_array_header_t *outlets);

/* Take the message of an outlet that has been due for the longest time. Until `lease` is over
 * nobody else takes it; then it is due again, so that one whose sender died is sent again.
 * DS_ENOTFOUND: none is due. In pool. */
apr_status_t ds_outbox_claim(ds_message_t **message, ds_db_t *db, const char *outlet,
                             apr_interval_time_t lease, apr_pool_t *pool);

/* It was sent. This and the next three do nothing when the message is somebody else's by now. */
apr_status_t ds_outbox_finish(ds_db_t *db, const ds_message_t *message);

/* It could not be sent: it is tried again after a pause that doubles with each try, up to an hour,
 * of which the last half is left to chance, but not before `least` is over. *given_up: it was the
 * last of so many tries, or the message is too old. */
apr_status_t ds_outbox_delay(int *given_up, ds_db_t *db, const ds_message_t *message,
                             apr_interval_time_t least, const char *fault);

/* It can never be sent. */
apr_status_t ds_outbox_give_up(ds_db_t *db, const ds_message_t *message, const char *fault);

/* The sender leaves: others may try at once. */
apr_status_t ds_outbox_release(ds_db_t *db, const ds_message_t *message);

/* For the keeper: give up what is too old, and remove some of what has ended a day ago. *given_up
 * is how many messages; *more: there is more to remove. */
apr_status_t ds_outbox_expire(int *given_up, int *more, ds_db_t *db);

/* The newest messages, newest first: an array of ds_message_t *. */
apr_status_t ds_outbox_list(apr_array_header_t **messages, ds_db_t *db, int limit,
                            apr_pool_t *pool);

#endif
