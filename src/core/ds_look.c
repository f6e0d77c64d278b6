#include "ds_look.h"

#include <apr_strings.h>

#include "ds_launch_read.h"
#include "ds_token_read.h"

#define STATUS_COLUMN DS_LAUNCH_COLUMNS      /* of SYNC_LOOK: where those of SYNC_GET begin */
#define TOKEN_COLUMN (DS_LAUNCH_COLUMNS + 3) /* those of a token */
#define NUMBER_COLUMN                                                                              \
    (DS_LAUNCH_COLUMNS + 11) /* PGSQL_SYNC_LOOK_MANY: which one it is, from 0 on */

static apr_status_t token_check(ds_look_t *look, const ds_credential_t *credential,
                                ds_db_rows_t *rows, ds_db_t *db)
{
    ds_token_t *token;
    apr_status_t status = ds_token_take(&token, db, rows, TOKEN_COLUMN, credential, look->pool);

    if (status != APR_SUCCESS)
        return status;
    if (token->is_key || strcmp(token->sync_id, look->sync_id))
        return DS_EDENIED;
    look->token = token;
    return APR_SUCCESS;
}

static void answer_take(ds_look_t *look, const ds_credential_t *credential, ds_db_rows_t *rows,
                        ds_db_t *db)
{
    look->overview.newest = ds_db_rows_text(rows, 0) ? ds_launch_read(rows, look->pool) : NULL;
    ds_sync_status_read(&look->overview.known, rows, STATUS_COLUMN);
    look->status = look->text ? token_check(look, credential, rows, db) : APR_SUCCESS;
}

static apr_status_t one_ask(ds_look_t *look, const ds_credential_t *credential, ds_db_t *db)
{
    ds_db_rows_t *rows;
    apr_status_t status = ds_db_select(&rows, db, STMT_SYNC_LOOK,
                                       DS_ARGS(DS_TEXT(look->sync_id), DS_TEXT(look->sync_id),
                                               DS_TEXT(look->text ? credential->id : NULL)),
                                       look->pool);

    if (status == APR_SUCCESS && ds_db_rows_next(rows))
        answer_take(look, credential, rows, db);
    return status;
}

static apr_status_t many_ask(ds_look_t *const *looks, const ds_credential_t *credentials, int count,
                             ds_db_t *db)
{
    ds_db_arg_t args[2 * DS_LOOKS_MAX + 1] = {{0}};
    ds_db_rows_t *rows;
    apr_status_t status;
    int i;

    for (i = 0; i < DS_LOOKS_MAX; i++) {
        args[2 * i] = DS_TEXT(i < count ? looks[i]->sync_id : NULL);
        args[2 * i + 1] = DS_TEXT(i < count && looks[i]->text ? credentials[i].id : NULL);
    }
    status = ds_db_select(&rows, db, STMT_PGSQL_SYNC_LOOK_MANY, args, looks[0]->pool);
    while (status == APR_SUCCESS && ds_db_rows_next(rows)) {
        i = (int)ds_db_rows_int(rows, NUMBER_COLUMN);
        ds_db_rows_pool_set(rows, looks[i]->pool);
        answer_take(looks[i], &credentials[i], rows, db);
    }
    return status;
}

/* Say to each what went wrong for all. */
static apr_status_t answers_end(ds_look_t *const *looks, int count, apr_status_t status,
                                const ds_db_t *db)
{
    apr_status_t worst = status;
    int i;

    for (i = 0; i < count; i++) {
        ds_look_t *look = looks[i];

        if (status != APR_SUCCESS)
            look->status = status;
        if (look->status == APR_SUCCESS || look->status == DS_EDENIED)
            continue;
        worst = look->status;
        look->cause = apr_pstrdup(look->pool, ds_db_error(db));
    }
    return worst;
}

apr_status_t ds_looks_run(ds_look_t *const *looks, int count, ds_db_t *db)
{
    ds_credential_t credentials[DS_LOOKS_MAX];
    apr_status_t status = APR_SUCCESS;
    int i;

    for (i = 0; i < count && status == APR_SUCCESS; i++) {
        looks[i]->status = DS_EDB; /* unless a row says something else */
        looks[i]->cause = NULL;
        looks[i]->token = NULL;
        if (looks[i]->text)
            status = ds_credential_read(&credentials[i], looks[i]->text);
    }
    if (status == APR_SUCCESS && count > 1 && ds_db_has_statement(db, STMT_PGSQL_SYNC_LOOK_MANY))
        status = many_ask(looks, credentials, count, db);
    else
        for (i = 0; i < count && status == APR_SUCCESS; i++)
            status = one_ask(looks[i], &credentials[i], db);
    return answers_end(looks, count, status, db);
}
