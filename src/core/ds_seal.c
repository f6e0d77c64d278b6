#include "ds_seal.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <apr_encode.h>
#include <apr_strings.h>

#define NONCE_SIZE 12
#define TAG_SIZE 16
#define KEY_SIZE 32
#define TEXT_MAX (64 * 1024)

/* The sealed bytes are nonce, text, tag. */

static int cipher_key_make(unsigned char bytes[KEY_SIZE], const char *key, const char *purpose)
{
    unsigned size = 0;

    return HMAC(EVP_sha256(), key, (int)strlen(key), (const unsigned char *)purpose,
                strlen(purpose), bytes, &size) &&
           size == KEY_SIZE;
}

static int text_encrypt(unsigned char *bytes, const char *text, int size,
                        const unsigned char key[KEY_SIZE])
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int length = 0, good;

    good =
        context && RAND_bytes(bytes, NONCE_SIZE) == 1 &&
        EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, bytes) == 1 &&
        EVP_EncryptUpdate(context, bytes + NONCE_SIZE, &length, (const unsigned char *)text,
                          size) == 1 &&
        length == size && EVP_EncryptFinal_ex(context, bytes + NONCE_SIZE + size, &length) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, bytes + NONCE_SIZE + size) ==
            1;
    EVP_CIPHER_CTX_free(context);
    return good;
}

apr_status_t ds_seal_close(const char **sealed, const char *text, const char *key,
                           const char *purpose, apr_pool_t *pool)
{
    unsigned char cipher_key[KEY_SIZE], *bytes;
    apr_size_t size = strlen(text);
    int good;

    if (size > TEXT_MAX)
        return DS_ELIMIT;
    bytes = apr_palloc(pool, NONCE_SIZE + size + TAG_SIZE);
    good = cipher_key_make(cipher_key, key, purpose) &&
           text_encrypt(bytes, text, (int)size, cipher_key);
    OPENSSL_cleanse(cipher_key, sizeof(cipher_key));
    if (!good)
        return APR_EGENERAL;
    *sealed = apr_pencode_base64_binary(pool, bytes, (apr_ssize_t)(NONCE_SIZE + size + TAG_SIZE),
                                        APR_ENCODE_NONE, NULL);
    return *sealed ? APR_SUCCESS : APR_EGENERAL;
}

static int text_decrypt(char *text, unsigned char *bytes, int size,
                        const unsigned char key[KEY_SIZE])
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int length = 0, good;

    good =
        context && EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, bytes) == 1 &&
        EVP_DecryptUpdate(context, (unsigned char *)text, &length, bytes + NONCE_SIZE, size) == 1 &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, bytes + NONCE_SIZE + size) ==
            1 &&
        EVP_DecryptFinal_ex(context, (unsigned char *)text + length, &length) == 1;
    EVP_CIPHER_CTX_free(context);
    text[size] = '\0';
    return good;
}

apr_status_t ds_seal_open(const char **text, const char *sealed, const char *key,
                          const char *purpose, apr_pool_t *pool)
{
    unsigned char cipher_key[KEY_SIZE];
    apr_size_t size = 0;
    const unsigned char *found =
        apr_pdecode_base64_binary(pool, sealed, APR_ENCODE_STRING, APR_ENCODE_NONE, &size);
    char *opened;
    int good;

    if (!found || size < NONCE_SIZE + TAG_SIZE || size > NONCE_SIZE + TEXT_MAX + TAG_SIZE)
        return DS_EDENIED;
    size -= NONCE_SIZE + TAG_SIZE;
    opened = apr_palloc(pool, size + 1);
    good = cipher_key_make(cipher_key, key, purpose) &&
           text_decrypt(opened, apr_pmemdup(pool, found, NONCE_SIZE + size + TAG_SIZE), (int)size,
                        cipher_key);
    OPENSSL_cleanse(cipher_key, sizeof(cipher_key));
    *text = opened;
    return good ? APR_SUCCESS : DS_EDENIED;
}
