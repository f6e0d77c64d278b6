#include "ds_token.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include "ds_clock.h"
#include "ds_token_read.h"

#define PREFIX "dst_"
#define PREFIX_LENGTH 4
#define TEXT_LENGTH (PREFIX_LENGTH + DS_TOKEN_ID_LENGTH + 1 + DS_TOKEN_SECRET_LENGTH)
#define SHA256_COLUMN 7 /* behind those that token_read takes */

/* The id is part of file names and commands: no - and _ in it. */
static apr_status_t id_random(char id[DS_TOKEN_ID_LENGTH + 1])
{
    char text[4 * DS_TOKEN_ID_LENGTH + 1];
    int from, to = 0;
    apr_status_t status;

    do {
        status = ds_digest_random_text(text, sizeof(text) - 1);
        for (from = 0; text[from] && to < DS_TOKEN_ID_LENGTH; from++)
            if (text[from] != '-' && text[from] != '_')
                id[to++] = text[from];
    } while (status == APR_SUCCESS && to < DS_TOKEN_ID_LENGTH);
    id[to] = '\0';
    return status;
}

/* --- scopes --- */

static const char *const scope_names[] = {"cdi.integration_list", "cdi.integration_job_status",
                                          "cdi.integration_sync", "flow.runs",
                                          "flow.specs",           "flow.specs_manage"};

#define SCOPES ((int)(sizeof(scope_names) / sizeof(*scope_names)))

static unsigned scope_find(const char *name)
{
    int i;

    for (i = 0; i < SCOPES; i++)
        if (!strcmp(scope_names[i], name))
            return 1u << i;
    return 0;
}

const char *ds_token_scope_name(ds_scope_e scope)
{
    int i = 0;

    while (i < SCOPES - 1 && !(scope & (1u << i)))
        i++;
    return scope_names[i];
}

int ds_token_scopes_read(unsigned *scopes, const char *names, apr_pool_t *scratch)
{
    char *state, *name, *list = apr_pstrdup(scratch, names);
    unsigned scope = 0;

    *scopes = 0;
    for (name = apr_strtok(list, ", ", &state); name; name = apr_strtok(NULL, ", ", &state)) {
        scope = scope_find(name);
        if (!scope)
            return 0;
        *scopes |= scope;
    }
    return *scopes != 0;
}

const char *ds_token_scopes_text(unsigned scopes, apr_pool_t *pool)
{
    const char *text = NULL;
    int i;

    for (i = 0; i < SCOPES; i++)
        if (scopes & (1u << i))
            text = text ? apr_pstrcat(pool, text, ",", scope_names[i], NULL) : scope_names[i];
    return text;
}

int ds_token_has_sync(const ds_token_t *token, const char *sync_id)
{
    return !strcmp(token->sync_id, sync_id) || !strcmp(token->sync_id, DS_TOKEN_ALL_SYNCS);
}

/* --- tokens --- */

apr_status_t ds_token_create(ds_token_t **token, const char **text, ds_db_t *db,
                             const char *sync_id, unsigned scopes, const char *name,
                             apr_time_t expires_at, apr_pool_t *pool)
{
    ds_token_t *made = apr_pcalloc(pool, sizeof(*made));
    char *id = apr_palloc(pool, DS_TOKEN_ID_LENGTH + 1);
    char secret[DS_TOKEN_SECRET_LENGTH + 1], hash[DS_SHA256_HEX_SIZE];
    apr_status_t status = id_random(id);

    if (status == APR_SUCCESS)
        status = ds_digest_random_text(secret, DS_TOKEN_SECRET_LENGTH);
    if (status == APR_SUCCESS)
        status = ds_digest_sha256(hash, secret, DS_TOKEN_SECRET_LENGTH);
    if (status != APR_SUCCESS)
        return status;
    made->id = id;
    made->sync_id = apr_pstrdup(pool, sync_id);
    made->is_key = scopes != 0;
    made->scopes = scopes;
    made->name = apr_pstrdup(pool, name);
    made->expires_at = expires_at;
    *token = made;
    *text = apr_pstrcat(pool, PREFIX, id, "_", secret, NULL);
    status = ds_db_now(&made->created_at, db);
    if (status != APR_SUCCESS)
        return status;
    return ds_db_query(db, NULL, STMT_TOKEN_CREATE,
                       DS_ARGS(DS_TEXT(id), DS_TEXT(sync_id), DS_TEXT(name), DS_TEXT(hash),
                               DS_INT(made->created_at), DS_INT_OR_NULL(expires_at),
                               DS_TEXT(ds_token_scopes_text(scopes, pool))));
}

/* The columns as TOKEN_LIST has them, from `first` on. */
static ds_token_t *token_read(ds_db_rows_t *rows, int first, apr_pool_t *pool)
{
    ds_token_t *token = apr_pcalloc(pool, sizeof(*token));
    const char *scopes = ds_db_rows_text(rows, first + 6);

    token->id = ds_db_rows_text(rows, first);
    token->sync_id = ds_db_rows_text(rows, first + 1);
    token->name = ds_db_rows_text(rows, first + 2);
    token->created_at = ds_db_rows_int(rows, first + 3);
    token->expires_at = ds_db_rows_int(rows, first + 4);
    token->revoked_at = ds_db_rows_int(rows, first + 5);
    token->is_key = scopes != NULL;
    if (scopes)
        ds_token_scopes_read(&token->scopes, scopes, pool);
    return token;
}

/* Is it dst_<id>_<secret>? An id has letters and digits alone: other bytes may be no text, on which
 * a statement fails that others ask by too. */
static int is_formed(const char *text)
{
    int i;

    if (strlen(text) != TEXT_LENGTH || strncmp(text, PREFIX, PREFIX_LENGTH) ||
        text[PREFIX_LENGTH + DS_TOKEN_ID_LENGTH] != '_')
        return 0;
    for (i = PREFIX_LENGTH; i < PREFIX_LENGTH + DS_TOKEN_ID_LENGTH; i++)
        if (!apr_isalnum(text[i]) || !apr_isascii(text[i]))
            return 0;
    return 1;
}

apr_status_t ds_credential_read(ds_credential_t *credential, const char *text)
{
    static const char none[] = "-----------------------------------------------------------";

    if (!is_formed(text))
        text = none;
    apr_cpystrn(credential->id, text + PREFIX_LENGTH, DS_TOKEN_ID_LENGTH + 1);
    return ds_digest_sha256(credential->sha256, text + PREFIX_LENGTH + DS_TOKEN_ID_LENGTH + 1,
                            DS_TOKEN_SECRET_LENGTH);
}

/* The clock is asked for tokens that end only: it may be a question more to the database. */
static apr_status_t life_check(const ds_token_t *token, ds_db_t *db)
{
    apr_time_t now;
    apr_status_t status;

    if (token->revoked_at)
        return DS_EDENIED;
    if (!token->expires_at)
        return APR_SUCCESS;
    status = ds_db_now(&now, db);
    return status == APR_SUCCESS && token->expires_at <= now ? DS_EDENIED : status;
}

apr_status_t ds_token_take(ds_token_t **token, ds_db_t *db, ds_db_rows_t *rows, int first,
                           const ds_credential_t *credential, apr_pool_t *pool)
{
    static const char dummy[] = "0000000000000000000000000000000000000000000000000000000000000000";
    const char *kept = ds_db_rows_text(rows, first + SHA256_COLUMN);

    if (!ds_digest_equals(kept ? kept : dummy, credential->sha256, DS_SHA256_HEX_SIZE - 1) || !kept)
        return DS_EDENIED;
    *token = token_read(rows, first, pool);
    return life_check(*token, db);
}

apr_status_t ds_token_find(ds_token_t **token, ds_db_t *db, const char *text, apr_pool_t *pool)
{
    ds_credential_t credential;
    ds_db_rows_t *rows;
    apr_status_t status = ds_credential_read(&credential, text);

    if (status == APR_SUCCESS)
        status = ds_db_select(&rows, db, STMT_TOKEN_GET, DS_ARGS(DS_TEXT(credential.id)), pool);
    if (status != APR_SUCCESS)
        return status;
    return ds_db_rows_next(rows) ? ds_token_take(token, db, rows, 0, &credential, pool)
                                 : DS_EDENIED;
}

apr_status_t ds_token_list(apr_array_header_t **tokens, ds_db_t *db, const char *sync_id,
                           apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status =
        sync_id ? ds_db_select(&rows, db, STMT_TOKEN_LIST_OF_SYNC, DS_ARGS(DS_TEXT(sync_id)), pool)
                : ds_db_select(&rows, db, STMT_TOKEN_LIST, DS_NO_ARGS, pool);

    *tokens = apr_array_make(pool, 8, sizeof(ds_token_t *));
    while (status == APR_SUCCESS && ds_db_rows_next(rows))
        APR_ARRAY_PUSH(*tokens, ds_token_t *) = token_read(rows, 0, pool);
    return status;
}

apr_status_t ds_token_revoke(ds_db_t *db, const char *id)
{
    apr_time_t now;
    int changed = 0;
    apr_status_t status = ds_db_now(&now, db);

    if (status == APR_SUCCESS)
        status = ds_db_query(db, &changed, STMT_TOKEN_REVOKE, DS_ARGS(DS_INT(now), DS_TEXT(id)));
    return status == APR_SUCCESS && changed == 0 ? DS_ENOTFOUND : status;
}
