/* datasync-worker: reads its settings, becomes the run-time user, and supervises (dsw_supervisor).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "dsw.h"
#include "dsw_process.h"
#include "dsw_supervisor.h"

#define SETTINGS_MAX (16 * 1024 * 1024)
#define EXIT_BRAKE                                                                                 \
    apr_time_from_sec(5) /* httpd restarts a worker at once; a failing one is slowed down */

/* A line as httpd writes them, so that one error log reads as one. */
static void sink_stderr(ds_log_level_e level, apr_status_t status, const char *text)
{
    static const char *const names[] = {"emerg",  "alert", "crit",  "error", "warn",
                                        "notice", "info",  "debug", "trace1"};
    char when[APR_CTIME_LEN], cause[300] = "", reason[200];
    apr_time_t now = apr_time_now();

    apr_ctime(when, now);
    if (status != APR_SUCCESS)
        apr_snprintf(cause, sizeof(cause), ": (%d)%s", status,
                     status >= APR_OS_START_USERERR ? "see docs/messages.md"
                                                    : apr_strerror(status, reason, sizeof(reason)));
    fprintf(stderr, "[%.19s.%06ld %s] [datasync:%s] [pid %ld] %s%s\n", when,
            (long)apr_time_usec(now), when + 20, names[level], (long)getpid(), text, cause);
}

static char *input_read(apr_pool_t *pool)
{
    char *text = malloc(SETTINGS_MAX + 1), *copy;
    size_t size = text ? fread(text, 1, SETTINGS_MAX + 1, stdin) : SETTINGS_MAX + 1;

    copy = size <= SETTINGS_MAX ? apr_pstrmemdup(pool, text, size) : NULL;
    free(text);
    return copy;
}

static ds_problem_t *settings_read(ds_settings_t **settings, apr_pool_t *pool)
{
    const char *text = input_read(pool);

    if (!text)
        return ds_problem_make(pool, DS_ELIMIT, "settings: longer than %d bytes", SETTINGS_MAX);
    return ds_settings_from_json(settings, text, pool);
}

static ds_problem_t *worker_prepare(dsw_t *worker, pid_t parent)
{
    ds_settings_t *settings;
    ds_problem_t *problem = settings_read(&settings, worker->pool);

    if (problem)
        return problem;
    worker->settings = settings;
    ds_log_open(sink_stderr, settings->log_level);
    worker->wake_fd = dsw_process_descriptors_close(settings->wake_fd);
    problem = dsw_process_user_set(settings->user, settings->group, worker->pool);
    if (!problem)
        dsw_process_signals_prepare(parent);
    return problem;
}

static int usage_print(void)
{
    puts("datasync-worker: runs the launches of mod_datasync.\n\n"
         "It is started by httpd (DataSyncWorker On) and reads its settings, one JSON document,\n"
         "from standard input. See datasync-worker(8).");
    return 0;
}

int main(int argc, const char *const *argv, const char *const *env)
{
    dsw_t worker = {.wake_fd = -1};
    pid_t parent = getppid();
    ds_problem_t *problem;

    apr_app_initialize(&argc, &argv, &env);
    atexit(apr_terminate);
    if (argc > 1 || isatty(STDIN_FILENO))
        return usage_print();
    umask(S_IRWXG | S_IRWXO);
    apr_pool_create(&worker.pool, NULL);
    ds_log_open(sink_stderr, DS_LOG_WARNING);
    problem = worker_prepare(&worker, parent);
    if (problem) {
        ds_log(DS_LOG_ERR, APR_SUCCESS, DSLOGNO(0500) "the worker cannot start: %s", problem->text);
        dsw_process_wait(-1, EXIT_BRAKE);
        return 1;
    }
    return dsw_supervisor_run(&worker);
}
