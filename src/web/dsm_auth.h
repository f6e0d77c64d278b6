/* The credential check of every route of ours.
 *
 * Children only. It does not depend on `Require` lines: hooks check before the server's own rules
 * do, and the content handler runs nothing without a verdict. Sources of a token: Basic with user
 * `api`, Bearer. A protocol with credentials of its own judges them itself (dsm_api_t). */
#ifndef DSM_AUTH_H
#define DSM_AUTH_H

#include <httpd.h>

#include "dsm_route.h"

/* For the access_checker and the access_checker_ex hook: refuses a bad credential, otherwise leaves
 * the request to the server's own rules. */
int dsm_auth_access(request_rec *r);

/* check_authn hook: a request with a good token needs no other credential. */
int dsm_auth_authenticate(request_rec *r);

/* Content handler: may the endpoint run? Checks now what no hook has checked. */
int dsm_auth_is_granted(request_rec *r, dsm_request_t *request);

/* Answer a request that is not granted, once. Returns what the caller returns to httpd. */
int dsm_auth_refuse(request_rec *r, dsm_request_t *request);

/* The token of an Authorization header with the scheme Bearer, or NULL. */
const char *dsm_auth_bearer_get(const request_rec *r);

/* Register the provider of `AuthBasicProvider datasync`: the user is a sync's id, the password a
 * token of it. For pages of the server's own. */
void dsm_auth_provider_register(apr_pool_t *pool);

#endif
