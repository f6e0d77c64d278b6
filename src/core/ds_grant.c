#include "ds_grant.h"

#include <string.h>

#define TOKEN_LENGTH 43 /* 256 bits */

apr_status_t ds_grant_create(const char **token, ds_grant_t *grant, ds_db_t *db,
                             apr_interval_time_t life, apr_pool_t *pool)
{
    char hash[DS_SHA256_HEX_SIZE], *text = apr_palloc(pool, TOKEN_LENGTH + 1);
    apr_time_t now;
    apr_status_t status = ds_digest_random_text(text, TOKEN_LENGTH);

    if (status == APR_SUCCESS)
        status = ds_digest_sha256(hash, text, TOKEN_LENGTH);
    if (status == APR_SUCCESS)
        status = ds_db_now(&now, db);
    if (status == APR_SUCCESS)
        status = ds_db_query(db, NULL, STMT_GRANT_EXPIRE, DS_ARGS(DS_INT(now)));
    if (status != APR_SUCCESS)
        return status;
    *token = text;
    grant->expires_at = now + life;
    return ds_db_query(db, NULL, STMT_GRANT_CREATE,
                       DS_ARGS(DS_TEXT(hash), DS_TEXT(grant->client->id),
                               DS_TEXT(grant->client->secret_sha256), DS_TEXT(grant->user),
                               DS_TEXT(grant->community), DS_INT(grant->expires_at)));
}

static apr_status_t grant_read(ds_grant_t **grant, ds_db_rows_t *rows, ds_db_t *db,
                               const apr_hash_t *configured, apr_pool_t *pool)
{
    ds_grant_t *found = apr_pcalloc(pool, sizeof(*found));
    ds_client_t *client;
    apr_status_t status = ds_client_get(&client, db, configured, ds_db_rows_text(rows, 0), pool);

    if (status == DS_ENOTFOUND)
        return DS_EDENIED;
    if (status == APR_SUCCESS && strcmp(client->secret_sha256, ds_db_rows_text(rows, 1)))
        return DS_EDENIED; /* the secret has changed since */
    found->client = client;
    found->user = ds_db_rows_text(rows, 2);
    found->community = ds_db_rows_text(rows, 3);
    found->expires_at = ds_db_rows_int(rows, 4);
    *grant = found;
    return status;
}

apr_status_t ds_grant_find(ds_grant_t **grant, ds_db_t *db, const apr_hash_t *configured,
                           const char *token, apr_pool_t *pool)
{
    char hash[DS_SHA256_HEX_SIZE];
    ds_db_rows_t *rows;
    apr_time_t now;
    apr_status_t status = ds_digest_sha256(hash, token, strlen(token));

    if (status == APR_SUCCESS)
        status = ds_db_now(&now, db);
    if (status == APR_SUCCESS)
        status =
            ds_db_select(&rows, db, STMT_GRANT_FIND, DS_ARGS(DS_TEXT(hash), DS_INT(now)), pool);
    if (status != APR_SUCCESS)
        return status;
    return ds_db_rows_next(rows) ? grant_read(grant, rows, db, configured, pool) : DS_EDENIED;
}
