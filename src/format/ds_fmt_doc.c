#include <string.h>

#include <apr_strings.h>

#include "ds_fmt_doc_private.h"
#include "ds_fmt_utf8.h"

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

struct ds_fmt_doc_t {
    const ds_fmt_dialect_t *dialect;
    apr_pool_t *pool;
    char *data;
    apr_size_t used;
    apr_size_t size;
    int first; /* nothing stands before the next entry: a map or array was opened, or a key written
                */
};

ds_fmt_doc_t *ds_fmt_doc_make(ds_fmt_doc_dialect_e dialect, apr_pool_t *pool)
{
    ds_fmt_doc_t *doc = apr_pcalloc(pool, sizeof(*doc));

    doc->dialect = dialect == DS_DOC_EDN ? &ds_fmt_edn : &ds_fmt_json;
    doc->pool = pool;
    doc->size = 512;
    doc->data = apr_palloc(pool, doc->size);
    doc->first = 1;
    return doc;
}

/* There is always room for one more byte: the NUL of the result. */
void ds_fmt_doc_append(ds_fmt_doc_t *doc, const char *data, apr_size_t size)
{
    apr_size_t needed = doc->used + size + 1;
    char *grown;

    if (needed > doc->size) {
        doc->size = 2 * needed;
        grown = apr_palloc(doc->pool, doc->size);
        memcpy(grown, doc->data, doc->used);
        doc->data = grown;
    }
    memcpy(doc->data + doc->used, data, size);
    doc->used += size;
}

/* The escaped form of an ASCII byte, in escape or static; NULL when the byte stands for itself. */
static const char *escape_find(char escape[8], const ds_fmt_dialect_t *dialect, char c)
{
    switch (c) {
    case '"': return "\\\"";
    case '\\': return "\\\\";
    case '\n': return "\\n";
    case '\r': return "\\r";
    case '\t': return "\\t";
    default: break;
    }
    if (!dialect->control_escapes || (unsigned char)c >= 0x20) {
        return NULL;
    }
    apr_snprintf(escape, 8, "\\u%04x", (unsigned)c);
    return escape;
}

/* How many bytes at the beginning stand for themselves: most texts have nothing else. */
static apr_size_t plain_length(const char *text)
{
    apr_size_t length = 0;

    while ((signed char)text[length] >= 0x20 && text[length] != '"' && text[length] != '\\') {
        length++;
    }
    return length;
}

void ds_fmt_doc_quoted_append(ds_fmt_doc_t *doc, const char *text)
{
    apr_size_t left = strlen(text), length;
    const char *escaped;
    char escape[8];

    ds_fmt_doc_append(doc, "\"", 1);
    for (; left > 0; left -= length, text += length) {
        length = plain_length(text);
        if (length > 0) {
            ds_fmt_doc_append(doc, text, length);
            continue;
        }
        length = ds_fmt_utf8_length(text, left);
        if (length == 0) {
            ds_fmt_doc_append(doc, REPLACEMENT, strlen(REPLACEMENT));
            length = 1;
            continue;
        }
        escaped = length > 1 ? NULL : escape_find(escape, doc->dialect, *text);
        if (escaped != NULL) {
            ds_fmt_doc_append(doc, escaped, strlen(escaped));
        }
        else {
            ds_fmt_doc_append(doc, text, length);
        }
    }
    ds_fmt_doc_append(doc, "\"", 1);
}

/* Before each key and each value. */
static void entry_begin(ds_fmt_doc_t *doc)
{
    if (!doc->first) {
        ds_fmt_doc_append(doc, &doc->dialect->separator, 1);
    }
    doc->first = 0;
}

static void bracket_open(ds_fmt_doc_t *doc, const char *bracket)
{
    entry_begin(doc);
    ds_fmt_doc_append(doc, bracket, 1);
    doc->first = 1;
}

static void bracket_close(ds_fmt_doc_t *doc, const char *bracket)
{
    ds_fmt_doc_append(doc, bracket, 1);
    doc->first = 0;
}

void ds_fmt_doc_map_begin(ds_fmt_doc_t *doc)
{
    bracket_open(doc, "{");
}

void ds_fmt_doc_map_end(ds_fmt_doc_t *doc)
{
    bracket_close(doc, "}");
}

void ds_fmt_doc_array_begin(ds_fmt_doc_t *doc)
{
    bracket_open(doc, "[");
}

void ds_fmt_doc_array_end(ds_fmt_doc_t *doc)
{
    bracket_close(doc, "]");
}

void ds_fmt_doc_key(ds_fmt_doc_t *doc, const char *key)
{
    entry_begin(doc);
    doc->dialect->key_write(doc, key);
    doc->first = 1;
}

static void word_write(ds_fmt_doc_t *doc, const char *word)
{
    entry_begin(doc);
    ds_fmt_doc_append(doc, word, strlen(word));
}

void ds_fmt_doc_text(ds_fmt_doc_t *doc, const char *text)
{
    if (text == NULL) {
        word_write(doc, doc->dialect->null);
        return;
    }
    entry_begin(doc);
    ds_fmt_doc_quoted_append(doc, text);
}

void ds_fmt_doc_integer(ds_fmt_doc_t *doc, apr_int64_t number)
{
    char digits[24];

    apr_snprintf(digits, sizeof(digits), "%" APR_INT64_T_FMT, number);
    word_write(doc, digits);
}

void ds_fmt_doc_number(ds_fmt_doc_t *doc, const char *digits)
{
    entry_begin(doc);
    ds_fmt_doc_append(doc, digits, strlen(digits));
}

void ds_fmt_doc_boolean(ds_fmt_doc_t *doc, int value)
{
    word_write(doc, value ? "true" : "false");
}

const char *ds_fmt_doc_result(apr_size_t *size, ds_fmt_doc_t *doc)
{
    doc->data[doc->used] = '\0';
    *size = doc->used;
    return doc->data;
}
