/* Chunks of stored files. For src/core/ds_file.c. */
#ifndef DS_DB_CHUNK_H
#define DS_DB_CHUNK_H

#include "ds_db.h"

typedef struct ds_db_chunk_t {
    apr_int64_t start; /* the offset of its first byte in the file */
    const char *data;
    apr_size_t size; /* bytes */
} ds_db_chunk_t;

/* The last chunk of a file that begins at or before offset; its bytes live as long as pool.
 * DS_ENOTFOUND when there is none. Outside a transaction it is tried once more when the connection
 * had been lost. */
apr_status_t ds_db_chunk_read(ds_db_chunk_t *chunk, ds_db_t *db, apr_int64_t file_id,
                              apr_int64_t offset, apr_pool_t *pool);

#endif
