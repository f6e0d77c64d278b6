#include "ds_fmt_jsonpath.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "ds_fmt_utf8.h"

#define INDEX_DIGITS_MAX 9

/* Where in the text the reader stands. */
typedef struct reader_t {
    const char *next;
    const char *end;
    apr_pool_t *pool;
} reader_t;

/* May this byte stand in a name after a point? */
static int is_name_byte(char c)
{
    return apr_isalnum(c) || (c && strchr("_-@$", c)) || (unsigned char)c >= 0x80;
}

static const char *name_read(ds_fmt_jsonpath_step_t *step, reader_t *reader)
{
    const char *start = reader->next;

    while (is_name_byte(*reader->next)) {
        reader->next++;
    }
    step->kind = DS_JSONPATH_NAME;
    step->name = apr_pstrmemdup(reader->pool, start, (apr_size_t)(reader->next - start));
    if (reader->next > start) {
        return NULL;
    }
    if (*start == '.') {
        return "a search at every depth (..) is not supported: write each name of the way";
    }
    return *start == '*' ? "write [*] for all elements" : "a name is missing here";
}

/* The reader stands behind the opening quote. */
static const char *quoted_read(ds_fmt_jsonpath_step_t *step, reader_t *reader, char quote)
{
    char *name = apr_palloc(reader->pool, (apr_size_t)(reader->end - reader->next) + 1);
    char *to = name;

    while (*reader->next && *reader->next != quote) {
        if (*reader->next == '\\' && reader->next[1] != quote && reader->next[1] != '\\') {
            return "after a backslash only a backslash or the quote may stand";
        }
        reader->next += *reader->next == '\\';
        *to++ = *reader->next++;
    }
    *to = '\0';
    if (!*reader->next) {
        return "the quote is not closed";
    }
    reader->next++;
    step->kind = DS_JSONPATH_NAME;
    step->name = name;
    return NULL;
}

static const char *index_read(ds_fmt_jsonpath_step_t *step, reader_t *reader)
{
    const char *start = reader->next;

    step->kind = DS_JSONPATH_INDEX;
    for (step->index = 0; apr_isdigit(*reader->next); reader->next++) {
        if (reader->next - start == INDEX_DIGITS_MAX) {
            return "the number is too large";
        }
        step->index = step->index * 10 + (apr_size_t)(*reader->next - '0');
    }
    return NULL;
}

static const char *bracket_fault(char c)
{
    switch (c) {
    case '?':
    case '(': return "filters and expressions are not supported";
    case '-': return "counting from the end is not supported: write a number from 0";
    case ':': return "ranges are not supported: write one number, or * for all elements";
    case ',': return "lists are not supported: write one number or one name";
    default: return "a number, a name in quotes or * is missing here";
    }
}

/* The reader stands behind the opening bracket. */
static const char *bracket_read(ds_fmt_jsonpath_step_t *step, reader_t *reader)
{
    char c = *reader->next;
    const char *fault = NULL;

    if (c == '\'' || c == '"') {
        reader->next++;
        fault = quoted_read(step, reader, c);
    }
    else if (c == '*') {
        reader->next++;
        step->kind = DS_JSONPATH_ALL;
    }
    else if (apr_isdigit(c)) {
        fault = index_read(step, reader);
    }
    else {
        fault = bracket_fault(c);
    }
    if (!fault && *reader->next != ']') {
        fault = strchr(":,", *reader->next) && *reader->next ? bracket_fault(*reader->next)
                                                             : "a closing bracket is missing here";
    }
    reader->next += !fault;
    return fault;
}

/* `first`: a name may stand there without a point. */
static const char *step_read(ds_fmt_jsonpath_step_t *step, reader_t *reader, int first)
{
    memset(step, 0, sizeof(*step));
    if (*reader->next == '[') {
        reader->next++;
        return bracket_read(step, reader);
    }
    if (*reader->next == '.' && !first) {
        reader->next++;
        return name_read(step, reader);
    }
    if (first && is_name_byte(*reader->next)) {
        return name_read(step, reader);
    }
    return first ? "a path begins with $, a name or [" : "write . or [ between the steps of a path";
}

static const char *text_check(const char *text, const char **at)
{
    const char *end = text + strlen(text);
    apr_size_t length;

    for (*at = text; *at < end; *at += length) {
        length = ds_fmt_utf8_length(*at, (apr_size_t)(end - *at));
        if (length == 0 || (unsigned char)**at < 0x20) {
            return "this is no printable text in UTF-8";
        }
        if (*at - text > DS_FMT_JSONPATH_LENGTH_MAX) {
            return "the path is too long";
        }
    }
    *at = text;
    return *text ? NULL : "the path is empty";
}

const char *ds_fmt_jsonpath_parse(ds_fmt_jsonpath_t **path, int *at, const char *text,
                                  apr_pool_t *pool)
{
    ds_fmt_jsonpath_step_t steps[DS_FMT_JSONPATH_STEPS_MAX];
    reader_t reader = {.end = text + strlen(text), .pool = pool};
    const char *fault = text_check(text, &reader.next);
    int has_root = *text == '$' && (!text[1] || strchr(".[", text[1]));
    int count = 0;

    reader.next += !fault && has_root;
    while (!fault && *reader.next) {
        if (count == DS_FMT_JSONPATH_STEPS_MAX) {
            fault = "a path has at most 32 steps";
            break;
        }
        fault = step_read(&steps[count], &reader, count == 0 && !has_root);
        count++;
    }
    *at = (int)(reader.next - text) + 1;
    if (!fault) {
        *path = apr_palloc(pool, sizeof(**path));
        (*path)->count = count;
        (*path)->steps = apr_pmemdup(pool, steps, sizeof(*steps) * (apr_size_t)count);
    }
    return fault;
}

int ds_fmt_jsonpath_is_single(const ds_fmt_jsonpath_t *path)
{
    int i;

    for (i = 0; i < path->count; i++) {
        if (path->steps[i].kind == DS_JSONPATH_ALL) {
            return 0;
        }
    }
    return 1;
}

static const char *name_print(const char *name, apr_pool_t *pool)
{
    char *quoted = apr_palloc(pool, 2 * strlen(name) + 5), *to = quoted;
    const char *from = name;

    while (is_name_byte(*from)) {
        from++;
    }
    if (*name && !*from) {
        return apr_pstrcat(pool, ".", name, NULL);
    }
    *to++ = '[';
    *to++ = '\'';
    for (from = name; *from; from++) {
        if (*from == '\'' || *from == '\\') {
            *to++ = '\\';
        }
        *to++ = *from;
    }
    apr_cpystrn(to, "']", 3);
    return quoted;
}

const char *ds_fmt_jsonpath_print(const ds_fmt_jsonpath_t *path, apr_pool_t *pool)
{
    const char *text = "$", *step;
    int i;

    for (i = 0; i < path->count; i++) {
        switch (path->steps[i].kind) {
        case DS_JSONPATH_NAME: step = name_print(path->steps[i].name, pool); break;
        case DS_JSONPATH_INDEX:
            step = apr_psprintf(pool, "[%" APR_SIZE_T_FMT "]", path->steps[i].index);
            break;
        default: step = "[*]"; break;
        }
        text = apr_pstrcat(pool, text, step, NULL);
    }
    return text;
}
