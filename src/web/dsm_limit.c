#include "dsm_limit.h"

#include <apr_global_mutex.h>
#include <apr_hash.h>
#include <apr_shm.h>
#include <apr_strings.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define PLACES 1024 /* keys that are counted; more push out those that were quiet the longest */
#define PROBES 16   /* places where a key may stand */

typedef struct place_t {
    char key[DSM_LIMIT_KEY_SIZE]; /* "": free */
    apr_time_t began_at;          /* of the window */
    int calls;
    pid_t users[DSM_LIMIT_AT_ONCE_MAX]; /* 0: free; else the process that serves a call */
} place_t;

/* One call that counts at once, in the pool of its request. */
typedef struct use_t {
    place_t *place;
    char key[DSM_LIMIT_KEY_SIZE];
    int number;
} use_t;

static place_t *places; /* shared; NULL: none */
static apr_global_mutex_t *mutex;

static apr_status_t places_forget(void *data)
{
    places = NULL;
    return APR_SUCCESS;
}

apr_status_t dsm_limit_open(apr_pool_t *pconf)
{
    apr_shm_t *memory;
    apr_status_t status = apr_shm_create(&memory, PLACES * sizeof(place_t), NULL, pconf);

    if (status != APR_SUCCESS) {
        return status;
    }
    /* The kind that comes free when its holder is killed, where the system has it. */
    status = apr_global_mutex_create(&mutex, NULL, APR_LOCK_PROC_PTHREAD, pconf);
    if (APR_STATUS_IS_ENOTIMPL(status)) {
        status = apr_global_mutex_create(&mutex, NULL, APR_LOCK_DEFAULT, pconf);
    }
    if (status == APR_SUCCESS) {
        places = apr_shm_baseaddr_get(memory);
        memset(places, 0, PLACES * sizeof(place_t));
        apr_pool_cleanup_register(pconf, NULL, places_forget, apr_pool_cleanup_null);
    }
    return status;
}

apr_status_t dsm_limit_child_init(apr_pool_t *pchild)
{
    return places ? apr_global_mutex_child_init(&mutex, apr_global_mutex_lockfile(mutex), pchild)
                  : APR_SUCCESS;
}

/* --- under the lock --- */

/* A process that was killed gives nothing back. */
static int is_dead(pid_t pid)
{
    return kill(pid, 0) != 0 && errno == ESRCH;
}

static int in_use(place_t *place)
{
    int i, count = 0;

    for (i = 0; i < DSM_LIMIT_AT_ONCE_MAX; ++i) {
        count += place->users[i] != 0;
    }
    return count;
}

static void dead_remove(place_t *place)
{
    int i;

    for (i = 0; i < DSM_LIMIT_AT_ONCE_MAX; ++i) {
        if (place->users[i] && is_dead(place->users[i])) {
            place->users[i] = 0;
        }
    }
}

static place_t *place_find(const char *key)
{
    apr_ssize_t length = APR_HASH_KEY_STRING;
    unsigned at = apr_hashfunc_default(key, &length);
    place_t *oldest = NULL, *place;
    int i;

    for (i = 0; i < PROBES; ++i) {
        place = &places[(at + (unsigned)i) % PLACES];
        if (!strcmp(place->key, key)) {
            return place;
        }
        if (!oldest || !*place->key || (*oldest->key && place->began_at < oldest->began_at)) {
            oldest = place;
        }
    }
    memset(oldest, 0, sizeof(*oldest));
    apr_cpystrn(oldest->key, key, sizeof(oldest->key));
    return oldest;
}

static dsm_limit_e call_count(int *user, place_t *place, const dsm_limit_t *limit, apr_time_t now)
{
    int i;

    if (now - place->began_at >= limit->window || now < place->began_at) {
        place->began_at = now;
        place->calls = 0;
    }
    if (limit->calls && place->calls >= limit->calls) {
        return DSM_LIMIT_CALLS;
    }
    if (limit->at_once && in_use(place) >= limit->at_once) {
        dead_remove(place);
        if (in_use(place) >= limit->at_once) {
            return DSM_LIMIT_AT_ONCE;
        }
    }
    for (i = 0; limit->at_once && place->users[i]; ++i) {
    }
    *user = limit->at_once ? i : -1;
    if (*user >= 0) {
        place->users[*user] = getpid();
    }
    ++place->calls;
    return DSM_LIMIT_FREE;
}

/* --- */

static apr_status_t use_end(void *data)
{
    use_t *use = data;

    if (places && apr_global_mutex_lock(mutex) == APR_SUCCESS) {
        if (!strcmp(use->place->key, use->key)) {
            use->place->users[use->number] = 0;
        }
        apr_global_mutex_unlock(mutex);
    }
    return APR_SUCCESS;
}

dsm_limit_e dsm_limit_take(dsm_limit_left_t *left, request_rec *r, const char *key,
                           const dsm_limit_t *limit)
{
    use_t *use = apr_pcalloc(r->pool, sizeof(*use));
    dsm_limit_e answer;

    apr_cpystrn(use->key, key, sizeof(use->key));
    if (!places || apr_global_mutex_lock(mutex) != APR_SUCCESS) {
        return DSM_LIMIT_FREE;
    }
    use->place = place_find(use->key);
    answer = call_count(&use->number, use->place, limit, apr_time_now());
    if (left) {
        left->calls = limit->calls - use->place->calls;
        left->until = use->place->began_at + limit->window;
    }
    apr_global_mutex_unlock(mutex);
    if (answer == DSM_LIMIT_FREE && use->number >= 0) {
        apr_pool_cleanup_register(r->pool, use, use_end, apr_pool_cleanup_null);
    }
    return answer;
}
