/* Protocols: each is a table of routes and its own way to print answers.
 *
 * Children only, but for the names, which the configuration needs. Each protocol is a file of its
 * own in this folder; dsm_api.c lists them. */
#ifndef DSM_API_H
#define DSM_API_H

#include <httpd.h>

#include "ds_def.h"

typedef struct dsm_api_t dsm_api_t;
typedef struct dsm_request_t dsm_request_t;

/* Take a request whose credential is good. Returns what a content handler of httpd returns. */
typedef int dsm_endpoint_cb(request_rec *r, const dsm_request_t *request);

/* The credential may stand in the body: the endpoint asks for it. */
#define DSM_BODY_CREDENTIAL (APR_INT64_C(1) << 62)

typedef struct dsm_endpoint_t {
    apr_int64_t methods; /* bits AP_METHOD_BIT << M_...; GET stands for HEAD too; and
                            DSM_BODY_CREDENTIAL */
    const char *pattern; /* a path in which {sync}, {object}, {launch}, {integration} and {spec}
                            each stand for one segment, or for its beginning; {rest} at the end for
                            any rest */
    dsm_endpoint_cb *run;
} dsm_endpoint_t;

/* What is known about a credential (dsm_auth). */
typedef enum dsm_verdict_e {
    DSM_VERDICT_OPEN, /* nobody has looked yet */
    DSM_VERDICT_GRANTED,
    DSM_VERDICT_SERVER, /* Auth httpd: the server's own Require lines are deciding */
    DSM_VERDICT_BODY,   /* the endpoint decides when it has read the body */
    DSM_VERDICT_REFUSED,
    DSM_VERDICT_AWAY /* the database cannot say */
} dsm_verdict_e;

struct dsm_api_t {
    const char *name;
    const dsm_endpoint_t *endpoints; /* ends with a pattern of NULL */
    /* Answer with a problem (400 a body that is none, 403, 404, 405, 409, 413, 415, 423 a sync that
     * is disabled, 429 a queue that is full, 500, 503) the way the protocol does. Returns OK. */
    int (*problem)(request_rec *r, int status, const char *text);

    /* The rest may be NULL: then a path names a sync, and the credential is a token of it. */

    /* The method that a request means, where it is not the one that it has. */
    int (*method)(const request_rec *r);
    /* The path as the endpoints spell it. */
    const char *(*path)(const char *path);
    /* Find what the path names. */
    void (*find)(request_rec *r, dsm_request_t *request);
    /* Judge the credential. */
    dsm_verdict_e (*judge)(request_rec *r, dsm_request_t *request);
    /* Before an endpoint runs: is there something against it beside the credential? HTTP_OK, or it
     * was answered. */
    int (*admit)(request_rec *r, const dsm_request_t *request);
    /* Parent, in post_config, where the protocol is used: make in pconf what children need of the
     * definitions, which may be NULL. */
    void (*prepare)(const ds_def_t *def, apr_pool_t *pconf, apr_pool_t *ptemp);
};

/* The protocol of that name (any case), or NULL. */
const dsm_api_t *dsm_api_get(const char *name);

/* All names, for a sentence: "prisma" or "prisma, marketo or braze". */
const char *dsm_api_names(apr_pool_t *pool);

extern const dsm_api_t dsm_api_prisma;
extern const dsm_api_t dsm_api_marketo;
extern const dsm_api_t dsm_api_braze;
extern const dsm_api_t dsm_api_liquid;
extern const dsm_api_t dsm_api_adobe;

#endif
