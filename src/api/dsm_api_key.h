/* Keys: Bearer tokens with scopes, for protocols that say by name what a key may do.
 *
 * Children only. */
#ifndef DSM_API_KEY_H
#define DSM_API_KEY_H

#include "dsm_api.h"
#include "dsm_route.h"

/* Judge the Bearer token of a request: granted sets the request's key and user. What is against it
 * is logged. */
dsm_verdict_e dsm_api_key_judge(request_rec *r, dsm_request_t *request);

/* May the request's key do this? A refusal is logged, not answered. */
int dsm_api_key_has_scope(request_rec *r, const dsm_request_t *request, ds_scope_e scope);

#endif
