#include "dsw_columns.h"

#include <strings.h>

#include <apr_strings.h>

#include "ds_def.h"
#include "ds_field.h"

#define NAME_SHOWN 60 /* bytes of a stranger's column name in a sentence */

static const char *name_show(const char *name, apr_size_t length, apr_pool_t *pool)
{
    char *shown = apr_pstrmemdup(pool, name, length < NAME_SHOWN ? length : NAME_SHOWN), *p;

    for (p = shown; *p; p++)
        if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7f)
            *p = '?';
    return shown;
}

void dsw_columns_unknown_add(dsw_columns_t *columns, const char *what, const char *name,
                             apr_size_t length, apr_pool_t *pool)
{
    if (!strcmp(name, DSW_FAILURE_COLUMN) || !strcmp(name, DSW_WARNING_COLUMN))
        return;
    if (columns->unknown && strlen(columns->unknown) > 200)
        return;
    columns->unknown =
        apr_psprintf(pool, "%s%s %s \"%s\"",
                     columns->unknown ? columns->unknown : "ignored:", columns->unknown ? "," : "",
                     what, name_show(name, length, pool));
}

/* The name of a column that nobody may fill, when it is one of these. */
static const char *read_only_find(const ds_import_t *import, const ds_fmt_csv_cell_t *cell)
{
    int i;

    for (i = 0; import->read_only && i < import->read_only->nelts; i++) {
        const char *name = APR_ARRAY_IDX(import->read_only, i, const char *);

        if (!strcasecmp(name, cell->text))
            return name;
    }
    return NULL;
}

static ds_problem_t *column_map(dsw_columns_t *columns, ds_db_column_t *targets, int *slot_of,
                                const ds_object_t *object, const ds_fmt_csv_record_t *header, int i,
                                int keys_only, apr_pool_t *pool)
{
    const ds_fmt_csv_cell_t *cell = &header->cells[i];
    int position =
        strlen(cell->text) == cell->length ? ds_object_field_find(object, cell->text) : -1;
    const ds_field_t *field;

    columns->slots[i] = -1;
    columns->read_only[i] = read_only_find(columns->import, cell);
    if (columns->read_only[i])
        return NULL;
    if (position < 0) {
        dsw_columns_unknown_add(columns, apr_psprintf(pool, "column %d", i + 1), cell->text,
                                cell->length, pool);
        return NULL;
    }
    field = &APR_ARRAY_IDX(object->fields, position, ds_field_t);
    if (keys_only && !field->is_key)
        return NULL;
    if (slot_of[position] >= 0)
        return ds_problem_make(pool, DS_EINPUT, "Two columns of the file are called \"%s\"",
                               field->name);
    slot_of[position] = columns->table.count;
    columns->fields[i] = field;
    columns->slots[i] = columns->table.count;
    ds_def_column_get(&targets[columns->table.count++], field);
    return NULL;
}

/* The fields that no column fills: their places stay NULL in every row. */
static void rest_add(dsw_columns_t *columns, ds_db_column_t *targets, const int *slot_of,
                     const ds_object_t *object)
{
    int i;

    for (i = 0; i < object->fields->nelts; i++)
        if (slot_of[i] < 0)
            ds_def_column_get(&targets[columns->table.count++],
                              &APR_ARRAY_IDX(object->fields, i, ds_field_t));
}

static int key_is_there(const ds_object_t *object, const int *slot_of)
{
    int i;

    for (i = 0; i < object->keys->nelts; i++)
        if (slot_of[APR_ARRAY_IDX(object->keys, i, int)] < 0)
            return 0;
    return 1;
}

ds_problem_t *dsw_columns_map(dsw_columns_t **result, const ds_sync_t *sync,
                              const ds_fmt_csv_record_t *header, int keys_only, apr_pool_t *pool)
{
    const ds_object_t *object = sync->object;
    dsw_columns_t *columns = apr_pcalloc(pool, sizeof(*columns));
    int fields = object->fields->nelts, i;
    ds_db_column_t *targets = apr_palloc(pool, sizeof(*targets) * fields);
    int *slot_of = apr_palloc(pool, sizeof(int) * fields);
    ds_problem_t *problem = NULL;

    memset(slot_of, -1, sizeof(int) * fields);
    columns->count = header->count;
    columns->fields = apr_pcalloc(pool, sizeof(*columns->fields) * header->count);
    columns->import = &sync->import;
    columns->read_only = apr_pcalloc(pool, sizeof(char *) * header->count);
    columns->slots = apr_palloc(pool, sizeof(int) * header->count);
    columns->table.name = object->name;
    columns->table.columns = targets;
    columns->table.marks = object->delete_marks;
    for (i = 0; i < header->count && !problem; i++)
        problem = column_map(columns, targets, slot_of, object, header, i, keys_only, pool);
    columns->has_key = key_is_there(object, slot_of);
    columns->updated_at = object->updated_at < 0 ? -1 : slot_of[object->updated_at];
    if ((sync->import.whole || sync->import.is_json) && columns->has_key && !keys_only)
        rest_add(columns, targets, slot_of, object);
    columns->values = apr_pcalloc(pool, sizeof(char *) * (fields + 1));
    columns->normals = apr_palloc(pool, sizeof(*columns->normals) * (fields + 1));
    *result = columns;
    return problem;
}

/* --- rows --- */

static const char *fault_phrase(ds_fmt_csv_fault_e fault)
{
    switch (fault) {
    case DS_CSV_UNCLOSED_QUOTE: return "a quote is opened and never closed";
    case DS_CSV_AFTER_QUOTE: return "there is text after a closing quote";
    case DS_CSV_FIELD_TOO_LONG: return "the value is longer than the limit";
    case DS_CSV_TOO_MANY_FIELDS: return "the row has more values than the limit";
    default: return "there is a NUL byte";
    }
}

static int record_check(char reason[DSW_REASON_SIZE], const dsw_columns_t *columns,
                        const ds_fmt_csv_record_t *record, apr_int64_t row)
{
    if (record->fault == DS_CSV_BROKEN)
        apr_snprintf(reason, DSW_REASON_SIZE,
                     "row %" APR_INT64_T_FMT ", record %" APR_INT64_T_FMT
                     " of its page, cannot be read: no JSON, no UTF-8, a NUL, half of a pair of "
                     "surrogates, or an integer of more than 64 bits",
                     row, record->line);
    else if (record->fault != DS_CSV_GOOD)
        apr_snprintf(reason, DSW_REASON_SIZE,
                     "row %" APR_INT64_T_FMT " (line %" APR_INT64_T_FMT "), column %d: %s", row,
                     record->fault_line, record->fault_column, fault_phrase(record->fault));
    else if (record->count != columns->count)
        apr_snprintf(reason, DSW_REASON_SIZE,
                     "row %" APR_INT64_T_FMT " (line %" APR_INT64_T_FMT
                     "): %d values, the header has %d",
                     row, record->line, record->count, columns->count);
    else if (!columns->has_key)
        apr_cpystrn(reason, "missing.dedupe.fields", DSW_REASON_SIZE);
    else
        return 1;
    return 0;
}

/* In the launch's own words where it has some, else "<field>: <why>". */
static void reason_write(char text[DSW_REASON_SIZE], const ds_import_t *import, ds_reason_e reason,
                         const ds_field_t *field, const char *why)
{
    if (import->phrases[reason])
        ds_reason_print(text, DSW_REASON_SIZE, import->phrases[reason], field->label);
    else
        apr_snprintf(text, DSW_REASON_SIZE, "%s: %s", field->name, why);
}

static inline int cell_check(char reason[DSW_REASON_SIZE], dsw_columns_t *columns, int column,
                             const ds_fmt_csv_cell_t *cell)
{
    const ds_field_t *field = columns->fields[column];
    int slot = columns->slots[column];
    ds_reason_e code;
    const char *why;
    char place[40];

    columns->values[slot] = NULL;
    if (cell->length == 0) {
        apr_cpystrn(reason, "missing.dedupe.fields", DSW_REASON_SIZE);
        return !field->is_key;
    }
    columns->values[slot] =
        ds_field_check(columns->normals[slot], &code, &why, place, field, cell->text, cell->length);
    if (!columns->values[slot])
        reason_write(reason, columns->import, code, field, why);
    return columns->values[slot] != NULL;
}

int dsw_columns_cell_check(char reason[DSW_REASON_SIZE], dsw_columns_t *columns, int column,
                           const ds_fmt_csv_cell_t *cell)
{
    return cell_check(reason, columns, column, cell);
}

/* The first filled cell in a column that nobody may fill. */
static void read_only_check(dsw_columns_t *columns, const ds_fmt_csv_record_t *record)
{
    int i;

    columns->warning[0] = '\0';
    for (i = 0; i < columns->count && !columns->warning[0]; i++)
        if (columns->read_only[i] && record->cells[i].length)
            ds_reason_print(columns->warning, DSW_REASON_SIZE,
                            columns->import->phrases[DS_REASON_READ_ONLY], columns->read_only[i]);
}

int dsw_columns_check(char reason[DSW_REASON_SIZE], dsw_columns_t *columns,
                      const ds_fmt_csv_record_t *record, apr_int64_t row)
{
    int i;

    if (!record_check(reason, columns, record, row))
        return 0;
    for (i = 0; i < columns->count; i++)
        if (columns->slots[i] >= 0 && !cell_check(reason, columns, i, &record->cells[i]))
            return 0;
    read_only_check(columns, record);
    return 1;
}
