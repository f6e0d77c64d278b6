#include "ds_sync.h"

#include <strings.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "ds_launch_read.h"

static const char *const kind_names[] = {"import", "delete", "export", "pull"};
static const char *const auth_names[] = {"token", "none", "httpd"};
static const char *const format_names[] = {"csv", "ndjson", "json"};

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
    sync->export.fields = apr_array_make(pool, 8, sizeof(const char *));
    sync->export.filters = apr_array_make(pool, 4, sizeof(ds_filter_t));
    sync->export.order = apr_array_make(pool, 2, sizeof(ds_order_t));
    sync->export.header = 1;
    sync->export.empty = "";
    sync->export.query = (ds_query_t){
        .seconds = 30, .rows = 1000000, .bytes = 256 * 1024 * 1024, .memory = 64 * 1024 * 1024};
    sync->zone = "UTC";
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

const char *ds_sync_format_name(ds_sync_format_e format)
{
    return format_names[format];
}

int ds_sync_format_find(ds_sync_format_e *format, const char *name)
{
    int found = name_find(format_names, 3, name);

    if (found >= 0)
        *format = (ds_sync_format_e)found;
    return found >= 0;
}

/* --- what an export writes --- */

static ds_problem_t *field_find(const ds_field_t **field, const ds_sync_t *sync, const char *name,
                                apr_pool_t *pool)
{
    int position = ds_object_field_find(sync->object, name);

    if (position < 0)
        return ds_problem_make(pool, DS_EINPUT,
                               "sync \"%s\": the object \"%s\" has no field \"%s\"", sync->id,
                               sync->object_name, name);
    *field = &APR_ARRAY_IDX(sync->object->fields, position, ds_field_t);
    return NULL;
}

ds_problem_t *ds_sync_field_add(ds_sync_t *sync, const char *name, apr_pool_t *pool)
{
    const ds_field_t *field = NULL;
    ds_problem_t *problem = field_find(&field, sync, name, pool);

    if (!problem)
        APR_ARRAY_PUSH(sync->export.fields, const char *) = field->name;
    return problem;
}

ds_problem_t *ds_sync_order_add(ds_sync_t *sync, const char *name, int descending, apr_pool_t *pool)
{
    const ds_field_t *field = NULL;
    ds_problem_t *problem = field_find(&field, sync, name, pool);

    if (!problem)
        APR_ARRAY_PUSH(sync->export.order, ds_order_t) = (ds_order_t){field->name, descending};
    return problem;
}

static const char *op_find(const char *op)
{
    static const char *const ops[] = {"=", "!=", "<", "<=", ">", ">="};
    int found = name_find(ops, 6, op);

    return found < 0 ? NULL : ops[found];
}

static ds_problem_t *filter_value_check(const char **normal, const ds_sync_t *sync,
                                        const ds_field_t *field, const char *op, const char *value,
                                        apr_pool_t *pool)
{
    apr_size_t chars, bad;
    const char *why = "not valid UTF-8";
    char *room = apr_palloc(pool, DS_VALUE_NORMAL_SIZE);

    *normal = NULL;
    if (!*value && strchr("=!", *op))
        *normal = "";
    else if (!*value)
        why = "missing";
    else if (ds_value_utf8(&chars, &bad, value, strlen(value)))
        *normal = ds_value_check(room, &why, field->type, field->max_length,
                                 apr_pstrdup(pool, value), strlen(value), chars);
    if (*normal)
        return NULL;
    return ds_problem_make(pool, DS_EINPUT, "sync \"%s\": the filter's value for \"%s\" is %s",
                           sync->id, field->name, why);
}

ds_problem_t *ds_sync_filter_add(ds_sync_t *sync, const char *name, const char *op,
                                 const char *value, apr_pool_t *pool)
{
    const ds_field_t *field = NULL;
    const char *known = op_find(op), *normal;
    ds_problem_t *problem = field_find(&field, sync, name, pool);

    if (problem)
        return problem;
    if (!known)
        return ds_problem_make(
            pool, DS_EINPUT,
            "sync \"%s\": \"%s\" is not a comparison: write = != < <= > or >=", sync->id, op);
    problem = filter_value_check(&normal, sync, field, known, value, pool);
    if (!problem)
        APR_ARRAY_PUSH(sync->export.filters, ds_filter_t) =
            (ds_filter_t){field->name, known, apr_pstrdup(pool, normal)};
    return problem;
}

/* --- what the database knows --- */

void ds_sync_status_read(ds_sync_status_t *known, ds_db_rows_t *rows, int column)
{
    const char *enabled = ds_db_rows_text(rows, column);

    known->enabled = !enabled || strcmp(enabled, "0");
    known->next_at = ds_db_rows_int(rows, column + 1);
    known->schedule = ds_db_rows_text(rows, column + 2);
}

apr_status_t ds_sync_status_get(ds_sync_status_t *known, ds_db_t *db, const char *id,
                                apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status = ds_db_select(&rows, db, STMT_SYNC_GET, DS_ARGS(DS_TEXT(id)), pool);

    *known = (ds_sync_status_t){.enabled = 1};
    if (status == APR_SUCCESS && ds_db_rows_next(rows))
        ds_sync_status_read(known, rows, 0);
    return status;
}

apr_status_t ds_sync_schedule_set(ds_db_t *db, const char *id, const char *schedule,
                                  apr_time_t next_at)
{
    return ds_db_query(db, NULL, STMT_SYNC_SCHEDULE_SET,
                       DS_ARGS(DS_TEXT(id), DS_TEXT(schedule), DS_INT_OR_NULL(next_at)));
}

apr_status_t ds_sync_enabled_set(ds_db_t *db, const char *id, int enabled)
{
    return ds_db_query(db, NULL, STMT_SYNC_ENABLED_SET, DS_ARGS(DS_TEXT(id), DS_INT(enabled)));
}
