/* Protocols: each is a table of routes and its own way to print answers.
 *
 * Children only, but for the names, which the configuration needs. Each protocol is a file of its
 * own in this folder; dsm_api.c lists them. */
#ifndef DSM_API_H
#define DSM_API_H

#include <httpd.h>

#include "ds_sync.h"

typedef struct dsm_api_t dsm_api_t;
typedef struct dsm_request_t dsm_request_t;

/* Take a request whose credential is good. Returns what a content handler of httpd returns. */
typedef int dsm_endpoint_cb(request_rec *r, const dsm_request_t *request);

typedef struct dsm_endpoint_t {
    apr_int64_t methods; /* bits AP_METHOD_BIT << M_...; GET stands for HEAD too */
    const char *pattern; /* a path in which {sync} and {launch} each stand for one segment */
    dsm_endpoint_cb *run;
} dsm_endpoint_t;

struct dsm_api_t {
    const char *name;
    const dsm_endpoint_t *endpoints; /* ends with a pattern of NULL */
    /* Answer with a problem (403, 404, 405, 413, 500, 503 ...) the way the protocol does. Returns
     * OK. */
    int (*problem)(request_rec *r, int status, const char *text);
};

/* The protocol of that name (any case), or NULL. */
const dsm_api_t *dsm_api_get(const char *name);

/* All names, for a sentence: "prisma" or "prisma, marketo or braze". */
const char *dsm_api_names(apr_pool_t *pool);

extern const dsm_api_t dsm_api_prisma;

#endif
