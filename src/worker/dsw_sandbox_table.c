/* The tables of the sandbox: virtual ones, whose rows come from the runner page by page. */
#include "dsw_sandbox_private.h"

#include <stdlib.h>
#include <string.h>

#include "ds_value.h"

#define ROWS_GUESS 1000000.0 /* of a table: nobody has counted them */
#define NO_CURSOR (-1)

typedef struct {
    dsw_wire_t *wire;
    char used[DSW_CURSORS_MAX]; /* numbers of cursors */
} tables_t;

/* What a module knows. */
typedef struct {
    tables_t *tables;
    const ds_db_table_t *table;
    int number;
} source_t;

typedef struct {
    sqlite3_vtab base;
    const source_t *source;
} table_t;

typedef struct {
    sqlite3_vtab_cursor base;
    int number; /* as the runner knows it, or NO_CURSOR */
    char *page; /* what of its page has not been read, and the room of all of it */
    dsw_message_t rest;
    apr_size_t room;
    dsw_value_t *values; /* of the row at hand */
    int is_open;         /* the runner may have more of it */
    int is_over;
    sqlite3_int64 row;
} cursor_t;

static const source_t *source_of(const cursor_t *cursor)
{
    return ((const table_t *)cursor->base.pVtab)->source;
}

/* --- a table --- */

/* A row that several conditions find is told by its key; without one, by its place, which is the
 * same in all readings, since all of them are of the whole table. */
static void columns_declare(sqlite3_str *sql, const ds_db_table_t *table)
{
    static const char *const types[] = {
        [DS_COLUMN_TEXT] = "TEXT",       [DS_COLUMN_INTEGER] = "INTEGER",
        [DS_COLUMN_DECIMAL] = "NUMERIC", [DS_COLUMN_BOOLEAN] = "BOOLEAN",
        [DS_COLUMN_DATE] = "TEXT",       [DS_COLUMN_DATETIME] = "TEXT"};
    int keys = 0, i;

    sqlite3_str_appendall(sql, "CREATE TABLE x(");
    for (i = 0; i < table->count; i++)
        sqlite3_str_appendf(sql, "%s\"%w\" %s", i ? ", " : "", table->columns[i].name,
                            types[table->columns[i].kind]);
    for (i = 0; i < table->count; i++)
        if (table->columns[i].is_key)
            sqlite3_str_appendf(sql, "%s\"%w\"", keys++ ? ", " : ", PRIMARY KEY (",
                                table->columns[i].name);
    sqlite3_str_appendall(sql, keys ? ")) WITHOUT ROWID" : ")");
}

static int table_connect(sqlite3 *db, void *source, int argc, const char *const *argv,
                         sqlite3_vtab **made, char **fault)
{
    sqlite3_str *text = sqlite3_str_new(db);
    table_t *table = sqlite3_malloc(sizeof(*table));
    int ret = SQLITE_NOMEM;
    char *sql;

    columns_declare(text, ((const source_t *)source)->table);
    sql = sqlite3_str_finish(text);
    if (sql && table)
        ret = sqlite3_declare_vtab(db, sql);
    sqlite3_free(sql);
    if (ret != SQLITE_OK) {
        sqlite3_free(table);
        return ret;
    }
    *table = (table_t){.source = source};
    *made = &table->base;
    return sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
}

static int table_disconnect(sqlite3_vtab *table)
{
    sqlite3_free(table);
    return SQLITE_OK;
}

/* A key that must equal something is looked up by the database itself, which compares texts byte by
 * byte. */
static int constraint_is_pushed(const ds_db_table_t *table, sqlite3_index_info *info, int number)
{
    const struct sqlite3_index_constraint *constraint = &info->aConstraint[number];
    const ds_db_column_t *column;

    if (!constraint->usable || constraint->op != SQLITE_INDEX_CONSTRAINT_EQ ||
        constraint->iColumn < 0)
        return 0;
    column = &table->columns[constraint->iColumn];
    return column->is_key && (column->kind == DS_COLUMN_INTEGER ||
                              (column->kind == DS_COLUMN_TEXT &&
                               !sqlite3_stricmp(sqlite3_vtab_collation(info, number), "BINARY")));
}

/* The columns of the values that table_filter gets, as text. */
static int table_plan(sqlite3_vtab *base, sqlite3_index_info *info)
{
    const ds_db_table_t *table = ((const table_t *)base)->source->table;
    sqlite3_str *columns = sqlite3_str_new(NULL);
    int count = 0, i;

    for (i = 0; i < info->nConstraint; i++)
        if (constraint_is_pushed(table, info, i)) {
            info->aConstraintUsage[i].argvIndex = ++count;
            sqlite3_str_appendf(columns, "%d ", info->aConstraint[i].iColumn);
        }
    info->idxStr = sqlite3_str_finish(columns);
    info->needToFreeIdxStr = 1;
    info->estimatedRows = count ? 10 : (sqlite3_int64)ROWS_GUESS;
    info->estimatedCost = count ? 100.0 : ROWS_GUESS;
    return info->idxStr || !count ? SQLITE_OK : SQLITE_NOMEM;
}

/* --- a cursor --- */

static int cursor_open(sqlite3_vtab *base, sqlite3_vtab_cursor **made)
{
    const ds_db_table_t *table = ((const table_t *)base)->source->table;
    cursor_t *cursor = calloc(1, sizeof(*cursor));
    dsw_value_t *values = calloc((size_t)table->count, sizeof(*values));

    if (!cursor || !values) {
        free(cursor);
        free(values);
        return SQLITE_NOMEM;
    }
    cursor->number = NO_CURSOR;
    cursor->values = values;
    *made = &cursor->base;
    return SQLITE_OK;
}

static void reading_stop(cursor_t *cursor)
{
    dsw_wire_t *wire = source_of(cursor)->tables->wire;

    if (cursor->is_open) {
        dsw_wire_begin(wire, DSW_CLOSE);
        dsw_wire_number_add(wire, cursor->number);
        dsw_sandbox_send(wire);
    }
    cursor->is_open = 0;
}

static int cursor_close(sqlite3_vtab_cursor *base)
{
    cursor_t *cursor = (cursor_t *)base;

    reading_stop(cursor);
    if (cursor->number != NO_CURSOR)
        source_of(cursor)->tables->used[cursor->number] = 0;
    free(cursor->page);
    free(cursor->values);
    free(cursor);
    return SQLITE_OK;
}

static int number_claim(cursor_t *cursor)
{
    char *used = source_of(cursor)->tables->used;
    int i;

    for (i = 0; i < DSW_CURSORS_MAX && cursor->number == NO_CURSOR; i++)
        if (!used[i]) {
            used[i] = 1;
            cursor->number = i;
        }
    return cursor->number != NO_CURSOR;
}

/* Send what was asked, and keep the page that comes: the wire's own goes with the next message. */
static int page_get(cursor_t *cursor)
{
    dsw_message_t answer;
    apr_size_t size;

    dsw_sandbox_ask(&answer, source_of(cursor)->tables->wire);
    size = (apr_size_t)(answer.end - answer.at);
    if (size > cursor->room) {
        free(cursor->page);
        cursor->rest = (dsw_message_t){0};
        cursor->room = 0;
        cursor->page = malloc(size);
        if (!cursor->page)
            return SQLITE_NOMEM;
        cursor->room = size;
    }
    memcpy(cursor->page, answer.at, size);
    cursor->rest = (dsw_message_t){answer.kind, cursor->page, cursor->page + size};
    return answer.kind == DSW_PAGE ? SQLITE_OK : SQLITE_IOERR;
}

static int row_take(cursor_t *cursor)
{
    int count = source_of(cursor)->table->count, i;

    for (i = 0; i < count; i++)
        if (!dsw_message_value_take(&cursor->values[i], &cursor->rest))
            return SQLITE_IOERR;
    cursor->row++;
    return SQLITE_OK;
}

static int cursor_next(sqlite3_vtab_cursor *base)
{
    cursor_t *cursor = (cursor_t *)base;
    dsw_wire_t *wire = source_of(cursor)->tables->wire;
    int ret = SQLITE_OK;
    apr_int64_t next;

    while (ret == SQLITE_OK) {
        if (!dsw_message_number_take(&next, &cursor->rest))
            return SQLITE_IOERR;
        if (next == DSW_PAGE_ROW)
            return row_take(cursor);
        cursor->is_open = next == DSW_PAGE_MORE;
        cursor->is_over = !cursor->is_open;
        if (cursor->is_over)
            return SQLITE_OK;
        dsw_wire_begin(wire, DSW_MORE);
        dsw_wire_number_add(wire, cursor->number);
        ret = page_get(cursor);
    }
    return ret;
}

/* Add a value that a key must equal, where the database compares it as SQLite does. SQLite compares
 * again, so it does no harm to leave one out. */
static void condition_add(dsw_wire_t *wire, const ds_db_table_t *table, int column,
                          sqlite3_value *wanted)
{
    dsw_value_t value = {.type = DSW_VALUE_INTEGER};
    apr_size_t chars, bad;

    if (table->columns[column].kind == DS_COLUMN_INTEGER) {
        if (sqlite3_value_type(wanted) != SQLITE_INTEGER)
            return;
        value.integer = sqlite3_value_int64(wanted);
    }
    else {
        if (sqlite3_value_type(wanted) != SQLITE_TEXT)
            return;
        value.type = DSW_VALUE_TEXT;
        value.text = (const char *)sqlite3_value_text(wanted);
        value.length = (apr_size_t)sqlite3_value_bytes(wanted);
        if (!value.text || !value.length || !ds_value_utf8(&chars, &bad, value.text, value.length))
            return;
    }
    dsw_wire_number_add(wire, column);
    dsw_wire_value_add(wire, &value);
}

static int cursor_filter(sqlite3_vtab_cursor *base, int plan, const char *columns, int argc,
                         sqlite3_value **argv)
{
    cursor_t *cursor = (cursor_t *)base;
    const source_t *source = source_of(cursor);
    dsw_wire_t *wire = source->tables->wire;
    char *next = (char *)columns;
    int i, ret;

    reading_stop(cursor);
    if (!number_claim(cursor)) {
        base->pVtab->zErrMsg = sqlite3_mprintf("too many tables are read at once");
        return SQLITE_ERROR;
    }
    dsw_wire_begin(wire, DSW_OPEN);
    dsw_wire_number_add(wire, cursor->number);
    dsw_wire_number_add(wire, source->number);
    for (i = 0; i < argc; i++)
        condition_add(wire, source->table, (int)strtol(next, &next, 10), argv[i]);
    dsw_wire_number_add(wire, -1);
    cursor->row = 0;
    cursor->is_over = 0;
    cursor->is_open = 1;
    ret = page_get(cursor);
    return ret == SQLITE_OK ? cursor_next(base) : ret;
}

static int cursor_is_over(sqlite3_vtab_cursor *base)
{
    return ((cursor_t *)base)->is_over;
}

static int cursor_row(sqlite3_vtab_cursor *base, sqlite3_int64 *row)
{
    *row = ((cursor_t *)base)->row;
    return SQLITE_OK;
}

/* Decimals count as SQLite counts them, in all databases: whole ones as integers where they fit. */
static void decimal_give(sqlite3_context *context, const char *text)
{
    apr_size_t digits = strspn(text, "-0123456789");

    if (!text[digits] && digits < 19)
        sqlite3_result_int64(context, strtoll(text, NULL, 10));
    else
        sqlite3_result_double(context, strtod(text, NULL));
}

static int cursor_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
    const cursor_t *cursor = (const cursor_t *)base;
    const dsw_value_t *value = &cursor->values[column];

    if (value->type != DSW_VALUE_TEXT)
        return SQLITE_OK; /* NULL */
    switch (source_of(cursor)->table->columns[column].kind) {
    case DS_COLUMN_INTEGER: sqlite3_result_int64(context, strtoll(value->text, NULL, 10)); break;
    case DS_COLUMN_BOOLEAN: sqlite3_result_int(context, *value->text == '1'); break;
    case DS_COLUMN_DECIMAL: decimal_give(context, value->text); break;
    default:
        sqlite3_result_text64(context, value->text, value->length, SQLITE_TRANSIENT, SQLITE_UTF8);
    }
    return SQLITE_OK;
}

/* --- */

/* Without a way to create one there is one table of each, under the module's name. */
static const sqlite3_module module = {.xConnect = table_connect,
                                      .xBestIndex = table_plan,
                                      .xDisconnect = table_disconnect,
                                      .xOpen = cursor_open,
                                      .xClose = cursor_close,
                                      .xFilter = cursor_filter,
                                      .xNext = cursor_next,
                                      .xEof = cursor_is_over,
                                      .xColumn = cursor_column,
                                      .xRowid = cursor_row};

/* SQLite makes the table when it first meets its name, and asks the judge about that as well: so it
 * is made before there is a judge. */
static int table_touch(sqlite3 *db, const char *name)
{
    sqlite3_stmt *statement = NULL;
    char *sql = sqlite3_mprintf("SELECT 1 FROM \"%w\"", name);
    int ret = sql ? sqlite3_prepare_v2(db, sql, -1, &statement, NULL) : SQLITE_NOMEM;

    sqlite3_finalize(statement);
    sqlite3_free(sql);
    return ret;
}

int dsw_sandbox_tables_create(sqlite3 *db, const dsw_sandbox_t *sandbox, dsw_wire_t *wire,
                              apr_pool_t *pool)
{
    tables_t *tables = apr_pcalloc(pool, sizeof(*tables));
    int ret = SQLITE_OK, i;

    tables->wire = wire;
    for (i = 0; i < sandbox->table_count && ret == SQLITE_OK; i++) {
        source_t *source = apr_palloc(pool, sizeof(*source));

        *source = (source_t){tables, &sandbox->tables[i], i};
        ret = sqlite3_create_module(db, source->table->name, &module, source);
        if (ret == SQLITE_OK)
            ret = table_touch(db, source->table->name);
    }
    return ret;
}
