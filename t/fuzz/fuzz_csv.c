/* The CSV reader on any bytes. The first byte chooses delimiter and limits, the second the pieces.
 *
 * What must hold: the pieces make no difference; records, line ends, empty lines and the byte order
 * mark are the whole input, with the right offsets and lines; reading from a record's offset gives
 * that record again; cells that are written are read back. */
#include <string.h>

#include <apr_general.h>

#include "ds_fmt_csv.h"
#include "fuzz.h"

static const ds_fmt_csv_limits_t limits_of[] = {{1 << 24, 1 << 24, 100000}, {40, 10, 4}};
static const ds_fmt_csv_limits_t no_limits = {1 << 26, 1 << 26, 1 << 20};

typedef struct input_t {
    const char *data;
    size_t size;
    char delimiter;
    const ds_fmt_csv_limits_t *limits;
} input_t;

static void number_add(fuzz_text_t *log, int64_t number)
{
    fuzz_text_add(log, &number, sizeof(number));
}

static void record_add(fuzz_text_t *log, const ds_fmt_csv_record_t *record)
{
    int i;

    number_add(log, record->offset);
    number_add(log, record->line);
    number_add(log, record->fault);
    number_add(log, record->fault_column);
    number_add(log, record->fault_line);
    number_add(log, (int64_t)record->raw_length);
    number_add(log, (int64_t)strlen(record->line_end));
    number_add(log, record->count);
    for (i = 0; i < record->count; i++) {
        MUST(record->cells[i].text[record->cells[i].length] == '\0');
        number_add(log, (int64_t)record->cells[i].length);
        fuzz_text_add(log, record->cells[i].text, record->cells[i].length);
    }
}

/* Line ends of the input from `from` on that begin before `end`. */
static int64_t lines_count(const input_t *input, size_t from, size_t end)
{
    int64_t lines = 0;
    size_t i;

    for (i = from; i < end; i++) {
        lines += input->data[i] == '\r' ||
                 (input->data[i] == '\n' && (i == 0 || input->data[i - 1] != '\r'));
    }
    return lines;
}

/* Between records only line ends may stand, and a byte order mark at the beginning. */
static void gap_check(const input_t *input, size_t from, size_t to)
{
    if (from == 0 && to >= 3 && memcmp(input->data, "\xEF\xBB\xBF", 3) == 0) {
        from = 3;
    }
    for (; from < to; from++) {
        MUST(input->data[from] == '\r' || input->data[from] == '\n');
    }
}

/* How far the input was checked against records. */
typedef struct progress_t {
    size_t end;
    int64_t line;
} progress_t;

/* Checks a record against the input and moves behind it. */
static void record_check(progress_t *progress, const input_t *input,
                         const ds_fmt_csv_record_t *record)
{
    size_t start = (size_t)record->offset, end = start + record->raw_length;
    size_t line_end = strlen(record->line_end);

    MUST(record->raw_length > 0 && start >= progress->end && end + line_end <= input->size);
    gap_check(input, progress->end, start);
    progress->line += lines_count(input, progress->end, start);
    MUST(record->line == progress->line);
    MUST(memcmp(record->raw, input->data + start, record->raw_length) == 0);
    MUST(memcmp(record->line_end, input->data + end, line_end) == 0);
    MUST(line_end > 0 || end == input->size);
    MUST(record->raw_length + line_end <= input->limits->row_length);
    MUST((record->fault == DS_CSV_GOOD) == (record->fault_column == 0));
    MUST(record->count <= input->limits->fields);
    progress->end = end + line_end;
    progress->line += lines_count(input, start, progress->end);
}

static ds_fmt_csv_t *reader_make(const input_t *input, size_t offset, apr_pool_t *pool)
{
    return ds_fmt_csv_make(input->limits, input->delimiter, (apr_int64_t)offset,
                           1 + lines_count(input, 0, offset), pool);
}

/* All records. The first piece has the size `first`, the others are picked, or one when seed is 0.
 */
static void input_read(fuzz_text_t *log, const input_t *input, size_t first, uint32_t seed,
                       apr_pool_t *pool)
{
    ds_fmt_csv_t *csv = reader_make(input, 0, pool);
    progress_t progress = {0, 1};
    size_t at = 0, taken;
    ds_fmt_csv_record_t record;
    ds_fmt_csv_next_e next;

    while ((next = ds_fmt_csv_next(&record, csv)) == DS_CSV_RECORD || next == DS_CSV_MORE) {
        if (next == DS_CSV_RECORD) {
            record_check(&progress, input, &record);
            MUST((size_t)ds_fmt_csv_offset(csv) == progress.end);
            record_add(log, &record);
        }
        else if (at == input->size) {
            ds_fmt_csv_end(csv);
        }
        else {
            taken = at == 0 ? first : seed == 0 ? input->size : fuzz_piece_pick(&seed);
            taken = taken < input->size - at ? taken : input->size - at;
            ds_fmt_csv_feed(csv, input->data + at, taken);
            at += taken;
        }
    }
    number_add(log, next);
    number_add(log, ds_fmt_csv_offset(csv));
    number_add(log, ds_fmt_csv_line(csv));
    gap_check(input, progress.end, (size_t)ds_fmt_csv_offset(csv));
    MUST(next == DS_CSV_TOO_LONG || (size_t)ds_fmt_csv_offset(csv) == input->size);
}

/* Write the cells of a good record and read them again. */
static void round_trip_check(const input_t *input, const ds_fmt_csv_record_t *record,
                             apr_pool_t *pool)
{
    ds_fmt_csv_t *csv = ds_fmt_csv_make(&no_limits, input->delimiter, 0, 1, pool);
    char *target = malloc(2 * input->size + 4);
    ds_fmt_csv_record_t again;
    int i;

    MUST(target != NULL);
    for (i = 0; i < record->count; i++) {
        apr_size_t size = ds_fmt_csv_cell_write(target, record->cells[i].text,
                                                record->cells[i].length, input->delimiter);

        MUST(size <= 2 * record->cells[i].length + 2);
        target[size] = i + 1 < record->count ? input->delimiter : '\n';
        ds_fmt_csv_feed(csv, size == 0 && record->count == 1 ? "\"\"\n" : target,
                        size == 0 && record->count == 1 ? 3 : size + 1);
    }
    ds_fmt_csv_end(csv);
    MUST(ds_fmt_csv_next(&again, csv) == DS_CSV_RECORD && again.fault == DS_CSV_GOOD);
    MUST(again.count == record->count);
    for (i = 0; i < record->count; i++) {
        MUST(again.cells[i].length == record->cells[i].length);
        MUST(memcmp(again.cells[i].text, record->cells[i].text, again.cells[i].length) == 0);
    }
    MUST(ds_fmt_csv_next(&again, csv) == DS_CSV_END);
    free(target);
}

/* Start a new reader at the middle record, as an import does that goes on at its checkpoint. */
static void resume_check(const input_t *input, size_t middle, apr_pool_t *pool)
{
    ds_fmt_csv_t *first = reader_make(input, 0, pool), *second;
    ds_fmt_csv_record_t record, again;
    fuzz_text_t log = {0}, log_again = {0};

    ds_fmt_csv_feed(first, input->data, input->size);
    ds_fmt_csv_end(first);
    do {
        if (ds_fmt_csv_next(&record, first) != DS_CSV_RECORD) {
            return;
        }
    } while ((size_t)record.offset < middle);
    second = reader_make(input, (size_t)record.offset, pool);
    ds_fmt_csv_feed(second, input->data + record.offset, input->size - (size_t)record.offset);
    ds_fmt_csv_end(second);
    /* at offset 0 a byte order mark would be stepped over, elsewhere it is text */
    MUST(ds_fmt_csv_next(&again, second) == DS_CSV_RECORD);
    record_add(&log, &record);
    record_add(&log_again, &again);
    MUST(log.size == log_again.size && memcmp(log.data, log_again.data, log.size) == 0);
    if (record.fault == DS_CSV_GOOD) {
        round_trip_check(input, &record, pool);
    }
    free(log.data);
    free(log_again.data);
}

static void pieces_check(const fuzz_text_t *whole, const input_t *input, size_t first,
                         uint32_t seed, apr_pool_t *pool)
{
    fuzz_text_t pieces = {0};

    input_read(&pieces, input, first, seed, pool);
    MUST(whole->size == pieces.size && memcmp(whole->data, pieces.data, whole->size) == 0);
    free(pieces.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static apr_pool_t *pool;
    fuzz_text_t whole = {0};
    input_t input;
    char found;

    if (size < 2 || size > 100000) {
        return 0;
    }
    if (pool == NULL) {
        apr_initialize();
        apr_pool_create(&pool, NULL);
    }
    input.data = (const char *)data + 2;
    input.size = size - 2;
    input.delimiter = ",;\t|"[data[0] & 3];
    input.limits = &limits_of[(data[0] >> 2) & 1];
    found = ds_fmt_csv_delimiter_find(input.data, input.size);
    MUST(found == ',' || found == ';' || found == '\t');
    input_read(&whole, &input, input.size, 0, pool);
    pieces_check(&whole, &input, 1, 1 + (uint32_t)data[1], pool);
    pieces_check(&whole, &input, 1 + (input.size * data[1]) / 256, 0, pool);
    resume_check(&input, input.size / 2, pool);
    resume_check(&input, 1, pool);
    free(whole.data);
    apr_pool_clear(pool);
    return 0;
}
