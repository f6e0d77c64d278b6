#include "ds_launch_state.h"

#include <string.h>

static const char *const names[DS_LAUNCH_STATES] = {
    [DS_LAUNCH_RECEIVING] = "receiving", [DS_LAUNCH_REJECTED] = "rejected",
    [DS_LAUNCH_SCHEDULED] = "scheduled", [DS_LAUNCH_QUEUED] = "queued",
    [DS_LAUNCH_RUNNING] = "running",     [DS_LAUNCH_CANCELLING] = "cancelling",
    [DS_LAUNCH_FINISHED] = "finished",   [DS_LAUNCH_FAILED] = "failed",
    [DS_LAUNCH_CANCELLED] = "cancelled",
};

#define TO(state) (1u << DS_LAUNCH_##state)

/* From each state: the states that may follow. The updates in sql/launch.sql and sql/queue.sql name
 * the same pairs. */
static const unsigned followers[DS_LAUNCH_STATES] = {
    [DS_LAUNCH_RECEIVING] = TO(QUEUED) | TO(REJECTED),
    [DS_LAUNCH_SCHEDULED] = TO(QUEUED) | TO(CANCELLED),
    [DS_LAUNCH_QUEUED] = TO(RUNNING) | TO(CANCELLED),
    [DS_LAUNCH_RUNNING] = TO(FINISHED) | TO(FAILED) | TO(REJECTED) | TO(CANCELLING) | TO(QUEUED),
    [DS_LAUNCH_CANCELLING] = TO(CANCELLED) | TO(FINISHED) | TO(FAILED) | TO(REJECTED),
};

const char *ds_launch_state_name(ds_launch_state_e state)
{
    return names[state];
}

int ds_launch_state_find(ds_launch_state_e *state, const char *name)
{
    int i;

    for (i = 0; i < DS_LAUNCH_STATES; i++)
        if (!strcmp(names[i], name)) {
            *state = (ds_launch_state_e)i;
            return 1;
        }
    return 0;
}

int ds_launch_state_allows(ds_launch_state_e from, ds_launch_state_e to)
{
    return (followers[from] & (1u << to)) != 0;
}

int ds_launch_state_is_end(ds_launch_state_e state)
{
    return followers[state] == 0;
}
