#include "dsm_config_value.h"

#include <apr_env.h>
#include <apr_file_io.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include <errno.h>
#include <string.h>

#define SECRET_SIZE_MAX 4096
#define DURATION_MAX (APR_INT64_C(36525) * 86400) /* seconds */

static const char SECRET_FILE[] = "file:";
static const char SECRET_ENV[] = "env:";

static int starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

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

static const char *secret_file_check(apr_file_t *file, const char *path, apr_pool_t *pool)
{
    apr_finfo_t info;

    if (apr_file_info_get(&info, APR_FINFO_PROT | APR_FINFO_TYPE, file) != APR_SUCCESS ||
        info.filetype != APR_REG) {
        return apr_psprintf(pool, "%s is not a file", path);
    }
    if (info.protection & APR_FPROT_WREAD) {
        return apr_psprintf(pool, "everybody on this machine can read %s: chmod o-rwx it", path);
    }
    return NULL;
}

static const char *secret_line_read(const char **value, apr_file_t *file, const char *path,
                                    apr_pool_t *pool)
{
    char *line = apr_palloc(pool, SECRET_SIZE_MAX);

    if (apr_file_gets(line, SECRET_SIZE_MAX, file) != APR_SUCCESS) {
        return apr_psprintf(pool, "%s is empty: write the value into its first line", path);
    }
    if (strlen(line) == SECRET_SIZE_MAX - 1) {
        return apr_psprintf(pool, "the first line of %s is longer than %d bytes", path,
                            SECRET_SIZE_MAX - 2);
    }
    line[strcspn(line, "\r\n")] = '\0';
    if (!*line) {
        return apr_psprintf(pool, "the first line of %s is empty", path);
    }
    *value = line;
    return NULL;
}

static const char *secret_file_read(const char **value, const char *path, apr_pool_t *pool)
{
    apr_file_t *file;
    apr_status_t rv;
    const char *fault;
    char text[120];

    if (*path != '/') {
        return "write the whole path of the file, for example file:/etc/datasync/database";
    }
    rv = apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BUFFERED, 0, pool);
    if (rv != APR_SUCCESS) {
        return apr_psprintf(pool, "cannot read %s: %s", path, apr_strerror(rv, text, sizeof(text)));
    }
    fault = secret_file_check(file, path, pool);
    if (!fault) {
        fault = secret_line_read(value, file, path, pool);
    }
    apr_file_close(file);
    return fault;
}

const char *dsm_config_secret_read(const char **value, const char *text, apr_pool_t *pool)
{
    char *found;

    if (starts_with(text, SECRET_FILE)) {
        return secret_file_read(value, text + strlen(SECRET_FILE), pool);
    }
    if (starts_with(text, SECRET_ENV)) {
        if (apr_env_get(&found, text + strlen(SECRET_ENV), pool) != APR_SUCCESS || !*found) {
            return apr_psprintf(pool, "the environment of httpd has no variable %s",
                                text + strlen(SECRET_ENV));
        }
        *value = found;
        return NULL;
    }
    *value = text;
    return NULL;
}

int dsm_config_secret_is_kept(const char *text)
{
    return starts_with(text, SECRET_FILE) || starts_with(text, SECRET_ENV);
}
