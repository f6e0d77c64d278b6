#include "ds_record.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <apr_strings.h>

#include "ds_db_lookup.h"
#include "ds_db_remove.h"
#include "ds_db_upsert.h"
#include "ds_def.h"

#define OWN_COLUMNS 2 /* that are read behind the fields: when it came, when it was changed */

struct ds_records_t {
    ds_db_t *db;
    const ds_object_t *object;
    ds_db_table_t fields; /* what is written */
    ds_db_table_t all;    /* what is read */
    ds_db_table_t key;    /* what is removed by */
    ds_db_lookup_t *lookup;
    ds_db_upsert_t *upsert;
    ds_db_remove_t *remove;
    const char **bound; /* of a key, or of a whole record */
};

ds_records_t *ds_records_make(ds_db_t *db, const ds_object_t *object, apr_pool_t *pool)
{
    ds_records_t *records = apr_pcalloc(pool, sizeof(*records));
    int count = object->fields->nelts, keys = 0, i;
    apr_size_t room = (apr_size_t)(count + OWN_COLUMNS);
    ds_db_column_t *columns = apr_palloc(pool, sizeof(*columns) * room);
    ds_db_column_t *key = apr_palloc(pool, sizeof(*key) * room);

    for (i = 0; i < count; i++) {
        ds_def_column_get(&columns[i], &APR_ARRAY_IDX(object->fields, i, ds_field_t));
        if (columns[i].is_key)
            key[keys++] = columns[i];
    }
    columns[count] = (ds_db_column_t){DS_COLUMN_CREATED, DS_COLUMN_DATETIME, 0};
    columns[count + 1] = (ds_db_column_t){DS_COLUMN_UPDATED, DS_COLUMN_DATETIME, 0};
    records->db = db;
    records->object = object;
    records->fields = (ds_db_table_t){object->name, columns, count, object->delete_marks};
    records->all = (ds_db_table_t){object->name, columns, (int)room, object->delete_marks};
    records->key = (ds_db_table_t){object->name, key, keys, object->delete_marks};
    records->lookup = ds_db_lookup_make(db, &records->all, pool);
    records->upsert = ds_db_upsert_make(db, &records->fields, pool);
    records->remove = ds_db_remove_make(db, &records->key, pool);
    records->bound = apr_palloc(pool, sizeof(char *) * room);
    return records;
}

/* The values of the key alone, in the order of the fields. */
static const char *const *key_bind(ds_records_t *records, const char *const *values)
{
    int count = 0, i;

    for (i = 0; i < records->fields.count; i++)
        if (records->fields.columns[i].is_key)
            records->bound[count++] = values[i];
    return records->bound;
}

apr_status_t ds_record_get(ds_record_t **record, ds_records_t *records, const char *const *values,
                           int locked, apr_pool_t *pool)
{
    const char *const *row;
    ds_record_t *made;
    apr_status_t status =
        ds_db_lookup_row(&row, records->lookup, key_bind(records, values), locked, pool);

    if (status != APR_SUCCESS)
        return status;
    if (!row)
        return DS_ENOTFOUND;
    made = apr_palloc(pool, sizeof(*made));
    made->values = row;
    made->created_at = row[records->fields.count];
    made->updated_at = row[records->fields.count + 1];
    *record = made;
    return APR_SUCCESS;
}

apr_status_t ds_record_put(ds_records_t *records, const char *const *values, apr_int64_t launch_id,
                           const char *now)
{
    memcpy(records->bound, values, sizeof(char *) * (apr_size_t)records->fields.count);
    return ds_db_upsert_rows(records->upsert, records->bound, 1, launch_id, now);
}

apr_status_t ds_record_remove(int *found, ds_records_t *records, const char *const *values,
                              apr_int64_t launch_id, const char *now)
{
    return ds_db_remove_row(found, records->remove, key_bind(records, values), launch_id, now);
}

/* --- ids --- */

apr_status_t ds_record_guid(char guid[DS_GUID_SIZE], ds_records_t *records,
                            const char *const *values, apr_pool_t *scratch)
{
    return ds_guid_make(guid, records->object->name, key_bind(records, values), records->key.count,
                        scratch);
}

apr_status_t ds_record_guid_store(ds_records_t *records, const char *guid,
                                  const char *const *values, apr_pool_t *scratch)
{
    const char *const *key = key_bind(records, values);
    json_t *list = json_array();
    const char *copy;
    char *text;
    int i;

    for (i = 0; i < records->key.count; i++)
        json_array_append_new(list, json_string(key[i]));
    text = json_dumps(list, JSON_COMPACT);
    copy = apr_pstrdup(scratch, text ? text : "[]");
    free(text);
    json_decref(list);
    return ds_db_query(records->db, NULL, STMT_GUID_STORE,
                       DS_ARGS(DS_TEXT(guid), DS_TEXT(records->object->name), DS_TEXT(copy)));
}

static const char *const *key_read(const ds_records_t *records, const char *text, apr_pool_t *pool)
{
    const char **values = apr_pcalloc(pool, sizeof(char *) * (apr_size_t)records->fields.count);
    json_t *list = json_loads(text, 0, NULL);
    int count = 0, i;

    for (i = 0; i < records->fields.count; i++)
        if (records->fields.columns[i].is_key) {
            const char *value = json_string_value(json_array_get(list, (size_t)count++));

            values[i] = apr_pstrdup(pool, value ? value : "");
        }
    json_decref(list);
    return values;
}

apr_status_t ds_record_guid_find(const char *const **values, ds_records_t *records,
                                 const char *guid, apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status =
        ds_db_select(&rows, records->db, STMT_GUID_FIND, DS_ARGS(DS_TEXT(guid)), pool);

    if (status != APR_SUCCESS)
        return status;
    if (!ds_db_rows_next(rows) || strcasecmp(ds_db_rows_text(rows, 0), records->object->name))
        return DS_ENOTFOUND;
    *values = key_read(records, ds_db_rows_text(rows, 1), pool);
    return APR_SUCCESS;
}

/* --- the launch that stands for them --- */

apr_status_t ds_record_launch_begin(ds_launch_t **launch, ds_db_t *db,
                                    const ds_launch_request_t *request, apr_pool_t *pool)
{
    ds_launch_request_t at_once = *request;
    apr_time_t now;
    apr_status_t status = ds_db_now(&now, db);

    at_once.state = DS_LAUNCH_FINISHED;
    return status == APR_SUCCESS ? ds_launch_create(launch, db, &at_once, now, pool) : status;
}

apr_status_t ds_record_launch_end(ds_db_t *db, const ds_launch_t *launch, const ds_counters_t *rows,
                                  const char *message)
{
    apr_time_t now;
    apr_status_t status = ds_db_now(&now, db);

    if (status != APR_SUCCESS)
        return status;
    return ds_db_query(db, NULL, STMT_RECORD_LAUNCH_END,
                       DS_ARGS(DS_TEXT(message), DS_INT(launch->scheduled_at), DS_INT(now),
                               DS_INT(now), DS_INT(rows->read), DS_INT(rows->ok),
                               DS_INT(rows->failed), DS_INT(rows->skipped), DS_INT(launch->id)));
}
