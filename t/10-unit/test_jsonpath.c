/* Paths of the subset are read to their steps, everything else is refused at its place: else a
 * source spec finds other records than its author meant. */
#include <apr_general.h>
#include <apr_strings.h>

#include "ds_fmt_jsonpath.h"
#include "tap.h"

static apr_pool_t *pool;

static void good(const char *text, const char *wanted)
{
    ds_fmt_jsonpath_t *path = NULL;
    int at;
    const char *fault = ds_fmt_jsonpath_parse(&path, &at, text, pool);

    tap_is_text(fault ? fault : ds_fmt_jsonpath_print(path, pool), wanted,
                apr_psprintf(pool, "the steps of %s", text));
}

static void bad(const char *text, int place, const char *wanted)
{
    ds_fmt_jsonpath_t *path = NULL;
    int at = 0;
    const char *fault = ds_fmt_jsonpath_parse(&path, &at, text, pool);

    tap_is_text(fault ? apr_psprintf(pool, "%d: %s", at, fault) : "accepted",
                apr_psprintf(pool, "%d: %s", place, wanted),
                apr_psprintf(pool, "refused at %d: %s", place, wanted));
}

static void test_good(void)
{
    good("$", "$");
    good("$.members", "$.members");
    good("members", "$.members");
    good("paging.next", "$.paging.next");
    good("$.email.activity", "$.email.activity");
    good("$['a b']", "$['a b']");
    good("$[\"a'b\"]", "$['a\\'b']");
    good("$['a\\\\b']", "$['a\\\\b']");
    good("$['name']", "$.name");
    good("$['']", "$['']");
    good("$.a[0].b[12][*]", "$.a[0].b[12][*]");
    good("[3].x", "$[3].x");
    good("$.@odata-x", "$.@odata-x");
    good("$['@odata.nextLink']", "$['@odata.nextLink']");
    good("$.größe", "$.größe");
    good("$ref.x", "$.$ref.x");
    good("$.a[999999999]", "$.a[999999999]");
}

static void test_bad(void)
{
    bad("", 1, "the path is empty");
    bad("$.", 3, "a name is missing here");
    bad("$..a", 3, "a search at every depth (..) is not supported: write each name of the way");
    bad("$.a..b", 5, "a search at every depth (..) is not supported: write each name of the way");
    bad("$.*", 3, "write [*] for all elements");
    bad("$.a[?(@.b)]", 5, "filters and expressions are not supported");
    bad("$.a[(1)]", 5, "filters and expressions are not supported");
    bad("$.a[-1]", 5, "counting from the end is not supported: write a number from 0");
    bad("$.a[1:2]", 6, "ranges are not supported: write one number, or * for all elements");
    bad("$.a[:2]", 5, "ranges are not supported: write one number, or * for all elements");
    bad("$.a[1,2]", 6, "lists are not supported: write one number or one name");
    bad("$['a','b']", 6, "lists are not supported: write one number or one name");
    bad("$.a[b]", 5, "a number, a name in quotes or * is missing here");
    bad("$.a[", 5, "a number, a name in quotes or * is missing here");
    bad("$.a[0", 6, "a closing bracket is missing here");
    bad("$.a['b]", 8, "the quote is not closed");
    bad("$.a['b\\n']", 7, "after a backslash only a backslash or the quote may stand");
    bad("$.a[1234567890]", 14, "the number is too large");
    bad("$.a b", 4, "write . or [ between the steps of a path");
    bad("$.a]", 4, "write . or [ between the steps of a path");
    bad("[*]]", 4, "write . or [ between the steps of a path");
    bad(".a", 1, "a path begins with $, a name or [");
    bad("$.a\n", 4, "this is no printable text in UTF-8");
    bad("$.a\xff", 4, "this is no printable text in UTF-8");
    bad("$.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a", 66,
        "a path has at most 32 steps");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_good();
    test_bad();
    apr_terminate();
    return tap_end();
}
