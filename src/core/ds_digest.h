/* SHA-256, random bytes and UUIDs (RFC 9562), by libcrypto. */
#ifndef DS_DIGEST_H
#define DS_DIGEST_H

#include <apr_pools.h>

#define DS_SHA256_SIZE 32
#define DS_SHA256_HEX_SIZE 65 /* with the NUL */
#define DS_UUID_SIZE 37       /* with the NUL */

typedef struct ds_digest_t ds_digest_t;

/* Begin a SHA-256; freed with pool. APR_ENOMEM when libcrypto cannot. */
apr_status_t ds_digest_begin(ds_digest_t **digest, apr_pool_t *pool);
apr_status_t ds_digest_update(ds_digest_t *digest, const void *data, apr_size_t size);
/* End it and write 64 lower-case hex digits and a NUL. The digest cannot be updated afterwards. */
apr_status_t ds_digest_end(char hex[DS_SHA256_HEX_SIZE], ds_digest_t *digest);

/* SHA-256 of one piece of memory as hex. */
apr_status_t ds_digest_sha256(char hex[DS_SHA256_HEX_SIZE], const void *data, apr_size_t size);

/* HMAC-SHA-256 of one piece of memory under a key: the bytes, or as hex. */
apr_status_t ds_digest_hmac_bytes(unsigned char bytes[DS_SHA256_SIZE], const void *key,
                                  apr_size_t key_size, const void *data, apr_size_t size);
apr_status_t ds_digest_hmac(char hex[DS_SHA256_HEX_SIZE], const void *key, apr_size_t key_size,
                            const void *data, apr_size_t size);

/* Compare two texts of the same length in a time that does not depend on where they differ. */
int ds_digest_equals(const char *a, const char *b, apr_size_t length);

/* Write `length` random characters of the URL-safe base64 alphabet (6 bits each) and a NUL. */
apr_status_t ds_digest_random_text(char *text, apr_size_t length);

/* Write 32 hex digits in the form of a UUID and a NUL. */
void ds_digest_uuid_print(char text[37], const char *hex);

/* Write a random UUID (version 4) as 36 characters and a NUL. */
apr_status_t ds_digest_random_uuid(char text[DS_UUID_SIZE]);

/* Write the UUID of a name: version 5 in a namespace of our own, so the same everywhere, always. */
apr_status_t ds_digest_name_uuid(char text[DS_UUID_SIZE], const char *name, apr_pool_t *scratch);

/* Read a UUID that somebody wrote, of any version, into lower case. Returns 0 when it is none. */
int ds_digest_uuid_read(char uuid[DS_UUID_SIZE], const char *text);

#endif
