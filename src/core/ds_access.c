/* Access tokens. A token is not kept: it is the HMAC of a nonce under the client's secret, so that
 * whoever comes with the secret can be given the same one again, and nobody else can. */
#include <string.h>

#include <apr_strings.h>

#include "ds_client.h"

#define NONCE_LENGTH 43 /* 256 bits */
#define LEFT_MIN apr_time_from_sec(1)

/* Marketo's form: a UUID, and ":int" behind it. */
static const char *token_make(const char *secret, const char *nonce, apr_pool_t *pool)
{
    char hex[DS_SHA256_HEX_SIZE], uuid[37];

    if (ds_digest_hmac(hex, secret, strlen(secret), nonce, strlen(nonce)) != APR_SUCCESS)
        return NULL;
    ds_digest_uuid_print(uuid, hex);
    return apr_pstrcat(pool, uuid, ":int", NULL);
}

/* The token that lives; DS_ENOTFOUND when there is none. */
static apr_status_t access_read(ds_access_t *access, ds_db_t *db, const ds_client_t *client,
                                const char *secret, apr_time_t now, apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status =
        ds_db_select(&rows, db, STMT_ACCESS_GET, DS_ARGS(DS_TEXT(client->id)), pool);

    if (status != APR_SUCCESS)
        return status;
    if (!ds_db_rows_next(rows) || ds_db_rows_int(rows, 2) < now + LEFT_MIN ||
        strcmp(ds_db_rows_text(rows, 1), client->secret_sha256))
        return DS_ENOTFOUND;
    access->left = ds_db_rows_int(rows, 2) - now;
    access->token = token_make(secret, ds_db_rows_text(rows, 0), pool);
    return access->token ? APR_SUCCESS : APR_EGENERAL;
}

/* Of several processes that do this at once one is first; all read its token afterwards. */
static apr_status_t access_create(ds_db_t *db, const ds_client_t *client, const char *secret,
                                  apr_time_t now, apr_interval_time_t life, apr_pool_t *pool)
{
    char nonce[NONCE_LENGTH + 1], hash[DS_SHA256_HEX_SIZE];
    const char *token;
    apr_status_t status = ds_digest_random_text(nonce, NONCE_LENGTH);

    if (status != APR_SUCCESS)
        return status;
    token = token_make(secret, nonce, pool);
    status = token ? ds_digest_sha256(hash, token, strlen(token)) : APR_EGENERAL;
    if (status != APR_SUCCESS)
        return status;
    return ds_db_query(db, NULL, STMT_ACCESS_SET,
                       DS_ARGS(DS_TEXT(client->id), DS_TEXT(nonce), DS_TEXT(client->secret_sha256),
                               DS_TEXT(hash), DS_INT(now + life), DS_INT(now + LEFT_MIN)));
}

apr_status_t ds_access_get(ds_access_t *access, ds_db_t *db, const apr_hash_t *configured,
                           const char *id, const char *secret, apr_interval_time_t life,
                           apr_pool_t *pool)
{
    ds_client_t *client;
    apr_time_t now;
    apr_status_t status = ds_client_check(&client, db, configured, id, secret, pool);

    if (status == APR_SUCCESS)
        status = ds_db_now(&now, db);
    if (status != APR_SUCCESS)
        return status;
    access->client = client;
    status = access_read(access, db, client, secret, now, pool);
    if (status != DS_ENOTFOUND)
        return status;
    status = access_create(db, client, secret, now, life, pool);
    return status == APR_SUCCESS ? access_read(access, db, client, secret, now, pool) : status;
}

apr_status_t ds_access_check(ds_client_t **client, int *expired, ds_db_t *db,
                             const apr_hash_t *configured, const char *token, apr_pool_t *pool)
{
    char hash[DS_SHA256_HEX_SIZE];
    ds_db_rows_t *rows;
    apr_time_t now, until;
    apr_status_t status = ds_digest_sha256(hash, token, strlen(token));

    *expired = 0;
    if (status == APR_SUCCESS)
        status = ds_db_now(&now, db);
    if (status == APR_SUCCESS)
        status = ds_db_select(&rows, db, STMT_ACCESS_FIND,
                              DS_ARGS(DS_TEXT(hash), DS_TEXT(hash), DS_TEXT(hash)), pool);
    if (status != APR_SUCCESS)
        return status;
    if (!ds_db_rows_next(rows))
        return DS_EDENIED;
    until = ds_db_rows_int(rows, 2);
    status = ds_client_get(client, db, configured, ds_db_rows_text(rows, 0), pool);
    if (status != APR_SUCCESS)
        return status == DS_ENOTFOUND ? DS_EDENIED : status;
    if (strcmp((*client)->secret_sha256, ds_db_rows_text(rows, 1)))
        return DS_EDENIED; /* the secret has changed since */
    *expired = until <= now;
    return *expired ? DS_EDENIED : APR_SUCCESS;
}
