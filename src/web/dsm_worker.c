#include "dsm_worker.h"

#include <ap_mpm.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>

#include <apr_portable.h>
#include <apr_signal.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>

#include <string.h>

#include "ds_clock.h"
#include "ds_log.h"

APLOG_USE_MODULE(datasync);

/* How long the worker may take to read its settings. */
#define SETTINGS_TIMEOUT apr_time_from_sec(10)
/* A worker that dies sooner is started again by the monitor hook only (about every ten seconds). */
#define LIFE_MIN apr_time_from_sec(1)

/* One run of the program. Lives in a pool of its own below pconf. */
typedef struct run_t {
    apr_proc_t process;
    apr_pool_t *pool;
    apr_time_t started_at; /* by the steady clock */
} run_t;

/* What the parent keeps of a generation, in pconf. */
typedef struct generation_t {
    server_rec *server;
    const char *program;
    const char *settings; /* JSON: may hold a password, never logged */
    apr_file_t *wake_read;
    apr_file_t *wake_write;
    run_t *run;     /* NULL: none runs, the monitor hook tries again */
    int is_setup;   /* it only stores the definitions: the runners are elsewhere */
    int has_set_up; /* it has done so, and is not needed any more */
    apr_pool_t *pool;
} generation_t;

static generation_t
    *generation; /* of the configuration that is in force; NULL: no worker of ours */

static apr_status_t generation_forget(void *data)
{
    generation = NULL;
    return APR_SUCCESS;
}

/* Both ends stay open in the parent: so a write never meets a pipe without a reader, and the next
 * run gets the same pipe. */
static apr_status_t wake_pipe_open(int *fd, generation_t *g)
{
    apr_status_t status =
        apr_file_pipe_create_ex(&g->wake_read, &g->wake_write, APR_READ_BLOCK, g->pool);

    if (status == APR_SUCCESS) {
        /* APR's pipes are inherited unless told otherwise. */
        apr_file_inherit_unset(g->wake_read);
        apr_file_inherit_unset(g->wake_write);
        status = apr_os_file_get(fd, g->wake_read);
    }
    return status;
}

static apr_status_t attributes_make(apr_procattr_t **made, const generation_t *g, apr_pool_t *pool)
{
    apr_procattr_t *attributes;
    apr_status_t status = apr_procattr_create(&attributes, pool);

    if (status == APR_SUCCESS) {
        status = apr_procattr_io_set(attributes, APR_CHILD_BLOCK, APR_NO_PIPE, APR_NO_PIPE);
    }
    if (status == APR_SUCCESS && g->server->error_log) {
        status = apr_procattr_child_out_set(attributes, g->server->error_log, NULL);
    }
    if (status == APR_SUCCESS && g->server->error_log) {
        status = apr_procattr_child_err_set(attributes, g->server->error_log, NULL);
    }
    if (status == APR_SUCCESS) {
        /* No shell. The environment is httpd's: libpq (PG...) and TZ must mean the same in both. */
        status = apr_procattr_cmdtype_set(attributes, APR_PROGRAM_ENV);
    }
    if (status == APR_SUCCESS) {
        status = apr_procattr_error_check_set(attributes, 1);
    }
    *made = attributes;
    return status;
}

/* A worker that dies while it reads must not take the parent along by SIGPIPE. */
static apr_status_t settings_write(run_t *run, const char *settings)
{
    apr_sigfunc_t *earlier = apr_signal(SIGPIPE, SIG_IGN);
    apr_status_t status = apr_file_pipe_timeout_set(run->process.in, SETTINGS_TIMEOUT);

    if (status == APR_SUCCESS) {
        status = apr_file_write_full(run->process.in, settings, strlen(settings), NULL);
    }
    apr_file_close(run->process.in);
    apr_signal(SIGPIPE, earlier);
    return status;
}

static void run_watch(int reason, void *data, apr_wait_t wait_status);

static apr_status_t run_spawn(run_t *run, const generation_t *g)
{
    const char *argv[] = {"datasync-worker", NULL};
    apr_procattr_t *attributes;
    apr_status_t status = attributes_make(&attributes, g, run->pool);

    if (status != APR_SUCCESS) {
        return status;
    }
    apr_file_inherit_set(g->wake_read);
    status = apr_proc_create(&run->process, g->program, argv, NULL, attributes, run->pool);
    apr_file_inherit_unset(g->wake_read);
    if (status != APR_SUCCESS) {
        return status;
    }
    apr_pool_note_subprocess(run->pool, &run->process, APR_KILL_AFTER_TIMEOUT);
    apr_proc_other_child_register(&run->process, run_watch, run, NULL, run->pool);
    return settings_write(run, g->settings);
}

static apr_status_t run_start(generation_t *g)
{
    apr_pool_t *pool;
    run_t *run;
    apr_status_t status = apr_pool_create(&pool, g->pool);

    if (status != APR_SUCCESS) {
        return status;
    }
    run = apr_pcalloc(pool, sizeof(*run));
    run->pool = pool;
    run->started_at = ds_clock_steady();
    status = run_spawn(run, g);
    if (status != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, status, g->server,
                     DSLOGNO(0070) "the worker %s cannot be started: it is tried again",
                     g->program);
        apr_pool_destroy(pool);
        return status;
    }
    g->run = run;
    ap_log_error(APLOG_MARK, APLOG_INFO, 0, g->server,
                 DSLOGNO(0071) "the worker was started: process %" APR_PID_T_FMT, run->process.pid);
    return APR_SUCCESS;
}

static int server_is_stopping(void)
{
    int state;

    return ap_mpm_query(AP_MPMQ_MPM_STATE, &state) != APR_SUCCESS || state == AP_MPMQ_STOPPING;
}

/* The run has ended by itself: start the next one, unless httpd is stopping. */
static void run_ended(run_t *run, const char *how, apr_wait_t wait_status)
{
    generation_t *g = generation;
    int was_short = ds_clock_steady() - run->started_at < LIFE_MIN;
    int pid = (int)run->process.pid;

    apr_pool_destroy(run->pool);
    if (!g || g->run != run) {
        return;
    }
    g->run = NULL;
    if (server_is_stopping()) {
        return;
    }
    if (g->is_setup && wait_status == 0) {
        g->has_set_up = 1;
        ap_log_error(APLOG_MARK, APLOG_INFO, 0, g->server,
                     DSLOGNO(0101) "the definitions are stored for workers elsewhere");
        return;
    }
    ap_log_error(APLOG_MARK, APLOG_ERR, 0, g->server,
                 DSLOGNO(0072) "the worker, process %d, %s (%d): %s", pid, how, wait_status,
                 was_short ? "it is started again in some seconds" : "it is started again");
    if (!was_short) {
        run_start(g);
    }
}

/* httpd calls this when something happens to the process. */
static void run_watch(int reason, void *data, apr_wait_t wait_status)
{
    run_t *run = data;

    switch (reason) {
    case APR_OC_REASON_DEATH: run_ended(run, "has died", wait_status); break;
    case APR_OC_REASON_LOST: run_ended(run, "was lost", wait_status); break;
    case APR_OC_REASON_RESTART:
        /* httpd stops or restarts: the worker may begin to leave while the children do. */
        apr_proc_kill(&run->process, SIGTERM);
        break;
    default: break; /* its pool is going: that ends the process */
    }
}

apr_status_t dsm_worker_start(server_rec *s, const char *program, ds_settings_t *settings,
                              apr_pool_t *pconf)
{
    generation_t *g = apr_pcalloc(pconf, sizeof(*g));
    apr_status_t status;

    g->server = s;
    g->program = program;
    g->pool = pconf;
    status = wake_pipe_open(&settings->wake_fd, g);
    if (status != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, status, s,
                     DSLOGNO(0073) "the worker's wake pipe cannot be made");
        return status;
    }
    g->is_setup = settings->runners == 0;
    g->settings = ds_settings_to_json(settings, pconf);
    generation = g;
    apr_pool_cleanup_register(pconf, NULL, generation_forget, apr_pool_cleanup_null);
    run_start(
        g); /* where that fails the monitor hook goes on trying: the server serves meanwhile */
    return APR_SUCCESS;
}

int dsm_worker_monitor(apr_pool_t *pool, server_rec *s)
{
    if (generation && !generation->run && !generation->has_set_up && !server_is_stopping()) {
        run_start(generation);
    }
    return DECLINED;
}

void dsm_worker_child_init(void)
{
    /* With -X this process is parent and child in one, and a wake byte needs a reader. */
    if (generation && !ap_exists_config_define("ONE_PROCESS") &&
        !ap_exists_config_define("DEBUG")) {
        apr_file_close(generation->wake_read);
    }
}

void dsm_worker_wake(void)
{
    apr_size_t size = 1;

    if (generation) {
        apr_file_write(generation->wake_write, "w", &size);
    }
}
