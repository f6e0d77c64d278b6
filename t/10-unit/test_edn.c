/* The EDN writer: what it prints exactly. edn_roundtrip.mjs has it read back by somebody else. */
#include <apr_general.h>

#include "ds_fmt_doc.h"
#include "tap.h"

int main(void)
{
    apr_pool_t *pool;
    ds_fmt_doc_t *doc;
    apr_size_t size;
    const char *text;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    doc = ds_fmt_doc_make(DS_DOC_EDN, pool);
    ds_fmt_doc_map_begin(doc);
    ds_fmt_doc_key(doc, "name");
    ds_fmt_doc_text(doc, "a\"b\\c\n\r\t\x01/\xC3\xA9\xFF");
    ds_fmt_doc_key(doc, "latest-launch");
    ds_fmt_doc_array_begin(doc);
    ds_fmt_doc_integer(doc, 1700000000123);
    ds_fmt_doc_integer(doc, -1);
    ds_fmt_doc_boolean(doc, 1);
    ds_fmt_doc_boolean(doc, 0);
    ds_fmt_doc_text(doc, NULL);
    ds_fmt_doc_map_begin(doc);
    ds_fmt_doc_map_end(doc);
    ds_fmt_doc_array_end(doc);
    ds_fmt_doc_key(doc, "not a keyword");
    ds_fmt_doc_text(doc, "");
    ds_fmt_doc_key(doc, "1st");
    ds_fmt_doc_text(doc, "x");
    ds_fmt_doc_map_end(doc);
    text = ds_fmt_doc_result(&size, doc);
    tap_is_text(text,
                "{:name \"a\\\"b\\\\c\\n\\r\\t\x01/\xC3\xA9\xEF\xBF\xBD\" "
                ":latest-launch [1700000000123 -1 true false nil {}] "
                "\"not a keyword\" \"\" \"1st\" \"x\"}",
                "clients see the same bytes as ever");
    tap_is_number((int64_t)size, (int64_t)strlen(text), "the size is that of the text");
    apr_terminate();
    return tap_end();
}
