/* A source spec as a document that is shown to others: what its reader (ds_src_spec.h) makes of it
 * does not matter here.
 *
 * Used by httpd's children. Pure. */
#ifndef DS_SRC_DOCUMENT_H
#define DS_SRC_DOCUMENT_H

#include <apr_pools.h>
#include <jansson.h>

/* The document of a spec that was found good, with what stands around its sourceSpec, if anything
 * does. A new reference; NULL when it cannot be read. */
json_t *ds_src_document_read(const char *text, apr_size_t size, apr_pool_t *scratch);

/* Put DS_SRC_MASK in the place of what may be a credential: values of headers (but for a few that
 * never are), of the query and of the body, addresses with a query or a user in them, and defaults.
 * What is filled in as a whole stays: what fills it is not in the document. */
#define DS_SRC_MASK "***"
void ds_src_document_mask(json_t *document);

#endif
