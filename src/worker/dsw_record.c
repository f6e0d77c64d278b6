#include "dsw_record.h"

#include <stdlib.h>
#include <string.h>

#include "ds_fmt_csv.h"
#include "ds_fmt_doc.h"

struct dsw_record_t {
    const ds_db_table_t *table;
    const ds_sync_t *sync;
    char delimiter;
    char *line; /* the record's, grown where a row needs it */
    apr_size_t size, room;
    apr_pool_t *row_pool;
};

static apr_status_t line_free(void *data)
{
    free(((dsw_record_t *)data)->line);
    return APR_SUCCESS;
}

dsw_record_t *dsw_record_make(const ds_db_query_t *query, const ds_sync_t *sync, apr_pool_t *pool)
{
    dsw_record_t *record = apr_pcalloc(pool, sizeof(*record));

    record->table = query->table;
    record->sync = sync;
    record->delimiter = sync->delimiter ? sync->delimiter : ',';
    apr_pool_create(&record->row_pool, pool);
    apr_pool_cleanup_register(pool, record, line_free, apr_pool_cleanup_null);
    return record;
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

/* Both databases' words for a truth value. */
static const char *boolean_text(const char *value)
{
    return *value == '1' || *value == 't' ? "true" : "false";
}

/* --- CSV --- */

static void csv_cell_add(dsw_record_t *record, const char *text, int column)
{
    apr_size_t length = strlen(text);
    char *to = room_make(record, 2 * length + 8), *start = to;

    if (column)
        *to++ = record->delimiter;
    if (length == 0 && record->table->count == 1) { /* else it would be an empty line */
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
    int i;

    for (i = 0; i < record->table->count; i++) {
        const char *value = values[i] ? values[i] : "";

        if (values[i] && record->table->columns[i].kind == DS_COLUMN_BOOLEAN)
            value = boolean_text(value);
        csv_cell_add(record, value, i);
    }
    csv_line_end(record);
}

/* --- NDJSON --- */

static void json_value_add(ds_fmt_doc_t *doc, ds_db_column_e kind, const char *value)
{
    if (!value) {
        ds_fmt_doc_text(doc, NULL);
        return;
    }
    switch (kind) {
    case DS_COLUMN_INTEGER:
    case DS_COLUMN_DECIMAL: ds_fmt_doc_number(doc, value); break;
    case DS_COLUMN_BOOLEAN: ds_fmt_doc_boolean(doc, *boolean_text(value) == 't'); break;
    default: ds_fmt_doc_text(doc, value);
    }
}

static void json_print(dsw_record_t *record, const char *const *values)
{
    ds_fmt_doc_t *doc;
    const char *text;
    apr_size_t size;
    int i;

    apr_pool_clear(record->row_pool);
    doc = ds_fmt_doc_make(DS_DOC_JSON, record->row_pool);
    ds_fmt_doc_map_begin(doc);
    for (i = 0; i < record->table->count; i++) {
        ds_fmt_doc_key(doc, record->table->columns[i].name);
        json_value_add(doc, record->table->columns[i].kind, values[i]);
    }
    ds_fmt_doc_map_end(doc);
    text = ds_fmt_doc_result(&size, doc);
    memcpy(room_make(record, size + 1), text, size);
    record->line[record->size + size] = '\n';
    record->size += size + 1;
}

/* --- */

const char *dsw_record_header(apr_size_t *size, dsw_record_t *record)
{
    int i;

    record->size = 0;
    room_make(record, 1);
    if (record->sync->export.header && record->sync->export.format == DS_FORMAT_CSV) {
        for (i = 0; i < record->table->count; i++)
            csv_cell_add(record, record->table->columns[i].name, i);
        csv_line_end(record);
    }
    *size = record->size;
    return record->line;
}

const char *dsw_record_print(apr_size_t *size, dsw_record_t *record, const char *const *values)
{
    record->size = 0;
    if (record->sync->export.format == DS_FORMAT_CSV)
        csv_print(record, values);
    else
        json_print(record, values);
    *size = record->size;
    return record->line;
}
