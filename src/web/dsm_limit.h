/* Limits on calls: how many in a stretch of time, and how many at once. Counted for all children of
 * a server together, in shared memory; each machine counts for itself, and a restart, graceful or
 * not, begins anew.
 *
 * The parent makes the memory, the children count in it, any thread. */
#ifndef DSM_LIMIT_H
#define DSM_LIMIT_H

#include <httpd.h>

#include <apr_time.h>

#define DSM_LIMIT_AT_ONCE_MAX 64    /* the most that can be counted at once under one key */
#define DSM_LIMIT_KEY_SIZE 160      /* a key is shorter */
#define DSM_LIMIT_CALLS_MAX 1000000 /* what the directives accept at most */

typedef struct dsm_limit_t {
    int calls;                  /* in one window; 0: any number */
    apr_interval_time_t window; /* begins with the first call */
    int at_once;                /* 0: any number, else at most DSM_LIMIT_AT_ONCE_MAX */
} dsm_limit_t;

typedef enum dsm_limit_e {
    DSM_LIMIT_FREE,   /* the call was counted */
    DSM_LIMIT_CALLS,  /* too many calls in the window; not counted */
    DSM_LIMIT_AT_ONCE /* too many at once; not counted */
} dsm_limit_e;

/* What is left of a window. */
typedef struct dsm_limit_left_t {
    int calls;
    apr_time_t until; /* its end */
} dsm_limit_left_t;

/* Parent, post_config. */
apr_status_t dsm_limit_open(apr_pool_t *pconf);

/* Child, child_init. */
apr_status_t dsm_limit_child_init(apr_pool_t *pchild);

/* Count a call under a key: the name of who calls, with that of the protocol in front. What counts
 * at once is given back when the request goes. left may be NULL. Without memory all is free. */
dsm_limit_e dsm_limit_take(dsm_limit_left_t *left, request_rec *r, const char *key,
                           const dsm_limit_t *limit);

#endif
