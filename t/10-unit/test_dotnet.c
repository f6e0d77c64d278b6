/* Times in the formats of source specs, against a list written by hand from .NET's reference: a
 * window that is printed otherwise asks for other records. */
#include <apr_general.h>
#include <apr_strings.h>

#include "ds_fmt_dotnet.h"
#include "tap.h"

static apr_pool_t *pool;

/* 2022-03-04T05:06:07.08Z */
#define MOMENT (APR_INT64_C(1646370367) * APR_USEC_PER_SEC + 80000)

static void prints(apr_time_t when, const char *format, const char *wanted)
{
    const char *text = NULL, *fault;
    int at;

    fault = ds_fmt_dotnet_print(&text, &at, when, format, pool);
    tap_is_text(fault ? fault : text, wanted, apr_psprintf(pool, "the format %s", format));
}

static void refuses(const char *format, int place, const char *wanted)
{
    const char *text = NULL, *fault;
    int at = 0;

    fault = ds_fmt_dotnet_print(&text, &at, MOMENT, format, pool);
    tap_is_text(fault ? apr_psprintf(pool, "%d: %s", at, fault) : text,
                apr_psprintf(pool, "%d: %s", place, wanted),
                apr_psprintf(pool, "the fault of the format %s", format));
}

static void test_formats(void)
{
    prints(MOMENT, "yyyy-MM-ddTHH:mm:ssZ", "2022-03-04T05:06:07Z");
    prints(MOMENT, "yyyy-MM-ddTHH:mm:ss:fffffffK", "2022-03-04T05:06:07:0800000Z");
    prints(MOMENT, "yyyy-MM-ddTHH:mm:ssK", "2022-03-04T05:06:07Z");
    prints(MOMENT, "yyyy-MM-ddTHH:mm:ss.fffzzz", "2022-03-04T05:06:07.080+00:00");
    prints(MOMENT, "f ff fff ffff fffff ffffff fffffff", "0 08 080 0800 08000 080000 0800000");
    prints(MOMENT, "dd/MM/yyyy", "04/03/2022");
    prints(MOMENT, "yyyyMMdd'T'HHmmss\"Z\"", "20220304T050607Z");
    prints(MOMENT, "yyyy\\-MM", "2022-03");
    prints(MOMENT, "\\y\\\\", "y\\");
    prints(MOMENT, "'o''clock' HH", "oclock 05");
    prints(MOMENT, "yyyy-MM-dd HH:mm", "2022-03-04 05:06");
}

static void test_times(void)
{
    static const char format[] = "yyyy-MM-ddTHH:mm:ss.ffffffK";

    prints(0, format, "1970-01-01T00:00:00.000000Z");
    prints(-1, format, "1969-12-31T23:59:59.999999Z");
    prints(APR_INT64_C(951782399) * APR_USEC_PER_SEC + 999999, format,
           "2000-02-28T23:59:59.999999Z");
    prints(APR_INT64_C(951782400) * APR_USEC_PER_SEC, format, "2000-02-29T00:00:00.000000Z");
    prints(APR_INT64_C(4107542400) * APR_USEC_PER_SEC, format, "2100-03-01T00:00:00.000000Z");
    prints(APR_INT64_C(253402300799) * APR_USEC_PER_SEC, format, "9999-12-31T23:59:59.000000Z");
}

static void test_refused(void)
{
    refuses("", 1, "the format is empty");
    refuses("yy", 1, "write yyyy for the year");
    refuses("yyyy-M", 6, "write MM for the month");
    refuses("yyyy-MMM", 6, "write MM for the month");
    refuses("ddd", 1, "write dd for the day");
    refuses("hh:mm tt", 1, "write HH for the hour, which counts to 23");
    refuses("HH:mm tt", 7, "there is no such part of a time: put text into single quotes");
    refuses("ffffffff", 1, "write one to seven f for the fraction of a second");
    refuses("FFF", 1, "write one to seven f for the fraction of a second");
    refuses("zz", 1, "write zzz or K for the zone");
    refuses("KK", 1, "write K once");
    refuses("yyyy 'x", 6, "the quote is not closed");
    refuses("yyyy\\", 5, "a character is missing after the backslash");
    refuses("%d", 1, "% is not supported: put text into single quotes");
    refuses("YYYY-MM-DD", 1, "there is no such part of a time: put text into single quotes");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_formats();
    test_times();
    test_refused();
    apr_terminate();
    return tap_end();
}
