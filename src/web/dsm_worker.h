/* The worker program: started and watched by the parent, woken by the children.
 *
 * One worker and one wake pipe per configuration generation. The database row is the message; the
 * byte in the pipe is a hint only. */
#ifndef DSM_WORKER_H
#define DSM_WORKER_H

#include <httpd.h>

#include "ds_settings.h"

/* Parent, post_config: start the worker. It ends when pconf is cleared (SIGTERM, after three
 * seconds SIGKILL) and is started again when it dies; one without runners only until it has ended
 * well. Sets settings->wake_fd. The settings need not live on. */
apr_status_t dsm_worker_start(server_rec *s, const char *program, ds_settings_t *settings,
                              apr_pool_t *pconf);

/* Parent, monitor hook: start a worker again that could not be started or died at once. */
int dsm_worker_monitor(apr_pool_t *pool, server_rec *s);

/* Child, child_init: keep only the write end of the pipe. */
void dsm_worker_child_init(void);

/* Child, any thread: say that there is something in the queue. Never waits, never fails. */
void dsm_worker_wake(void);

#endif
