#include "dsw_input.h"

#include <string.h>

#include <apr_strings.h>

#include "ds_fmt_split.h"

#define ITEM_DEPTH 100 /* brackets inside each other */

struct dsw_input_t {
    const dsw_input_source_t *source; /* NULL: the file */
    void *baton;
    ds_db_t *db;
    const ds_file_t *file;
    ds_fmt_csv_limits_t limits;
    char delimiter;
    apr_pool_t *csv_pool;   /* of the reader: cleared at each seek */
    apr_pool_t *chunk_pool; /* of one chunk */
    ds_fmt_csv_t *csv;
    ds_fmt_split_t *split; /* of a file of JSON: instead of csv */
    apr_int64_t fed;       /* bytes of the file given to the reader */
    ds_checkpoint_t body;  /* behind the header */
};

static void reader_place(dsw_input_t *input, apr_int64_t offset, apr_int64_t line)
{
    input->fed = offset;
    if (input->split) {
        ds_fmt_split_seek(input->split, offset, line);
        return;
    }
    apr_pool_clear(input->csv_pool);
    input->csv = ds_fmt_csv_make(&input->limits, input->delimiter, offset, line, input->csv_pool);
}

/* The bytes from `fed` to the end of their chunk; none at the end of the file. */
static apr_status_t piece_read(const char **data, apr_size_t *size, dsw_input_t *input)
{
    apr_int64_t start;
    apr_size_t skip;
    apr_status_t status;

    *size = 0;
    if (input->fed >= input->file->size)
        return APR_SUCCESS;
    apr_pool_clear(input->chunk_pool);
    status = ds_file_chunk_read(data, size, &start, input->db, input->file->id, input->fed,
                                input->chunk_pool);
    if (status != APR_SUCCESS)
        return status == DS_ENOTFOUND ? DS_EDB : status;
    skip = (apr_size_t)(input->fed - start);
    *data += skip;
    *size -= skip;
    return APR_SUCCESS;
}

static apr_status_t piece_feed(dsw_input_t *input)
{
    const char *data;
    apr_size_t size;
    apr_status_t status = piece_read(&data, &size, input);

    if (status != APR_SUCCESS)
        return status;
    if (input->split && size)
        ds_fmt_split_feed(input->split, data, size);
    else if (input->split)
        ds_fmt_split_end(input->split);
    else if (size)
        ds_fmt_csv_feed(input->csv, data, size);
    else
        ds_fmt_csv_end(input->csv);
    input->fed += (apr_int64_t)size;
    return APR_SUCCESS;
}

static apr_status_t item_next(ds_fmt_csv_next_e *next, ds_fmt_csv_record_t *record,
                              dsw_input_t *input)
{
    ds_fmt_split_element_t element = {0};
    ds_fmt_split_next_e found;
    apr_status_t status = APR_SUCCESS;

    while ((found = ds_fmt_split_next(&element, input->split)) == DS_SPLIT_MORE &&
           status == APR_SUCCESS)
        status = piece_feed(input);
    *next = found == DS_SPLIT_ELEMENT ? DS_CSV_RECORD
            : found == DS_SPLIT_END   ? DS_CSV_END
                                      : DS_CSV_TOO_LONG;
    *record = (ds_fmt_csv_record_t){.raw = element.text,
                                    .raw_length = element.length,
                                    .line_end = "",
                                    .offset = element.offset,
                                    .line = element.line};
    return status;
}

apr_status_t dsw_input_next(ds_fmt_csv_next_e *next, ds_fmt_csv_record_t *record,
                            dsw_input_t *input)
{
    apr_status_t status = APR_SUCCESS;

    if (input->source)
        return input->source->next(next, record, input->baton);
    if (input->split)
        return item_next(next, record, input);
    while ((*next = ds_fmt_csv_next(record, input->csv)) == DS_CSV_MORE && status == APR_SUCCESS)
        status = piece_feed(input);
    return status;
}

const char *dsw_input_break(const dsw_input_t *input, apr_pool_t *pool)
{
    const ds_fmt_split_fault_t *fault = input->split ? ds_fmt_split_fault(input->split) : NULL;

    if (!fault || fault->kind == DS_SPLIT_ELEMENT_TOO_LONG)
        return apr_psprintf(pool, "is longer than the limit of bytes, %" APR_SIZE_T_FMT,
                            input->limits.row_length);
    return apr_psprintf(pool,
                        "cannot be read: %s, in line %" APR_INT64_T_FMT
                        ", at byte %" APR_INT64_T_FMT " of the file",
                        fault->text, fault->line, fault->offset + 1);
}

ds_checkpoint_t dsw_input_checkpoint(const dsw_input_t *input)
{
    if (input->source)
        return input->source->checkpoint(input->baton);
    if (input->split)
        return (ds_checkpoint_t){ds_fmt_split_offset(input->split),
                                 ds_fmt_split_line(input->split)};
    return (ds_checkpoint_t){ds_fmt_csv_offset(input->csv), ds_fmt_csv_line(input->csv)};
}

char dsw_input_delimiter(const dsw_input_t *input)
{
    return input->delimiter;
}

void dsw_input_seek(dsw_input_t *input, const ds_checkpoint_t *checkpoint)
{
    if (input->source) {
        input->source->seek(input->baton, checkpoint);
        return;
    }
    if (checkpoint->offset == 0)
        checkpoint = &input->body;
    reader_place(input, checkpoint->offset, checkpoint->line);
}

const char *dsw_input_fault(const dsw_input_t *input)
{
    return input->source ? input->source->fault(input->baton) : NULL;
}

apr_status_t dsw_input_keep(dsw_input_t *input)
{
    return input->source ? input->source->keep(input->baton) : APR_SUCCESS;
}

dsw_input_t *dsw_input_of(const dsw_input_source_t *source, void *baton, apr_pool_t *pool)
{
    dsw_input_t *input = apr_pcalloc(pool, sizeof(*input));

    input->source = source;
    input->baton = baton;
    input->delimiter = ',';
    return input;
}

/* --- the header --- */

static apr_status_t delimiter_find(dsw_input_t *input)
{
    const char *data;
    apr_size_t size;
    apr_status_t status = piece_read(&data, &size, input);

    if (status == APR_SUCCESS)
        input->delimiter = ds_fmt_csv_delimiter_find(data, size);
    return status;
}

static void header_copy(ds_fmt_csv_record_t *header, apr_pool_t *pool)
{
    ds_fmt_csv_cell_t *cells = apr_pmemdup(pool, header->cells, sizeof(*cells) * header->count);
    int i;

    for (i = 0; i < header->count; i++)
        cells[i].text = apr_pstrmemdup(pool, cells[i].text, cells[i].length);
    header->cells = cells;
    header->raw = apr_pstrmemdup(pool, header->raw, header->raw_length);
}

/* --- a header that is not in the file, or whose names are not those of fields --- */

static void header_make(ds_fmt_csv_record_t *header, const apr_array_header_t *names,
                        char delimiter, apr_pool_t *pool)
{
    ds_fmt_csv_cell_t *cells = apr_pcalloc(pool, sizeof(*cells) * (apr_size_t)names->nelts);
    const char separator[] = {delimiter, '\0'};
    const char *raw = "";
    int i;

    for (i = 0; i < names->nelts; i++) {
        char *name = apr_pstrdup(pool, APR_ARRAY_IDX(names, i, const char *));

        cells[i] = (ds_fmt_csv_cell_t){.text = name, .length = strlen(name)};
        raw = apr_pstrcat(pool, raw, i ? separator : "", name, NULL);
    }
    *header = (ds_fmt_csv_record_t){.cells = cells,
                                    .count = names->nelts,
                                    .raw = raw,
                                    .raw_length = strlen(raw),
                                    .line_end = ""};
}

/* The field of a column, "" for none. */
static const char *column_field(const ds_import_t *import, const char *title, int column)
{
    int i;

    if (!import->titles)
        return column < import->columns->nelts
                   ? APR_ARRAY_IDX(import->columns, column, const char *)
                   : "";
    for (i = 0; i < import->titles->nelts; i++)
        if (!strcmp(APR_ARRAY_IDX(import->titles, i, const char *), title))
            return APR_ARRAY_IDX(import->columns, i, const char *);
    return "";
}

static void header_rename(ds_fmt_csv_record_t *header, const ds_import_t *import, apr_pool_t *pool)
{
    ds_fmt_csv_cell_t *cells = apr_palloc(pool, sizeof(*cells) * (apr_size_t)header->count);
    int i;

    for (i = 0; i < header->count; i++) {
        char *name = apr_pstrdup(pool, column_field(import, header->cells[i].text, i));

        cells[i] = (ds_fmt_csv_cell_t){.text = name, .length = strlen(name)};
    }
    header->cells = cells;
}

static ds_problem_t *header_check(const ds_fmt_csv_record_t *header, ds_fmt_csv_next_e next,
                                  const ds_fmt_csv_limits_t *limits, apr_pool_t *pool)
{
    if (next == DS_CSV_END)
        return ds_problem_make(pool, DS_EINPUT,
                               "The file is empty: its first line must name the fields");
    if (next == DS_CSV_TOO_LONG)
        return ds_problem_make(pool, DS_ELIMIT, "The header line is longer than %lu bytes",
                               (unsigned long)limits->row_length);
    if (header->fault != DS_CSV_GOOD)
        return ds_problem_make(pool, DS_EINPUT,
                               "The header line cannot be read: trouble in column %d",
                               header->fault_column);
    return NULL;
}

/* The first item is read, so that it is known what the file is wherever reading begins. */
static ds_problem_t *items_begin(dsw_input_t *input, ds_fmt_csv_record_t *header,
                                 const ds_import_t *import, apr_pool_t *pool)
{
    const ds_fmt_split_limits_t limits = {input->limits.row_length, input->limits.row_length,
                                          ITEM_DEPTH};
    ds_fmt_csv_record_t first;
    ds_fmt_csv_next_e next;
    apr_status_t status;

    header_make(header, import->columns, ',', pool);
    input->body = (ds_checkpoint_t){0, 1};
    input->split = ds_fmt_split_make(NULL, 0, &limits, pool);
    status = item_next(&next, &first, input);
    if (status != APR_SUCCESS)
        return ds_problem_make(pool, status, "%s", ds_db_error(input->db));
    if (next == DS_CSV_END && !ds_fmt_split_is_found(input->split))
        return ds_problem_make(pool, DS_EINPUT,
                               "The file is empty: it must hold a list of items, or items");
    return NULL;
}

static ds_problem_t *header_read(dsw_input_t *input, ds_fmt_csv_record_t *header,
                                 const ds_import_t *import, apr_pool_t *pool)
{
    ds_fmt_csv_next_e next = DS_CSV_RECORD;
    ds_problem_t *problem;
    apr_status_t status = input->delimiter ? APR_SUCCESS : delimiter_find(input);

    if (status == APR_SUCCESS && import->headless) {
        header_make(header, import->columns, input->delimiter, pool);
        input->body = (ds_checkpoint_t){0, 1};
        return NULL;
    }
    if (status == APR_SUCCESS) {
        reader_place(input, 0, 1);
        status = dsw_input_next(&next, header, input);
    }
    if (status != APR_SUCCESS)
        return ds_problem_make(pool, status, "%s", ds_db_error(input->db));
    problem = header_check(header, next, &input->limits, pool);
    if (problem)
        return problem;
    header_copy(header, pool);
    if (import->columns)
        header_rename(header, import, pool);
    input->body = dsw_input_checkpoint(input);
    return NULL;
}

ds_problem_t *dsw_input_open(dsw_input_t **result, ds_fmt_csv_record_t *header, ds_db_t *db,
                             const ds_launch_t *launch, const ds_sync_t *sync, apr_pool_t *pool)
{
    dsw_input_t *input = apr_pcalloc(pool, sizeof(*input));
    ds_file_t *file;
    apr_status_t status = ds_file_get(&file, db, ds_launch_input_id(launch), "input", pool);

    if (status != APR_SUCCESS)
        return ds_problem_make(pool, status, "The launch's file cannot be read");
    input->db = db;
    input->file = file;
    input->delimiter = sync->delimiter;
    input->limits.row_length = (apr_size_t)sync->limits.row_length;
    input->limits.field_length = (apr_size_t)sync->limits.field_length;
    input->limits.fields = (int)sync->limits.fields;
    apr_pool_create(&input->csv_pool, pool);
    apr_pool_create(&input->chunk_pool, pool);
    *result = input;
    return sync->import.is_json ? items_begin(input, header, &sync->import, pool)
                                : header_read(input, header, &sync->import, pool);
}
