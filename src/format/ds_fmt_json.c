/* JSON for the document writer: RFC 8259. Its section 7 wants everything below space escaped. */
#include "ds_fmt_doc_private.h"

static void json_key_write(ds_fmt_doc_t *doc, const char *key)
{
    ds_fmt_doc_quoted_append(doc, key);
    ds_fmt_doc_append(doc, ":", 1);
}

const ds_fmt_dialect_t ds_fmt_json = {"null", ',', json_key_write, 1};
