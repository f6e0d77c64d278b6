#include "ds_def.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include "ds_db_table.h"
#include "ds_link.h"
#include "ds_outbox.h"

ds_def_t *ds_def_make(apr_pool_t *pool)
{
    ds_def_t *def = apr_pcalloc(pool, sizeof(*def));

    def->objects = apr_array_make(pool, 8, sizeof(ds_object_t *));
    def->syncs = apr_array_make(pool, 8, sizeof(ds_sync_t *));
    def->object_by_name = apr_hash_make(pool);
    def->sync_by_id = apr_hash_make(pool);
    def->sync_by_integration = apr_hash_make(pool);
    def->egress.allow = apr_array_make(pool, 4, sizeof(const char *));
    def->outlets = apr_array_make(pool, 2, sizeof(const char *));
    return def;
}

/* Tables are found without regard to case, so objects are too. */
static const char *name_fold(const char *name, apr_pool_t *pool)
{
    char *folded = apr_pstrdup(pool, name), *p;

    for (p = folded; *p; p++)
        *p = (char)apr_tolower(*p);
    return folded;
}

ds_problem_t *ds_def_object_add(ds_def_t *def, ds_object_t *object, apr_pool_t *pool)
{
    const char *folded = name_fold(object->name, pool);

    if (apr_hash_get(def->object_by_name, folded, APR_HASH_KEY_STRING))
        return ds_problem_make(pool, DS_EINPUT, "object \"%s\" is defined twice", object->name);
    apr_hash_set(def->object_by_name, folded, APR_HASH_KEY_STRING, object);
    APR_ARRAY_PUSH(def->objects, ds_object_t *) = object;
    return NULL;
}

static ds_problem_t *integration_add(ds_def_t *def, ds_sync_t *sync, apr_pool_t *pool)
{
    char *uuid = apr_palloc(pool, DS_UUID_SIZE);
    const ds_sync_t *other;
    apr_status_t status = APR_SUCCESS;

    if (!sync->integration_id) {
        status = ds_digest_name_uuid(uuid, sync->id, pool);
        sync->integration_id = uuid;
    }
    if (status != APR_SUCCESS)
        return ds_problem_make(pool, status, "libcrypto has no SHA-1");
    other = ds_def_integration_get(def, sync->integration_id);
    if (other)
        return ds_problem_make(pool, DS_EINPUT,
                               "sync \"%s\" has the same integration id as sync \"%s\"", sync->id,
                               other->id);
    apr_hash_set(def->sync_by_integration, sync->integration_id, APR_HASH_KEY_STRING, sync);
    return NULL;
}

ds_problem_t *ds_def_sync_add(ds_def_t *def, ds_sync_t *sync, apr_pool_t *pool)
{
    ds_problem_t *problem;

    if (apr_hash_get(def->sync_by_id, sync->id, APR_HASH_KEY_STRING))
        return ds_problem_make(pool, DS_EINPUT, "sync \"%s\" is defined twice", sync->id);
    problem = integration_add(def, sync, pool);
    if (problem)
        return problem;
    apr_hash_set(def->sync_by_id, sync->id, APR_HASH_KEY_STRING, sync);
    APR_ARRAY_PUSH(def->syncs, ds_sync_t *) = sync;
    return NULL;
}

const ds_object_t *ds_def_object_get(const ds_def_t *def, const char *name)
{
    char folded[DS_NAME_MAX + 1];
    apr_size_t i;

    for (i = 0; name[i] && i < DS_NAME_MAX; i++)
        folded[i] = (char)apr_tolower(name[i]);
    folded[i] = '\0';
    return name[i] ? NULL : apr_hash_get(def->object_by_name, folded, APR_HASH_KEY_STRING);
}

const ds_sync_t *ds_def_sync_get(const ds_def_t *def, const char *id)
{
    return apr_hash_get(def->sync_by_id, id, APR_HASH_KEY_STRING);
}

const ds_sync_t *ds_def_integration_get(const ds_def_t *def, const char *integration_id)
{
    return apr_hash_get(def->sync_by_integration, integration_id, APR_HASH_KEY_STRING);
}

const ds_sync_t *ds_def_sync_of_object(const ds_def_t *def, const ds_object_t *object,
                                       ds_sync_kind_e kind)
{
    int i;

    for (i = 0; i < def->syncs->nelts; i++) {
        const ds_sync_t *sync = APR_ARRAY_IDX(def->syncs, i, const ds_sync_t *);

        if (sync->object == object && sync->kind == kind)
            return sync;
    }
    return NULL;
}

ds_problem_t *ds_def_sync_bind(ds_def_t *def, ds_sync_t *sync, apr_pool_t *pool)
{
    if (!sync->object_name)
        return ds_problem_make(pool, DS_EINPUT, "sync \"%s\" has no object: write \"Object NAME\"",
                               sync->id);
    sync->object = ds_def_object_get(def, sync->object_name);
    if (sync->object) {
        sync->object_name = sync->object->name; /* one object is one lane, however it is written */
        return NULL;
    }
    return ds_problem_make(pool, DS_EINPUT,
                           "sync \"%s\": there is no object \"%s\": write a <DataSyncObject %s> "
                           "section",
                           sync->id, sync->object_name, sync->object_name);
}

apr_status_t ds_def_load(ds_def_t **def, ds_db_t *db, apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    ds_problem_t *problem;
    apr_status_t status = ds_db_select(&rows, db, STMT_DEFINITION_GET, DS_NO_ARGS, pool);

    if (status != APR_SUCCESS)
        return status;
    if (!ds_db_rows_next(rows))
        return DS_ENOTFOUND;
    problem = ds_def_from_json(def, ds_db_rows_text(rows, 1), pool);
    return problem ? problem->status : APR_SUCCESS;
}

apr_status_t ds_def_refresh(ds_def_t **def, char hash[DS_SHA256_HEX_SIZE], ds_db_t *db,
                            apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_pool_t *scratch;
    apr_status_t status;
    int same = 0;

    apr_pool_create(&scratch, pool);
    status = ds_db_select(&rows, db, STMT_DEFINITION_HASH_GET, DS_NO_ARGS, scratch);
    if (status == APR_SUCCESS && !ds_db_rows_next(rows))
        status = DS_ENOTFOUND;
    if (status == APR_SUCCESS) {
        same = !strcmp(hash, ds_db_rows_text(rows, 0));
        apr_cpystrn(hash, ds_db_rows_text(rows, 0), DS_SHA256_HEX_SIZE);
    }
    apr_pool_destroy(scratch);
    return status == APR_SUCCESS && !same ? ds_def_load(def, db, pool) : status;
}

apr_status_t ds_def_object_times(apr_time_t *created_at, apr_time_t *updated_at, ds_db_t *db,
                                 const char *object, apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status = ds_db_select(&rows, db, STMT_OBJECT_GET, DS_ARGS(DS_TEXT(object)), pool);

    if (status != APR_SUCCESS)
        return status;
    if (!ds_db_rows_next(rows))
        return DS_ENOTFOUND;
    *created_at = ds_db_rows_int(rows, 0);
    *updated_at = ds_db_rows_int(rows, 1);
    return APR_SUCCESS;
}

/* --- storing --- */

static ds_db_column_e column_kind(ds_value_type_e type)
{
    switch (type) {
    case DS_TYPE_INTEGER: return DS_COLUMN_INTEGER;
    case DS_TYPE_DECIMAL: return DS_COLUMN_DECIMAL;
    case DS_TYPE_BOOLEAN: return DS_COLUMN_BOOLEAN;
    case DS_TYPE_DATE: return DS_COLUMN_DATE;
    case DS_TYPE_DATETIME: return DS_COLUMN_DATETIME;
    default: return DS_COLUMN_TEXT;
    }
}

void ds_def_column_get(ds_db_column_t *column, const ds_field_t *field)
{
    column->name = field->name;
    column->kind = column_kind(field->type);
    column->is_key = field->is_key;
}

static apr_status_t table_store(ds_db_t *db, const ds_object_t *object, apr_pool_t *pool)
{
    int count = object->fields->nelts, i;
    ds_db_column_t *columns = apr_palloc(pool, sizeof(*columns) * count);
    ds_db_table_t table = {object->name, columns, count, object->delete_marks};

    for (i = 0; i < count; i++)
        ds_def_column_get(&columns[i], &APR_ARRAY_IDX(object->fields, i, ds_field_t));
    return ds_db_table_create(db, &table, pool);
}

/* Inside a transaction. *same is true when the database has these definitions already. */
static apr_status_t hash_compare(int *same, ds_db_t *db, const char *hash, apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status = ds_db_select(&rows, db, STMT_DEFINITION_GET, DS_NO_ARGS, pool);

    *same =
        status == APR_SUCCESS && ds_db_rows_next(rows) && !strcmp(ds_db_rows_text(rows, 0), hash);
    return status;
}

static apr_status_t object_store(ds_db_t *db, const ds_object_t *object, apr_time_t now,
                                 apr_pool_t *pool)
{
    const char *json = ds_def_object_to_json(object, pool);
    char hash[DS_SHA256_HEX_SIZE];
    apr_status_t status = table_store(db, object, pool);

    if (status == APR_SUCCESS)
        status = ds_digest_sha256(hash, json, strlen(json));
    if (status != APR_SUCCESS)
        return status;
    return ds_db_query(db, NULL, STMT_OBJECT_SET,
                       DS_ARGS(DS_TEXT(object->name), DS_TEXT(hash), DS_INT(now), DS_INT(now)));
}

static apr_status_t def_write(const ds_def_t *def, ds_db_t *db, const char *hash, const char *json,
                              apr_pool_t *pool)
{
    apr_time_t now;
    apr_status_t status = ds_db_now(&now, db);
    int i;

    for (i = 0; i < def->objects->nelts && status == APR_SUCCESS; i++)
        status = object_store(db, APR_ARRAY_IDX(def->objects, i, ds_object_t *), now, pool);
    if (status == APR_SUCCESS)
        status = ds_outbox_outlets_set(db, def->outlets);
    if (status == APR_SUCCESS)
        status = ds_link_key_create(db, now);
    if (status == APR_SUCCESS)
        status = ds_db_query(db, NULL, STMT_DEFINITION_SET,
                             DS_ARGS(DS_TEXT(hash), DS_TEXT(json), DS_INT(now)));
    return status;
}

ds_problem_t *ds_def_store(const ds_def_t *def, ds_db_t *db, apr_pool_t *pool)
{
    const char *json = ds_def_to_json(def, pool);
    char hash[DS_SHA256_HEX_SIZE];
    int same = 0;
    apr_status_t status = ds_digest_sha256(hash, json, strlen(json));

    if (status == APR_SUCCESS)
        status = ds_db_begin(db);
    if (status == APR_SUCCESS) {
        status = hash_compare(&same, db, hash, pool);
        if (status == APR_SUCCESS && !same)
            def_write(def, db, hash, json, pool);
        status = ds_db_commit(db);
    }
    if (status == APR_SUCCESS)
        return NULL;
    return ds_problem_make(pool, status, "the definitions cannot be stored: %s", ds_db_error(db));
}
