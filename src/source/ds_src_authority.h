/* Whom certificates of servers are checked against, where the administrator names authorities of
 * his own.
 *
 * Worker and tools only. */
#ifndef DS_SRC_AUTHORITY_H
#define DS_SRC_AUTHORITY_H

#include <apr_pools.h>

/* The file of the system's authorities (PEM), as libcurl was built; NULL: it has none, but perhaps
 * a directory. */
const char *ds_src_authority_system(void);

/* The certificates of two files (PEM) as one text, in pool: a file that libcurl is given takes the
 * place of the system's. NULL: one of them cannot be read, or has more than 4 MiB. */
const char *ds_src_authority_join(apr_size_t *size, const char *own, const char *system,
                                  apr_pool_t *pool);

#endif
