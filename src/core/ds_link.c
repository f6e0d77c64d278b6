#include "ds_link.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "ds_digest.h"

#define KEY_NAME "links"
#define KEY_LENGTH 43       /* 256 bits */
#define EXPIRES_DIGITS 11   /* seconds since 1970, at most */
#define SIGNATURE_LENGTH 64 /* hex digits */

apr_status_t ds_link_key_create(ds_db_t *db, apr_time_t now)
{
    char key[KEY_LENGTH + 1];
    apr_status_t status = ds_digest_random_text(key, KEY_LENGTH);

    if (status != APR_SUCCESS)
        return status;
    return ds_db_query(db, NULL, STMT_SECRET_ADD,
                       DS_ARGS(DS_TEXT(KEY_NAME), DS_TEXT(key), DS_INT(now)));
}

/* The words before the rest keep a signature from meaning something else one day. */
static apr_status_t signature_make(char signature[DS_SHA256_HEX_SIZE], ds_db_t *db,
                                   const char *uuid, const char *expires, apr_pool_t *pool)
{
    const char *text = apr_pstrcat(pool, "result of a launch\n", uuid, "\n", expires, NULL), *key;
    ds_db_rows_t *rows;
    apr_status_t status =
        ds_db_select(&rows, db, STMT_SECRET_GET, DS_ARGS(DS_TEXT(KEY_NAME)), pool);

    if (status != APR_SUCCESS)
        return status;
    if (!ds_db_rows_next(rows))
        return DS_ENOTFOUND;
    key = ds_db_rows_text(rows, 0);
    return ds_digest_hmac(signature, key, strlen(key), text, strlen(text));
}

apr_status_t ds_link_query(const char **query, ds_db_t *db, const char *uuid, apr_time_t until,
                           apr_pool_t *pool)
{
    const char *expires = apr_psprintf(pool, "%" APR_INT64_T_FMT, apr_time_sec(until));
    char signature[DS_SHA256_HEX_SIZE];
    apr_status_t status = signature_make(signature, db, uuid, expires, pool);

    if (status == APR_SUCCESS)
        *query = apr_pstrcat(pool, "expires=", expires, "&signature=", signature, NULL);
    return status;
}

static int is_time(const char *text)
{
    apr_size_t length = strspn(text, "0123456789");

    return length > 0 && length <= EXPIRES_DIGITS && !text[length];
}

apr_status_t ds_link_check(int *expired, ds_db_t *db, const char *uuid, const char *expires,
                           const char *signature, apr_pool_t *pool)
{
    char right[DS_SHA256_HEX_SIZE];
    apr_time_t now;
    apr_status_t status;

    *expired = 0;
    if (!is_time(expires) || strlen(signature) != SIGNATURE_LENGTH)
        return DS_EDENIED;
    status = signature_make(right, db, uuid, expires, pool);
    if (status == APR_SUCCESS)
        status = ds_db_now(&now, db);
    if (status != APR_SUCCESS)
        return status == DS_ENOTFOUND ? DS_EDENIED : status;
    if (!ds_digest_equals(right, signature, SIGNATURE_LENGTH))
        return DS_EDENIED;
    *expired = apr_time_sec(now) > apr_atoi64(expires);
    return *expired ? DS_EDENIED : APR_SUCCESS;
}
