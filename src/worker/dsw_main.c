/* datasync-worker: reads its settings, becomes the run-time user, and supervises (dsw_supervisor).
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "dsw.h"
#include "dsw_config.h"
#include "dsw_log.h"
#include "dsw_process.h"
#include "dsw_supervisor.h"

#define SETTINGS_MAX (16 * 1024 * 1024)
#define EXIT_BRAKE                                                                                 \
    apr_time_from_sec(5) /* httpd restarts a worker at once; a failing one is slowed down */

enum { EXIT_TROUBLE = 1, EXIT_USAGE = 2 };

/* What the command line asks for. */
typedef struct {
    const char *config; /* NULL: started by httpd, the settings are on standard input */
    int check_only;
} order_t;

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
    ds_problem_t *problem;

    if (!text)
        return ds_problem_make(pool, DS_ELIMIT, "settings: longer than %d bytes", SETTINGS_MAX);
    problem = ds_settings_from_json(settings, text, pool);
    return problem ? ds_problem_make(pool, problem->status, "settings: %s", problem->text) : NULL;
}

static ds_problem_t *worker_prepare(dsw_t *worker, const order_t *order)
{
    ds_settings_t *settings;
    ds_problem_t *problem = order->config ? dsw_config_read(&settings, order->config, worker->pool)
                                          : settings_read(&settings, worker->pool);

    if (problem)
        return problem;
    worker->settings = settings;
    dsw_log_open(settings->log_level);
    worker->wake_fd = dsw_process_descriptors_close(settings->wake_fd);
    return dsw_process_user_set(settings->user, settings->group, worker->pool);
}

/* Whoever started a worker with a file sees the reason and decides; httpd would try again at once.
 */
static int worker_run(dsw_t *worker, const order_t *order, pid_t parent)
{
    ds_problem_t *problem = worker_prepare(worker, order);

    if (!problem) {
        dsw_process_signals_prepare(order->config ? DSW_ANY_PARENT : parent);
        return dsw_supervisor_run(worker);
    }
    ds_log(DS_LOG_ERR, APR_SUCCESS, DSLOGNO(0500) "the worker cannot start: %s", problem->text);
    if (!order->config)
        dsw_process_wait(-1, EXIT_BRAKE);
    return EXIT_TROUBLE;
}

static int config_check(dsw_t *worker, const order_t *order)
{
    ds_problem_t *problem = worker_prepare(worker, order);

    if (!problem)
        problem = ds_db_driver_check(worker->settings->db_driver, worker->pool);
    if (!problem)
        printf("%s: in order\n", order->config);
    else
        fprintf(stderr, "datasync-worker: %s\n", problem->text);
    return problem ? EXIT_TROUBLE : EXIT_SUCCESS;
}

static void help_print(void)
{
    puts("Usage: datasync-worker --config FILE\n"
         "       datasync-worker --check FILE\n\n"
         "Runs the launches of mod_datasync.\n\n"
         "  --config FILE   run without httpd, with the settings of this file\n"
         "  --check FILE    say whether the file is in order, and end\n"
         "  --help, --version\n\n"
         "httpd (DataSyncWorker On) starts it without arguments and writes the settings to its\n"
         "standard input. See datasync-worker(8).");
}

/* The exit code, or -1 to go on. */
static int order_read(order_t *order, int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'f'},
                                            {"check", required_argument, NULL, 't'},
                                            {"help", no_argument, NULL, 'h'},
                                            {"version", no_argument, NULL, 'v'},
                                            {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 't': order->check_only = 1; /* fall through */
        case 'f': order->config = optarg; break;
        case 'h': help_print(); return EXIT_SUCCESS;
        case 'v': puts("datasync-worker " DATASYNC_VERSION); return EXIT_SUCCESS;
        default: return EXIT_USAGE;
        }
    }
    if (optind == argc && (order->config || !isatty(STDIN_FILENO)))
        return -1;
    fputs("datasync-worker: write --config FILE, or see datasync-worker --help\n", stderr);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    dsw_t worker = {.wake_fd = -1};
    order_t order = {NULL, 0};
    pid_t parent = getppid();
    int code = order_read(&order, argc, argv);

    if (code >= 0)
        return code;
    apr_initialize();
    atexit(apr_terminate);
    umask(S_IRWXG | S_IRWXO);
    apr_pool_create(&worker.pool, NULL);
    dsw_log_open(DS_LOG_WARNING);
    return order.check_only ? config_check(&worker, &order) : worker_run(&worker, &order, parent);
}
