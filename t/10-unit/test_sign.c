/* Whom the keeper must not end: who waits for the database, as long as the sign of it is fresh. */
#include <unistd.h>

#include "ds_clock.h"
#include "dsw_sign.h"
#include "tap.h"

static apr_time_t now = 1;

/* In place of the clock. */
apr_time_t ds_clock_steady(void)
{
    return now;
}

static void later(int seconds)
{
    now += apr_time_from_sec(seconds);
}

static void test_wait(void)
{
    tap_ok(!dsw_sign_waits(getpid()), "who works does not wait");
    dsw_sign_renew();
    tap_ok(!dsw_sign_waits(getpid()), "and does not by going on");
    dsw_sign_set(1);
    later(9);
    tap_ok(dsw_sign_waits(getpid()), "who waits is seen to");
    dsw_sign_renew();
    later(9);
    tap_ok(dsw_sign_waits(getpid()), "for as long as he says so");
    later(2);
    tap_ok(!dsw_sign_waits(getpid()), "and no longer: he may hang");
    tap_ok(!dsw_sign_waits(getpid() + 1), "nobody else does");
}

static void test_echo(void)
{
    dsw_sign_set(1);
    dsw_sign_set(0);
    later(1);
    tap_ok(dsw_sign_waits(getpid()), "what the keeper read before he ceased does him no harm");
    dsw_sign_set(0);
    later(1);
    tap_ok(!dsw_sign_waits(getpid()), "that lasts two seconds, however often he says it");
}

int main(void)
{
    dsw_sign_begin(0);
    dsw_sign_set(1);
    tap_ok(!dsw_sign_waits(getpid()), "without memory for signs there are none");
    dsw_signs_make(1);
    dsw_sign_begin(1);
    dsw_sign_set(1);
    tap_ok(!dsw_sign_waits(getpid()), "one for whom there is no room has none");
    dsw_sign_begin(0);
    test_wait();
    test_echo();
    return tap_end();
}
