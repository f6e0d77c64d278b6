#include "ds_client.h"

#include <strings.h>

#include <apr_lib.h>
#include <apr_strings.h>

static const char *const role_names[] = {"read-only", "read-write"};

ds_client_t *ds_client_make(const char *id, apr_pool_t *pool)
{
    ds_client_t *client = apr_pcalloc(pool, sizeof(*client));

    client->id = client->name = apr_pstrdup(pool, id);
    client->role = DS_ROLE_READ_WRITE;
    client->objects = apr_array_make(pool, 4, sizeof(const char *));
    client->secret_sha256 = "";
    return client;
}

const char *ds_client_id_fault(const char *id)
{
    const char *p;

    for (p = id; *p; p++)
        if (!apr_isalnum(*p) && !strchr("-_.", *p))
            return "may hold letters, digits, - _ and . only";
    if (p == id || p - id > DS_CLIENT_ID_MAX)
        return "must have 1 to 64 characters";
    return NULL;
}

const char *ds_client_role_name(ds_client_role_e role)
{
    return role_names[role];
}

int ds_client_role_find(ds_client_role_e *role, const char *name)
{
    int i;

    for (i = DS_ROLE_READ_ONLY; i <= DS_ROLE_READ_WRITE; i++)
        if (!strcasecmp(role_names[i], name)) {
            *role = (ds_client_role_e)i;
            return 1;
        }
    return 0;
}

int ds_client_has_object(const ds_client_t *client, const char *object)
{
    int i;

    for (i = 0; i < client->objects->nelts; i++) {
        const char *name = APR_ARRAY_IDX(client->objects, i, const char *);

        if (!strcmp(name, "*") || !strcasecmp(name, object))
            return 1;
    }
    return 0;
}

/* --- in the database: names of objects stand with spaces between --- */

apr_status_t ds_client_create(ds_client_t **client, const char **secret, ds_db_t *db,
                              const char *name, ds_client_role_e role,
                              const apr_array_header_t *objects, apr_pool_t *pool)
{
    char id[37], *text = apr_palloc(pool, DS_CLIENT_SECRET_LENGTH + 1);
    char *hash = apr_palloc(pool, DS_SHA256_HEX_SIZE);
    ds_client_t *made;
    apr_status_t status = ds_digest_random_uuid(id);

    if (status == APR_SUCCESS)
        status = ds_digest_random_text(text, DS_CLIENT_SECRET_LENGTH);
    if (status == APR_SUCCESS)
        status = ds_digest_sha256(hash, text, DS_CLIENT_SECRET_LENGTH);
    if (status == APR_SUCCESS) {
        made = ds_client_make(id, pool);
        status = ds_db_now(&made->created_at, db);
    }
    if (status != APR_SUCCESS)
        return status;
    made->name = apr_pstrdup(pool, name);
    made->role = role;
    made->objects = apr_array_copy(pool, objects);
    made->secret_sha256 = hash;
    *client = made;
    *secret = text;
    return ds_db_query(
        db, NULL, STMT_CLIENT_CREATE,
        DS_ARGS(DS_TEXT(made->id), DS_TEXT(made->name), DS_TEXT(hash), DS_TEXT(role_names[role]),
                DS_TEXT(apr_array_pstrcat(pool, objects, ' ')), DS_INT(made->created_at)));
}

static ds_client_t *client_read(ds_db_rows_t *rows, apr_pool_t *pool)
{
    ds_client_t *client = ds_client_make(ds_db_rows_text(rows, 0), pool);
    char *state, *name, *objects = apr_pstrdup(pool, ds_db_rows_text(rows, 3));

    client->name = ds_db_rows_text(rows, 1);
    ds_client_role_find(&client->role, ds_db_rows_text(rows, 2));
    for (name = apr_strtok(objects, " ", &state); name; name = apr_strtok(NULL, " ", &state))
        APR_ARRAY_PUSH(client->objects, const char *) = name;
    client->created_at = ds_db_rows_int(rows, 4);
    client->revoked_at = ds_db_rows_int(rows, 5);
    client->secret_sha256 = ds_db_rows_text(rows, 6);
    return client;
}

apr_status_t ds_client_list(apr_array_header_t **clients, ds_db_t *db, apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status = ds_db_select(&rows, db, STMT_CLIENT_LIST, DS_NO_ARGS, pool);

    *clients = apr_array_make(pool, 8, sizeof(ds_client_t *));
    while (status == APR_SUCCESS && ds_db_rows_next(rows))
        APR_ARRAY_PUSH(*clients, ds_client_t *) = client_read(rows, pool);
    return status;
}

apr_status_t ds_client_revoke(ds_db_t *db, const char *id)
{
    int changed = 0;
    apr_time_t now;
    apr_status_t status = ds_db_now(&now, db);

    if (status == APR_SUCCESS)
        status = ds_db_query(db, &changed, STMT_CLIENT_REVOKE, DS_ARGS(DS_INT(now), DS_TEXT(id)));
    return status == APR_SUCCESS && !changed ? DS_ENOTFOUND : status;
}

apr_status_t ds_client_get(ds_client_t **client, ds_db_t *db, const apr_hash_t *configured,
                           const char *id, apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status;

    *client = configured ? apr_hash_get((apr_hash_t *)configured, id, APR_HASH_KEY_STRING) : NULL;
    if (*client)
        return APR_SUCCESS;
    if (ds_client_id_fault(id)) /* a text that is no UTF-8 breaks PostgreSQL's statement */
        return DS_ENOTFOUND;
    status = ds_db_select(&rows, db, STMT_CLIENT_GET, DS_ARGS(DS_TEXT(id)), pool);
    if (status != APR_SUCCESS)
        return status;
    if (!ds_db_rows_next(rows))
        return DS_ENOTFOUND;
    *client = client_read(rows, pool);
    return (*client)->revoked_at ? DS_ENOTFOUND : APR_SUCCESS;
}

apr_status_t ds_client_check(ds_client_t **client, ds_db_t *db, const apr_hash_t *configured,
                             const char *id, const char *secret, apr_pool_t *pool)
{
    static const char nobody[] = "0000000000000000000000000000000000000000000000000000000000000000";
    char hash[DS_SHA256_HEX_SIZE];
    apr_status_t status = ds_client_get(client, db, configured, id, pool), hashed;
    const char *kept = status == APR_SUCCESS ? (*client)->secret_sha256 : nobody;

    if (status != APR_SUCCESS && status != DS_ENOTFOUND)
        return status;
    hashed = ds_digest_sha256(hash, secret, strlen(secret));
    if (hashed != APR_SUCCESS)
        return hashed;
    if (!ds_digest_equals(kept, hash, DS_SHA256_HEX_SIZE - 1) || status != APR_SUCCESS)
        return DS_EDENIED;
    return APR_SUCCESS;
}
