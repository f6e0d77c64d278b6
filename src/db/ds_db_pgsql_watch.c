#include "ds_db_pgsql_watch.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "ds_clock.h"
#include "ds_db_pgsql_reach.h"

#define TURN apr_time_from_msec(100)

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t thread;
    int runs;
    atomic_int stops;
    int idle; /* it waits for a call */
    int used; /* there were calls since its last turn */
    ds_db_watch_call_t *calls;
} watch = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void turn_wait(void)
{
    struct timespec end;
    apr_time_t when = ds_clock_steady() + TURN;

    end.tv_sec = apr_time_sec(when);
    end.tv_nsec = (long)apr_time_usec(when) * 1000;
    pthread_cond_timedwait(&watch.changed, &watch.lock, &end);
}

/* A call that has lasted too long since its server was last known to answer. */
static const ds_db_watch_call_t *overdue_find(apr_time_t now)
{
    const ds_db_watch_call_t *call;

    for (call = watch.calls; call && now - call->checked_at < call->patience; call = call->next)
        ;
    return call;
}

/* What was asked before `asked` of that server gets the answer. */
static void answer_apply(const char *params, apr_time_t asked, int answers)
{
    ds_db_watch_call_t *call;

    for (call = watch.calls; call; call = call->next) {
        if (call->checked_at > asked || strcmp(call->params, params))
            continue;
        call->checked_at = ds_clock_steady();
        if (!answers)
            shutdown(call->fd, SHUT_RDWR);
    }
}

/* Whoever waits for the end of this thread waits for no server, and nothing is known of that. */
static int is_wanted(void)
{
    return !watch.stops;
}

/* With the lock, which is let go while the server is asked. */
static void overdue_check(const ds_db_watch_call_t *call)
{
    apr_interval_time_t patience = call->patience;
    apr_time_t asked = ds_clock_steady();
    char *params = strdup(call->params), *given = strdup(call->given);
    int answers;

    pthread_mutex_unlock(&watch.lock);
    answers = ds_db_pgsql_answers(params, patience, is_wanted) || !is_wanted();
    if (!answers)
        ds_db_pgsql_away_set(given, "the server does not answer");
    pthread_mutex_lock(&watch.lock);
    answer_apply(params, asked, answers);
    free(params);
    free(given);
}

static void *watch_run(void *data)
{
    const ds_db_watch_call_t *call;

    pthread_mutex_lock(&watch.lock);
    while (!watch.stops) {
        watch.idle = !watch.calls && !watch.used;
        watch.used = 0;
        if (watch.idle)
            pthread_cond_wait(&watch.changed, &watch.lock);
        else
            turn_wait();
        call = overdue_find(ds_clock_steady());
        if (call && !watch.stops)
            overdue_check(call);
    }
    pthread_mutex_unlock(&watch.lock);
    return NULL;
}

/* A fork takes no thread along, and no connection that is in a call. */
static void fork_forget(void)
{
    pthread_mutex_init(&watch.lock, NULL);
    watch.runs = 0;
    watch.calls = NULL;
}

static void fork_prepare(void)
{
    pthread_atfork(NULL, NULL, fork_forget);
}

/* Signals are for the threads that wait for them. */
static void watch_start(void)
{
    pthread_condattr_t attributes;
    sigset_t all, before;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&watch.changed, &attributes);
    pthread_condattr_destroy(&attributes);
    watch.stops = watch.idle = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    watch.runs = pthread_create(&watch.thread, NULL, watch_run, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void ds_db_pgsql_watch_begin(ds_db_watch_call_t *call)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, fork_prepare);
    pthread_mutex_lock(&watch.lock);
    if (!watch.runs)
        watch_start();
    call->checked_at = ds_clock_steady();
    call->next = watch.calls;
    watch.calls = call;
    watch.used = 1;
    if (watch.idle)
        pthread_cond_signal(&watch.changed);
    watch.idle = 0;
    pthread_mutex_unlock(&watch.lock);
}

void ds_db_pgsql_watch_end(ds_db_watch_call_t *call)
{
    ds_db_watch_call_t **at;

    pthread_mutex_lock(&watch.lock);
    for (at = &watch.calls; *at && *at != call; at = &(*at)->next)
        ;
    if (*at)
        *at = call->next;
    pthread_mutex_unlock(&watch.lock);
}

void ds_db_pgsql_watch_stop(void)
{
    if (!watch.runs)
        return;
    pthread_mutex_lock(&watch.lock);
    watch.stops = 1;
    pthread_cond_signal(&watch.changed);
    pthread_mutex_unlock(&watch.lock);
    pthread_join(watch.thread, NULL);
    watch.runs = 0;
}
