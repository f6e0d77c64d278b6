#include <stdlib.h>
#include <string.h>

#include "ds_fmt_csv.h"
#include "ds_fmt_csv_scan.h"

#define BOM "\xEF\xBB\xBF"
#define BOM_SIZE 3

/* The window: bytes that were fed and not yet read stand in raw and work from start to end.
 * raw stays as it came; in work cells are unquoted in place and ended with a NUL. */
struct ds_fmt_csv_t {
    ds_fmt_csv_limits_t limits;
    char delimiter;
    char *raw;
    char *work;
    apr_size_t size; /* of raw and of work, each with one block more behind it */
    apr_size_t start;
    apr_size_t end;
    apr_size_t wanted; /* unread bytes before the record at start is tried again */
    apr_int64_t offset;
    apr_int64_t line;
    int bom_passed;
    int ended;
    int too_long;
    ds_fmt_csv_scan_t scan;
    ds_fmt_csv_cell_t *cells;
    int cells_size;
};

/* The record that is being read. */
typedef struct row_t {
    ds_fmt_csv_scan_t scan;
    apr_size_t cell; /* where the present cell begins */
    int column;
    int count;        /* good cells so far */
    apr_int64_t line; /* reached so far */
    apr_int64_t cell_line;
    ds_fmt_csv_fault_e fault;
    int fault_column;
    apr_int64_t fault_line;
} row_t;

/* Memory */

static apr_status_t window_free(void *data)
{
    ds_fmt_csv_t *csv = data;

    free(csv->raw);
    free(csv->work);
    free(csv->cells);
    return APR_SUCCESS;
}

/* Like apr_palloc in a process without an abort function of its own: there is no way on. */
static void *memory_resize(void *memory, apr_size_t size)
{
    memory = realloc(memory, size);
    if (memory == NULL) {
        abort();
    }
    return memory;
}

static void cells_grow(ds_fmt_csv_t *csv)
{
    csv->cells_size *= 2;
    csv->cells = memory_resize(csv->cells, (apr_size_t)csv->cells_size * sizeof(*csv->cells));
}

static void window_move(ds_fmt_csv_t *csv)
{
    apr_size_t unread = csv->end - csv->start;

    memmove(csv->raw, csv->raw + csv->start, unread);
    memmove(csv->work, csv->work + csv->start, unread);
    csv->start = 0;
    csv->end = unread;
}

static void window_room_make(ds_fmt_csv_t *csv, apr_size_t size)
{
    apr_size_t needed = csv->end - csv->start + size;

    if (size <= csv->size - csv->end) {
        return;
    }
    window_move(csv);
    if (needed > csv->size) {
        csv->size = needed + needed / 4;
        csv->raw = memory_resize(csv->raw, csv->size + DS_CSV_BLOCK);
        csv->work = memory_resize(csv->work, csv->size + DS_CSV_BLOCK);
    }
}

ds_fmt_csv_t *ds_fmt_csv_make(const ds_fmt_csv_limits_t *limits, char delimiter, apr_int64_t offset,
                              apr_int64_t line, apr_pool_t *pool)
{
    ds_fmt_csv_t *csv = apr_pcalloc(pool, sizeof(*csv));

    csv->limits = *limits;
    csv->delimiter = delimiter;
    csv->offset = offset;
    csv->line = line;
    csv->bom_passed = offset != 0;
    csv->scan.delimiter = delimiter;
    csv->raw = memory_resize(NULL, DS_CSV_BLOCK);
    csv->work = memory_resize(NULL, DS_CSV_BLOCK);
    csv->cells_size = 8;
    cells_grow(csv);
    apr_pool_cleanup_register(pool, csv, window_free, apr_pool_cleanup_null);
    return csv;
}

void ds_fmt_csv_feed(ds_fmt_csv_t *csv, const char *data, apr_size_t size)
{
    if (csv->too_long || size == 0) {
        return;
    }
    window_room_make(csv, size);
    memcpy(csv->raw + csv->end, data, size);
    memcpy(csv->work + csv->end, data, size);
    csv->end += size;
    csv_scan_start(&csv->scan, csv->raw, csv->start, csv->end);
}

void ds_fmt_csv_end(ds_fmt_csv_t *csv)
{
    csv->ended = 1;
    csv_scan_start(&csv->scan, csv->raw, csv->start, csv->end);
}

/* Cells */

static void fault_set(row_t *row, ds_fmt_csv_fault_e fault)
{
    if (row->fault == DS_CSV_GOOD || fault == DS_CSV_UNCLOSED_QUOTE) {
        row->fault = fault;
        row->fault_column = row->column;
        row->fault_line = row->cell_line;
    }
}

static inline int cell_ends_with(const ds_fmt_csv_t *csv, char c)
{
    return c == csv->delimiter || c == '\n' || c == '\r';
}

/* From `at`, a special byte of an unquoted cell, to what ends the cell: the delimiter or line end,
 * or the end of the window. */
static inline apr_size_t plain_read(const ds_fmt_csv_t *csv, row_t *row, apr_size_t at)
{
    while (at < csv->end && !cell_ends_with(csv, csv->raw[at])) {
        if (csv->raw[at] == '\0') {
            fault_set(row, DS_CSV_NUL);
        }
        at = csv_scan_next(&row->scan);
    }
    return at;
}

/* Move what stands from `from` up to `to` behind the text that was unquoted so far. The bytes come
 * from raw, so source and target never overlap. Returns the new end of the text. */
static apr_size_t text_append(const ds_fmt_csv_t *csv, apr_size_t text_end, apr_size_t from,
                              apr_size_t to)
{
    if (text_end != from) {
        memcpy(csv->work + text_end, csv->raw + from, to - from);
    }
    return text_end + (to - from);
}

/* A byte inside quotes that is not a quote. */
static void quoted_byte_count(const ds_fmt_csv_t *csv, row_t *row, apr_size_t at)
{
    char c = csv->raw[at];

    if (c == '\r' || (c == '\n' && csv->raw[at - 1] != '\r')) {
        row->line++;
    }
    else if (c == '\0') {
        fault_set(row, DS_CSV_NUL);
    }
}

/* A cell in quotes: from its first byte to what ends it. The text begins behind the quote. */
static apr_size_t quoted_read(apr_size_t *length, const ds_fmt_csv_t *csv, row_t *row)
{
    apr_size_t text = row->cell + 1, text_end = text, from = text, at;

    for (;;) {
        at = csv_scan_next(&row->scan);
        if (at == csv->end) {
            fault_set(row, DS_CSV_UNCLOSED_QUOTE);
            return at;
        }
        if (csv->raw[at] != '"') {
            quoted_byte_count(csv, row, at);
        }
        else if (at + 1 < csv->end && csv->raw[at + 1] == '"') {
            at = csv_scan_next(&row->scan);
            text_end = text_append(csv, text_end, from, at);
            from = at + 1;
        }
        else {
            break;
        }
    }
    *length = text_append(csv, text_end, from, at) - text;
    if (at + 1 < csv->end && !cell_ends_with(csv, csv->raw[at + 1])) {
        fault_set(row, DS_CSV_AFTER_QUOTE);
    }
    return plain_read(csv, row, csv_scan_next(&row->scan));
}

static inline void cell_add(ds_fmt_csv_t *csv, row_t *row, apr_size_t text, apr_size_t length)
{
    ds_fmt_csv_cell_t *cell;

    if (length > csv->limits.field_length) {
        fault_set(row, DS_CSV_FIELD_TOO_LONG);
    }
    if (row->column > csv->limits.fields) {
        fault_set(row, DS_CSV_TOO_MANY_FIELDS);
    }
    if (row->fault != DS_CSV_GOOD) {
        return;
    }
    if (row->count == csv->cells_size) {
        cells_grow(csv);
    }
    cell = &csv->cells[row->count++];
    cell->text = csv->work + text;
    cell->length = length;
    cell->text[length] = '\0';
}

/* All cells of a record. Returns where its line end stands, or the end of the window. */
static apr_size_t row_read(ds_fmt_csv_t *csv, row_t *row)
{
    apr_size_t at, length = 0;

    for (;;) {
        row->column++;
        row->cell_line = row->line;
        at = csv_scan_next(&row->scan);
        if (at == row->cell && at < csv->end && csv->raw[at] == '"') {
            at = quoted_read(&length, csv, row);
            cell_add(csv, row, row->cell + 1, length);
        }
        else {
            at = plain_read(csv, row, at);
            cell_add(csv, row, row->cell, at - row->cell);
        }
        if (at == csv->end || csv->raw[at] != csv->delimiter) {
            return at;
        }
        row->cell = at + 1;
    }
}

/* Records */

/* The line end at `at`, or NULL when it may not be whole yet. */
static const char *line_end_read(ds_fmt_csv_t *csv, row_t *row, apr_size_t at)
{
    if (at == csv->end) {
        return csv->ended ? "" : NULL;
    }
    if (csv->raw[at] == '\n') {
        return "\n";
    }
    if (at + 1 == csv->end) {
        return csv->ended ? "\r" : NULL;
    }
    if (csv->raw[at + 1] != '\n') {
        return "\r";
    }
    csv_scan_next(&row->scan);
    return "\r\n";
}

/* The record at start is not whole: put work back as it was and wait. */
static ds_fmt_csv_next_e row_postpone(ds_fmt_csv_t *csv)
{
    apr_size_t unread = csv->end - csv->start;

    if (unread > csv->limits.row_length) {
        csv->too_long = 1;
        return DS_CSV_TOO_LONG;
    }
    memcpy(csv->work + csv->start, csv->raw + csv->start, unread);
    csv->wanted = 2 * unread;
    return DS_CSV_MORE;
}

static void record_fill(ds_fmt_csv_record_t *record, const ds_fmt_csv_t *csv, const row_t *row,
                        apr_size_t at, const char *line_end)
{
    record->cells = csv->cells;
    record->count = row->count;
    record->raw = csv->raw + csv->start;
    record->raw_length = at - csv->start;
    record->line_end = line_end;
    record->offset = csv->offset;
    record->line = csv->line;
    record->fault = row->fault;
    record->fault_column = row->fault_column;
    record->fault_line = row->fault_line;
}

static void window_advance(ds_fmt_csv_t *csv, apr_size_t size)
{
    csv->start += size;
    csv->offset += (apr_int64_t)size;
    csv->wanted = 0;
}

/* Is it known whether the input begins with a byte order mark? If it does, step over it. */
static int bom_pass(ds_fmt_csv_t *csv)
{
    apr_size_t unread = csv->end - csv->start;

    if (unread < BOM_SIZE && !csv->ended && memcmp(csv->raw, BOM, unread) == 0) {
        return 0;
    }
    if (unread >= BOM_SIZE && memcmp(csv->raw, BOM, BOM_SIZE) == 0) {
        window_advance(csv, BOM_SIZE);
        csv_scan_start(&csv->scan, csv->raw, csv->start, csv->end);
    }
    csv->bom_passed = 1;
    return 1;
}

/* One line that may be empty: DS_CSV_RECORD also for that, with raw_length 0. */
static ds_fmt_csv_next_e line_read(ds_fmt_csv_record_t *record, ds_fmt_csv_t *csv)
{
    row_t row = {.scan = csv->scan, .cell = csv->start, .line = csv->line};
    apr_size_t at = row_read(csv, &row), size;
    const char *line_end = line_end_read(csv, &row, at);

    if (line_end == NULL) {
        return row_postpone(csv);
    }
    size = at - csv->start + strlen(line_end);
    if (size > csv->limits.row_length && at > csv->start) {
        csv->too_long = 1;
        return DS_CSV_TOO_LONG;
    }
    record_fill(record, csv, &row, at, line_end);
    csv->scan = row.scan;
    csv->line = row.line + (line_end[0] != '\0');
    window_advance(csv, size);
    return DS_CSV_RECORD;
}

ds_fmt_csv_next_e ds_fmt_csv_next(ds_fmt_csv_record_t *record, ds_fmt_csv_t *csv)
{
    ds_fmt_csv_next_e next;

    if (csv->too_long) {
        return DS_CSV_TOO_LONG;
    }
    if (!csv->bom_passed && !bom_pass(csv)) {
        return DS_CSV_MORE;
    }
    do {
        if (csv->start == csv->end) {
            return csv->ended ? DS_CSV_END : DS_CSV_MORE;
        }
        if (!csv->ended && csv->end - csv->start < csv->wanted) {
            return DS_CSV_MORE;
        }
        next = line_read(record, csv);
    } while (next == DS_CSV_RECORD && record->raw_length == 0);
    return next;
}

apr_int64_t ds_fmt_csv_offset(const ds_fmt_csv_t *csv)
{
    return csv->offset;
}

apr_int64_t ds_fmt_csv_line(const ds_fmt_csv_t *csv)
{
    return csv->line;
}

/* Header and writing */

char ds_fmt_csv_delimiter_find(const char *data, apr_size_t size)
{
    static const char candidates[] = ",;\t";
    int counts[sizeof(candidates) - 1] = {0};
    int quoted = 0, may_open = 1, best = 0, i;
    const char *found;
    apr_size_t at = size >= BOM_SIZE && memcmp(data, BOM, BOM_SIZE) == 0 ? BOM_SIZE : 0;

    for (; at < size && (quoted || (data[at] != '\r' && data[at] != '\n')); at++) {
        found = data[at] == '\0' ? NULL : strchr(candidates, data[at]);
        if (data[at] == '"' && (quoted || may_open)) {
            /* a quote right behind the closing one opens again: they are one doubled quote */
            quoted = !quoted;
            may_open = 1;
            continue;
        }
        if (found != NULL && !quoted) {
            counts[found - candidates]++;
        }
        may_open = found != NULL;
    }
    for (i = 1; candidates[i] != '\0'; i++) {
        best = counts[i] > counts[best] ? i : best;
    }
    return candidates[best];
}

/* A byte order mark is quoted as well: the reader would take it for the input's own. */
static int cell_needs_quotes(const char *text, apr_size_t length, char delimiter)
{
    apr_size_t i;

    for (i = 0; i < length; i++) {
        if (text[i] == delimiter || text[i] == '"' || text[i] == '\n' || text[i] == '\r') {
            return 1;
        }
    }
    return length >= BOM_SIZE && memcmp(text, BOM, BOM_SIZE) == 0;
}

apr_size_t ds_fmt_csv_cell_write(char *target, const char *text, apr_size_t length, char delimiter)
{
    char *to = target;
    apr_size_t i;

    if (!cell_needs_quotes(text, length, delimiter)) {
        memcpy(target, text, length);
        return length;
    }
    *to++ = '"';
    for (i = 0; i < length; i++) {
        if (text[i] == '"') {
            *to++ = '"';
        }
        *to++ = text[i];
    }
    *to++ = '"';
    return (apr_size_t)(to - target);
}
