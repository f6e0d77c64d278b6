/* Cursors and the Link header that carries them, against a list written by hand. */
#include <apr_general.h>
#include <apr_strings.h>

#include "ds_fmt_cursor.h"
#include "tap.h"

static apr_pool_t *pool;

static void cursor_is(const char *text, apr_int64_t wanted)
{
    apr_int64_t skip = -1;
    int good = ds_fmt_cursor_read(&skip, text, pool);

    tap_is_number(good ? skip : -1, wanted, apr_psprintf(pool, "the cursor \"%.20s\"", text));
}

static void test_good(void)
{
    cursor_is("c2tpcDow", 0);
    cursor_is("c2tpcDoxMDA=", 100);
    cursor_is("c2tpcDoxMDA", 100);
    cursor_is("c2tpcDoxMA==", 10);
    cursor_is("c2tpcDoxMA=", 10);
    cursor_is("c2tpcDoxMA", 10);
    cursor_is("c2tpcDo3", 7);
    cursor_is("c2tpcDowMDc=", 7);
    cursor_is("c2tpcDo5MjIzMzcyMDM2ODU0Nzc1ODA3", APR_INT64_MAX);
    cursor_is("c2tpcDo5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk=", APR_INT64_MAX);
}

static void test_bad(void)
{
    static const char *const bad[] = {"",
                                      "=",
                                      "==",
                                      "c2tpcDo=",
                                      "c2tpcDo",
                                      "c2tpcDot",
                                      "c2tpcDotMQ==",
                                      "c2tpcDorMQ==",
                                      "c2tpcDogMQ==",
                                      "c2tpcDoxIA==",
                                      "c2tpcDoxLjU=",
                                      "c2tpcDoxMDA==",
                                      "c2tpcDoxMA===",
                                      "c2tpcDoxMB==",
                                      "c2tpcDoxMDB=",
                                      "c2tpc DoxMDA=",
                                      "c2tpcDoxMDA=\n",
                                      "c2tpcDox\x80",
                                      "c2tp=cDow",
                                      "U0tJUDow",
                                      "skip:0",
                                      "0",
                                      "c2tpcDoweDEw",
                                      "anVtcDow",
                                      "c2tpcDoxADI="};
    unsigned i;

    for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        cursor_is(bad[i], -1);
}

static void link_is(apr_int64_t skip, int has_more, const char *wanted, const char *name)
{
    tap_is_text(ds_fmt_cursor_link("/p", skip, 10, has_more, pool), wanted, name);
}

static void test_link(void)
{
    link_is(0, 0, NULL, "one page has no other");
    link_is(0, 1, "</p?cursor=c2tpcDoxMA==>; rel=\"next\"", "the first page has a next one");
    link_is(10, 1, "</p?cursor=c2tpcDow>; rel=\"prev\",</p?cursor=c2tpcDoyMA==>; rel=\"next\"",
            "one in the middle has both, the comma without a space");
    link_is(20, 0, "</p?cursor=c2tpcDoxMA==>; rel=\"prev\"", "the last one has one before");
    link_is(3, 0, "</p?cursor=c2tpcDow>; rel=\"prev\"", "nothing is before the first entry");
    link_is(APR_INT64_MAX, 0, "</p?cursor=c2tpcDo5MjIzMzcyMDM2ODU0Nzc1Nzk3>; rel=\"prev\"",
            "a skip far behind the end leads back all the same");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_good();
    test_bad();
    test_link();
    apr_terminate();
    return tap_end();
}
