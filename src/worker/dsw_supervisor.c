#include "dsw_supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>

#include "ds_clock.h"
#include "dsw_keeper.h"
#include "dsw_process.h"
#include "dsw_runner.h"
#include "dsw_sender.h"
#include "dsw_setup.h"
#include "dsw_sign.h"

#define STOP_PATIENCE apr_time_from_msec(2500) /* httpd kills after three seconds */
#define TURN apr_time_from_msec(100)
#define PAUSE_MAX apr_time_from_sec(30)
#define STEADY apr_time_from_sec(10) /* who lived that long starts again without a pause */

typedef int role_cb(const dsw_t *worker);

/* One process that should be there. */
typedef struct {
    const char *name;
    role_cb *run;
    int number;            /* of its sign */
    pid_t pid;             /* 0: not running */
    apr_time_t started;    /* by the steady clock */
    apr_time_t not_before; /* the brake */
    apr_interval_time_t pause;
} slot_t;

/* What the child does after the fork. It never returns. */
static void child_run(const slot_t *slot, const dsw_t *worker, pid_t parent)
{
    dsw_t own = *worker;

    apr_pool_create(&own.pool, NULL);
    dsw_process_name_set(slot->name);
    dsw_process_signals_prepare(parent);
    dsw_sign_begin(slot->number);
    exit(slot->run(&own));
}

static void slot_start(slot_t *slot, const dsw_t *worker)
{
    pid_t parent = getpid(), pid = fork();

    if (pid == 0)
        child_run(slot, worker, parent);
    slot->started = ds_clock_steady();
    slot->pid = pid > 0 ? pid : 0;
    if (pid < 0) {
        ds_log(DS_LOG_ERR, APR_FROM_OS_ERROR(errno), DSLOGNO(0510) "cannot fork %s", slot->name);
        slot->not_before = slot->started + apr_time_from_sec(1);
    }
}

/* The longer a process fails at once, the longer the pause before the next try. */
static void slot_brake(slot_t *slot, apr_time_t now)
{
    if (now - slot->started > STEADY)
        slot->pause = 0;
    slot->not_before = now + slot->pause;
    slot->pause = slot->pause ? slot->pause * 2 : apr_time_from_msec(100);
    if (slot->pause > PAUSE_MAX)
        slot->pause = PAUSE_MAX;
}

static void slot_ended(slot_t *slot, int status)
{
    if (WIFSIGNALED(status))
        ds_log(DS_LOG_ERR, APR_SUCCESS, DSLOGNO(0511) "%s (pid %ld) was killed by signal %d",
               slot->name, (long)slot->pid, WTERMSIG(status));
    else if (WEXITSTATUS(status) && !dsw_process_stopping()) /* asked to leave, it was not done */
        ds_log(DS_LOG_ERR, APR_SUCCESS, DSLOGNO(0512) "%s (pid %ld) ended with code %d", slot->name,
               (long)slot->pid, WEXITSTATUS(status));
    slot->pid = 0;
    slot_brake(slot, ds_clock_steady());
}

static void slots_reap(slot_t *slots, int count)
{
    int status, i;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (i = 0; i < count; i++)
            if (slots[i].pid == pid)
                slot_ended(&slots[i], status);
}

static int slots_running(const slot_t *slots, int count)
{
    int running = 0, i;

    for (i = 0; i < count; i++)
        running += slots[i].pid != 0;
    return running;
}

static void slots_signal(const slot_t *slots, int count, int number)
{
    int i;

    for (i = 0; i < count; i++)
        if (slots[i].pid)
            kill(slots[i].pid, number);
}

/* Wait for a child's end or the wish to stop, whatever comes first, at most one turn. */
static void turn_wait(void)
{
    sigset_t wanted;
    struct timespec time = {.tv_nsec = apr_time_usec(TURN) * 1000};

    sigemptyset(&wanted);
    sigaddset(&wanted, SIGCHLD);
    sigtimedwait(&wanted, NULL, &time);
}

static void slots_stop(slot_t *slots, int count)
{
    apr_time_t deadline = ds_clock_steady() + STOP_PATIENCE;

    slots_signal(slots, count, SIGTERM);
    while (slots_running(slots, count) && ds_clock_steady() < deadline) {
        turn_wait();
        slots_reap(slots, count);
    }
    slots_signal(slots, count, SIGKILL);
}

static void slots_keep(slot_t *slots, int count, const dsw_t *worker)
{
    while (!dsw_process_stopping()) {
        apr_time_t now = ds_clock_steady();
        int i;

        for (i = 0; i < count; i++)
            if (!slots[i].pid && now >= slots[i].not_before)
                slot_start(&slots[i], worker);
        turn_wait();
        slots_reap(slots, count);
    }
    slots_stop(slots, count);
}

/* The setup step in a process of its own, again and again until it has succeeded. */
static void setup_run(const dsw_t *worker)
{
    slot_t slot = {.name = "datasync-setup", .run = dsw_setup_run};

    while (!dsw_process_stopping()) {
        if (!slot.pid && ds_clock_steady() >= slot.not_before)
            slot_start(&slot, worker);
        turn_wait();
        if (slot.pid) {
            int status;

            if (waitpid(slot.pid, &status, WNOHANG) != slot.pid)
                continue;
            if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
                return;
            slot_ended(&slot, status);
        }
    }
    slots_stop(&slot, 1);
}

/* The keeper, the runners, and the sender where there is one more. */
static slot_t *slots_make(int count, int runners, apr_pool_t *pool)
{
    slot_t *slots = apr_pcalloc(pool, sizeof(*slots) * count);
    int i;

    slots[0].name = "datasync-keeper";
    slots[0].run = dsw_keeper_run;
    for (i = 1; i < count; i++) {
        slots[i].name = i <= runners ? apr_psprintf(pool, "datasync-run%d", i) : "datasync-sender";
        slots[i].run = i <= runners ? dsw_runner_run : dsw_sender_run;
        slots[i].number = i;
    }
    return slots;
}

int dsw_supervisor_run(const dsw_t *worker)
{
    int runners = worker->settings->runners;
    int count = 1 + runners + dsw_sender_is_wanted(worker);
    sigset_t blocked;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGCHLD);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    ds_log(DS_LOG_INFO, APR_SUCCESS, DSLOGNO(0513) "worker started, %d runners", runners);
    dsw_signs_make(count);
    setup_run(worker);
    if (runners)
        slots_keep(slots_make(count, runners, worker->pool), count, worker);
    ds_log(DS_LOG_INFO, APR_SUCCESS, DSLOGNO(0514) "worker stopped");
    return 0;
}
