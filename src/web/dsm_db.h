/* The connections of one httpd child: opened when first needed, never before a fork.
 *
 * Children only, any thread. A function that acquires a connection releases it before it returns,
 * and never acquires a second one meanwhile. */
#ifndef DSM_DB_H
#define DSM_DB_H

#include <httpd.h>

#include <apr_hash.h>

#include "ds_db.h"
#include "ds_record.h"

/* The cache of each, for SQLite. What requests look up are a few pages; chunks pass through, and a
 * larger cache would only keep them, once for each thread. */
#define DSM_DB_CACHE_KB 512

/* Make the (empty) pool of connections. In child_init; it lives as long as the child. */
apr_status_t dsm_db_pool_open(const ds_db_where_t *where, apr_pool_t *pchild);

#include <apr_reslist.h>

/* A connection that was acquired. */
typedef struct dsm_db_t {
    ds_db_t *db;
    apr_pool_t *pool;    /* its own */
    apr_reslist_t *home; /* where it goes back to */
    apr_hash_t *records; /* of ds_records_t by object, made when first needed; or NULL */
} dsm_db_t;

/* Take a connection. DS_EBUSY, with a line in the error log, when there is no database or no free
 * connection: what the client then gets is 503. */
apr_status_t dsm_db_acquire(dsm_db_t **connection);

/* The same, to read one chunk of a file and give the connection back at once. There are few of
 * these, so that the memory of all downloads together has a bound. */
apr_status_t dsm_db_reader_acquire(dsm_db_t **connection);

/* What reads and writes single records of an object with this connection. It lives as long as the
 * connection: its statements are made once. */
ds_records_t *dsm_db_records_get(dsm_db_t *connection, const ds_object_t *object);

/* Give it back. outcome is the worst status it gave: after DS_EDB and DS_EBUSY it is closed. */
void dsm_db_release(dsm_db_t *connection, apr_status_t outcome);

/* What is done with a connection. Returns a status of ours. */
typedef apr_status_t dsm_db_use_cb(void *baton, dsm_db_t *connection, apr_pool_t *pool);

/* Take a connection, do this with it, and give it back. What it returned, or DS_EBUSY as above.
 * *cause is what the database says where it is to blame, in pool, else NULL. */
apr_status_t dsm_db_use(const char **cause, dsm_db_use_cb *use, void *baton, apr_pool_t *pool);

#endif
