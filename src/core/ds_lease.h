/* When leases end, told by a clock that nobody sets.
 *
 * A lease is stored as a time of day of the database's clock, and that clock may be set: three
 * hours forward, and all leases seem to have ended; back, and a dead runner's lease lasts three
 * hours more. So the keeper, who looks again and again, counts for each lease how much time passes
 * on the steady clock since it first saw it. The database's clock counts only for leases that it
 * sees for the first time. */
#ifndef DS_LEASE_H
#define DS_LEASE_H

#include <apr_pools.h>
#include <apr_time.h>

typedef struct ds_lease_watch_t ds_lease_watch_t;

/* A watch that lives in pool. No lease is given more than `longest` from the moment it was first
 * seen: the length of this worker's own leases. Two looks are further apart than `pause` only where
 * something holds the keeper up. */
ds_lease_watch_t *ds_lease_watch_make(apr_interval_time_t longest, apr_interval_time_t pause,
                                      apr_pool_t *pool);

/* Begin a look at all leases: the time of the database's clock and that of the steady one. What the
 * look before this one did not see is forgotten. After looks that failed, the time since the last
 * good one does not count: nobody could keep his lease while the database was away. Nor does the
 * time beyond `pause`: a database that was frozen answers this look before a runner can write. */
void ds_lease_look_begin(ds_lease_watch_t *watch, apr_time_t now, apr_time_t steady);

/* There was to be a look, but the database did not answer. */
void ds_lease_look_fail(ds_lease_watch_t *watch);

/* In a look, once for each launch: has its lease, which is stored as lasting until `until`, ended?
 */
int ds_lease_has_ended(ds_lease_watch_t *watch, apr_int64_t launch_id, apr_time_t until);

#endif
