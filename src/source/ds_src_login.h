/* Credentials of a pull: the header that goes with its requests.
 *
 * Worker and tools. Secrets are read where the configuration says they stand, when a launch begins.
 * Tokens of OAuth
 * (RFC 6749) are asked for once, whoever needs them: one process of all nodes asks, the others wait
 * and take what it was given. They are kept in the database, sealed under a key made of the
 * client's secret; so is a refresh token that the server has changed. */
#ifndef DS_SRC_LOGIN_H
#define DS_SRC_LOGIN_H

#include "ds_db.h"
#include "ds_source.h"
#include "ds_src_http.h"

typedef struct ds_src_login_t ds_src_login_t;

/* Who waits for others looks after his own work meanwhile, about once a second: a runner keeps the
 * lease of its launch, and learns that it is to stop (a status that is not APR_SUCCESS). */
typedef struct ds_src_watch_t {
    apr_status_t (*look)(void *baton);
    void *baton;
    void (*sleep)(apr_interval_time_t time); /* until then, or until something is to be looked at */
} ds_src_watch_t;

/* Wait so long, but for looks that end it. */
apr_status_t ds_src_watch_wait(const ds_src_watch_t *watch, apr_interval_time_t time);

/* Read the secrets of a source. http: the rules for requests to its server; those to token
 * endpoints are under narrower ones. The problem names the secret that is not there. */
ds_problem_t *ds_src_login_make(ds_src_login_t **login, ds_db_t *db, const ds_source_auth_t *auth,
                                const ds_src_http_rules_t *http, const ds_src_watch_t *watch,
                                apr_pool_t *pool);

/* The header to send; its name is NULL where there is no credential. refused: what was given last
 * was answered with 401. The problem's status is one of ds_src_http_send, or the
 * database's. */
ds_problem_t *ds_src_login_header(ds_src_http_header_t *header, ds_src_login_t *login, int refused,
                                  apr_pool_t *pool);

/* Can there be another credential after one that was refused? */
int ds_src_login_is_renewable(const ds_src_login_t *login);

/* A text in which each secret is ***. */
const char *ds_src_login_mask(const ds_src_login_t *login, const char *text, apr_pool_t *pool);

#endif
