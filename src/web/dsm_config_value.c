#include "dsm_config_value.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include <errno.h>
#include <string.h>

#define DURATION_MAX (APR_INT64_C(36525) * 86400) /* seconds */

/* The number at the beginning of text; *end is where it stops, text itself when there is none. */
static apr_int64_t digits_read(const char **end, const char *text)
{
    char *stop = (char *)text;
    apr_int64_t value = 0;

    if (apr_isdigit(*text)) {
        errno = 0;
        value = apr_strtoi64(text, &stop, 10);
        if (errno == ERANGE) {
            value = APR_INT64_MAX;
        }
    }
    *end = stop;
    return value;
}

const char *dsm_config_number_read(apr_int64_t *value, const char *text, apr_int64_t min,
                                   apr_int64_t max, apr_pool_t *pool)
{
    const char *end;

    *value = digits_read(&end, text);
    if (end == text || *end || *value < min || *value > max) {
        return apr_psprintf(
            pool, "write a whole number from %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT, min, max);
    }
    return NULL;
}

const char *dsm_config_int_read(int *value, const char *text, int min, int max, apr_pool_t *pool)
{
    apr_int64_t number = *value;
    const char *fault = dsm_config_number_read(&number, text, min, max, pool);

    if (!fault) {
        *value = (int)number;
    }
    return fault;
}

static int size_shift(char unit)
{
    switch (apr_toupper(unit)) {
    case 'K': return 10;
    case 'M': return 20;
    case 'G': return 30;
    default: return 0;
    }
}

/* As an administrator would write it. */
static const char *size_text(apr_int64_t size, apr_pool_t *pool)
{
    if (size >= (1 << 30) && size % (1 << 30) == 0) {
        return apr_psprintf(pool, "%" APR_INT64_T_FMT "G", size >> 30);
    }
    if (size >= (1 << 20) && size % (1 << 20) == 0) {
        return apr_psprintf(pool, "%" APR_INT64_T_FMT "M", size >> 20);
    }
    return apr_psprintf(pool, "%" APR_INT64_T_FMT, size);
}

const char *dsm_config_size_read(apr_int64_t *value, const char *text, apr_int64_t min,
                                 apr_int64_t max, apr_pool_t *pool)
{
    const char *end;
    apr_int64_t number = digits_read(&end, text);
    int shift = end == text ? 0 : size_shift(*end);
    int is_whole = end != text && !end[shift ? 1 : 0];

    if (!is_whole || number > (max >> shift) || (number << shift) < min) {
        return apr_psprintf(pool, "write a number of bytes from %s to %s, for example 512K or 20M",
                            size_text(min, pool), size_text(max, pool));
    }
    *value = number << shift;
    return NULL;
}

/* The seconds of a unit, or 0. */
static apr_int64_t unit_seconds(const char *unit)
{
    static const struct {
        const char *name;
        int seconds;
    } units[] = {{"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}};
    size_t i;

    for (i = 0; i < sizeof(units) / sizeof(units[0]); ++i) {
        if (!strcmp(unit, units[i].name)) {
            return units[i].seconds;
        }
    }
    return 0;
}

const char *dsm_config_duration_read(apr_interval_time_t *value, const char *text, apr_pool_t *pool)
{
    const char *end;
    apr_int64_t number = digits_read(&end, text);
    apr_int64_t seconds = unit_seconds(end);

    *value = 0;
    if (!strcmp(text, "0")) {
        return NULL;
    }
    if (end == text || !seconds || number > DURATION_MAX / seconds) {
        return "write a number with s, min, h or d, for example 12h or 30d, or 0 for ever";
    }
    *value = apr_time_from_sec(number * seconds);
    return NULL;
}
