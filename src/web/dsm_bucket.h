/* Stored files as buckets: bytes of the database that filters pass on, split and copy without
 * reading them.
 *
 * Children only, any thread. */
#ifndef DSM_BUCKET_H
#define DSM_BUCKET_H

#include <httpd.h>

#include <apr_buckets.h>

/* A bucket for the first `size` bytes of a file. Its length is known from the beginning, so that
 * httpd neither reads ahead nor needs chunked encoding. Reading it turns it into the bytes up to
 * the end of their chunk (DS_FILE_CHUNK_SIZE at most), followed by a bucket for the rest. Between
 * two reads it holds no memory but its own, and never a connection to the database. */
apr_bucket *dsm_bucket_file_create(apr_int64_t file_id, apr_int64_t size, apr_bucket_alloc_t *list);

#endif
