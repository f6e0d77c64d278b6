/* Access tokens that stand for a client and, where one has logged in, for a user: what an OAuth
 * client is given for its secret, or for a user's password. Each call makes a new one.
 *
 * Only the SHA-256 of a token is kept. A token dies with its client, and with the client's secret.
 */
#ifndef DS_GRANT_H
#define DS_GRANT_H

#include "ds_client.h"

typedef struct ds_grant_t {
    const ds_client_t *client; /* what may be done is what it may do */
    const char *user;          /* who has logged in; NULL: the client itself */
    const char *community;     /* the client's word for where it works, or NULL */
    apr_time_t expires_at;
} ds_grant_t;

/* Make a token that lives for `life`; *token is seen this once, and expires_at is set. */
apr_status_t ds_grant_create(const char **token, ds_grant_t *grant, ds_db_t *db,
                             apr_interval_time_t life, apr_pool_t *pool);

/* What a token stands for; `configured` as in ds_client.h. DS_EDENIED when it is none that lives.
 */
apr_status_t ds_grant_find(ds_grant_t **grant, ds_db_t *db, const apr_hash_t *configured,
                           const char *token, apr_pool_t *pool);

#endif
