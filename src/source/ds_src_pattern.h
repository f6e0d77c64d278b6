/* The word pattern of JSON Schema: regular expressions of ECMA-262, as far as PCRE2 reads them the
 * same way. Patterns come with a spec and may be anything: time and memory are bounded. */
#ifndef DS_SRC_PATTERN_H
#define DS_SRC_PATTERN_H

#include <apr_pools.h>

/* Why a pattern cannot be used, in pool; NULL when it can. */
const char *ds_src_pattern_fault(const char *pattern, apr_pool_t *pool);

/* Does it match somewhere in a text of UTF-8? -1: that is more work than is allowed. The pattern
 * must be one without a fault. */
int ds_src_pattern_matches(const char *pattern, const char *text);

#endif
