#include "dsw_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <apr_strings.h>

#include "ds_fmt_csv.h"
#include "ds_guid.h"
#include "ds_fmt_doc.h"
#include "dsw_render.h"

#define DECIMAL_SIZE 400 /* of a double without an exponent, and more places than any field has */

struct dsw_record_t {
    const dsw_layout_t *layout;
    const ds_db_column_t *columns;
    const ds_sync_t *sync;
    char delimiter;
    dsw_render_t *render; /* NULL: there is no template */
    ds_problem_t *problem;
    int is_begun; /* a row was printed */
    char *line;   /* the record's, grown where a row needs it */
    apr_size_t size, room;
    apr_pool_t *row_pool;
};

static apr_status_t line_free(void *data)
{
    free(((dsw_record_t *)data)->line);
    return APR_SUCCESS;
}

static char *room_make(dsw_record_t *record, apr_size_t wanted)
{
    if (record->size + wanted > record->room) {
        record->room = 2 * (record->size + wanted);
        record->line = realloc(record->line, record->room);
        if (!record->line)
            abort();
    }
    return record->line + record->size;
}

static void text_add(dsw_record_t *record, const char *text, apr_size_t size)
{
    memcpy(room_make(record, size), text, size);
    record->size += size;
}

static apr_status_t rendered_add(void *baton, const char *data, apr_size_t size)
{
    text_add(baton, data, size);
    return APR_SUCCESS;
}

dsw_record_t *dsw_record_make(const dsw_layout_t *layout, const ds_sync_t *sync, apr_pool_t *pool)
{
    dsw_record_t *record = apr_pcalloc(pool, sizeof(*record));

    record->layout = layout;
    record->columns = layout->query.table->columns;
    record->sync = sync;
    record->delimiter = sync->delimiter ? sync->delimiter : ',';
    apr_pool_create(&record->row_pool, pool);
    apr_pool_cleanup_register(pool, record, line_free, apr_pool_cleanup_null);
    if (sync->export.template && sync->export.format == DS_FORMAT_CSV)
        record->problem =
            dsw_render_make(&record->render, sync->export.template, rendered_add, record, pool);
    return record;
}

/* Both databases' words for a truth value. */
static const char *boolean_text(const char *value)
{
    return *value == '1' || *value == 't' ? "true" : "false";
}

/* SQLite prints very small and very large numbers with an exponent, which imports do not take: the
 * same number without one. */
static const char *decimal_text(char room[DECIMAL_SIZE], const char *value)
{
    const char *exponent = strpbrk(value, "eE"), *point = strchr(value, '.');
    long places;
    char *end;

    if (!exponent || value[strspn(value, "-+.0123456789eE")])
        return value;
    places = (point ? exponent - point - 1 : 0) - strtol(exponent + 1, NULL, 10);
    snprintf(room, DECIMAL_SIZE, "%.*f", places > 0 ? (int)places : 0, strtod(value, NULL));
    for (end = room + strlen(room); strchr(room, '.') && strchr("0.", end[-1]); end--)
        end[-1] = '\0';
    return room;
}

/* A value of a row as it is exported; NULL for none. */
static const char *value_text(char room[DECIMAL_SIZE], ds_db_column_e kind, const char *value)
{
    if (value && kind == DS_COLUMN_BOOLEAN)
        return boolean_text(value);
    return value && kind == DS_COLUMN_DECIMAL ? decimal_text(room, value) : value;
}

/* The record's id, where the layout shows it; else "". */
static void guid_print(char guid[DS_GUID_SIZE], dsw_record_t *record, const char *const *values)
{
    const dsw_layout_t *layout = record->layout;
    const char **key;
    int i;

    *guid = '\0';
    if (!layout->key_count)
        return;
    apr_pool_clear(record->row_pool);
    key = apr_palloc(record->row_pool, sizeof(char *) * (apr_size_t)layout->key_count);
    for (i = 0; i < layout->key_count; i++)
        key[i] = values[layout->key[i]] ? values[layout->key[i]] : "";
    if (ds_guid_make(guid, layout->query.table->name, key, layout->key_count, record->row_pool) !=
        APR_SUCCESS)
        abort();
}

/* --- CSV --- */

static void csv_cell_add(dsw_record_t *record, const char *text, int column)
{
    apr_size_t length = strlen(text);
    char *to = room_make(record, 2 * length + 8), *start = to;

    if (column)
        *to++ = record->delimiter;
    if (length == 0 && record->layout->count == 1) { /* else it would be an empty line */
        *to++ = '"';
        *to++ = '"';
    }
    to += ds_fmt_csv_cell_write(to, text, length, record->delimiter);
    record->size += (apr_size_t)(to - start);
}

static void csv_line_end(dsw_record_t *record)
{
    memcpy(room_make(record, 2), "\r\n", 2);
    record->size += 2;
}

static void csv_print(dsw_record_t *record, const char *const *values)
{
    char room[DECIMAL_SIZE], guid[DS_GUID_SIZE];
    int i;

    guid_print(guid, record, values);
    for (i = 0; i < record->layout->count; i++) {
        int place = record->layout->places[i];
        const char *value =
            place == DSW_GUID ? guid : value_text(room, record->columns[place].kind, values[place]);

        csv_cell_add(record, value ? value : record->sync->export.empty, i);
    }
    csv_line_end(record);
}

/* --- by a template --- */

typedef struct {
    const dsw_record_t *record;
    const char *const *values;
    const char *guid;
} row_t;

static const char *row_value(char *type, void *baton, int n, apr_pool_t *pool)
{
    const row_t *row = baton;
    int place = row->record->layout->places[n];
    char room[DECIMAL_SIZE];
    const char *text;

    if (place == DSW_GUID)
        return row->guid;
    switch (row->record->columns[place].kind) {
    case DS_COLUMN_BOOLEAN: *type = 'b'; break;
    case DS_COLUMN_INTEGER: *type = 'i'; break;
    case DS_COLUMN_DECIMAL: *type = 'd'; break;
    default: break;
    }
    text = value_text(room, row->record->columns[place].kind, row->values[place]);
    return text == room ? apr_pstrdup(pool, text) : text;
}

/* A line of its own for each row. */
static void template_print(dsw_record_t *record, const char *const *values)
{
    char guid[DS_GUID_SIZE];
    row_t row = {record, values, guid};
    dsw_render_row_t view = {record->layout->titles, record->layout->count, row_value, &row};

    guid_print(guid, record, values);
    apr_pool_clear(record->row_pool);
    room_make(record, 1);
    record->problem = dsw_render_row(record->render, &view, record->row_pool);
    if (!record->problem && (!record->size || record->line[record->size - 1] != '\n'))
        csv_line_end(record);
}

/* --- all rows by a template --- */

typedef struct {
    dsw_record_t *record;
    apr_status_t (*next)(const char *const **values, void *baton);
    apr_status_t (*write)(void *baton, const char *text, apr_size_t size);
    void *baton;
} walk_t;

static apr_status_t text_hand_over(walk_t *walk)
{
    apr_size_t size = walk->record->size;

    walk->record->size = 0;
    return size ? walk->write(walk->baton, walk->record->line, size) : APR_SUCCESS;
}

static const char *const *values_copy(const dsw_record_t *record, const char *const *values,
                                      apr_pool_t *pool)
{
    int count = record->layout->query.table->count, i;
    const char **copy = apr_palloc(pool, sizeof(char *) * (apr_size_t)count);

    for (i = 0; i < count; i++)
        copy[i] = values[i] ? apr_pstrdup(pool, values[i]) : NULL;
    return copy;
}

static apr_status_t walk_next(dsw_render_row_t *view, void *baton, apr_pool_t *pool)
{
    walk_t *walk = baton;
    const dsw_layout_t *layout = walk->record->layout;
    const char *const *values = NULL;
    row_t *row = apr_palloc(pool, sizeof(*row));
    char *guid = apr_palloc(pool, DS_GUID_SIZE);
    apr_status_t status = text_hand_over(walk);

    if (status == APR_SUCCESS)
        status = walk->next(&values, walk->baton);
    if (status != APR_SUCCESS)
        return status;
    if (!values)
        return APR_EOF;
    guid_print(guid, walk->record, values);
    *row = (row_t){walk->record, values_copy(walk->record, values, pool), guid};
    *view = (dsw_render_row_t){layout->titles, layout->count, row_value, row};
    return APR_SUCCESS;
}

int dsw_record_walks(const dsw_record_t *record)
{
    int i;

    if (!record->render || !dsw_render_walks(record->render))
        return 0;
    for (i = 0; i < record->layout->count; i++)
        if (!strcasecmp(record->layout->titles[i], "items"))
            return 0;
    return 1;
}

apr_status_t dsw_record_walk(dsw_record_t *record,
                             apr_status_t (*next)(const char *const **values, void *baton),
                             apr_status_t (*write)(void *baton, const char *text, apr_size_t size),
                             void *baton, apr_pool_t *pool)
{
    walk_t walk = {record, next, write, baton};
    apr_status_t status;

    record->size = 0;
    status = dsw_render_rows(&record->problem, record->render, walk_next, &walk, pool);
    return status == APR_SUCCESS ? text_hand_over(&walk) : status;
}

ds_problem_t *dsw_record_problem(const dsw_record_t *record)
{
    return record->problem;
}

/* --- NDJSON and JSON --- */

static void json_value_add(ds_fmt_doc_t *doc, ds_db_column_e kind, const char *value)
{
    char room[DECIMAL_SIZE];
    const char *text = value_text(room, kind, value);

    if (text && (kind == DS_COLUMN_INTEGER || kind == DS_COLUMN_DECIMAL))
        ds_fmt_doc_number(doc, text);
    else if (text && kind == DS_COLUMN_BOOLEAN)
        ds_fmt_doc_boolean(doc, *text == 't');
    else
        ds_fmt_doc_text(doc, text);
}

static void json_print(dsw_record_t *record, const char *const *values)
{
    ds_fmt_doc_t *doc;
    const char *text;
    apr_size_t size;
    char guid[DS_GUID_SIZE];
    int i;

    apr_pool_clear(record->row_pool);
    guid_print(guid, record, values);
    doc = ds_fmt_doc_make(DS_DOC_JSON, record->row_pool);
    ds_fmt_doc_map_begin(doc);
    for (i = 0; i < record->layout->count; i++) {
        int place = record->layout->places[i];

        ds_fmt_doc_key(doc, record->layout->titles[i]);
        if (place == DSW_GUID)
            ds_fmt_doc_text(doc, guid);
        else
            json_value_add(doc, record->columns[place].kind, values[place]);
    }
    ds_fmt_doc_map_end(doc);
    text = ds_fmt_doc_result(&size, doc);
    text_add(record, text, size);
}

/* --- */

const char *dsw_record_header(apr_size_t *size, dsw_record_t *record)
{
    int i;

    record->size = 0;
    room_make(record, 1);
    if (record->sync->export.header && record->sync->export.format == DS_FORMAT_CSV) {
        for (i = 0; i < record->layout->count; i++)
            csv_cell_add(record, record->layout->titles[i], i);
        csv_line_end(record);
    }
    if (record->sync->export.format == DS_FORMAT_JSON)
        text_add(record, "[", 1);
    *size = record->size;
    return record->line;
}

const char *dsw_record_print(apr_size_t *size, dsw_record_t *record, const char *const *values)
{
    record->size = 0;
    switch (record->sync->export.format) {
    case DS_FORMAT_CSV:
        if (record->render)
            template_print(record, values);
        else
            csv_print(record, values);
        break;
    case DS_FORMAT_NDJSON:
        json_print(record, values);
        text_add(record, "\n", 1);
        break;
    case DS_FORMAT_JSON:
        text_add(record, record->is_begun ? ",\n" : "\n", record->is_begun ? 2 : 1);
        json_print(record, values);
        break;
    }
    record->is_begun = 1;
    *size = record->size;
    return record->line;
}

const char *dsw_record_end(apr_size_t *size, dsw_record_t *record)
{
    record->size = 0;
    room_make(record, 1);
    if (record->sync->export.format == DS_FORMAT_JSON)
        text_add(record, "\n]\n", 3);
    *size = record->size;
    return record->line;
}
