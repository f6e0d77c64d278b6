/* A runner: it claims launches and runs them, one after the other. */
#ifndef DSW_RUNNER_H
#define DSW_RUNNER_H

#include "ds_queue.h"
#include "dsw.h"

/* How the work on a launch ended. Each kind of launch has one file with a function that returns it.
 */
typedef enum dsw_outcome_e {
    DSW_DONE,        /* finished or failed as `state` and `message` say */
    DSW_INTERRUPTED, /* asked to stop: hand it back to the queue */
    DSW_LOST,        /* somebody else owns it now: leave it */
    DSW_PAUSED,      /* it waits for another server, as `message` says, and is nobody's */
    DSW_TROUBLE      /* the database did not take part: hand it back and try again later */
} dsw_outcome_e;

typedef struct dsw_result_t {
    dsw_outcome_e outcome;
    ds_launch_state_e state; /* for DSW_DONE: finished, failed, rejected or cancelled */
    const char *message;     /* for DSW_TROUBLE: the database's words, or NULL */
    apr_status_t status; /* for DSW_TROUBLE: DS_EBUSY when the database is away, else it refused */
} dsw_result_t;

/* In a process of its own, until asked to stop. */
int dsw_runner_run(const dsw_t *worker);

#endif
