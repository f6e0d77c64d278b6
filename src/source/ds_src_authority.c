#include "ds_src_authority.h"

#include <string.h>

#include <curl/curl.h>

#include <apr_file_io.h>
#include <apr_strings.h>

#define FILE_MAX (4 * 1024 * 1024)

const char *ds_src_authority_system(void)
{
    return curl_version_info(CURLVERSION_NOW)->cainfo;
}

/* NULL: it cannot be read, or is too large. */
static const char *file_read(const char *path, apr_pool_t *pool)
{
    apr_file_t *file;
    apr_finfo_t info;
    char *text = NULL;

    if (apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, 0, pool) != APR_SUCCESS)
        return NULL;
    if (apr_file_info_get(&info, APR_FINFO_SIZE, file) == APR_SUCCESS && info.size <= FILE_MAX) {
        text = apr_pcalloc(pool, (apr_size_t)info.size + 1);
        if (apr_file_read_full(file, text, (apr_size_t)info.size, NULL) != APR_SUCCESS)
            text = NULL;
    }
    apr_file_close(file);
    return text;
}

const char *ds_src_authority_join(apr_size_t *size, const char *own, const char *system,
                                  apr_pool_t *pool)
{
    const char *first = file_read(own, pool), *second = file_read(system, pool), *both;

    if (!first || !second)
        return NULL;
    both = apr_pstrcat(pool, first, "\n", second, NULL);
    *size = strlen(both);
    return both;
}
