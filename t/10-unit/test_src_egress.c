/* Where the worker may connect to: an address that slips through opens the inside of a network to
 * whoever writes a redirect or a record of DNS. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <sys/un.h>

#include "ds_src_egress.h"
#include "tap.h"

static apr_pool_t *pool;

static ds_src_egress_t *egress_make(const char *first, const char *second)
{
    apr_array_header_t *allow = apr_array_make(pool, 2, sizeof(const char *));
    ds_src_egress_t *egress = NULL;

    if (first)
        APR_ARRAY_PUSH(allow, const char *) = first;
    if (second)
        APR_ARRAY_PUSH(allow, const char *) = second;
    ds_src_egress_make(&egress, allow, pool);
    return egress;
}

static int allows(const ds_src_egress_t *egress, const char *host, const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return ds_src_egress_allows(egress, host, (const struct sockaddr *)&v4);
    if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
        return ds_src_egress_allows(egress, host, (const struct sockaddr *)&v6);
    return -1;
}

static void test_closed(void)
{
    static const char *const closed[] = {"0.0.0.0",
                                         "0.1.2.3",
                                         "10.0.0.1",
                                         "10.255.255.255",
                                         "100.64.0.1",
                                         "100.127.255.255",
                                         "100.100.100.200",
                                         "127.0.0.1",
                                         "127.255.255.254",
                                         "169.254.169.254",
                                         "172.16.0.1",
                                         "172.31.255.255",
                                         "192.0.0.192",
                                         "192.0.2.1",
                                         "192.88.99.1",
                                         "192.168.1.1",
                                         "198.18.0.1",
                                         "198.19.255.255",
                                         "198.51.100.7",
                                         "203.0.113.7",
                                         "224.0.0.1",
                                         "239.255.255.255",
                                         "240.0.0.1",
                                         "255.255.255.255",
                                         "168.63.129.16",
                                         "::",
                                         "::1",
                                         "::127.0.0.1",
                                         "::ffff:127.0.0.1",
                                         "::ffff:10.0.0.1",
                                         "::ffff:169.254.169.254",
                                         "64:ff9b::7f00:1",
                                         "64:ff9b::a9fe:a9fe",
                                         "64:ff9b:1::1",
                                         "64:ff9b:1::7f00:1",
                                         "100::1",
                                         "2001::1",
                                         "2001:0:4136:e378:8000:63bf:3fff:fdd2",
                                         "2001:db8::1",
                                         "2002:7f00:1::",
                                         "2002:a9fe:a9fe::1",
                                         "3fff::1",
                                         "fc00::1",
                                         "fd00:ec2::254",
                                         "fe80::1",
                                         "fec0::1",
                                         "ff02::1",
                                         "5f00::1"};
    const ds_src_egress_t *egress = egress_make(NULL, NULL);
    size_t i;

    for (i = 0; i < sizeof(closed) / sizeof(*closed); i++)
        tap_is_number(allows(egress, "api.example.com", closed[i]), 0,
                      apr_pstrcat(pool, "nothing is asked of ", closed[i], NULL));
}

static void test_open(void)
{
    static const char *const open[] = {
        "1.1.1.1",         "9.255.255.255",    "11.0.0.0",        "100.63.255.255",
        "100.128.0.0",     "126.255.255.255",  "128.0.0.0",       "172.15.255.255",
        "172.32.0.0",      "192.0.1.1",        "192.167.255.255", "192.169.0.0",
        "198.17.255.255",  "198.20.0.0",       "223.255.255.255", "169.253.255.255",
        "::ffff:1.1.1.1",  "64:ff9b::101:101", "2606:4700::1111", "2a00:1450:4001::1",
        "2001:4860::8888", "2001:200::1"};
    const ds_src_egress_t *egress = egress_make(NULL, NULL);
    size_t i;

    for (i = 0; i < sizeof(open) / sizeof(*open); i++)
        tap_is_number(allows(egress, "api.example.com", open[i]), 1,
                      apr_pstrcat(pool, "public addresses are asked: ", open[i], NULL));
}

static void test_holes(void)
{
    const ds_src_egress_t *egress = egress_make("10.1.0.0/16", "127.0.0.1");

    tap_ok(allows(egress, "x", "10.1.2.3") == 1, "a block that is named is open");
    tap_ok(allows(egress, "x", "10.2.0.0") == 0 && allows(egress, "x", "10.0.255.255") == 0,
           "the addresses beside it are not");
    tap_ok(allows(egress, "x", "127.0.0.1") == 1 && allows(egress, "x", "127.0.0.2") == 0,
           "an address that is named is open, and no other");
    tap_ok(allows(egress, "x", "::ffff:10.1.2.3") == 1 &&
               allows(egress, "x", "64:ff9b::a01:203") == 1,
           "also in the forms that IPv6 has for it");
    egress = egress_make("fd12::/20", "intra.example.com");
    tap_ok(allows(egress, "x", "fd12:0fff::1") == 1 && allows(egress, "x", "fd12:1000::1") == 0,
           "blocks of IPv6 end inside a byte too");
    tap_ok(allows(egress, "INTRA.example.com", "10.0.0.1") == 1,
           "a host that is named is asked wherever it is, in any case of its letters");
    tap_ok(allows(egress, "intra.example.com.evil.org", "10.0.0.1") == 0 &&
               allows(egress, "xintra.example.com", "10.0.0.1") == 0,
           "not so hosts whose names look like it");
    tap_ok(allows(egress_make("0.0.0.0/0", NULL), "x", "127.0.0.1") == 1 &&
               allows(egress_make("0.0.0.0/0", NULL), "x", "fd00::1") == 0,
           "all of IPv4 is not all of IPv6");
}

static void test_words(void)
{
    static const char *const bad[] = {
        "",    "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/8x", "::1/129",
        "a b", "http://a",    "a:80",      "[::1]",      "10.0.0.0/-1"};
    size_t i;

    for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        tap_ok(!egress_make(bad[i], NULL),
               apr_pstrcat(pool, "a hole that is none is a mistake: ", bad[i], NULL));
}

static void test_others(void)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX};

    tap_ok(!ds_src_egress_allows(egress_make("0.0.0.0/0", "::/0"), "x",
                                 (const struct sockaddr *)&local),
           "a socket of this machine is never asked");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_closed();
    test_open();
    test_holes();
    test_words();
    test_others();
    return tap_end();
}
