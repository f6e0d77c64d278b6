#include "ds_sync.h"

#include <strings.h>

#include <apr_lib.h>
#include <apr_strings.h>

static const char *const kind_names[] = {"import", "delete", "export", "pull"};
static const char *const auth_names[] = {"token", "none", "httpd"};

static int name_find(const char *const *names, int count, const char *name)
{
    int i;

    for (i = 0; i < count; i++)
        if (!strcasecmp(names[i], name))
            return i;
    return -1;
}

ds_sync_t *ds_sync_make(const char *id, apr_pool_t *pool)
{
    static const ds_limits_t limits = {
        .upload = APR_INT64_C(2) * 1024 * 1024 * 1024,
        .rows = APR_INT64_C(100000000),
        .row_length = 4 * 1024 * 1024,
        .field_length = 1024 * 1024,
        .fields = 1000,
    };
    ds_sync_t *sync = apr_pcalloc(pool, sizeof(*sync));

    sync->id = sync->name = apr_pstrdup(pool, id);
    sync->limits = limits;
    return sync;
}

const char *ds_sync_id_fault(const char *id)
{
    static const char *const reserved[] = {"import", "export", "delete", "remove"};
    const char *p;

    if (!apr_isalnum(*id))
        return "must start with a letter or a digit";
    for (p = id; *p; p++)
        if (!apr_isalnum(*p) && !strchr("-_.", *p))
            return "may hold letters, digits, - _ and . only";
    if (p - id > DS_SYNC_ID_MAX)
        return "may have at most 64 characters";
    if (name_find(reserved, 4, id) >= 0)
        return "is a word of our paths: choose another one";
    return NULL;
}

const char *ds_sync_kind_name(ds_sync_kind_e kind)
{
    return kind_names[kind];
}

int ds_sync_kind_find(ds_sync_kind_e *kind, const char *name)
{
    int found = name_find(kind_names, 4, name);

    if (found >= 0)
        *kind = (ds_sync_kind_e)found;
    return found >= 0;
}

const char *ds_sync_auth_name(ds_sync_auth_e auth)
{
    return auth_names[auth];
}

int ds_sync_auth_find(ds_sync_auth_e *auth, const char *name)
{
    int found = name_find(auth_names, 3, name);

    if (found >= 0)
        *auth = (ds_sync_auth_e)found;
    return found >= 0;
}

apr_status_t ds_sync_enabled_get(int *enabled, ds_db_t *db, const char *id, apr_pool_t *scratch)
{
    ds_db_rows_t *rows;
    apr_status_t status =
        ds_db_select(&rows, db, STMT_SYNC_ENABLED_GET, DS_ARGS(DS_TEXT(id)), scratch);

    *enabled = 1;
    if (status == APR_SUCCESS && ds_db_rows_next(rows))
        *enabled = ds_db_rows_int(rows, 0) != 0;
    return status;
}

apr_status_t ds_sync_enabled_set(ds_db_t *db, const char *id, int enabled)
{
    return ds_db_query(db, NULL, STMT_SYNC_ENABLED_SET, DS_ARGS(DS_TEXT(id), DS_INT(enabled)));
}
