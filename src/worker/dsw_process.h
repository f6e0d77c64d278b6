/* The worker's processes: how they stop, wait, and tell whether another one is alive.
 *
 * SIGTERM is blocked all the time and let in only while waiting, so that nothing is ever
 * interrupted in the middle; between two steps of its work a process asks dsw_process_stopping. */
#ifndef DSW_PROCESS_H
#define DSW_PROCESS_H

#include <sys/types.h>

#include <apr_pools.h>
#include <apr_time.h>

#include "ds_problem.h"

/* Keep no descriptor but 0, 1, 2 and keep_fd (-1: none). Returns the new number of keep_fd. */
int dsw_process_descriptors_close(int keep_fd);

/* Become this user and group, with the user's supplementary groups, when started as root. The
 * problem when that fails, or when the process would stay root. */
ds_problem_t *dsw_process_user_set(const char *user, const char *group, apr_pool_t *pool);

#define DSW_ANY_PARENT ((pid_t)0)

/* Take SIGTERM and SIGINT as a wish to stop, and get SIGTERM when the parent dies. expected_parent
 * is its pid; when it is not the parent any more, the wish is there at once. DSW_ANY_PARENT: the
 * process does not depend on its parent. */
void dsw_process_signals_prepare(pid_t expected_parent);

/* Has the process been asked to stop? */
int dsw_process_stopping(void);

/* Wait until fd can be read (-1: none), the process is asked to stop, or the time is over. True
 * when fd can be read or its other end is gone. */
int dsw_process_wait(int fd, apr_interval_time_t timeout);

/* The name under which this process owns launches: host's boot, pid namespace, pid, start time. */
const char *dsw_process_owner(apr_pool_t *pool);

/* ds_queue_alive_cb: gone is only what was a process of this host. One of this host that is silent
 * and does not wait (dsw_sign.h) is killed. */
int dsw_process_owner_alive(const char *owner, int silent);

/* What ps and top show. At most 15 characters. */
void dsw_process_name_set(const char *name);

#endif
