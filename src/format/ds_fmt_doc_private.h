/* What the dialects of the document writer fill in. Only for ds_fmt_doc.c, ds_fmt_json.c and
 * ds_fmt_edn.c. */
#ifndef DS_FMT_DOC_PRIVATE_H
#define DS_FMT_DOC_PRIVATE_H

#include "ds_fmt_doc.h"

typedef struct ds_fmt_dialect_t {
    const char *null;
    char separator; /* between the entries of maps and arrays */
    /* A key with what stands between it and its value. */
    void (*key_write)(ds_fmt_doc_t *doc, const char *key);
    /* Must control characters without a short escape be written as \u00XX? Else they stand for
     * themselves. */
    int control_escapes;
} ds_fmt_dialect_t;

extern const ds_fmt_dialect_t ds_fmt_json;
extern const ds_fmt_dialect_t ds_fmt_edn;

/* Append bytes as they are. */
void ds_fmt_doc_append(ds_fmt_doc_t *doc, const char *data, apr_size_t size);

/* Append text in quotes, escaped as the dialect wants. */
void ds_fmt_doc_quoted_append(ds_fmt_doc_t *doc, const char *text);

#endif
