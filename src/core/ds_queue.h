/* The queue: what a runner and the keeper do with launches. Worker processes only.
 *
 * A runner owns a launch by its name and the launch's attempt number; every update it makes says
 * both, so one that has lost its lease changes nothing (DS_ELOST). */
#ifndef DS_QUEUE_H
#define DS_QUEUE_H

#include "ds_launch.h"
#include "ds_lease.h"

#define DS_QUEUE_CRASHES_MAX 3 /* after so many crashes without progress a launch fails */

/* Where a runner goes on after an interruption. All zero: at the beginning. */
typedef struct ds_checkpoint_t {
    apr_int64_t offset; /* bytes of the input that are done, always at the start of a record */
    apr_int64_t line;   /* lines of the input before that offset */
} ds_checkpoint_t;

typedef struct ds_claim_t {
    ds_launch_t *launch;
    const char *owner;
    int attempt;
    apr_interval_time_t lease;
    ds_checkpoint_t checkpoint;
} ds_claim_t;

/* Take the oldest launch that may run: queued, and no earlier one of its object unfinished.
 * DS_ENOTFOUND when there is none. The claim lives in pool. */
apr_status_t ds_queue_claim(ds_claim_t **claim, ds_db_t *db, const char *owner,
                            apr_interval_time_t lease, apr_pool_t *pool);

/* Inside the transaction of a batch: store counters (the launch's new totals) and checkpoint,
 * extend the lease, and say in *cancelled whether someone asked to stop. DS_ELOST: roll back. */
apr_status_t ds_queue_checkpoint(int *cancelled, ds_db_t *db, const ds_claim_t *claim,
                                 const ds_counters_t *rows, const ds_checkpoint_t *checkpoint,
                                 apr_pool_t *scratch);

/* Put other options into a launch one owns. */
apr_status_t ds_queue_options_set(ds_db_t *db, const ds_claim_t *claim, const char *options);

/* Between batches, in a transaction of its own: extend the lease, and learn whether to stop. */
apr_status_t ds_queue_keep(int *cancelled, ds_db_t *db, const ds_claim_t *claim,
                           apr_pool_t *scratch);

/* End a launch one owns: finished, failed, rejected or cancelled. Its own transaction. DS_ELOST. */
apr_status_t ds_queue_finish(ds_db_t *db, const ds_claim_t *claim, ds_launch_state_e state,
                             const char *message);

/* Hand back what this runner owns, to go on at its checkpoint; not counted as a crash. A launch
 * that was to be cancelled is cancelled, and says what was done. DS_ELOST: it owns nothing. */
apr_status_t ds_queue_release(ds_db_t *db, const char *owner, apr_pool_t *scratch);

/* Hand it back because the database refused the work itself (DS_EDB): counted like a crash, so that
 * the launch fails with this fault (a sentence without its full stop) and what was done, when it
 * happens DS_QUEUE_CRASHES_MAX times without progress. */
apr_status_t ds_queue_stumble(ds_db_t *db, const char *owner, const char *fault,
                              apr_pool_t *scratch);

/* The owner of a launch that waits for another server: no runner is. */
#define DS_QUEUE_PAUSED "paused"
#define DS_QUEUE_PAUSE_MAX apr_time_from_sec(3600)

/* Let go of a launch, which goes on at a time of the database's clock, within DS_QUEUE_PAUSE_MAX:
 * ds_queue_reclaim puts it back then, or cancels it as soon as that is asked for. Until then it is
 * running, and message says what it waits for. It counts as nothing. DS_ELOST: somebody else owns
 * it, or it is to be cancelled. */
apr_status_t ds_queue_pause(ds_db_t *db, const ds_claim_t *claim, apr_time_t until,
                            const char *message);

/* What is known of the process that owns a launch. */
enum {
    DS_OWNER_GONE,
    DS_OWNER_ALIVE, /* or nobody knows */
    DS_OWNER_WAITS  /* it is alive, and silent because it cannot write */
};

/* One of these, of the process that calls itself `owner`. One that is silent, its lease has ended,
 * and does not wait, hangs: whoever can end it does so first, because it may hold a lock. */
typedef int ds_queue_alive_cb(const char *owner, int silent);

/* Take launches away from runners that are gone or whose lease has ended: back to the queue,
 * cancelled if that was asked for, or failed after DS_QUEUE_CRASHES_MAX crashes. That a runner
 * waited is no crash. Likewise those whose pause is over, which *reclaimed does not count. */
apr_status_t ds_queue_reclaim(int *reclaimed, ds_db_t *db, ds_lease_watch_t *leases,
                              ds_queue_alive_cb *alive, apr_pool_t *scratch);

#endif
