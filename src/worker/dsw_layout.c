#include "dsw_layout.h"

#include <string.h>

#include <apr_strings.h>

#include "ds_def.h"

#define CONDITIONS_OF_SPAN 2

/* A field, or one of the columns that every table has. */
static ds_problem_t *column_describe(ds_db_column_t *column, const ds_object_t *object,
                                     const char *name, apr_pool_t *pool)
{
    int position = ds_object_field_find(object, name);

    if (!strcmp(name, DS_COLUMN_CREATED) || !strcmp(name, DS_COLUMN_UPDATED))
        *column = (ds_db_column_t){name, DS_COLUMN_DATETIME, 0};
    else if (position >= 0)
        ds_def_column_get(column, &APR_ARRAY_IDX(object->fields, position, ds_field_t));
    else
        return ds_problem_make(pool, DS_EINPUT, "The object \"%s\" has no field \"%s\"",
                               object->name, name);
    return NULL;
}

/* The place of a column in the query, which gets it where it does not have it yet. */
static ds_problem_t *column_place(int *place, ds_db_table_t *table, ds_db_column_t *columns,
                                  const ds_object_t *object, const char *name, apr_pool_t *pool)
{
    ds_db_column_t column;
    ds_problem_t *problem = column_describe(&column, object, name, pool);

    if (problem)
        return problem;
    for (*place = 0; *place < table->count; ++*place)
        if (!strcmp(columns[*place].name, column.name))
            return NULL;
    columns[table->count++] = column;
    return NULL;
}

static ds_problem_t *key_place(dsw_layout_t *layout, ds_db_table_t *table, ds_db_column_t *columns,
                               const ds_object_t *object, apr_pool_t *pool)
{
    ds_problem_t *problem = NULL;
    int i;

    layout->key = apr_palloc(pool, sizeof(int) * (apr_size_t)object->fields->nelts);
    for (i = 0; i < object->fields->nelts && !problem; i++) {
        const ds_field_t *field = &APR_ARRAY_IDX(object->fields, i, ds_field_t);

        if (field->is_key)
            problem = column_place(&layout->key[layout->key_count++], table, columns, object,
                                   field->name, pool);
    }
    return problem;
}

static ds_problem_t *updated_at_place(dsw_layout_t *layout, ds_db_table_t *table,
                                      ds_db_column_t *columns, const ds_object_t *object,
                                      apr_pool_t *pool)
{
    layout->updated_at = -1;
    if (object->updated_at < 0)
        return NULL;
    return column_place(&layout->updated_at, table, columns, object,
                        APR_ARRAY_IDX(object->fields, object->updated_at, ds_field_t).name, pool);
}

/* The names that are wanted: those of the sync, else all fields of the object. */
static const char *const *names_list(int *count, const ds_sync_t *sync, apr_pool_t *pool)
{
    const apr_array_header_t *chosen = sync->export.fields, *fields = sync->object->fields;
    const char **names = apr_palloc(pool, sizeof(char *) * (apr_size_t)fields->nelts);

    *count = chosen->nelts;
    if (chosen->nelts)
        return (const char *const *)chosen->elts;
    for (*count = 0; *count < fields->nelts; ++*count)
        names[*count] = APR_ARRAY_IDX(fields, *count, ds_field_t).name;
    return names;
}

static ds_problem_t *columns_place(dsw_layout_t *layout, const ds_sync_t *sync, apr_pool_t *pool)
{
    const ds_object_t *object = sync->object;
    const apr_array_header_t *titles = sync->export.titles;
    const char *const *names = names_list(&layout->count, sync, pool);
    apr_size_t most = (apr_size_t)(layout->count + object->fields->nelts);
    ds_db_column_t *columns = apr_palloc(pool, sizeof(*columns) * most);
    ds_db_table_t *table = apr_pcalloc(pool, sizeof(*table));
    ds_problem_t *problem = NULL;
    int i;

    *table = (ds_db_table_t){object->name, columns, 0, object->delete_marks};
    layout->query.table = table;
    layout->places = apr_palloc(pool, sizeof(int) * (apr_size_t)layout->count);
    layout->titles = apr_palloc(pool, sizeof(char *) * (apr_size_t)layout->count);
    for (i = 0; i < layout->count && !problem; i++) {
        layout->places[i] = DSW_GUID;
        if (strcmp(names[i], DS_COLUMN_GUID))
            problem = column_place(&layout->places[i], table, columns, object, names[i], pool);
        else if (!layout->key_count)
            problem = key_place(layout, table, columns, object, pool);
        layout->titles[i] =
            titles && i < titles->nelts ? APR_ARRAY_IDX(titles, i, const char *) : names[i];
    }
    return problem ? problem : updated_at_place(layout, table, columns, object, pool);
}

/* The sync's own conditions, and those of the span. */
static ds_problem_t *conditions_make(dsw_layout_t *layout, const ds_sync_t *sync, apr_pool_t *pool)
{
    static const char *const ops[CONDITIONS_OF_SPAN] = {">=", "<="};
    const ds_export_t *export = &sync->export;
    int most = export->filters->nelts + CONDITIONS_OF_SPAN, count = 0, i;
    ds_db_condition_t *conditions = apr_palloc(pool, sizeof(*conditions) * (apr_size_t)most);
    ds_problem_t *problem = NULL;

    for (i = 0; i < export->filters->nelts && !problem; i++) {
        const ds_filter_t *filter = &APR_ARRAY_IDX(export->filters, i, ds_filter_t);

        conditions[count] = (ds_db_condition_t){.op = filter->op, .value = filter->value};
        problem = column_describe(&conditions[count++].column, sync->object, filter->field, pool);
    }
    for (i = 0; export->span_column && i < CONDITIONS_OF_SPAN && !problem; i++) {
        conditions[count] = (ds_db_condition_t){.op = ops[i], .value = export->span[i]};
        problem =
            column_describe(&conditions[count++].column, sync->object, export->span_column, pool);
    }
    layout->query.conditions = conditions;
    layout->query.condition_count = count;
    return problem;
}

static ds_problem_t *order_make(dsw_layout_t *layout, const ds_sync_t *sync, apr_pool_t *pool)
{
    const apr_array_header_t *order = sync->export.order;
    ds_db_sort_t *sorts = apr_palloc(pool, sizeof(*sorts) * (apr_size_t)(order->nelts + 1));
    ds_problem_t *problem = NULL;
    int i;

    for (i = 0; i < order->nelts && !problem; i++) {
        const ds_order_t *by = &APR_ARRAY_IDX(order, i, ds_order_t);

        sorts[i].descending = by->descending;
        problem = column_describe(&sorts[i].column, sync->object, by->field, pool);
    }
    layout->query.sorts = sorts;
    layout->query.sort_count = order->nelts;
    return problem;
}

ds_problem_t *dsw_layout_make(dsw_layout_t **layout, const ds_sync_t *sync, apr_pool_t *pool)
{
    dsw_layout_t *made = apr_pcalloc(pool, sizeof(*made));
    ds_problem_t *problem = columns_place(made, sync, pool);

    if (!problem)
        problem = conditions_make(made, sync, pool);
    if (!problem)
        problem = order_make(made, sync, pool);
    *layout = made;
    return problem;
}
