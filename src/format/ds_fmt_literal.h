/* Literals of Python as JSON: what str() makes of a dict or a list, with single or double quotes,
 * True, False and None, tuples, prefixes and commas at the end. JSON is taken too.
 *
 * Pure. The result is only as good as its source: whoever reads it checks it as JSON. */
#ifndef DS_FMT_LITERAL_H
#define DS_FMT_LITERAL_H

#include <apr_pools.h>

/* The same as JSON, in pool; NULL when a quote is not closed, an escape is wrong, or a word is none
 * of those. */
const char *ds_fmt_literal_to_json(const char *text, apr_pool_t *pool);

#endif
