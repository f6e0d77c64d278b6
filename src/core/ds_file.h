/* Files: bytes kept with a launch, stored in chunks in the database.
 *
 * A file is written by one writer from begin to finish. It becomes visible only together with
 * its launch (ds_launch_accept); what is never finished is swept by the keeper. Memory: one chunk.
 */
#ifndef DS_FILE_H
#define DS_FILE_H

#include <apr_tables.h>

#include "ds_db.h"
#include "ds_digest.h"
#include "ds_problem.h"

#define DS_FILE_CHUNK_SIZE (1024 * 1024) /* bytes of a full chunk; the last one is shorter */

typedef struct ds_file_t {
    apr_int64_t id;
    apr_int64_t launch_id;
    const char *role;         /* "input", "output", "failures", "warnings" */
    const char *name;         /* the client's name for it, control characters removed; or NULL */
    const char *content_type; /* or NULL */
    apr_int64_t size;         /* bytes */
    const char *sha256;       /* hex, or NULL while it grows */
    apr_time_t created_at;
} ds_file_t;

typedef struct ds_file_writer_t ds_file_writer_t;

/* Begin a file: an upload ("input") or an export ("output"). No database access yet. name and
 * content_type may be NULL. The writer lives in pool and holds one chunk of memory; when pool goes
 * before the file was accepted, what was written is marked for the keeper to sweep. */
apr_status_t ds_file_writer_begin(ds_file_writer_t **writer, ds_db_t *db, const char *role,
                                  const char *name, const char *content_type, apr_pool_t *pool);

/* Append bytes. Each full chunk is written in a short transaction of its own. */
apr_status_t ds_file_writer_append(ds_file_writer_t *writer, const char *data, apr_size_t size);

/* Bytes appended so far. */
apr_int64_t ds_file_writer_size(const ds_file_writer_t *writer);

/* No more bytes come: the SHA-256 of all, as hex in the writer's pool. */
apr_status_t ds_file_writer_digest(const char **sha256, ds_file_writer_t *writer);

/* Inside the caller's transaction: write the rest and bind the file to a launch.
 * After the commit call ds_file_writer_close, so that the pool's cleanup does nothing. */
apr_status_t ds_file_writer_finish(ds_file_writer_t *writer, apr_int64_t launch_id);
void ds_file_writer_close(ds_file_writer_t *writer);

/* Inside the caller's transaction: append bytes to a launch's file of this role as one new chunk;
 * the file is made with its first bytes, and has their type. Used for failures and warnings, batch
 * by batch. */
apr_status_t ds_file_append(ds_db_t *db, apr_int64_t launch_id, const char *role,
                            const char *content_type, const char *data, apr_size_t size,
                            apr_pool_t *scratch);

/* The file of a launch by its role. DS_ENOTFOUND when there is none. */
apr_status_t ds_file_get(ds_file_t **file, ds_db_t *db, apr_int64_t launch_id, const char *role,
                         apr_pool_t *pool);

/* The newest file that an export of this sync has finished. DS_ENOTFOUND when there is none. */
apr_status_t ds_file_latest_output(ds_file_t **file, ds_db_t *db, const char *sync_id,
                                   apr_pool_t *pool);

/* The chunk that holds the byte at offset: its bytes (in pool) and the offset of its first byte.
 * DS_ENOTFOUND when offset is at or past the end. */
apr_status_t ds_file_chunk_read(const char **data, apr_size_t *size, apr_int64_t *start,
                                ds_db_t *db, apr_int64_t file_id, apr_int64_t offset,
                                apr_pool_t *pool);

/* Remove uploads that were given up, or that have not grown since `before`: some chunks a call, in
 * short transactions. *more is true while there is work left. For the keeper. */
apr_status_t ds_file_sweep(int *more, ds_db_t *db, apr_time_t before, apr_pool_t *pool);

#endif
