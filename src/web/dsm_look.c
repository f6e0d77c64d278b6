/* One thread asks for all that have come so far, while others that come wait for the next turn. */
#include "dsm_look.h"

#include <apr_ring.h>
#include <apr_strings.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>

#include <string.h>

#include "dsm_db.h"

/* A turn that takes longer is one of a server far away: others do not wait for its end, but ask
 * beside it. */
#define PATIENCE apr_time_from_msec(5)

typedef struct waiter_t {
    APR_RING_ENTRY(waiter_t) link;
    ds_look_t *look;
    apr_thread_cond_t *changed; /* it is answered, or may ask itself */
    int is_asked;               /* some thread asks for it */
    int is_answered;
} waiter_t;

APR_RING_HEAD(waiters_t, waiter_t);

static struct waiters_t waiters; /* who is not yet asked for */
static apr_thread_mutex_t *lock; /* of it, and of what follows; NULL: each asks for itself */
static int turns;                /* under way */

apr_status_t dsm_look_open(const ds_db_where_t *where, apr_pool_t *pchild)
{
    APR_RING_INIT(&waiters, waiter_t, link);
    turns = 0;
    lock = NULL;
    if (strcmp(where->driver, "pgsql")) {
        return APR_SUCCESS; /* SQLite looks into its own memory */
    }
    return apr_thread_mutex_create(&lock, APR_THREAD_MUTEX_DEFAULT, pchild);
}

static void looks_answer(ds_look_t *const *looks, int count)
{
    dsm_db_t *connection;
    apr_status_t status = dsm_db_acquire(&connection);
    int i;

    if (status == APR_SUCCESS) {
        dsm_db_release(connection, ds_looks_run(looks, count, connection->db));
        return;
    }
    for (i = 0; i < count; i++) {
        looks[i]->status = status;
        looks[i]->cause = "there is no database connection";
    }
}

/* With the lock, which is let go meanwhile. The caller waits too, though it may be for a later
 * turn: who came first is asked for first. */
static void turn_run(void)
{
    waiter_t *asked[DS_LOOKS_MAX];
    ds_look_t *looks[DS_LOOKS_MAX];
    int count, i;

    for (count = 0; count < DS_LOOKS_MAX && !APR_RING_EMPTY(&waiters, waiter_t, link); count++) {
        asked[count] = APR_RING_FIRST(&waiters);
        asked[count]->is_asked = 1;
        looks[count] = asked[count]->look;
        APR_RING_REMOVE(asked[count], link);
    }
    turns++;
    apr_thread_mutex_unlock(lock);
    looks_answer(looks, count);
    apr_thread_mutex_lock(lock);
    turns--;
    for (i = 0; i < count; i++) {
        asked[i]->is_answered = 1;
        apr_thread_cond_signal(asked[i]->changed);
    }
    if (!APR_RING_EMPTY(&waiters, waiter_t, link)) {
        apr_thread_cond_signal(APR_RING_FIRST(&waiters)->changed);
    }
}

/* With the lock. */
static void answer_wait(waiter_t *waiter)
{
    int has_waited = 0;

    APR_RING_INSERT_TAIL(&waiters, waiter, waiter_t, link);
    while (!waiter->is_answered) {
        if (waiter->is_asked) {
            apr_thread_cond_wait(waiter->changed, lock);
        }
        else if (turns && !has_waited) {
            apr_thread_cond_timedwait(waiter->changed, lock, PATIENCE);
            has_waited = 1;
        }
        else {
            turn_run();
        }
    }
}

apr_status_t dsm_look_run(ds_look_t *look)
{
    waiter_t waiter = {.look = look};

    if (!lock) {
        looks_answer(&look, 1);
        return look->status;
    }
    if (apr_thread_cond_create(&waiter.changed, look->pool) != APR_SUCCESS) {
        return look->status = APR_ENOMEM;
    }
    apr_thread_mutex_lock(lock);
    answer_wait(&waiter);
    apr_thread_mutex_unlock(lock);
    return look->status;
}
