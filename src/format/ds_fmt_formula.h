/* CSV for spreadsheets: an apostrophe before each cell that a spreadsheet would run as a formula.
 *
 * Pure and in a stream: the bytes of a file go in piece by piece and come out with what is added;
 * memory does not depend on the file. A cell is guarded when its first character is one of = + - @
 * TAB CR, in quotes or not; the apostrophe then stands right before that character. A cell that is
 * wholly a plain number (a sign, digits, perhaps a point and digits) is left alone. A byte order
 * mark is passed over. What is quoted, and where a cell ends, is as in ds_fmt_csv.h. */
#ifndef DS_FMT_FORMULA_H
#define DS_FMT_FORMULA_H

#include <apr_pools.h>

/* A number with more characters is guarded like a formula. */
#define DS_FMT_FORMULA_NUMBER_MAX 64

/* How much a piece of `size` bytes may become. */
#define DS_FMT_FORMULA_ROOM(size) (2 * (size) + DS_FMT_FORMULA_NUMBER_MAX + 1)

typedef struct ds_fmt_formula_t ds_fmt_formula_t;

/* At the beginning of a file whose cells the delimiter separates. */
ds_fmt_formula_t *ds_fmt_formula_make(char delimiter, apr_pool_t *pool);

/* Take the next bytes. Returns how many were written to target, which has room for
 * DS_FMT_FORMULA_ROOM(size) of them; the last few may be kept for the next call. */
apr_size_t ds_fmt_formula_feed(char *target, ds_fmt_formula_t *formula, const char *data,
                               apr_size_t size);

/* No more bytes come: what was kept. Room as for size 0. */
apr_size_t ds_fmt_formula_end(char *target, ds_fmt_formula_t *formula);

#endif
