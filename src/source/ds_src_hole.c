#include "ds_src_hole.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

static const char EXPRESSION_FAULT[] =
    "this expression is not known: only @{if(empty(coalesce(pipeline()?.parameters?.NAME,'')),"
    "'A','B')} is";

static apr_size_t name_length(const char *text)
{
    apr_size_t length = 0;

    if (apr_isalpha(*text) || *text == '_') {
        while (apr_isalnum(text[length]) || (text[length] && strchr("_-.", text[length]))) {
            length++;
        }
    }
    return length;
}

/* A name between two signs; returns 0 when something else stands there. */
static int name_take(const char **name, const char **cursor, const char *open, const char *close,
                     apr_pool_t *pool)
{
    const char *start = *cursor + strlen(open);
    apr_size_t length;

    if (strncmp(*cursor, open, strlen(open))) {
        return 0;
    }
    length = name_length(start);
    if (!length || strncmp(start + length, close, strlen(close))) {
        return 0;
    }
    *name = apr_pstrmemdup(pool, start, length);
    *cursor = start + length + strlen(close);
    return 1;
}

/* --- the expression --- */

static int word_take(const char **cursor, const char *word)
{
    while (apr_isspace(**cursor)) {
        (*cursor)++;
    }
    if (strncmp(*cursor, word, strlen(word))) {
        return 0;
    }
    *cursor += strlen(word);
    return 1;
}

static int words_take(const char **cursor, const char *const *words)
{
    while (*words && word_take(cursor, *words)) {
        words++;
    }
    return !*words;
}

/* A text in single quotes, in which two of them stand for one. */
static int text_take(const char **text, const char **cursor, apr_pool_t *pool)
{
    const char *from, *end;
    char *to;

    if (!word_take(cursor, "'")) {
        return 0;
    }
    for (end = *cursor; *end && (*end != '\'' || end[1] == '\''); end++) {
        end += *end == '\'';
    }
    if (!*end) {
        return 0;
    }
    *text = to = apr_palloc(pool, (apr_size_t)(end - *cursor) + 1);
    for (from = *cursor; from < end; from++) {
        *to++ = *from;
        from += *from == '\'';
    }
    *to = '\0';
    *cursor = end + 1;
    return 1;
}

static int choice_take(ds_src_piece_t *piece, const char **cursor, apr_pool_t *pool)
{
    static const char *const before[] = {"@{",       "if",         "(",        "empty", "(",
                                         "coalesce", "(",          "pipeline", "(",     ")",
                                         "?.",       "parameters", "?.",       NULL};
    static const char *const after[] = {",", "''", ")", ")", ",", NULL};
    const char *p = *cursor;

    if (!words_take(&p, before) || !name_take(&piece->name, &p, "", "", pool) ||
        !words_take(&p, after) || !text_take(&piece->empty, &p, pool) || !word_take(&p, ",") ||
        !text_take(&piece->given, &p, pool) || !word_take(&p, ")") || !word_take(&p, "}")) {
        return 0;
    }
    piece->kind = DS_SRC_CHOICE;
    *cursor = p;
    return 1;
}

/* --- pieces --- */

static int hole_take(ds_src_piece_t *piece, const char **cursor, apr_pool_t *pool)
{
    piece->kind = DS_SRC_HOLE;
    return name_take(&piece->name, cursor, "${", "}", pool) ||
           name_take(&piece->name, cursor, "{{", "}}", pool) ||
           name_take(&piece->name, cursor, "{", "}", pool);
}

static const char *hole_fault(const char *text)
{
    if (!strncmp(text, "${", 2)) {
        return "after ${ a name and } must stand: letters, digits, - _ and .";
    }
    return strncmp(text, "@{", 2) ? NULL : EXPRESSION_FAULT;
}

/* Does a hole or a choice begin here? -1: it does, but is wrong. */
static int hole_begin(ds_src_piece_t *piece, const char **fault, const char **cursor,
                      apr_pool_t *pool)
{
    if (!strchr("$@{", **cursor)) {
        return 0;
    }
    if (hole_take(piece, cursor, pool) || choice_take(piece, cursor, pool)) {
        return 1;
    }
    *fault = hole_fault(*cursor);
    return *fault ? -1 : 0;
}

int ds_src_piece_next(ds_src_piece_t *piece, const char **fault, const char **cursor,
                      apr_pool_t *pool)
{
    const char *start = *cursor, *end = start + 1, *peek;
    ds_src_piece_t other;
    int found;

    memset(piece, 0, sizeof(*piece));
    if (!*start) {
        return 0;
    }
    found = hole_begin(piece, fault, cursor, pool);
    if (found) {
        return found;
    }
    for (; *end; end++) {
        peek = end;
        if (hole_begin(&other, fault, &peek, pool)) {
            break;
        }
    }
    piece->kind = DS_SRC_LITERAL;
    piece->text = apr_pstrmemdup(pool, start, (apr_size_t)(end - start));
    *cursor = end;
    return 1;
}
