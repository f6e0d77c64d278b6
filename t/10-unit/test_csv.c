/* The CSV reader and writer, case by case. Each input is read in one piece and in pieces of 1, 2, 3
 * and 7 bytes: what is read must never depend on where the network cut the file. */
#include <stdlib.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "ds_fmt_csv.h"
#include "tap.h"

static const ds_fmt_csv_limits_t wide = {1000, 100, 20};
static const char *const fault_names[] = {"good",     "unclosed", "after-quote",
                                          "too-long", "too-many", "nul"};
static apr_pool_t *pool;

/* Line ends and NULs made visible. */
static const char *shown(const char *text, apr_size_t length)
{
    char *out = apr_palloc(pool, 2 * length + 1), *to = out;
    apr_size_t i;

    for (i = 0; i < length; i++) {
        const char *found = strchr("\n\r\t", text[i]);

        if (text[i] == '\0' || found != NULL) {
            *to++ = '\\';
            *to++ = text[i] == '\0' ? '0' : text[i] == '\n' ? 'n' : text[i] == '\r' ? 'r' : 't';
        }
        else {
            *to++ = text[i];
        }
    }
    *to = '\0';
    return out;
}

/* A record as text: [cell][cell] for a good one, else fault@column:line and the raw bytes. */
static const char *record_show(const ds_fmt_csv_record_t *record)
{
    const char *text = "";
    int i;

    if (record->fault != DS_CSV_GOOD) {
        return apr_psprintf(pool, "{%s@%d:%" APR_INT64_T_FMT " %s}", fault_names[record->fault],
                            record->fault_column, record->fault_line,
                            shown(record->raw, record->raw_length));
    }
    for (i = 0; i < record->count; i++) {
        const ds_fmt_csv_cell_t *cell = &record->cells[i];

        text = apr_pstrcat(pool, text, "[", shown(cell->text, cell->length),
                           cell->text[cell->length] == '\0' ? "]" : "] no NUL ", NULL);
    }
    return text;
}

static const char *place_show(const ds_fmt_csv_record_t *record)
{
    return apr_psprintf(pool, "@%" APR_INT64_T_FMT ",line %" APR_INT64_T_FMT "%s", record->offset,
                        record->line, shown(record->line_end, strlen(record->line_end)));
}

/* All records of an input, joined with spaces, and how the reading ended. The input is fed in
 * pieces, the first of which may have a size of its own. With_places adds where each record stood.
 */
static const char *input_read(const ds_fmt_csv_limits_t *limits, const char *data, apr_size_t size,
                              apr_size_t first, apr_size_t piece, int with_places)
{
    ds_fmt_csv_t *csv = ds_fmt_csv_make(limits, ',', 0, 1, pool);
    const char *text = "";
    ds_fmt_csv_record_t record;
    ds_fmt_csv_next_e next;
    apr_size_t at = 0, taken;

    for (;;) {
        next = ds_fmt_csv_next(&record, csv);
        if (next == DS_CSV_RECORD) {
            text = apr_pstrcat(pool, text, *text ? " " : "", record_show(&record),
                               with_places ? place_show(&record) : "", NULL);
        }
        else if (next != DS_CSV_MORE) {
            return next == DS_CSV_END ? text : apr_pstrcat(pool, text, " TOO LONG", NULL);
        }
        else if (at == size) {
            ds_fmt_csv_end(csv);
        }
        else {
            taken = at == 0 ? first : piece;
            taken = taken < size - at ? taken : size - at;
            ds_fmt_csv_feed(csv, data + at, taken);
            at += taken;
        }
    }
}

typedef struct case_t {
    const char *name;
    const char *input;
    apr_size_t size;
    const char *records;
    const ds_fmt_csv_limits_t *limits;
} case_t;

#define TEXT(text) text, sizeof(text) - 1

static const ds_fmt_csv_limits_t three_cells = {1000, 100, 3};
static const ds_fmt_csv_limits_t four_bytes = {1000, 4, 20};
static const ds_fmt_csv_limits_t row_of_6 = {6, 100, 20};

static const case_t cases[] = {
    {"plain rows arrive", TEXT("a,b\nc,d\n"), "[a][b] [c][d]", &wide},
    {"the last row needs no line end", TEXT("a,b\nc,d"), "[a][b] [c][d]", &wide},
    {"empty cells are cells", TEXT(",a,,\n"), "[][a][][]", &wide},
    {"a comma at the end of the input begins a cell", TEXT("a,"), "[a][]", &wide},
    {"files of Windows are read", TEXT("a,b\r\nc,d\r\n"), "[a][b] [c][d]", &wide},
    {"files of old Macs are read", TEXT("a,b\rc,d\r"), "[a][b] [c][d]", &wide},
    {"mixed line ends are read", TEXT("a\r\nb\rc\nd"), "[a] [b] [c] [d]", &wide},
    {"empty lines are no records", TEXT("\n\r\na\n\n\r\rb\n\n"), "[a] [b]", &wide},
    {"an empty file has no records", TEXT(""), "", &wide},
    {"a file of line ends has no records", TEXT("\r\n\n\r"), "", &wide},
    {"a comma in quotes stays in its cell", TEXT("\"a,b\",c\n"), "[a,b][c]", &wide},
    {"doubled quotes become one", TEXT("\"a\"\"b\",\"\"\"\",\"\"\"a\"\n"), "[a\"b][\"][\"a]",
     &wide},
    {"line ends in quotes stay in their cell", TEXT("\"a\nb\r\nc\rd\",e\n"),
     "[a\\nb\\r\\nc\\rd][e]", &wide},
    {"an empty cell in quotes is one cell", TEXT("\"\"\n"), "[]", &wide},
    {"quotes inside an unquoted cell are bytes", TEXT("a\"b\",c\"\n"), "[a\"b\"][c\"]", &wide},
    {"spaces belong to cells", TEXT(" a , \"b\" \n"), "[ a ][ \"b\" ]", &wide},
    {"a byte order mark is not part of the first name", TEXT("\xEF\xBB\xBFid,b\n"), "[id][b]",
     &wide},
    {"a quoted cell behind a byte order mark", TEXT("\xEF\xBB\xBF\"a,b\"\n"), "[a,b]", &wide},
    {"half a byte order mark is text", TEXT("\xEF\xBBx\n"), "[\xEF\xBBx]", &wide},
    {"a file of half a byte order mark is a record", TEXT("\xEF\xBB"), "[\xEF\xBB]", &wide},
    {"a file of a byte order mark has no records", TEXT("\xEF\xBB\xBF"), "", &wide},
    {"a byte order mark counts at the beginning only", TEXT("a\n\xEF\xBB\xBF\n"),
     "[a] [\xEF\xBB\xBF]", &wide},
    {"a quote that is not closed is reported where it began", TEXT("a\nb,\"c\nd,e\nf\n"),
     "[a] {unclosed@2:2 b,\"c\\nd,e\\nf\\n}", &wide},
    {"a lone quote at the end", TEXT("a\n\""), "[a] {unclosed@1:2 \"}", &wide},
    {"text behind a closing quote costs one record only", TEXT("\"a\"b,c\nd\n"),
     "{after-quote@1:1 \"a\"b,c} [d]", &wide},
    {"a space behind a closing quote is text", TEXT("x,\"a\" ,c\nd\n"),
     "{after-quote@2:1 x,\"a\" ,c} [d]", &wide},
    {"after such text quoted cells are read as always", TEXT("\"a\"b,\"c\nd\"\ne\n"),
     "{after-quote@1:1 \"a\"b,\"c\\nd\"} [e]", &wide},
    {"a quote in such text opens nothing", TEXT("\"a\"b\"c\nd\n"),
     "{after-quote@1:1 \"a\"b\"c} [d]", &wide},
    {"a NUL costs one record only", TEXT("a,b\0c\nd\n"), "{nul@2:1 a,b\\0c} [d]", &wide},
    {"a NUL in quotes costs one record only", TEXT("\"a\0\"\nd\n"), "{nul@1:1 \"a\\0\"} [d]",
     &wide},
    {"the line of a fault is the line of its cell", TEXT("a\n\"b\n\",\"c\r\n\",\"d\"e\nf\n"),
     "[a] {after-quote@3:4 \"b\\n\",\"c\\r\\n\",\"d\"e} [f]", &wide},
    {"as many cells as allowed", TEXT("a,b,c\n"), "[a][b][c]", &three_cells},
    {"one cell too many costs one record only", TEXT("a,b,c,d,e\nf\n"),
     "{too-many@4:1 a,b,c,d,e} [f]", &three_cells},
    {"a cell as long as allowed", TEXT("abcd,\"a\"\"bc\"\n"), "[abcd][a\"bc]", &four_bytes},
    {"one byte too long costs one record only", TEXT("a,abcde\nf\n"), "{too-long@2:1 a,abcde} [f]",
     &four_bytes},
    {"one byte too long in quotes", TEXT("\"a\"\"bcd\"\nf\n"), "{too-long@1:1 \"a\"\"bcd\"} [f]",
     &four_bytes},
    {"a row as long as allowed, with its line end", TEXT("ab,c\r\nab,cd\n"), "[ab][c] [ab][cd]",
     &row_of_6},
    {"a row that is too long ends the reading", TEXT("a\nab,cd\r\nb\n"), "[a] TOO LONG", &row_of_6},
    {"an open quote cannot take more than a row's length", TEXT("a\n\"bcdefgh"), "[a] TOO LONG",
     &row_of_6},
    {"a last row that is too long", TEXT("a\nabcdefg"), "[a] TOO LONG", &row_of_6},
};

static void cases_check(void)
{
    static const apr_size_t pieces[] = {1000, 1, 2, 3, 7};
    apr_size_t i, j;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const case_t *c = &cases[i];
        const char *got = NULL;

        for (j = 0; j < sizeof(pieces) / sizeof(pieces[0]); j++) {
            got = input_read(c->limits, c->input, c->size, pieces[j], pieces[j], 0);
            if (strcmp(got, c->records) != 0) {
                break;
            }
        }
        tap_is_text(got, c->records, c->name);
    }
}

/* Cut into two pieces at every place, also between CR and LF and inside a byte order mark. */
static void cuts_check(void)
{
    apr_size_t i, cut;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const case_t *c = &cases[i];
        const char *whole = input_read(c->limits, c->input, c->size, c->size, c->size, 1),
                   *got = whole;

        for (cut = 1; cut < c->size && strcmp(got, whole) == 0; cut++) {
            got = input_read(c->limits, c->input, c->size, cut, c->size, 1);
        }
        tap_is_text(got, whole, apr_pstrcat(pool, "cut into two anywhere: ", c->name, NULL));
    }
}

/* What a checkpoint keeps: reading on from any record gives the same records. */
static void resume_check(void)
{
    static const char input[] = "\xEF\xBB\xBF"
                                "a,b\r\n\r\n\"c\r\nd\",e\rf\n\ng,\"h\"i\nj";
    ds_fmt_csv_t *csv = ds_fmt_csv_make(&wide, ',', 0, 1, pool), *again;
    ds_fmt_csv_record_t record, other;
    apr_int64_t offset, line;
    int records = 0, same = 1;

    ds_fmt_csv_feed(csv, input, sizeof(input) - 1);
    ds_fmt_csv_end(csv);
    for (;;) {
        offset = ds_fmt_csv_offset(csv);
        line = ds_fmt_csv_line(csv);
        if (ds_fmt_csv_next(&record, csv) != DS_CSV_RECORD) {
            break;
        }
        again = ds_fmt_csv_make(&wide, ',', offset, line, pool);
        ds_fmt_csv_feed(again, input + offset, sizeof(input) - 1 - (apr_size_t)offset);
        ds_fmt_csv_end(again);
        same = same && ds_fmt_csv_next(&other, again) == DS_CSV_RECORD &&
               other.offset == record.offset && other.line == record.line &&
               strcmp(record_show(&record), record_show(&other)) == 0;
        records++;
    }
    tap_is_number(records, 5, "all records of the file for checkpoints were read");
    tap_ok(same, "an import that goes on at a checkpoint reads the same records");
    tap_is_number(record.line, 8, "lines in quotes and empty lines are counted");
    tap_is_number(record.offset, (apr_int64_t)sizeof(input) - 2, "offsets are those of the file");
    tap_is_number(offset, (apr_int64_t)sizeof(input) - 1,
                  "the last offset is the size of the file");
}

static void record_parts_check(void)
{
    static const char input[] = "\"a\",b\r\nc";
    ds_fmt_csv_t *csv = ds_fmt_csv_make(&wide, ',', 100, 7, pool);
    ds_fmt_csv_record_t record;

    ds_fmt_csv_feed(csv, input, sizeof(input) - 1);
    ds_fmt_csv_end(csv);
    ds_fmt_csv_next(&record, csv);
    tap_is_text(shown(record.raw, record.raw_length), "\"a\",b",
                "the failures file gets the original bytes");
    tap_is_text(record.line_end, "\r\n", "the failures file gets the original line end");
    tap_is_number(record.offset, 100, "offsets go on from where reading began");
    tap_is_number(record.line, 7, "lines go on from where reading began");
    ds_fmt_csv_next(&record, csv);
    tap_is_text(record.line_end, "", "no line end is invented for the last record");
    tap_is_number(record.line, 8, "the next record is in the next line");
}

/* A row near the limit in small pieces: this takes minutes where each piece is read from the
 * beginning. */
static void small_pieces_check(void)
{
    static const ds_fmt_csv_limits_t limits = {8000000, 8000000, 20};
    ds_fmt_csv_t *csv = ds_fmt_csv_make(&limits, ',', 0, 1, pool);
    ds_fmt_csv_record_t record;
    int i, early = 0;

    ds_fmt_csv_feed(csv, "\"", 1);
    for (i = 0; i < 1000000; i++) {
        ds_fmt_csv_feed(csv, "\"\"x,", 4);
        early += ds_fmt_csv_next(&record, csv) != DS_CSV_MORE;
    }
    ds_fmt_csv_feed(csv, "\"\n", 2);
    ds_fmt_csv_end(csv);
    tap_ok(early == 0 && ds_fmt_csv_next(&record, csv) == DS_CSV_RECORD && record.count == 1 &&
               record.cells[0].length == 3000000,
           "a long row in a million pieces is read in time proportional to its length");
}

static void delimiter_check(void)
{
    static const struct {
        const char *line;
        char delimiter;
    } lines[] = {{"a,b,c\n", ','},
                 {"a;b;c\r\n", ';'},
                 {"a\tb\n", '\t'},
                 {"a\n;;;", ','},
                 {"", ','},
                 {"a;b,c\n", ','},
                 {"a,b;c;d\n", ';'},
                 {"\"a,b,c\";d\n", ';'},
                 {"\"a\"\",,b\";d\r", ';'},
                 {"a\" b;c,d;e\n", ';'},
                 {"\xEF\xBB\xBF\"a,b,c\";d\n", ';'},
                 {"\"a\n,,,\";b\n", ';'}};
    apr_size_t i;

    for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        tap_is_number(
            ds_fmt_csv_delimiter_find(lines[i].line, strlen(lines[i].line)), lines[i].delimiter,
            apr_psprintf(pool, "the delimiter of %s", shown(lines[i].line, strlen(lines[i].line))));
    }
}

static void other_delimiters_check(void)
{
    ds_fmt_csv_t *csv = ds_fmt_csv_make(&wide, ';', 0, 1, pool);
    ds_fmt_csv_record_t record;

    ds_fmt_csv_feed(csv, TEXT("a,b;\"c;d\"\n"));
    ds_fmt_csv_end(csv);
    ds_fmt_csv_next(&record, csv);
    tap_is_text(record_show(&record), "[a,b][c;d]", "files with semicolons are read");
}

static void write_check(void)
{
    static const char *const cells[][2] = {
        {"plain", "plain"},   {"a,b", "\"a,b\""},   {"a\"b", "\"a\"\"b\""},
        {"a\nb", "\"a\nb\""}, {"a\rb", "\"a\rb\""}, {"", ""},
        {" a ", " a "},       {"\"", "\"\"\"\""},   {"\xEF\xBB\xBFx", "\"\xEF\xBB\xBFx\""},
        {"a;b", "a;b"}};
    apr_size_t i, length;
    char target[64];

    for (i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
        length = ds_fmt_csv_cell_write(target, cells[i][0], strlen(cells[i][0]), ',');
        target[length] = '\0';
        tap_is_text(target, cells[i][1],
                    apr_psprintf(pool, "written for others to read: %s",
                                 shown(cells[i][0], strlen(cells[i][0]))));
    }
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    cases_check();
    cuts_check();
    resume_check();
    record_parts_check();
    small_pieces_check();
    delimiter_check();
    other_delimiters_check();
    write_check();
    apr_terminate();
    return tap_end();
}
