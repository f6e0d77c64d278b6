/* Paths of any text.
 *
 * What must hold: a refusal names a place inside of the text; a path that was taken is printed as a
 * path that is read to the same steps. */
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "ds_fmt_jsonpath.h"
#include "fuzz.h"

static void text_check(const char *text, apr_pool_t *pool)
{
    ds_fmt_jsonpath_t *path, *again;
    const char *fault, *printed;
    int at = 0;

    fault = ds_fmt_jsonpath_parse(&path, &at, text, pool);
    MUST(at >= 1 && at <= (int)strlen(text) + 1);
    if (fault != NULL) {
        MUST(*fault != '\0' && strpbrk(fault, "\r\n") == NULL);
        return;
    }
    MUST(path->count <= DS_FMT_JSONPATH_STEPS_MAX);
    printed = ds_fmt_jsonpath_print(path, pool);
    MUST(ds_fmt_jsonpath_parse(&again, &at, printed, pool) == NULL ||
         strlen(printed) > DS_FMT_JSONPATH_LENGTH_MAX);
    if (strlen(printed) <= DS_FMT_JSONPATH_LENGTH_MAX) {
        MUST(strcmp(ds_fmt_jsonpath_print(again, pool), printed) == 0);
        MUST(ds_fmt_jsonpath_is_single(again) == ds_fmt_jsonpath_is_single(path));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static apr_pool_t *pool;

    if (pool == NULL) {
        apr_initialize();
        apr_pool_create(&pool, NULL);
    }
    text_check(apr_pstrmemdup(pool, (const char *)data, size), pool);
    apr_pool_clear(pool);
    return 0;
}
