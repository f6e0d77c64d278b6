/* Cursors of lists that are read page by page: base64 of "skip:N", and the Link header (RFC 8288)
 * that carries them. Source of both: Braze's description of its lists.
 *
 * Pure. What a cursor counts are entries from the first one on, so a list that grows at its
 * beginning shows some entries twice and leaves none out. */
#ifndef DS_FMT_CURSOR_H
#define DS_FMT_CURSOR_H

#include <apr_pools.h>

/* How many entries the cursor skips: any number, one beyond 64 bits as the largest. Its padding may
 * be missing. Returns 0 for anything else. */
int ds_fmt_cursor_read(apr_int64_t *skip, const char *text, apr_pool_t *scratch);

/* The value of a Link header for a page of at most `page` entries after the first `skip`: prev
 * where there is a page before, next where there are more. NULL where there is neither. path is
 * escaped already. In pool. */
const char *ds_fmt_cursor_link(const char *path, apr_int64_t skip, int page, int has_more,
                               apr_pool_t *pool);

#endif
