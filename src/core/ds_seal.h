/* Secrets that must be kept in the database: sealed under a key that is not there, with AES-256-GCM
 * by libcrypto. */
#ifndef DS_SEAL_H
#define DS_SEAL_H

#include "ds_problem.h"

/* Seal a text, as base64 in pool. key is a secret of any length; what is sealed for one purpose
 * cannot be opened for another. The same text looks different each time. */
apr_status_t ds_seal_close(const char **sealed, const char *text, const char *key,
                           const char *purpose, apr_pool_t *pool);

/* Open it again. DS_EDENIED: it is not what was sealed, or the key or the purpose is another. */
apr_status_t ds_seal_open(const char **text, const char *sealed, const char *key,
                          const char *purpose, apr_pool_t *pool);

#endif
