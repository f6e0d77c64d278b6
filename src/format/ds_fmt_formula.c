#include "ds_fmt_formula.h"

#include <string.h>

#include <apr_lib.h>

/* Where the next byte stands. */
typedef enum place_e {
    CELL_START,  /* nothing of the cell but perhaps its opening quote has been seen */
    CELL_EMPTY,  /* behind two quotes: an empty cell, or the first doubled quote of one */
    CELL_NUMBER, /* what has been seen, and is held back, may become a plain number */
    CELL_REST,   /* the cell is decided: its end is looked for */
    CELL_QUOTE   /* the same, behind a quote that closes the cell or is the first of two */
} place_e;

/* What is held back, without the sign. */
typedef enum number_e { SIGN, DIGITS, POINT, DECIMALS, QUOTE_CLOSED, NO_NUMBER } number_e;

struct ds_fmt_formula_t {
    char delimiter;
    place_e place;
    int in_quotes;
    int marks; /* bytes of a byte order mark so far; 3: no more are looked for */
    number_e number;
    apr_size_t held_size;
    char held[DS_FMT_FORMULA_NUMBER_MAX];
};

static const char BYTE_ORDER_MARK[] = "\xef\xbb\xbf";

ds_fmt_formula_t *ds_fmt_formula_make(char delimiter, apr_pool_t *pool)
{
    ds_fmt_formula_t *formula = apr_pcalloc(pool, sizeof(*formula));

    formula->delimiter = delimiter;
    formula->place = CELL_START;
    return formula;
}

static int ends_cell(const ds_fmt_formula_t *formula, char c)
{
    return c == formula->delimiter || c == '\n' || c == '\r';
}

static void cell_begin(ds_fmt_formula_t *formula)
{
    formula->place = CELL_START;
    formula->in_quotes = 0;
}

/* --- numbers --- */

static number_e number_next(const ds_fmt_formula_t *formula, char c)
{
    int is_whole = formula->number == DIGITS || formula->number == DECIMALS;

    if (c == '"') {
        return formula->in_quotes && is_whole ? QUOTE_CLOSED : NO_NUMBER;
    }
    switch (formula->number) {
    case SIGN: return apr_isdigit(c) ? DIGITS : NO_NUMBER;
    case DIGITS: return apr_isdigit(c) ? DIGITS : c == '.' ? POINT : NO_NUMBER;
    case POINT:
    case DECIMALS: return apr_isdigit(c) ? DECIMALS : NO_NUMBER;
    default: return NO_NUMBER;
    }
}

static char *held_release(char *to, ds_fmt_formula_t *formula)
{
    memcpy(to, formula->held, formula->held_size);
    to += formula->held_size;
    formula->held_size = 0;
    return to;
}

/* It is no number: the apostrophe, and what was held back. */
static char *number_give_up(char *to, ds_fmt_formula_t *formula)
{
    formula->place = formula->number == QUOTE_CLOSED ? CELL_QUOTE : CELL_REST;
    *to++ = '\'';
    return held_release(to, formula);
}

/* Is the number that is held back whole, and the cell with it, when nothing or an end follows? */
static int number_is_whole(const ds_fmt_formula_t *formula)
{
    return formula->number == QUOTE_CLOSED ||
           (!formula->in_quotes && (formula->number == DIGITS || formula->number == DECIMALS));
}

/* Returns 0 when the byte is to be looked at again. */
static int number_take(char **to, ds_fmt_formula_t *formula, char c)
{
    int is_outside = !formula->in_quotes || formula->number == QUOTE_CLOSED;
    number_e next;

    if (is_outside && ends_cell(formula, c) && number_is_whole(formula)) {
        *to = held_release(*to, formula);
        formula->place = CELL_REST;
        formula->in_quotes = 0;
        return 0;
    }
    next = number_next(formula, c);
    if (next == NO_NUMBER || formula->held_size == sizeof(formula->held)) {
        *to = number_give_up(*to, formula);
        return 0;
    }
    formula->number = next;
    formula->held[formula->held_size++] = c;
    return 1;
}

/* --- cells --- */

/* The first byte of a cell's text. */
static void text_begin(char **to, ds_fmt_formula_t *formula, char c)
{
    if (c == '+' || c == '-') {
        formula->place = CELL_NUMBER;
        formula->number = SIGN;
        formula->held[formula->held_size++] = c;
        return;
    }
    formula->place = CELL_REST;
    if (c && strchr("=@\t\r", c)) {
        *(*to)++ = '\'';
    }
    *(*to)++ = c;
}

static void start_take(char **to, ds_fmt_formula_t *formula, char c)
{
    if (c == '"') {
        formula->place = formula->in_quotes ? CELL_EMPTY : CELL_START;
        formula->in_quotes = !formula->in_quotes;
        *(*to)++ = c;
    }
    else if (!formula->in_quotes && ends_cell(formula, c)) {
        cell_begin(formula);
        *(*to)++ = c;
    }
    else {
        text_begin(to, formula, c);
    }
}

/* A spreadsheet reads ""=1 as the text =1: the first byte behind the quotes counts. */
static void empty_take(char **to, ds_fmt_formula_t *formula, char c)
{
    if (c == '"') {
        formula->place = CELL_REST;
        formula->in_quotes = 1;
        *(*to)++ = c;
    }
    else if (ends_cell(formula, c)) {
        cell_begin(formula);
        *(*to)++ = c;
    }
    else {
        text_begin(to, formula, c);
    }
}

static void rest_take(char **to, ds_fmt_formula_t *formula, char c)
{
    if (formula->place == CELL_QUOTE) {
        formula->place = CELL_REST;
        formula->in_quotes = c == '"';
    }
    else if (formula->in_quotes && c == '"') {
        formula->place = CELL_QUOTE;
    }
    if (formula->place == CELL_REST && !formula->in_quotes && ends_cell(formula, c)) {
        cell_begin(formula);
    }
    *(*to)++ = c;
}

static void byte_take(char **to, ds_fmt_formula_t *formula, char c)
{
    if (formula->place == CELL_NUMBER && number_take(to, formula, c)) {
        return;
    }
    switch (formula->place) {
    case CELL_START: start_take(to, formula, c); break;
    case CELL_EMPTY: empty_take(to, formula, c); break;
    default: rest_take(to, formula, c); break;
    }
}

/* Returns 0 when the byte is not one of a byte order mark. */
static int mark_take(char **to, ds_fmt_formula_t *formula, char c)
{
    if (c == BYTE_ORDER_MARK[formula->marks]) {
        formula->marks++;
        *(*to)++ = c;
        return 1;
    }
    if (formula->marks > 0) {
        formula->place = CELL_REST;
    }
    formula->marks = 3;
    return 0;
}

apr_size_t ds_fmt_formula_feed(char *target, ds_fmt_formula_t *formula, const char *data,
                               apr_size_t size)
{
    const char *end = data + size;
    char *to = target;

    for (; data < end; ++data) {
        if (formula->marks == 3 || !mark_take(&to, formula, *data)) {
            byte_take(&to, formula, *data);
        }
    }
    return (apr_size_t)(to - target);
}

apr_size_t ds_fmt_formula_end(char *target, ds_fmt_formula_t *formula)
{
    char *to = target;

    if (formula->held_size > 0) {
        to = number_is_whole(formula) ? held_release(to, formula) : number_give_up(to, formula);
    }
    return (apr_size_t)(to - target);
}
