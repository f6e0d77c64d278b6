#include "ds_connection_spec.h"

#include <apr_strings.h>

#define BODY_COLUMN 7 /* behind those of SPEC_LIST */

static ds_connection_spec_t *spec_read(ds_db_rows_t *rows, apr_pool_t *pool)
{
    ds_connection_spec_t *spec = apr_pcalloc(pool, sizeof(*spec));

    spec->id = ds_db_rows_text(rows, 0);
    spec->name = ds_db_rows_text(rows, 1);
    spec->version = ds_db_rows_int(rows, 2);
    spec->created_at = ds_db_rows_int(rows, 3);
    spec->created_by = ds_db_rows_text(rows, 4);
    spec->updated_at = ds_db_rows_int(rows, 5);
    spec->updated_by = ds_db_rows_text(rows, 6);
    return spec;
}

static apr_status_t room_check(ds_db_t *db, apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status = ds_db_select(&rows, db, STMT_SPEC_COUNT, DS_NO_ARGS, pool);

    if (status != APR_SUCCESS)
        return status;
    return ds_db_rows_next(rows) && ds_db_rows_int(rows, 0) < DS_CONNECTION_SPECS_MAX ? APR_SUCCESS
                                                                                      : DS_ELIMIT;
}

apr_status_t ds_connection_spec_create(ds_connection_spec_t **spec, ds_db_t *db, const char *name,
                                       const char *body, const char *by, apr_pool_t *pool)
{
    ds_connection_spec_t *made = apr_pcalloc(pool, sizeof(*made));
    char *id = apr_palloc(pool, DS_UUID_SIZE);
    apr_status_t status = room_check(db, pool);

    if (status == APR_SUCCESS)
        status = ds_digest_random_uuid(id);
    if (status == APR_SUCCESS)
        status = ds_db_now(&made->created_at, db);
    if (status != APR_SUCCESS)
        return status;
    made->id = id;
    made->name = name;
    made->body = body;
    made->version = 1;
    made->created_by = made->updated_by = by;
    made->updated_at = made->created_at;
    *spec = made;
    return ds_db_query(db, NULL, STMT_SPEC_CREATE,
                       DS_ARGS(DS_TEXT(id), DS_TEXT(name), DS_TEXT(body), DS_INT(made->created_at),
                               DS_TEXT(by), DS_INT(made->created_at), DS_TEXT(by)));
}

apr_status_t ds_connection_spec_list(apr_array_header_t **specs, ds_db_t *db, apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status = ds_db_select(&rows, db, STMT_SPEC_LIST, DS_NO_ARGS, pool);

    *specs = apr_array_make(pool, 8, sizeof(ds_connection_spec_t *));
    while (status == APR_SUCCESS && ds_db_rows_next(rows))
        APR_ARRAY_PUSH(*specs, ds_connection_spec_t *) = spec_read(rows, pool);
    return status;
}

apr_status_t ds_connection_spec_get(ds_connection_spec_t **spec, ds_db_t *db, const char *id,
                                    apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status = ds_db_select(&rows, db, STMT_SPEC_GET, DS_ARGS(DS_TEXT(id)), pool);

    if (status != APR_SUCCESS)
        return status;
    if (!ds_db_rows_next(rows))
        return DS_ENOTFOUND;
    *spec = spec_read(rows, pool);
    (*spec)->body = ds_db_rows_text(rows, BODY_COLUMN);
    return APR_SUCCESS;
}

apr_status_t ds_connection_spec_change(ds_connection_spec_t *spec, ds_db_t *db, const char *name,
                                       const char *body, const char *by)
{
    apr_time_t now;
    int changed = 0;
    apr_status_t status = ds_db_now(&now, db);

    if (status == APR_SUCCESS)
        status = ds_db_query(db, &changed, STMT_SPEC_CHANGE,
                             DS_ARGS(DS_TEXT(name), DS_TEXT(body), DS_INT(now), DS_TEXT(by),
                                     DS_TEXT(spec->id), DS_INT(spec->version)));
    if (status != APR_SUCCESS)
        return status;
    if (!changed)
        return DS_ECONFLICT;
    spec->name = name;
    spec->body = body;
    spec->updated_at = now;
    spec->updated_by = by;
    spec->version++;
    return APR_SUCCESS;
}

apr_status_t ds_connection_spec_remove(ds_db_t *db, const char *id)
{
    int changed = 0;
    apr_status_t status = ds_db_query(db, &changed, STMT_SPEC_REMOVE, DS_ARGS(DS_TEXT(id)));

    return status == APR_SUCCESS && !changed ? DS_ENOTFOUND : status;
}
