/* The states of a launch, and the only table of what may follow what (docs/states.md). */
#ifndef DS_LAUNCH_STATE_H
#define DS_LAUNCH_STATE_H

typedef enum ds_launch_state_e {
    DS_LAUNCH_RECEIVING, /* its file is still arriving */
    DS_LAUNCH_REJECTED,  /* what it was to do is not possible: its sync is gone */
    DS_LAUNCH_SCHEDULED, /* waits for its time */
    DS_LAUNCH_QUEUED,    /* waits for a runner */
    DS_LAUNCH_RUNNING,
    DS_LAUNCH_CANCELLING, /* someone asked a running launch to stop */
    DS_LAUNCH_FINISHED,
    DS_LAUNCH_FAILED,
    DS_LAUNCH_CANCELLED,
    DS_LAUNCH_STATES /* how many there are */
} ds_launch_state_e;

/* The name as the database and the tools spell it, lower case. */
const char *ds_launch_state_name(ds_launch_state_e state);
int ds_launch_state_find(ds_launch_state_e *state, const char *name);

/* May `to` follow `from`? */
int ds_launch_state_allows(ds_launch_state_e from, ds_launch_state_e to);

/* Is this an end: nothing follows? */
int ds_launch_state_is_end(ds_launch_state_e state);

#endif
