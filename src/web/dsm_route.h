/* Which request is ours: protocol, endpoint and sync, found from the path before anything else
 * looks.
 *
 * Children only. A dsm_request_t lives as long as its request. */
#ifndef DSM_ROUTE_H
#define DSM_ROUTE_H

#include <httpd.h>

#include "ds_grant.h"
#include "ds_look.h"
#include "dsm_api.h"

struct dsm_request_t {
    const dsm_api_t *api;
    const dsm_endpoint_t *endpoint; /* NULL: the path is known, the method is not allowed */
    const ds_sync_t *sync;          /* NULL: there is no such sync */
    const ds_object_t *object;      /* for protocols that name objects; or NULL */
    const char *object_name;        /* the {object} segment, or NULL */
    const char *launch;             /* the {launch} segment, or NULL */
    const char *integration;        /* the {integration} segment, or NULL */
    const char *spec;               /* the {spec} segment, or NULL */
    const ds_client_t *client;      /* who has asked, for protocols with clients; or NULL */
    const ds_grant_t *grant;        /* the same, where a user may stand behind the client */
    const ds_token_t *key;          /* the same for protocols with keys */
    const char *refusal;            /* the protocol's own word for why not, or NULL */
    apr_int64_t methods;            /* what the path allows */
    dsm_verdict_e verdict;
    const ds_overview_t *overview; /* of the sync, when it came with the token; or NULL */
    int is_answered;               /* the refusal was sent */
};

/* The handler's name. */
#define DSM_HANDLER "datasync"

/* What map_to_storage found for this request, or NULL. */
dsm_request_t *dsm_route_get(const request_rec *r);

/* Hooks. map_to_storage claims the request, so that no directory is walked and no .htaccess is
 * read; type_checker keeps others from choosing handler and encoding by the path's ending; fixups
 * takes the request back from a SetHandler. */
int dsm_route_claim(request_rec *r);
int dsm_route_type(request_rec *r);
int dsm_route_keep(request_rec *r);

/* The content handler: runs the endpoint when the credential is good. */
int dsm_route_run(request_rec *r);

#endif
