#include "ds_guid.h"

#include <string.h>

#include "ds_digest.h"

/* Each text with its NUL, so that no two lists give the same bytes. */
apr_status_t ds_guid_make(char guid[DS_GUID_SIZE], const char *object, const char *const *key,
                          int count, apr_pool_t *scratch)
{
    char hex[DS_SHA256_HEX_SIZE];
    ds_digest_t *digest;
    apr_status_t status = ds_digest_begin(&digest, scratch);
    int i;

    if (status == APR_SUCCESS)
        status = ds_digest_update(digest, object, strlen(object) + 1);
    for (i = 0; i < count && status == APR_SUCCESS; i++)
        status = ds_digest_update(digest, key[i], strlen(key[i]) + 1);
    if (status == APR_SUCCESS)
        status = ds_digest_end(hex, digest);
    if (status == APR_SUCCESS)
        ds_digest_uuid_print(guid, hex);
    return status;
}
