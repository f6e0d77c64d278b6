/* The JSON of a source spec. Those that are handed around are not always JSON: their examples have
 * commas before closing brackets, and begin with "sourceSpec": without a brace before it. */
#include <stdlib.h>
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "ds_source.h"
#include "ds_src_read.h"
#include "ds_syntax.h"

static const char BYTE_ORDER_MARK[] = "\xef\xbb\xbf";

/* The closing quote of the text whose opening quote this is, or the end. */
static char *text_end(char *quote)
{
    char *p = quote + 1;

    while (*p && *p != '"') {
        p += *p == '\\' && p[1] ? 2 : 1;
    }
    return p;
}

static char *spaces_skip(char *p)
{
    while (apr_isspace(*p)) {
        p++;
    }
    return p;
}

/* Blank each comma that only closing brackets follow, so that lines and columns stay. */
static void commas_blank(const ds_src_reader_t *reader, char *text)
{
    char *p, next;
    int line = 1;

    for (p = text; *p; p++) {
        if (*p == '"') {
            p = text_end(p);
            if (!*p) {
                return;
            }
        }
        line += *p == '\n';
        next = *p == ',' ? *spaces_skip(p + 1) : '\0';
        if (next == '}' || next == ']') {
            *p = ' ';
            ds_src_warning_add(reader, apr_psprintf(reader->pool, "line %d", line),
                               "a comma before a closing bracket: it is passed over");
        }
    }
}

static char *text_prepare(const ds_src_reader_t *reader, const char *text, apr_size_t size)
{
    char *copy = apr_pstrmemdup(reader->pool, text, size), *first, *end;

    if (!strncmp(copy, BYTE_ORDER_MARK, 3)) {
        copy += 3;
    }
    first = spaces_skip(copy);
    if (*first == '"') {
        end = copy + strlen(copy);
        while (end > first && (apr_isspace(end[-1]) || end[-1] == ',')) {
            *--end = '\0';
        }
        ds_src_warning_add(reader, "$",
                           "the braces around the members are missing: they are "
                           "thought there");
        copy = apr_pstrcat(reader->pool, "{", copy, "}", NULL);
    }
    commas_blank(reader, copy);
    return copy;
}

json_t *ds_src_json_load(const ds_src_reader_t *reader, const char *text, apr_size_t size)
{
    json_error_t error;
    json_t *root = NULL;

    if (size > DS_SOURCE_SPEC_MAX) {
        ds_src_mistake_add(reader, "$", "the source spec is longer than %d bytes",
                           DS_SOURCE_SPEC_MAX);
        return NULL;
    }
    if (memchr(text, '\0', size)) {
        ds_src_mistake_add(reader, "$", "this is not text: there is a NUL in it");
        return NULL;
    }
    root = json_loads(text_prepare(reader, text, size), JSON_REJECT_DUPLICATES, &error);
    if (!root) {
        ds_src_mistake_add(
            reader, apr_psprintf(reader->pool, "line %d, column %d", error.line, error.column),
            "%s", ds_syntax_fault(&error));
    }
    return root;
}
