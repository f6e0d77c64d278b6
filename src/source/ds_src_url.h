/* URLs: what a reference means, whether two lead to the same place, and how they are shown.
 *
 * By libcurl's own reader, so that what is checked is what is asked. Worker and tools. Results live
 * in pool. */
#ifndef DS_SRC_URL_H
#define DS_SRC_URL_H

#include <apr_pools.h>

typedef struct ds_src_url_t {
    const char *text; /* in its normal form, without a fragment */
    const char *scheme;
    const char *host;   /* without brackets */
    const char *origin; /* scheme://host:port, lower case: equal for the same place */
} ds_src_url_t;

/* Read a URL, or a reference to one where base is not NULL (RFC 3986). NULL when it is none, or one
 * with a user or a password in it. */
ds_src_url_t *ds_src_url_parse(const char *base, const char *text, apr_pool_t *pool);

/* All but unreserved bytes (RFC 3986) as %XX. */
const char *ds_src_url_encode(const char *text, apr_pool_t *pool);

/* Add name=value to the query, both encoded, in the place of a parameter that is called so. */
const char *ds_src_url_query_set(const char *url, const char *name, const char *value,
                                 apr_pool_t *pool);

/* For people: without a user and a password, and without the values of parameters that sound like
 * secrets. */
const char *ds_src_url_show(const char *url, apr_pool_t *pool);

#endif
