/* Credentials of a pull: the header that goes with its requests.
 *
 * Secrets are read where the configuration says they stand, when a launch begins. Tokens of OAuth
 * (RFC 6749) are asked for once, whoever needs them: one runner of all nodes asks, the others wait
 * and take what it was given. They are kept in the database, sealed under a key made of the
 * client's secret; so is a refresh token that the server has changed. */
#ifndef DSW_LOGIN_H
#define DSW_LOGIN_H

#include "ds_db.h"
#include "ds_source.h"
#include "ds_src_http.h"

typedef struct dsw_login_t dsw_login_t;

/* Who works on a launch looks after it while it waits, about once a second: keeps the lease, and
 * learns that it is to stop (a status that is not APR_SUCCESS). */
typedef struct dsw_watch_t {
    apr_status_t (*look)(void *baton);
    void *baton;
} dsw_watch_t;

/* Wait so long, but for looks that end it. */
apr_status_t dsw_watch_wait(const dsw_watch_t *watch, apr_interval_time_t time);

/* Read the secrets of a source. http asks token endpoints: its requests last a minute at most. The
 * problem names the one that is not there. */
ds_problem_t *dsw_login_make(dsw_login_t **login, ds_db_t *db, const ds_source_auth_t *auth,
                             ds_src_http_t *http, const dsw_watch_t *watch, apr_pool_t *pool);

/* The header to send; its name is NULL where there is no credential. refused: what was given last
 * was answered with 401. The problem's status is one of ds_src_http_send, or the
 * database's. */
ds_problem_t *dsw_login_header(ds_src_http_header_t *header, dsw_login_t *login, int refused,
                               apr_pool_t *pool);

/* Can there be another credential after one that was refused? */
int dsw_login_is_renewable(const dsw_login_t *login);

/* A text in which each secret is ***. */
const char *dsw_login_mask(const dsw_login_t *login, const char *text, apr_pool_t *pool);

#endif
