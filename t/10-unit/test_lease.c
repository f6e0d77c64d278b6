/* When leases end, while the clock of the database is set forward and back. */
#include <apr_general.h>

#include "ds_lease.h"
#include "tap.h"

#define LEASE 30
#define PAUSE 70
#define HOURS (3 * 3600)

static apr_pool_t *pool;

/* One look at the lease of launch 1. */
static int look(ds_lease_watch_t *watch, apr_time_t now, apr_time_t steady, apr_time_t until)
{
    ds_lease_look_begin(watch, now, steady);
    return ds_lease_has_ended(watch, 1, until);
}

static void test_steady(void)
{
    ds_lease_watch_t *watch = ds_lease_watch_make(LEASE, PAUSE, pool);

    tap_ok(!look(watch, 1000, 50, 1030), "a lease is seen");
    tap_ok(!look(watch, 1030, 80, 1030), "it lasts to its last second");
    tap_ok(look(watch, 1031, 81, 1030), "and no longer");
    tap_ok(!look(watch, 1031, 81, 1061), "one that was renewed goes on");
    tap_ok(look(watch, 1092, 142, 1061), "until it has ended");
    tap_ok(look(ds_lease_watch_make(LEASE, PAUSE, pool), 1092, 142, 1061),
           "who looks for the first time sees that too");
}

static void test_back(void)
{
    ds_lease_watch_t *watch = ds_lease_watch_make(LEASE, PAUSE, pool);

    look(watch, HOURS, 50, HOURS + LEASE);
    tap_ok(!look(watch, 1, 51, HOURS + LEASE), "the clock is set back: the lease goes on");
    tap_ok(!look(watch, 30, 80, HOURS + LEASE), "for its rest");
    tap_ok(look(watch, 31, 81, HOURS + LEASE), "and ends as if nothing had happened");
    watch = ds_lease_watch_make(LEASE, PAUSE, pool);
    tap_ok(!look(watch, 1, 51, HOURS + LEASE), "a keeper that is new gives it");
    tap_ok(look(watch, 32, 82, HOURS + LEASE), "one lease more, not three hours");
}

static void test_forward(void)
{
    ds_lease_watch_t *watch = ds_lease_watch_make(LEASE, PAUSE, pool);

    look(watch, 1000, 50, 1030);
    tap_ok(!look(watch, 1001 + HOURS, 51, 1030), "the clock is set forward: the lease goes on");
    tap_ok(!look(watch, 1002 + HOURS, 52, 1031), "also one that was renewed just before");
    tap_ok(look(watch, 1033 + HOURS, 83, 1031), "and ends when nobody renews it");
    ds_lease_look_begin(watch, 2000, 100);
    tap_ok(look(watch, 2001, 101, 1031), "a look that did not see it has forgotten it");
}

/* A frozen database answers the look that waited for it before a runner can write. */
static void test_late(void)
{
    ds_lease_watch_t *watch = ds_lease_watch_make(LEASE, 2, pool);

    look(watch, 1000, 50, 1030);
    tap_ok(!look(watch, 1042, 92, 1030), "a look that comes 40 seconds late ends no lease");
    tap_ok(!ds_lease_has_ended(watch, 2, 1031), "nor one that was made before they began");
    tap_ok(!look(watch, 1062, 112, 1030), "late again");
    tap_ok(look(watch, 1200, 114, 1030) == 0, "the time in which all was well counts");
    for (apr_time_t now = 116; now <= 136; now += 2)
        look(watch, 1100 + now, now, 1030);
    tap_ok(!look(watch, 1300, 138, 1030), "up to the length of the lease");
    tap_ok(look(watch, 1302, 140, 1030), "and no further");
}

static void test_away(void)
{
    ds_lease_watch_t *watch = ds_lease_watch_make(LEASE, PAUSE, pool);

    look(watch, 1000, 50, 1030);
    ds_lease_look_fail(watch);
    tap_ok(!look(watch, 1100, 150, 1030), "while the database was away no lease has ended");
    tap_ok(!look(watch, 1130, 180, 1030), "its rest is still there");
    tap_ok(look(watch, 1131, 181, 1030), "and ends then");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_steady();
    test_back();
    test_forward();
    test_late();
    test_away();
    apr_terminate();
    return tap_end();
}
