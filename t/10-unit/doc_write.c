/* For edn_roundtrip.mjs: reads texts from standard input, one in each line as hexadecimal digits,
 * and writes for each a line of EDN and a line of JSON that say the same. */
#include <stdio.h>
#include <string.h>

#include <apr_general.h>

#include "ds_fmt_doc.h"

#define TEXT_MAX 4096

static void doc_print(ds_fmt_doc_dialect_e dialect, const char *text, apr_pool_t *pool)
{
    ds_fmt_doc_t *doc = ds_fmt_doc_make(dialect, pool);
    apr_size_t size;

    ds_fmt_doc_map_begin(doc);
    ds_fmt_doc_key(doc, "status-message");
    ds_fmt_doc_text(doc, text);
    ds_fmt_doc_key(doc, "list");
    ds_fmt_doc_array_begin(doc);
    ds_fmt_doc_integer(doc, -9007199254740991);
    ds_fmt_doc_text(doc, text);
    ds_fmt_doc_boolean(doc, 1);
    ds_fmt_doc_boolean(doc, 0);
    ds_fmt_doc_text(doc, NULL);
    ds_fmt_doc_map_begin(doc);
    ds_fmt_doc_map_end(doc);
    ds_fmt_doc_array_begin(doc);
    ds_fmt_doc_array_end(doc);
    ds_fmt_doc_array_end(doc);
    ds_fmt_doc_key(doc, "rows-ok");
    ds_fmt_doc_integer(doc, 0);
    ds_fmt_doc_map_end(doc);
    puts(ds_fmt_doc_result(&size, doc));
}

int main(void)
{
    char line[2 * TEXT_MAX + 2], text[TEXT_MAX + 1];
    apr_pool_t *pool;
    unsigned byte;
    size_t i;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    while (fgets(line, sizeof(line), stdin) != NULL) {
        for (i = 0; sscanf(line + 2 * i, "%2x", &byte) == 1; i++) {
            text[i] = (char)byte;
        }
        text[i] = '\0';
        doc_print(DS_DOC_EDN, text, pool);
        doc_print(DS_DOC_JSON, text, pool);
        apr_pool_clear(pool);
    }
    apr_terminate();
    return 0;
}
