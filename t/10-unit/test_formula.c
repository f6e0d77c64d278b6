/* Cells that a spreadsheet would run: each must get its apostrophe, wherever the network cuts the
 * file, and nothing else may change. The CSV reader says what the cells are. */
#include <stdlib.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "ds_fmt_csv.h"
#include "ds_fmt_formula.h"
#include "tap.h"

static const ds_fmt_csv_limits_t wide = {1000, 1000, 100};
static apr_pool_t *pool;

/* A text guarded, fed in pieces. */
static const char *guarded(const char *text, apr_size_t size, apr_size_t piece, char delimiter)
{
    ds_fmt_formula_t *formula = ds_fmt_formula_make(delimiter, pool);
    char *target = apr_palloc(pool, 2 * size + DS_FMT_FORMULA_ROOM(0) + 1);
    char *room = apr_palloc(pool, DS_FMT_FORMULA_ROOM(piece));
    apr_size_t at, filled = 0, made;

    for (at = 0; at < size; at += piece) {
        made = ds_fmt_formula_feed(room, formula, text + at, size - at < piece ? size - at : piece);
        memcpy(target + filled, room, made);
        filled += made;
    }
    filled += ds_fmt_formula_end(target + filled, formula);
    target[filled] = '\0';
    return target;
}

static void guarded_check(const char *text, const char *wanted, const char *name)
{
    static const apr_size_t pieces[] = {1000, 1, 2, 3, 7};
    const char *got = NULL;
    apr_size_t i;

    for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        got = guarded(text, strlen(text), pieces[i], ',');
        if (strcmp(got, wanted) != 0) {
            break;
        }
    }
    tap_is_text(got, wanted, name);
}

static void cells_check(void)
{
    guarded_check("=1+1", "'=1+1", "a formula in the first cell");
    guarded_check("a,=1,b\n@x,y\r\n=z\r=q", "a,'=1,b\n'@x,y\r\n'=z\r'=q",
                  "a formula in any cell, behind every kind of line end");
    guarded_check("\"=1\",\"@a\",\"\tb\",\"\rc\"\n", "\"'=1\",\"'@a\",\"'\tb\",\"'\rc\"\n",
                  "in quotes the apostrophe stands inside");
    guarded_check("\tx,y", "'\tx,y", "a tab is a beginning where it is no delimiter");
    guarded_check("a=1,b@c,d-e,\"f=g\",\" =1\"", "a=1,b@c,d-e,\"f=g\",\" =1\"",
                  "in the middle of a cell nothing is dangerous");
    guarded_check("\"a\"\"=1\",\"\"\"=1\"", "\"a\"\"=1\",\"\"\"=1\"",
                  "a doubled quote is a character of its cell");
    guarded_check("\"a,\n=b\",c", "\"a,\n=b\",c", "line ends in quotes begin no cell");
    guarded_check("\"\"=1,\"\",\"\"\n=2", "\"\"'=1,\"\",\"\"\n'=2",
                  "nothing in quotes before a formula does not hide it");
    guarded_check("\xef\xbb\xbf=1,a", "\xef\xbb\xbf'=1,a", "behind a byte order mark");
    guarded_check("\xef\xbb=1", "\xef\xbb=1", "half a byte order mark is text");
    guarded_check("\xef\xbb\xbf\xef=1", "\xef\xbb\xbf\xef=1", "and so is a second one's begin");
    guarded_check("", "", "an empty file stays empty");
    guarded_check(",,\n\n,", ",,\n\n,", "and so do empty cells");
}

static void numbers_check(void)
{
    const char *digits = apr_psprintf(pool, "-%063d", 1);

    guarded_check("-5,+3.2,-0.50\n+7", "-5,+3.2,-0.50\n+7", "numbers are left alone");
    guarded_check("\"-5\",\"+3.2\"\n\"-1\"", "\"-5\",\"+3.2\"\n\"-1\"", "in quotes too");
    guarded_check("-5+1,-,+,-.5,-5.,-5.1.2,--5,-1e5", "'-5+1,'-,'+,'-.5,'-5.,'-5.1.2,'--5,'-1e5",
                  "what is not wholly a number is no number");
    guarded_check("\"-5+1\",\"-5\"+1,\"-5\"\"x\",-5\"x", "\"'-5+1\",\"'-5\"+1,\"'-5\"\"x\",'-5\"x",
                  "behind a quote the cell goes on");
    guarded_check("\"-5,6\",\"-5\n\"", "\"'-5,6\",\"'-5\n\"", "in quotes no end is an end");
    guarded_check("-", "'-", "a sign at the end of the file");
    guarded_check("a\n-12", "a\n-12", "a number at the end of the file");
    guarded_check("\"-12", "\"'-12", "a quote that is never closed");
    guarded_check(digits, digits, "a number of 64 characters");
    guarded_check(apr_pstrcat(pool, digits, "2,-1", NULL),
                  apr_pstrcat(pool, "'", digits, "2,-1", NULL),
                  "a longer one is guarded: memory has a bound");
}

static void delimiters_check(void)
{
    tap_is_text(guarded("a;=1,=2", 7, 100, ';'), "a;'=1,=2", "the delimiter is the one given");
    tap_is_text(guarded("\t=1\t\"\t2\"", 8, 100, '\t'), "\t'=1\t\"'\t2\"",
                "a tab that delimits is not dangerous, one in quotes is");
}

/* --- random files against the reader of CSV --- */

static int is_number(const char *text)
{
    apr_size_t whole = strspn(text + 1, "0123456789");
    const char *rest = text + 1 + whole;

    if (!strchr("+-", *text) || whole == 0) {
        return 0;
    }
    return *rest == '\0' ||
           (*rest == '.' && rest[1] && rest[1 + strspn(rest + 1, "0123456789")] == '\0');
}

static int is_dangerous(const ds_fmt_csv_cell_t *cell)
{
    return cell->length > 0 && strchr("=+-@\t\r", *cell->text) != NULL && !is_number(cell->text);
}

static ds_fmt_csv_t *reader_make(const char *text)
{
    ds_fmt_csv_t *csv = ds_fmt_csv_make(&wide, ',', 0, 1, pool);

    ds_fmt_csv_feed(csv, text, strlen(text));
    ds_fmt_csv_end(csv);
    return csv;
}

/* Is each good record what it was, with the apostrophes that it needs? */
static int records_agree(const char *before, const char *after)
{
    ds_fmt_csv_t *first = reader_make(before), *second = reader_make(after);
    ds_fmt_csv_record_t was, is;
    int i;

    while (ds_fmt_csv_next(&was, first) == DS_CSV_RECORD) {
        if (ds_fmt_csv_next(&is, second) != DS_CSV_RECORD || was.fault != is.fault) {
            return 0;
        }
        for (i = 0; was.fault == DS_CSV_GOOD && i < was.count; i++) {
            int added = is_dangerous(&was.cells[i]);

            if (is.count != was.count || (added && *is.cells[i].text != '\'') ||
                strcmp(is.cells[i].text + added, was.cells[i].text) != 0) {
                return 0;
            }
        }
    }
    return ds_fmt_csv_next(&is, second) == DS_CSV_END;
}

static void random_check(void)
{
    static const char letters[] = "=+-@\t\r\n,,,\"\"\"a15.";
    unsigned seed = 20221114;
    char text[41];
    int bad = 0, i, round;

    for (round = 0; round < 200000 && !bad; round++) {
        int length = rand_r(&seed) % 40;
        const char *after;

        for (i = 0; i < length; i++) {
            text[i] = letters[rand_r(&seed) % (sizeof(letters) - 1)];
        }
        text[length] = '\0';
        apr_pool_clear(pool);
        after = guarded(text, (apr_size_t)length, 1 + (apr_size_t)(round % 9), ',');
        bad = !records_agree(text, after);
        if (bad) {
            printf("# %s\n# became\n# %s\n", text, after);
        }
    }
    tap_ok(!bad, "200,000 random files: every dangerous cell is guarded, all others are the same");
}

int main(void)
{
    apr_pool_t *top;

    apr_initialize();
    apr_pool_create(&top, NULL);
    apr_pool_create(&pool, top);
    cells_check();
    numbers_check();
    delimiters_check();
    random_check();
    apr_terminate();
    return tap_end();
}
