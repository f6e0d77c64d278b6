/* The queue of writers of one SQLite file, across threads and processes.
 *
 * SQLite lets one connection write at a time, and apr_dbd meets a busy database with sleeps of
 * 100 ms: an upload beside an import would starve. So whoever wants to write first takes a byte of
 * DATABASE-lock (an open-file-description lock: it goes with its process, and works between
 * threads). Who has to wait holds a second byte shared, so that a long series of transactions sees
 * it and lets it go first. */
#ifndef DS_DB_WRITELOCK_H
#define DS_DB_WRITELOCK_H

#include <apr_pools.h>
#include <apr_time.h>

typedef struct ds_db_writelock_t ds_db_writelock_t;

/* Open the lock file of a database file; closed with pool. */
apr_status_t ds_db_writelock_open(ds_db_writelock_t **lock, const char *database, apr_pool_t *pool);

/* Wait for the right to write, at most `patience`: APR_TIMEUP when others kept it. Time in which
 * the machine stood still does not count. */
apr_status_t ds_db_writelock_acquire(ds_db_writelock_t *lock, apr_interval_time_t patience);

void ds_db_writelock_release(ds_db_writelock_t *lock);

/* Pause while somebody waits, at most `patience`. Not while one holds the lock. */
void ds_db_writelock_yield(ds_db_writelock_t *lock, apr_interval_time_t patience);

#endif
