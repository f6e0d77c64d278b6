#include "ds_src_egress.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <apr_lib.h>
#include <apr_strings.h>

#define BITS 128
#define BITS_BEFORE_V4 96 /* of an IPv4 address in the form ::ffff:a.b.c.d */

/* Addresses that begin with the same bits. Those of IPv4 are kept as ::ffff:a.b.c.d. */
typedef struct {
    unsigned char bytes[16];
    int bits;
} block_t;

struct ds_src_egress_t {
    apr_array_header_t *closed; /* of block_t */
    apr_array_header_t *open;   /* likewise */
    apr_array_header_t *hosts;  /* of const char * */
};

/* IANA's registries of special addresses (RFC 6890 and what came after it), and one of a cloud that
 * looks public. What is not in 2000::/3 of IPv6 is closed anyhow. */
static const char *const closed[] = {
    "0.0.0.0/8",        "10.0.0.0/8",      "100.64.0.0/10",  "127.0.0.0/8",    "169.254.0.0/16",
    "172.16.0.0/12",    "192.0.0.0/24",    "192.0.2.0/24",   "192.88.99.0/24", "192.168.0.0/16",
    "198.18.0.0/15",    "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",    "240.0.0.0/4",
    "168.63.129.16/32", "2001::/23",       "2001:db8::/32",  "2002::/16",      "3fff::/20"};

static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
static const unsigned char nat64[12] = {0, 0x64, 0xff, 0x9b};

static int address_read(unsigned char bytes[16], int *is_v4, const char *text)
{
    *is_v4 = inet_pton(AF_INET, text, bytes + sizeof(mapped)) == 1;
    if (*is_v4)
        memcpy(bytes, mapped, sizeof(mapped));
    return *is_v4 || inet_pton(AF_INET6, text, bytes) == 1;
}

/* True when text is an address, or an address and how many of its bits count. */
static int block_read(block_t *block, const char *text, apr_pool_t *pool)
{
    char *address = apr_pstrdup(pool, text), *slash = strchr(address, '/'), *end = NULL;
    long most, bits;
    int is_v4;

    if (slash)
        *slash = '\0';
    if (!address_read(block->bytes, &is_v4, address))
        return 0;
    most = is_v4 ? BITS - BITS_BEFORE_V4 : BITS;
    bits = slash && apr_isdigit(slash[1]) ? strtol(slash + 1, &end, 10) : most;
    block->bits = (int)bits + (is_v4 ? BITS_BEFORE_V4 : 0);
    return slash ? end && !*end && bits <= most : 1;
}

static int is_host(const char *text)
{
    const char *p;

    for (p = text; *p; p++)
        if (!apr_isalnum(*p) && !strchr("-._", *p))
            return 0;
    return p != text && p - text < 254;
}

ds_problem_t *ds_src_egress_make(ds_src_egress_t **made, const apr_array_header_t *allow,
                                 apr_pool_t *pool)
{
    ds_src_egress_t *egress = apr_palloc(pool, sizeof(*egress));
    block_t block;
    size_t i;
    int j;

    egress->closed = apr_array_make(pool, 20, sizeof(block_t));
    egress->open = apr_array_make(pool, 1, sizeof(block_t));
    egress->hosts = apr_array_make(pool, 1, sizeof(const char *));
    for (i = 0; i < sizeof(closed) / sizeof(*closed); i++)
        if (block_read(&block, closed[i], pool))
            APR_ARRAY_PUSH(egress->closed, block_t) = block;
    for (j = 0; allow && j < allow->nelts; j++) {
        const char *text = APR_ARRAY_IDX(allow, j, const char *);

        if (block_read(&block, text, pool))
            APR_ARRAY_PUSH(egress->open, block_t) = block;
        else if (is_host(text))
            APR_ARRAY_PUSH(egress->hosts, const char *) = apr_pstrdup(pool, text);
        else
            return ds_problem_make(pool, DS_EINPUT,
                                   "\"%s\" is no host: write a name, an address, or an address "
                                   "and its bits as in 10.0.0.0/8",
                                   text);
    }
    *made = egress;
    return NULL;
}

static int block_has(const block_t *block, const unsigned char bytes[16])
{
    int whole = block->bits / 8, rest = block->bits % 8;

    if (memcmp(block->bytes, bytes, (size_t)whole))
        return 0;
    return !rest || (block->bytes[whole] ^ bytes[whole]) >> (8 - rest) == 0;
}

static int blocks_have(const apr_array_header_t *blocks, const unsigned char bytes[16])
{
    int i;

    for (i = 0; i < blocks->nelts; i++)
        if (block_has(&APR_ARRAY_IDX(blocks, i, block_t), bytes))
            return 1;
    return 0;
}

/* A gateway of NAT64 sends what has its prefix to the IPv4 address behind it. */
static int bytes_get(unsigned char bytes[16], const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        memcpy(bytes, mapped, sizeof(mapped));
        memcpy(bytes + sizeof(mapped),
               &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
        return 1;
    }
    if (address->sa_family != AF_INET6)
        return 0;
    memcpy(bytes, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
    if (!memcmp(bytes, nat64, sizeof(nat64)))
        memcpy(bytes, mapped, sizeof(mapped));
    return 1;
}

static int is_public(const ds_src_egress_t *egress, const unsigned char bytes[16])
{
    if (memcmp(bytes, mapped, sizeof(mapped)) && (bytes[0] & 0xe0) != 0x20)
        return 0;
    return !blocks_have(egress->closed, bytes);
}

int ds_src_egress_allows(const ds_src_egress_t *egress, const char *host,
                         const struct sockaddr *address)
{
    unsigned char bytes[16];
    int i;

    if (!bytes_get(bytes, address))
        return 0;
    if (is_public(egress, bytes) || blocks_have(egress->open, bytes))
        return 1;
    for (i = 0; i < egress->hosts->nelts; i++)
        if (!strcasecmp(APR_ARRAY_IDX(egress->hosts, i, const char *), host))
            return 1;
    return 0;
}

void ds_src_egress_print(char text[DS_SRC_ADDRESS_SIZE], const struct sockaddr *address)
{
    const void *bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;

    if (address->sa_family == AF_INET)
        bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    if (!inet_ntop(address->sa_family, bytes, text, DS_SRC_ADDRESS_SIZE))
        apr_cpystrn(text, "no address of the Internet", DS_SRC_ADDRESS_SIZE);
}
