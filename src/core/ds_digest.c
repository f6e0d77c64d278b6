#include "ds_digest.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <apr_general.h>
#include <apr_lib.h>
#include <apr_strings.h>

struct ds_digest_t {
    EVP_MD_CTX *context;
};

static apr_status_t context_free(void *data)
{
    EVP_MD_CTX_free(((ds_digest_t *)data)->context);
    return APR_SUCCESS;
}

apr_status_t ds_digest_begin(ds_digest_t **digest, apr_pool_t *pool)
{
    *digest = apr_palloc(pool, sizeof(**digest));
    (*digest)->context = EVP_MD_CTX_new();
    if (!(*digest)->context)
        return APR_ENOMEM;
    apr_pool_cleanup_register(pool, *digest, context_free, apr_pool_cleanup_null);
    return EVP_DigestInit_ex((*digest)->context, EVP_sha256(), NULL) ? APR_SUCCESS : APR_ENOMEM;
}

apr_status_t ds_digest_update(ds_digest_t *digest, const void *data, apr_size_t size)
{
    return EVP_DigestUpdate(digest->context, data, size) ? APR_SUCCESS : APR_EGENERAL;
}

static void hex_write(char *hex, const unsigned char *bytes, apr_size_t size)
{
    static const char digits[] = "0123456789abcdef";
    apr_size_t i;

    for (i = 0; i < size; i++) {
        *hex++ = digits[bytes[i] >> 4];
        *hex++ = digits[bytes[i] & 15];
    }
    *hex = '\0';
}

apr_status_t ds_digest_end(char hex[DS_SHA256_HEX_SIZE], ds_digest_t *digest)
{
    unsigned char bytes[DS_SHA256_SIZE];

    if (!EVP_DigestFinal_ex(digest->context, bytes, NULL))
        return APR_EGENERAL;
    hex_write(hex, bytes, sizeof(bytes));
    return APR_SUCCESS;
}

apr_status_t ds_digest_sha256(char hex[DS_SHA256_HEX_SIZE], const void *data, apr_size_t size)
{
    unsigned char bytes[DS_SHA256_SIZE];

    if (!EVP_Digest(data, size, bytes, NULL, EVP_sha256(), NULL))
        return APR_EGENERAL;
    hex_write(hex, bytes, sizeof(bytes));
    return APR_SUCCESS;
}

apr_status_t ds_digest_hmac_bytes(unsigned char bytes[DS_SHA256_SIZE], const void *key,
                                  apr_size_t key_size, const void *data, apr_size_t size)
{
    return HMAC(EVP_sha256(), key, (int)key_size, data, size, bytes, NULL) ? APR_SUCCESS
                                                                           : APR_EGENERAL;
}

apr_status_t ds_digest_hmac(char hex[DS_SHA256_HEX_SIZE], const void *key, apr_size_t key_size,
                            const void *data, apr_size_t size)
{
    unsigned char bytes[DS_SHA256_SIZE];
    apr_status_t status = ds_digest_hmac_bytes(bytes, key, key_size, data, size);

    if (status == APR_SUCCESS)
        hex_write(hex, bytes, sizeof(bytes));
    return status;
}

int ds_digest_equals(const char *a, const char *b, apr_size_t length)
{
    return CRYPTO_memcmp(a, b, length) == 0;
}

apr_status_t ds_digest_random_text(char *text, apr_size_t length)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    apr_status_t status = apr_generate_random_bytes((unsigned char *)text, length);
    apr_size_t i;

    for (i = 0; i < length; i++)
        text[i] = alphabet[(unsigned char)text[i] & 63];
    text[length] = '\0';
    return status;
}

void ds_digest_uuid_print(char text[37], const char *hex)
{
    apr_snprintf(text, 37, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

/* RFC 9562: the version and the variant have places of their own. */
static void uuid_write(char text[DS_UUID_SIZE], unsigned char bytes[16], int version)
{
    char hex[33];

    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | version << 4);
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    hex_write(hex, bytes, 16);
    ds_digest_uuid_print(text, hex);
}

apr_status_t ds_digest_random_uuid(char text[DS_UUID_SIZE])
{
    unsigned char bytes[16];
    apr_status_t status = apr_generate_random_bytes(bytes, sizeof(bytes));

    uuid_write(text, bytes, 4);
    return status;
}

apr_status_t ds_digest_name_uuid(char text[DS_UUID_SIZE], const char *name, apr_pool_t *scratch)
{
    /* Ours; another one would give every name another UUID. */
    static const unsigned char namespace[16] = {0xa1, 0x67, 0x65, 0xb6, 0x28, 0x6e, 0x4e, 0x73,
                                                0x82, 0xf6, 0xb9, 0x8d, 0x8e, 0x64, 0x48, 0xdc};
    apr_size_t length = strlen(name);
    unsigned char sha1[20], *data = apr_palloc(scratch, sizeof(namespace) + length);

    memcpy(data, namespace, sizeof(namespace));
    memcpy(data + sizeof(namespace), name, length);
    if (!EVP_Digest(data, sizeof(namespace) + length, sha1, NULL, EVP_sha1(), NULL))
        return APR_EGENERAL;
    uuid_write(text, sha1, 5);
    return APR_SUCCESS;
}

int ds_digest_uuid_read(char uuid[DS_UUID_SIZE], const char *text)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    int i;

    for (i = 0; form[i]; i++) {
        if (form[i] == '-' ? text[i] != '-' : !apr_isxdigit(text[i]))
            return 0;
        uuid[i] = (char)apr_tolower(text[i]);
    }
    uuid[i] = '\0';
    return !text[i];
}
