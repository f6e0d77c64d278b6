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

/* Add a chunk at the end of a file that no launch has yet, as a transaction that a power cut may
 * take back. PostgreSQL stores it while the caller goes on: the bytes need not live on, and what
 * went wrong is said by the next call of this connection, or by ds_db_chunk_finish. */
apr_status_t ds_db_chunk_append(ds_db_t *db, const ds_db_chunk_t *chunk, apr_int64_t file_id);

/* The end of the last append, before anything depends on it. DS_EBUSY: the file was swept meanwhile
 * (the client was silent for too long, or the clock was set); it may be sent again. */
apr_status_t ds_db_chunk_finish(ds_db_t *db);

#endif
