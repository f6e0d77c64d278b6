#include "ds_lease.h"

#include <apr_hash.h>

typedef struct {
    apr_int64_t launch_id;
    apr_time_t until; /* as stored */
    apr_time_t end;   /* by the steady clock */
} lease_t;

/* What one look has seen: leases by launch. */
typedef struct {
    apr_pool_t *pool;
    apr_hash_t *leases;
} look_t;

struct ds_lease_watch_t {
    apr_interval_time_t longest, pause;
    apr_time_t now, steady;
    int failed;                /* looks have failed since */
    apr_interval_time_t blind; /* for so long before this look */
    look_t looks[2];           /* this one and the one before, in turn */
    int current;
};

ds_lease_watch_t *ds_lease_watch_make(apr_interval_time_t longest, apr_interval_time_t pause,
                                      apr_pool_t *pool)
{
    ds_lease_watch_t *watch = apr_pcalloc(pool, sizeof(*watch));
    int i;

    watch->longest = longest;
    watch->pause = pause;
    for (i = 0; i < 2; i++) {
        apr_pool_create(&watch->looks[i].pool, pool);
        watch->looks[i].leases = apr_hash_make(watch->looks[i].pool);
    }
    return watch;
}

/* For how long before this look nobody could see whether leases were kept, or keep his own. */
static apr_interval_time_t blind_find(const ds_lease_watch_t *watch, apr_time_t steady)
{
    apr_interval_time_t since = watch->steady ? steady - watch->steady : 0;

    if (watch->failed)
        return since;
    return since > watch->pause ? since - watch->pause : 0;
}

void ds_lease_look_begin(ds_lease_watch_t *watch, apr_time_t now, apr_time_t steady)
{
    look_t *look;

    watch->current = !watch->current;
    look = &watch->looks[watch->current];
    apr_pool_clear(look->pool);
    look->leases = apr_hash_make(look->pool);
    watch->blind = blind_find(watch, steady);
    watch->failed = 0;
    watch->now = now;
    watch->steady = steady;
}

void ds_lease_look_fail(ds_lease_watch_t *watch)
{
    watch->failed = 1;
}

/* How much of a lease is left that the last look did not see. One that is new on a launch that the
 * last look saw was made since then: where it seems to be over, the clock was set meanwhile. */
static apr_interval_time_t rest_find(const ds_lease_watch_t *watch, const lease_t *before,
                                     apr_time_t until)
{
    apr_interval_time_t rest = until - watch->now + watch->blind;

    return rest > watch->longest || (before && rest < 0) ? watch->longest : rest;
}

int ds_lease_has_ended(ds_lease_watch_t *watch, apr_int64_t launch_id, apr_time_t until)
{
    look_t *look = &watch->looks[watch->current];
    const lease_t *before =
        apr_hash_get(watch->looks[!watch->current].leases, &launch_id, sizeof(launch_id));
    lease_t *lease = apr_palloc(look->pool, sizeof(*lease));

    lease->launch_id = launch_id;
    lease->until = until;
    lease->end = before && before->until == until ? before->end + watch->blind
                                                  : watch->steady + rest_find(watch, before, until);
    apr_hash_set(look->leases, &lease->launch_id, sizeof(lease->launch_id), lease);
    return lease->end < watch->steady;
}
