/* Launches: one run of a sync, from its acceptance to its end, as everybody may see it.
 *
 * What runners do with a launch they own is in ds_queue.h. */
#ifndef DS_LAUNCH_H
#define DS_LAUNCH_H

#include <apr_tables.h>
#include <apr_time.h>

#include "ds_db.h"
#include "ds_file.h"
#include "ds_launch_state.h"
#include "ds_sync.h"

/* What was done with rows. Always, after every fault: read = ok + failed + skipped. */
typedef struct ds_counters_t {
    apr_int64_t read;
    apr_int64_t ok;
    apr_int64_t failed;
    apr_int64_t warned; /* of the good ones, those with a warning */
    apr_int64_t skipped;
    char synced_until[DS_VALUE_NORMAL_SIZE]; /* highest time in the object's UpdatedAt field of the
                                                rows so far, in its normal form; "": none */
} ds_counters_t;

/* Raise synced_until to a time in its normal form (ds_value_check), where that is higher. */
void ds_counters_time_raise(ds_counters_t *rows, const char *updated_at);

typedef struct ds_launch_t {
    apr_int64_t id;
    const char *uuid;
    const char *sync_id;
    const char *object;
    ds_sync_kind_e kind;
    ds_launch_state_e state;
    const char *message;     /* in plain words, or NULL */
    apr_time_t scheduled_at; /* when it was due: the time of acceptance for an upload */
    apr_time_t started_at;   /* 0: not yet */
    apr_time_t finished_at;  /* 0: not yet */
    ds_counters_t rows;
    int crashes; /* runners that died on it in a row without progress */
    int dry_run; /* goes through everything and changes no row */
    apr_int64_t
        input_launch_id;   /* the launch whose input it reads: a retry reads an earlier one's */
    const char *client_id; /* the OAuth client that asked for it, or NULL */
    const char *options;   /* what differs from its sync (ds_options.h), as JSON; or NULL */
    apr_time_t queued_at;  /* when one that was made to wait was queued; 0: as scheduled_at */
} ds_launch_t;

/* Launches that have limits together, of whatever sync. */
typedef struct ds_family_t {
    const char *name; /* NULL: it is of no family */
    int running;      /* so many run at a time */
    int queued;       /* so many wait or run */
} ds_family_t;

/* What is asked for. */
typedef struct ds_launch_request_t {
    const ds_sync_t *sync;
    int queue_limit; /* of all syncs together (ds_def_t); 0: none */
    int dry_run;
    const char *key; /* the client's Idempotency-Key, or NULL */
    const char *client_id;
    const char *options; /* JSON, or NULL */
    ds_family_t family;  /* counts beside the limits of the queue */
    ds_launch_state_e
        state; /* SCHEDULED: made, but not queued yet. 0, which no new one has: queued */
    int alone; /* ds_launch_start: only while no other launch of the sync waits or runs */
} ds_launch_request_t;

/* May there be a new launch? DS_EDISABLED: the sync is switched off; DS_ELIMIT: too many launches
 * wait. All that make launches ask in their transactions; asked before, it tells whether it is
 * worth reading a file. */
apr_status_t ds_launch_admission_check(ds_db_t *db, const ds_launch_request_t *request,
                                       apr_pool_t *pool);

/* Accept an upload: its last chunk, the file's row and the launch's row in one transaction.
 * When this returns APR_SUCCESS the launch is durable and a runner may take it.
 * With a key that came with the same bytes within a day *launch is the one of then and *repeated is
 * true, whatever became of the sync since; of a launch that retention has removed only the id is
 * known. With other bytes, or once as a dry run and once not, DS_ECONFLICT. DS_EDISABLED and
 * DS_ELIMIT as above. */
apr_status_t ds_launch_accept(ds_launch_t **launch, int *repeated, ds_db_t *db,
                              const ds_launch_request_t *request, ds_file_writer_t *input,
                              apr_pool_t *pool);

/* Start a launch that has no input: an export, a pull. due is the time it was due at. With
 * `advance` (not 0) the sync's due time moves from `due` to that time in the same transaction:
 * DS_ESTATE when another keeper has moved it already; also when it is to run alone and does not.
 * DS_EDISABLED and DS_ELIMIT as above. */
apr_status_t ds_launch_start(ds_launch_t **launch, ds_db_t *db, const ds_launch_request_t *request,
                             apr_time_t due, apr_time_t advance, apr_pool_t *pool);

/* The sync and the object of a launch that was rejected because it named none that there is. No
 * sync has such an id. */
#define DS_LAUNCH_OF_NONE "-"

/* Keep what cannot be run: a launch that is rejected from the beginning, with a message. Request's
 * state must be REJECTED; a sync of NULL means that there is none. Its own transaction. */
apr_status_t ds_launch_reject(ds_launch_t **launch, ds_db_t *db, const ds_launch_request_t *request,
                              const char *message, apr_pool_t *pool);

/* Run a launch that failed or was cancelled once more: a new launch, at the end of the queue, that
 * reads the same input from its beginning. DS_ENOTFOUND: no such launch, or its files are gone;
 * DS_ESTATE: it has not failed, or the sync is of another kind by now; DS_EDISABLED and DS_ELIMIT
 * as above. */
apr_status_t ds_launch_retry(ds_launch_t **launch, ds_db_t *db, const ds_launch_request_t *request,
                             apr_int64_t id, apr_pool_t *pool);

/* The id of the launch whose input file it reads. */
apr_int64_t ds_launch_input_id(const ds_launch_t *launch);

/* One launch. With sync_id the launch of another sync looks like one that does not exist;
 * NULL is for the administrator's tool. DS_ENOTFOUND. */
apr_status_t ds_launch_get(ds_launch_t **launch, ds_db_t *db, const char *sync_id, apr_int64_t id,
                           apr_pool_t *pool);

/* Inside a transaction: the row of a new launch, whatever limits say. For ds_record.c. */
apr_status_t ds_launch_create(ds_launch_t **launch, ds_db_t *db, const ds_launch_request_t *request,
                              apr_time_t due, apr_pool_t *pool);

/* The same by its UUID. */
apr_status_t ds_launch_find(ds_launch_t **launch, ds_db_t *db, const char *uuid, apr_pool_t *pool);

/* Put a launch that was made to wait into the queue. DS_ESTATE: it does not wait; DS_ELIMIT: there
 * is no room in the queue or in its family; DS_EDISABLED as for a new one. */
apr_status_t ds_launch_queue(ds_db_t *db, const ds_launch_request_t *request, apr_int64_t id,
                             apr_pool_t *pool);

/* The launches that an OAuth client has asked for: newest first, only those with an id below
 * `before`, of one object and kind, in one of `states` (names with commas between). */
apr_status_t ds_launch_list_of_client(apr_array_header_t **launches, ds_db_t *db,
                                      const char *client_id, ds_sync_kind_e kind,
                                      const char *object, const char *states, apr_int64_t before,
                                      int limit, apr_pool_t *pool);

/* Cancel what has been waiting since before a time without being put into the queue. */
apr_status_t ds_launch_expire(ds_db_t *db, apr_time_t now, apr_time_t before);

/* The newest `limit` launches of a sync (NULL: of all), newest first: an array of ds_launch_t *. */
apr_status_t ds_launch_list(apr_array_header_t **launches, ds_db_t *db, const char *sync_id,
                            int limit, apr_pool_t *pool);

/* Launches of a sync that have begun, but for dry runs, the one that began last first: at most
 * `limit` of them after the first `skip`. rows.synced_until of one that has none is that of the
 * launch before. */
apr_status_t ds_launch_history(apr_array_header_t **launches, ds_db_t *db, const char *sync_id,
                               apr_int64_t skip, int limit, apr_pool_t *pool);

/* Ask a launch to stop: a queued one is cancelled at once, a running one at its next batch. *state
 * is the state it has now. by_whom becomes part of the message. DS_ENOTFOUND, DS_ESTATE when it has
 * already ended. */
apr_status_t ds_launch_cancel(ds_launch_state_e *state, ds_db_t *db, const char *sync_id,
                              apr_int64_t id, const char *by_whom, apr_pool_t *pool);

/* What stands in the message of an import behind its summary, such as "ignored: column 4 ...", or
 * NULL. */
const char *ds_launch_note(const ds_launch_t *launch);

/* "1,204 rows imported, 3 failed: see the failures file", for a launch with these counters; of a
 * dry run what would be. In pool. */
const char *ds_launch_summary(const ds_launch_t *launch, const ds_counters_t *rows,
                              apr_pool_t *pool);

#endif
