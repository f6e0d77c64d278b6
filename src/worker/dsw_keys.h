/* Which keys a file has had so far: for the warning about rows that come twice.
 *
 * Memory: 16 bytes for each good row, twice while it grows. So it is for files with a bound
 * (ds_import_t): a file of 10 MiB has at most 5 million rows. Keys are kept as keyed hashes of 64
 * bits: of a million rows one is taken for another once in 37 million files. */
#ifndef DSW_KEYS_H
#define DSW_KEYS_H

#include "dsw_columns.h"

typedef struct dsw_keys_t dsw_keys_t;

/* No keys yet. */
dsw_keys_t *dsw_keys_make(apr_pool_t *pool);

/* Take the key of the row that columns->values hold, which begins at `offset` of the file. True
 * when an earlier row had it. A row that is read a second time, after a rollback, is not earlier
 * than itself. */
int dsw_keys_add(dsw_keys_t *keys, const dsw_columns_t *columns, apr_int64_t offset);

#endif
