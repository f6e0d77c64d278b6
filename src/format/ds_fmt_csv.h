/* A reader of CSV: RFC 4180 and what is met in the field, in a stream, with bounded memory.
 *
 * Pure: no I/O. The caller feeds pieces of the file and takes records. Quoted cells may hold the
 * delimiter, line ends and doubled quotes; records end with CRLF, LF or CR; a byte order mark
 * at the beginning is skipped; a line without any byte is no record. A cell that starts with a
 * quote ends at its closing quote; bytes between that and the next delimiter make the record bad.
 * A quote inside an unquoted cell is an ordinary byte.
 *
 * Reading goes on after a bad record. What follows a closing quote without a delimiter is read like
 * an unquoted cell, up to the next delimiter or line end; the cells after it are read as always. A
 * quote that is never closed takes everything up to the end of the input (or up to row_length).
 *
 * Not checked here: UTF-8 (ds_value_utf8) and the number of cells against the header. */
#ifndef DS_FMT_CSV_H
#define DS_FMT_CSV_H

#include <apr_pools.h>

typedef struct ds_fmt_csv_t ds_fmt_csv_t;

typedef struct ds_fmt_csv_limits_t {
    apr_size_t row_length;   /* bytes of a record with its line end: more is DS_CSV_TOO_LONG */
    apr_size_t field_length; /* bytes of a cell, unquoted: more makes the record bad */
    int fields;              /* cells of a record: more makes the record bad */
} ds_fmt_csv_limits_t;

typedef enum ds_fmt_csv_fault_e {
    DS_CSV_GOOD,
    DS_CSV_UNCLOSED_QUOTE, /* the input ended inside quotes */
    DS_CSV_AFTER_QUOTE,    /* bytes between a closing quote and the delimiter */
    DS_CSV_FIELD_TOO_LONG,
    DS_CSV_TOO_MANY_FIELDS,
    DS_CSV_NUL,   /* a NUL byte in a cell */
    DS_CSV_BROKEN /* of records in this form that were no CSV: it has no values */
} ds_fmt_csv_fault_e;

typedef struct ds_fmt_csv_cell_t {
    char *text; /* unquoted, ends with a NUL at text[length] */
    apr_size_t length;
} ds_fmt_csv_cell_t;

/* A record. Valid until the next call with the same reader. */
typedef struct ds_fmt_csv_record_t {
    const ds_fmt_csv_cell_t *cells;
    int count;
    const char *raw; /* its original bytes, with quotes and without the line end */
    apr_size_t raw_length;
    const char *line_end;     /* "\r\n", "\n", "\r", or "" at the end of the input; static */
    apr_int64_t offset;       /* of its first byte from the beginning of the input */
    apr_int64_t line;         /* the line it starts in, counted from 1 */
    ds_fmt_csv_fault_e fault; /* the first one (but an unclosed quote comes before all others). Not
                                 DS_CSV_GOOD: cells end before the first one, raw is whole */
    int fault_column;         /* the cell with the fault, counted from 1 */
    apr_int64_t fault_line;   /* the line where that cell starts */
} ds_fmt_csv_record_t;

typedef enum ds_fmt_csv_next_e {
    DS_CSV_RECORD,  /* one record was read */
    DS_CSV_MORE,    /* feed more, or end the input */
    DS_CSV_END,     /* the input has ended and everything was read */
    DS_CSV_TOO_LONG /* a record is longer than the limit: nothing more can be read */
} ds_fmt_csv_next_e;

/* A reader for an input whose first byte stands at `offset`, in line `line` (0 and 1 at the
 * beginning; a checkpoint's values to go on). delimiter is ',' ';' '\t' or any other byte except
 * quote, CR, LF and NUL. */
ds_fmt_csv_t *ds_fmt_csv_make(const ds_fmt_csv_limits_t *limits, char delimiter, apr_int64_t offset,
                              apr_int64_t line, apr_pool_t *pool);

/* Give it the next bytes; they are copied. size may be anything; call it when next says MORE.
 * Memory: what is not yet read, so at most size + row_length, twice, and a quarter more to grow. */
void ds_fmt_csv_feed(ds_fmt_csv_t *csv, const char *data, apr_size_t size);

/* No more bytes will come. */
void ds_fmt_csv_end(ds_fmt_csv_t *csv);

/* The next record. A record that was cut off by the end of a piece is tried again when twice as
 * much of it is there, so that no size of pieces makes reading slow: MORE does not mean that no
 * whole record waits. No record is held back after ds_fmt_csv_end. */
ds_fmt_csv_next_e ds_fmt_csv_next(ds_fmt_csv_record_t *record, ds_fmt_csv_t *csv);

/* Where the next record starts: what a checkpoint keeps. For DS_CSV_TOO_LONG: where that record
 * starts. */
apr_int64_t ds_fmt_csv_offset(const ds_fmt_csv_t *csv);
apr_int64_t ds_fmt_csv_line(const ds_fmt_csv_t *csv);

/* The delimiter of a header line: of comma, semicolon and tab the one that stands there most often
 * outside quotes, comma when none does, the earlier of these three when two are equal. Looks at
 * the first line of data only. */
char ds_fmt_csv_delimiter_find(const char *data, apr_size_t size);

/* Write one cell so that the reader above gives the same bytes back: quoted only when it must be.
 * Returns the number of bytes; target has room for 2 * length + 2. Two things are the caller's:
 * text holds no NUL, and a record of one empty cell is written as "" (else it is an empty line). */
apr_size_t ds_fmt_csv_cell_write(char *target, const char *text, apr_size_t length, char delimiter);

#endif
