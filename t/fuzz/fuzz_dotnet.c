/* Formats of times, of any text. The first bytes are the time.
 *
 * What must hold: a format is good for every time or for none; what is printed has the same length
 * for all times; a refusal names a place inside of the format. */
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "ds_fmt_dotnet.h"
#include "fuzz.h"

static void format_check(const char *format, apr_time_t when, apr_pool_t *pool)
{
    const char *text, *other;
    int at = 0;
    const char *fault = ds_fmt_dotnet_print(&text, &at, when, format, pool);

    MUST(at >= 1 && at <= (int)strlen(format) + 1);
    MUST((ds_fmt_dotnet_print(&other, &at, 0, format, pool) == NULL) == (fault == NULL));
    if (fault != NULL) {
        MUST(*fault != '\0' && strpbrk(fault, "\r\n") == NULL);
        return;
    }
    MUST(strlen(text) == strlen(other));
    MUST(strlen(text) <= 2 * DS_FMT_DOTNET_LENGTH_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static apr_pool_t *pool;
    apr_int64_t seconds;

    if (size < 4) {
        return 0;
    }
    if (pool == NULL) {
        apr_initialize();
        apr_pool_create(&pool, NULL);
    }
    /* of the years 1902 to 2174 */
    seconds = ((apr_int64_t)data[0] << 25 | data[1] << 17 | data[2] << 9 | data[3]) -
              (APR_INT64_C(1) << 31);
    format_check(apr_pstrmemdup(pool, (const char *)data + 4, size - 4),
                 apr_time_from_sec(seconds) + data[3] * 4001, pool);
    apr_pool_clear(pool);
    return 0;
}
