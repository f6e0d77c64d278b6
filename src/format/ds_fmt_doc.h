/* A writer of small documents, as JSON (RFC 8259) or EDN (github.com/edn-format/edn).
 *
 * Pure: it appends to a buffer in a pool. The caller emits maps, arrays and values in order and the
 * dialect prints them, without line ends and with the least space; what is valid for one dialect is
 * valid for the other. */
#ifndef DS_FMT_DOC_H
#define DS_FMT_DOC_H

#include <apr_pools.h>

typedef enum ds_fmt_doc_dialect_e { DS_DOC_JSON, DS_DOC_EDN } ds_fmt_doc_dialect_e;

typedef struct ds_fmt_doc_t ds_fmt_doc_t;

ds_fmt_doc_t *ds_fmt_doc_make(ds_fmt_doc_dialect_e dialect, apr_pool_t *pool);

void ds_fmt_doc_map_begin(ds_fmt_doc_t *doc);
void ds_fmt_doc_map_end(ds_fmt_doc_t *doc);
void ds_fmt_doc_array_begin(ds_fmt_doc_t *doc);
void ds_fmt_doc_array_end(ds_fmt_doc_t *doc);

/* Inside a map, before its value. A literal of ours in kebab-case: EDN makes it a keyword. A key
 * that cannot be a keyword is written as text, so that the document stays valid. */
void ds_fmt_doc_key(ds_fmt_doc_t *doc, const char *key);

/* Values. Text that is not valid UTF-8 is written with U+FFFD for each wrong byte. NULL text is
 * null/nil. */
void ds_fmt_doc_text(ds_fmt_doc_t *doc, const char *text);
void ds_fmt_doc_integer(ds_fmt_doc_t *doc, apr_int64_t number);
/* A number as its digits, such as "-10.5": JSON's and EDN's own form, not checked. */
void ds_fmt_doc_number(ds_fmt_doc_t *doc, const char *digits);
void ds_fmt_doc_boolean(ds_fmt_doc_t *doc, int value);

/* The document so far, NUL-ended, in the writer's pool. */
const char *ds_fmt_doc_result(apr_size_t *size, ds_fmt_doc_t *doc);

#endif
