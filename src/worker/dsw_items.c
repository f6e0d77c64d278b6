#include "dsw_items.h"

#include <string.h>
#include <strings.h>

#include <apr_hash.h>
#include <apr_strings.h>
#include <jansson.h>

#include "ds_field.h"
#include "ds_fmt_doc.h"
#include "ds_json.h"

#define NAMES_KEPT 1000 /* names of members whose columns are known */
#define NAME_KEPT 255   /* bytes of one */

/* What an item is. */
typedef enum { ITEM_BROKEN, ITEM_BARE, ITEM_WITH_HEADERS } shape_e;

struct dsw_items_t {
    dsw_columns_t *columns;
    const ds_sync_t *sync;
    apr_pool_t *pool;
    apr_hash_t *places; /* names of members to const int *: the column, -1 for none */
    char *given;        /* for each value: the item has it */

    /* of the item that was checked last */
    apr_pool_t *item_pool;
    shape_e shape;
};

dsw_items_t *dsw_items_make(dsw_columns_t *columns, const ds_sync_t *sync, apr_pool_t *pool)
{
    dsw_items_t *items = apr_pcalloc(pool, sizeof(*items));

    items->columns = columns;
    items->sync = sync;
    items->pool = pool;
    items->places = apr_hash_make(pool);
    items->given = apr_palloc(pool, (apr_size_t)columns->table.count + 1);
    apr_pool_create(&items->item_pool, pool);
    return items;
}

/* False, for all checks. */
static int reason_set(char reason[DSW_REASON_SIZE], const char *subject, const char *why)
{
    apr_snprintf(reason, DSW_REASON_SIZE, "%s%s%s", subject, *subject ? ": " : "", why);
    return 0;
}

/* --- headers --- */

static int action_read(char reason[DSW_REASON_SIZE], int *whole, dsw_items_t *items,
                       const json_t *action)
{
    static const struct {
        const char *name;
        int is_removal, is_whole;
    } known[] = {{"create", 0, 1}, {"merge", 0, 0}, {"update", 0, 0}, {"delete", 1, 0}};
    const char *text = json_string_value(action);
    size_t i;

    for (i = 0; text && i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcasecmp(known[i].name, text))
            continue;
        if (known[i].is_removal && !items->sync->import.removes)
            return reason_set(reason, "headers", "items of this type are not deleted here");
        items->columns->is_removal = known[i].is_removal;
        *whole = known[i].is_whole;
        return 1;
    }
    return reason_set(reason, "headers", "the action is not Create, Merge, Update or Delete");
}

static int headers_read(char reason[DSW_REASON_SIZE], int *whole, dsw_items_t *items,
                        const json_t *headers)
{
    const json_t *type = json_object_get(headers, "type"),
                 *action = json_object_get(headers, "action");

    if (!headers || json_is_null(headers))
        return 1;
    if (!json_is_object(headers))
        return reason_set(reason, "headers", "not a map");
    if (type && !json_is_null(type) &&
        (!json_is_string(type) ||
         strcasecmp(json_string_value(type), items->sync->object_name) != 0))
        return reason_set(reason, "headers", "the type is not that of the job");
    return !action || json_is_null(action) || action_read(reason, whole, items, action);
}

/* --- members --- */

static int column_match(const dsw_items_t *items, const char *name)
{
    const apr_array_header_t *titles = items->sync->import.titles;
    const dsw_columns_t *columns = items->columns;
    int i;

    for (i = 0; i < columns->count; i++) {
        if (columns->slots[i] < 0)
            continue;
        if (titles ? !strcmp(APR_ARRAY_IDX(titles, i, const char *), name)
                   : !strcasecmp(columns->fields[i]->name, name))
            return i;
    }
    return -1;
}

static int column_find(dsw_items_t *items, const char *name)
{
    const int *known = apr_hash_get(items->places, name, APR_HASH_KEY_STRING);
    apr_size_t length = strlen(name);
    int column;

    if (known)
        return *known;
    column = column_match(items, name);
    if (column < 0)
        dsw_columns_unknown_add(items->columns, "member", name, length, items->pool);
    if (length <= NAME_KEPT && apr_hash_count(items->places) < NAMES_KEPT)
        apr_hash_set(items->places, apr_pstrmemdup(items->pool, name, length), APR_HASH_KEY_STRING,
                     apr_pmemdup(items->pool, &column, sizeof(column)));
    return column;
}

static int member_read(char reason[DSW_REASON_SIZE], dsw_items_t *items, const char *name,
                       const json_t *value)
{
    dsw_columns_t *columns = items->columns;
    int column = column_find(items, name);
    ds_fmt_csv_cell_t cell = {NULL, 0};
    const ds_field_t *field;
    char *given;

    if (column < 0)
        return 1;
    field = columns->fields[column];
    given = &items->given[columns->slots[column]];
    if (columns->is_removal && !field->is_key)
        return 1;
    if (*given)
        return reason_set(reason, field->name, "it is there twice");
    if (!ds_field_text(&cell.text, value, items->item_pool))
        return reason_set(reason, field->name, "a list or a map is no value");
    *given = 1;
    cell.length = cell.text ? strlen(cell.text) : 0;
    if (cell.length > (apr_size_t)items->sync->limits.field_length)
        return reason_set(reason, field->name, "longer than the limit");
    return dsw_columns_cell_check(reason, columns, column, &cell);
}

static int data_read(char reason[DSW_REASON_SIZE], dsw_items_t *items, json_t *data)
{
    const ds_db_table_t *table = &items->columns->table;
    const char *name;
    json_t *value;
    int i;

    if (json_object_size(data) > (size_t)items->sync->limits.fields)
        return reason_set(reason, "", "the item has more fields than the limit");
    json_object_foreach(data, name, value)
    {
        if (!member_read(reason, items, name, value))
            return 0;
    }
    for (i = 0; i < table->count; i++)
        if (table->columns[i].is_key && !items->given[i])
            return reason_set(reason, "", "missing.dedupe.fields");
    return items->columns->has_key || reason_set(reason, "", "missing.dedupe.fields");
}

/* --- items --- */

/* A bare map of fields has no map for a value: one called data tells an item. */
static int item_read(char reason[DSW_REASON_SIZE], dsw_items_t *items, json_t *json)
{
    dsw_columns_t *columns = items->columns;
    json_t *data = json_object_get(json, "data");
    apr_size_t count = (apr_size_t)columns->table.count;
    int whole = items->sync->import.whole;

    columns->is_removal = 0;
    memset(columns->values, 0, sizeof(char *) * count);
    memset(items->given, 0, count);
    if (!json_is_object(json))
        return reason_set(reason, "", "an item is a map of fields");
    items->shape = json_is_object(data) ? ITEM_WITH_HEADERS : ITEM_BARE;
    if (items->shape == ITEM_WITH_HEADERS &&
        !headers_read(reason, &whole, items, json_object_get(json, "headers")))
        return 0;
    if (!data_read(reason, items, items->shape == ITEM_BARE ? json : data))
        return 0;
    columns->given = whole || !memchr(items->given, 0, count) ? NULL : items->given;
    return 1;
}

int dsw_items_check(char reason[DSW_REASON_SIZE], dsw_items_t *items,
                    const ds_fmt_csv_record_t *record)
{
    json_error_t error;
    json_t *json;
    int good;

    apr_pool_clear(items->item_pool);
    json = ds_json_load(record->raw, record->raw_length, JSON_DECODE_ANY, &error, items->item_pool);
    items->shape = ITEM_BROKEN;
    good = json ? item_read(reason, items, json) : reason_set(reason, "not JSON", error.text);
    json_decref(json);
    return good;
}

/* --- the files beside a launch --- */

/* The raw bytes in one line: between its texts JSON has line ends only as spaces. */
static char *record_flatten(const ds_fmt_csv_record_t *record, apr_pool_t *pool)
{
    char *text = apr_pstrmemdup(pool, record->raw, record->raw_length), *p;

    for (p = text; *p; p++)
        if (*p == '\n' || *p == '\r')
            *p = ' ';
    return text;
}

const char *dsw_items_line(apr_size_t *size, dsw_items_t *items, const ds_fmt_csv_record_t *record,
                           apr_int64_t row, const char *reason)
{
    ds_fmt_doc_t *doc = ds_fmt_doc_make(DS_DOC_JSON, items->item_pool);
    const char *raw = record_flatten(record, items->item_pool), *head, *line;

    ds_fmt_doc_map_begin(doc);
    ds_fmt_doc_key(doc, "row");
    ds_fmt_doc_integer(doc, row);
    ds_fmt_doc_key(doc, "line");
    ds_fmt_doc_integer(doc, record->line);
    ds_fmt_doc_key(doc, "reason");
    ds_fmt_doc_text(doc, reason);
    if (items->shape == ITEM_BROKEN) {
        ds_fmt_doc_key(doc, "text");
        ds_fmt_doc_text(doc, raw);
    }
    ds_fmt_doc_map_end(doc);
    head = ds_fmt_doc_result(size, doc);
    if (items->shape == ITEM_BROKEN)
        line = apr_pstrcat(items->item_pool, head, "\n", NULL);
    else if (items->shape == ITEM_BARE)
        line = apr_psprintf(items->item_pool, "%.*s,\"data\":%s}\n", (int)*size - 1, head, raw);
    else
        line = apr_psprintf(items->item_pool, "%.*s,%s\n", (int)*size - 1, head, raw + 1);
    *size = strlen(line);
    return line;
}
