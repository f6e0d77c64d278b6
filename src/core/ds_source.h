/* Where a sync of kind pull gets its records from, as the configuration says it.
 *
 * The source spec travels as its text, so that httpd, the tools and the worker read it by the same
 * rules (src/source/ds_src_spec.h). Secrets are never here: only where they stand, as ds_secret.h
 * reads it, and the worker alone reads them. */
#ifndef DS_SOURCE_H
#define DS_SOURCE_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "ds_problem.h"

struct json_t;

#define DS_SOURCE_SPEC_MAX (1024 * 1024) /* bytes of a source spec */

typedef enum ds_source_auth_e {
    DS_SOURCE_OPEN,          /* no credential */
    DS_SOURCE_BASIC,         /* user and secret */
    DS_SOURCE_BEARER,        /* secret */
    DS_SOURCE_HEADER,        /* a header whose value is the secret */
    DS_SOURCE_OAUTH2_CLIENT, /* client credentials (RFC 6749, 4.4): client and secret */
    DS_SOURCE_OAUTH2_REFRESH /* a refresh token (RFC 6749, 6) besides */
} ds_source_auth_e;

/* What the kind does not need is NULL. */
typedef struct ds_source_auth_t {
    ds_source_auth_e kind;
    const char *user;
    const char *header;    /* the name of the header */
    const char *secret;    /* where the secret stands: file:, env: or exec: */
    const char *refresh;   /* likewise the first refresh token */
    const char *client;    /* the client's id */
    const char *token_url; /* https://... */
    const char *scope;     /* or NULL */
    int in_body;           /* client and secret go into the body; 0: as Basic credentials */
} ds_source_auth_t;

typedef struct ds_source_param_t {
    const char *name;
    const char *value;
} ds_source_param_t;

/* Map FIELD PATH: the path is read on the wrapped record. */
typedef struct ds_source_map_t {
    const char *field;
    const char *path;
} ds_source_map_t;

typedef struct ds_source_t {
    const char *spec; /* the text of the source spec */
    const char *host; /* counts before the one of the spec: http(s)://host[:port]; or NULL */
    apr_array_header_t *params; /* of ds_source_param_t: the user parameters */
    ds_source_auth_t auth;
    apr_array_header_t *maps;      /* of ds_source_map_t; fields without one are found by name */
    apr_time_t backfill_from;      /* where the first window begins; 0: has no beginning */
    apr_interval_time_t look_back; /* how far a window reaches back into the one before */
    int backfill; /* of a launch alone (ds_options.h): the window is like the first one */
} ds_source_t;

/* What pulls may reach although it is private or special, or not encrypted; and whom they trust. */
typedef struct ds_egress_t {
    apr_array_header_t *allow; /* of const char *: a host's name, an address, or ADDRESS/BITS */
    int http;                  /* http:// is allowed too */
    const char *ca; /* the file (PEM) of authorities beside the system's; NULL: there are none */
} ds_egress_t;

/* A source without anything, in pool. */
ds_source_t *ds_source_make(apr_pool_t *pool);

/* The value of a user parameter, or NULL. Names are compared with case. */
const char *ds_source_param_get(const apr_array_header_t *params, const char *name);

const char *ds_source_auth_name(ds_source_auth_e kind);
int ds_source_auth_find(ds_source_auth_e *kind, const char *name);

/* For the definitions (ds_def_json.c): as JSON, and back with every rule checked again. */
struct json_t *ds_source_to_json(const ds_source_t *source);
ds_problem_t *ds_source_from_json(ds_source_t **source, struct json_t *json, apr_pool_t *pool);
/* NULL: it allows nothing. */
struct json_t *ds_egress_to_json(const ds_egress_t *egress);
ds_problem_t *ds_egress_from_json(ds_egress_t *egress, struct json_t *json, apr_pool_t *pool);

#endif
