/* OAuth clients: programs that get access tokens for an id and a secret, and what these may do.
 *
 * A client is defined in the configuration (DataSyncClient) or made by datasyncctl; one of the
 * configuration counts before one of the database with the same id. Only the SHA-256 of a secret is
 * kept. Rule of the tokens: Marketo's identity service (one token lives for an hour, and who asks
 * again meanwhile gets the same one). */
#ifndef DS_CLIENT_H
#define DS_CLIENT_H

#include <apr_hash.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "ds_db.h"
#include "ds_digest.h"

#define DS_CLIENT_ID_MAX 64
#define DS_CLIENT_SECRET_MIN 16    /* characters of a secret in the configuration */
#define DS_CLIENT_SECRET_LENGTH 43 /* of one that we make: 256 bits */

typedef enum ds_client_role_e { DS_ROLE_READ_ONLY, DS_ROLE_READ_WRITE } ds_client_role_e;

typedef struct ds_client_t {
    const char *id;
    const char *name; /* what the administrator called it */
    ds_client_role_e role;
    apr_array_header_t *objects; /* of const char *: names of objects; "*" for all */
    const char *secret_sha256;   /* hex */
    apr_time_t created_at;       /* 0: it stands in the configuration */
    apr_time_t revoked_at;       /* 0: not revoked */
} ds_client_t;

/* A client that may read and write no object yet, in pool. */
ds_client_t *ds_client_make(const char *id, apr_pool_t *pool);

/* May this be the id of a client: 1 to DS_CLIENT_ID_MAX letters, digits, - _ and .? NULL when it
 * may, else what is wrong. */
const char *ds_client_id_fault(const char *id);

const char *ds_client_role_name(ds_client_role_e role);
int ds_client_role_find(ds_client_role_e *role, const char *name);

/* Is the object (ASCII case does not count) one of the client's? */
int ds_client_has_object(const ds_client_t *client, const char *object);

/* Make a client in the database, with an id and a secret of ours; *secret is seen this once.
 * objects is an array of const char *. */
apr_status_t ds_client_create(ds_client_t **client, const char **secret, ds_db_t *db,
                              const char *name, ds_client_role_e role,
                              const apr_array_header_t *objects, apr_pool_t *pool);

/* The clients of the database, oldest first: an array of ds_client_t *. */
apr_status_t ds_client_list(apr_array_header_t **clients, ds_db_t *db, apr_pool_t *pool);

/* Make a client of the database and its token useless from the next request on. DS_ENOTFOUND when
 * there is no live one. */
apr_status_t ds_client_revoke(ds_db_t *db, const char *id);

/* A live client: of `configured` (a hash of ds_client_t by id, or NULL), else of the database.
 * DS_ENOTFOUND when there is none. */
apr_status_t ds_client_get(ds_client_t **client, ds_db_t *db, const apr_hash_t *configured,
                           const char *id, apr_pool_t *pool);

/* The client whose secret this is. DS_EDENIED when it is no live client or not its secret; an
 * unknown id costs the same work. */
apr_status_t ds_client_check(ds_client_t **client, ds_db_t *db, const apr_hash_t *configured,
                             const char *id, const char *secret, apr_pool_t *pool);

/* --- access tokens --- */

typedef struct ds_access_t {
    const ds_client_t *client;
    const char *token;
    apr_interval_time_t left; /* until it expires: a second at least */
} ds_access_t;

/* The token of a client, for its secret: the one that lives, else a new one that lives for `life`,
 * a second at least. One that lives for less than a second is as good as dead.
 * DS_EDENIED as ds_client_check. */
apr_status_t ds_access_get(ds_access_t *access, ds_db_t *db, const apr_hash_t *configured,
                           const char *id, const char *secret, apr_interval_time_t life,
                           apr_pool_t *pool);

/* Whose token is it? DS_EDENIED when it is nobody's; *expired then says that it was somebody's
 * until not long ago. */
apr_status_t ds_access_check(ds_client_t **client, int *expired, ds_db_t *db,
                             const apr_hash_t *configured, const char *token, apr_pool_t *pool);

#endif
