/* One HTTP request, under rules that no answer can bend: where it may lead (ds_src_egress.h), how
 * long it lasts, how much comes back.
 *
 * By libcurl; worker and tools only. Neither the environment nor a .netrc counts: there is no
 * proxy. A client belongs to one process and keeps its connections open between requests. */
#ifndef DS_SRC_HTTP_H
#define DS_SRC_HTTP_H

#include <apr_tables.h>
#include <apr_time.h>

#include "ds_src_egress.h"

typedef struct ds_src_http_t ds_src_http_t;

typedef struct ds_src_http_rules_t {
    const ds_src_egress_t *egress;
    int plain;                   /* http:// may be asked too */
    const char *ca;              /* a file (PEM) of more authorities to trust; NULL: none */
    const char *system_ca;       /* that of the system's; NULL: libcurl finds them */
    int redirects;               /* so many are followed; 0: a redirect is an answer */
    apr_size_t header_bytes;     /* of all header lines of an answer */
    apr_int64_t body_bytes;      /* after decompression */
    apr_interval_time_t connect; /* until there is a connection */
    apr_interval_time_t total;   /* until the answer has ended, with its redirects */
    apr_interval_time_t silence; /* slower than 100 bytes a second for so long ends it */
} ds_src_http_rules_t;

typedef struct ds_src_http_header_t {
    const char *name;
    const char *value;
} ds_src_http_header_t;

typedef struct ds_src_http_request_t {
    const char *method;                /* GET or POST */
    const char *url;                   /* http or https */
    const apr_array_header_t *headers; /* of ds_src_http_header_t, or NULL */
    const char *body;                  /* of a POST, or NULL */
    apr_size_t body_size;

    /* Takes the body of an answer of 2xx, piece by piece; NULL: it is not wanted. Its failure ends
     * the request. */
    apr_status_t (*write)(void *baton, const char *data, apr_size_t size);
    /* Asked about once a second; a status that is not APR_SUCCESS ends the request. Or NULL. */
    apr_status_t (*watch)(void *baton);
    void *baton;
} ds_src_http_request_t;

#define DS_SRC_EXCERPT 400

typedef struct ds_src_http_answer_t {
    int status;                       /* 200 and so on; 0: there was no answer */
    const char *url;                  /* who answered, after redirects */
    apr_array_header_t *headers;      /* of ds_src_http_header_t, as they came */
    apr_int64_t size;                 /* bytes of the body, after decompression */
    char excerpt[DS_SRC_EXCERPT + 1]; /* its first bytes, what cannot be printed as "." */
} ds_src_http_answer_t;

/* The usual rules: https only, three redirects, 64 KiB of headers, 256 MiB of body, 10 s to
 * connect, five minutes in all, 30 s of silence. */
ds_src_http_rules_t ds_src_http_rules(const ds_src_egress_t *egress);

/* A client; NULL when libcurl cannot be used. Freed with pool. */
ds_src_http_t *ds_src_http_make(const ds_src_http_rules_t *rules, apr_pool_t *pool);

/* Send a request and take its answer, whatever its status. NULL when there is a whole answer. Else
 * a problem, whose text shows neither headers nor secrets of the query:
 *   DS_EREMOTE  no connection, no whole answer, not in time: may be tried again
 *   DS_EDENIED  the address, the scheme, or a certificate is refused
 *   DS_ELIMIT   the answer is larger than the rules allow, or write has failed (whatever is
 *               wrong with the disk, the database is not to blame), or there are too many redirects
 *   DS_EINPUT   the URL or a header cannot be sent
 *   or what watch returned.
 * *answer is never NULL, and lives in pool. Of a redirect that leads to another origin (scheme,
 * host, port) only Accept, Accept-Language and Content-Type go with the request, and no body; from
 * https to http none is followed. */
ds_problem_t *ds_src_http_send(ds_src_http_answer_t **answer, ds_src_http_t *http,
                               const ds_src_http_request_t *request, apr_pool_t *pool);

/* The first header of that name, any case; NULL: there is none. */
const char *ds_src_http_header_get(const ds_src_http_answer_t *answer, const char *name);

#endif
