/* What the database knows of pulls: how far a sync has come, and when a host may be asked again.
 *
 * Worker only; everything is counted by the database's clock. */
#ifndef DS_PULL_H
#define DS_PULL_H

#include "ds_db.h"

/* How far a sync has come. */
typedef struct ds_pull_t {
    apr_time_t watermark;    /* everything before it is in; 0: nothing yet */
    apr_int64_t launch_id;   /* the launch whose window follows; 0: none has begun one */
    apr_time_t window_start; /* 0: it has no beginning */
    apr_time_t window_end;
    int window_first; /* nothing was in before */
    const char *page; /* the next page (ds_src_page.h); NULL: the first one; "": there is
                         no other, the window is in */
} ds_pull_t;

/* All zero for a sync that has never run. Texts live in pool. */
apr_status_t ds_pull_get(ds_pull_t *pull, ds_db_t *db, const char *sync_id, apr_pool_t *pool);

/* Inside the transaction of a batch: keep where the launch goes on. The watermark stays. */
apr_status_t ds_pull_page_set(ds_db_t *db, const char *sync_id, const ds_pull_t *pull);

/* Likewise: all of the window is in. A watermark never goes back. */
apr_status_t ds_pull_finish(ds_db_t *db, const char *sync_id, const ds_pull_t *pull);

/* Take the next free moment for a request to a host (scheme://host:port), for all runners of all
 * nodes: *wait is how long to wait for it. `gap` is the time from one request to the next. Where it
 * is further away than `patience`, and not because ten others or fewer are before us, none is
 * taken: *taken is 0. Its own transaction; none where there is no gap. */
apr_status_t ds_pull_host_take(int *taken, apr_interval_time_t *wait, ds_db_t *db, const char *host,
                               apr_interval_time_t gap, apr_interval_time_t patience,
                               apr_pool_t *scratch);

/* The host wants no request for so long. */
apr_status_t ds_pull_host_block(ds_db_t *db, const char *host, apr_interval_time_t pause);

/* What a log-in was given. Tokens are sealed (ds_seal.h). */
typedef struct ds_pull_login_t {
    const char *access;      /* or NULL */
    apr_time_t access_until; /* when another one is needed */
    const char *refresh;     /* the newest; NULL: the first one still counts */
    apr_int64_t version;     /* how often it has changed */
} ds_pull_login_t;

/* All zero when nothing is known. login is a digest of what makes the log-in what it is. */
apr_status_t ds_pull_login_get(ds_pull_login_t *known, ds_db_t *db, const char *login,
                               apr_pool_t *pool);

/* Be the only one, of all nodes, who asks for new tokens, for at most `time`. *claim is 0 when
 * somebody else does. Then store what was given, or release: with a claim that somebody else has
 * followed neither changes anything. */
apr_status_t ds_pull_login_claim(apr_time_t *claim, ds_db_t *db, const char *login,
                                 apr_interval_time_t time);
apr_status_t ds_pull_login_store(ds_db_t *db, const char *login, apr_time_t claim,
                                 const ds_pull_login_t *given);
apr_status_t ds_pull_login_release(ds_db_t *db, const char *login, apr_time_t claim);

#endif
