/* New launches: what every way to make one has in common, and launches that need no file.
 *
 * Children only. Problems are answered here, the way the request's protocol does. */
#ifndef DSM_LAUNCH_H
#define DSM_LAUNCH_H

#include <httpd.h>

#include "ds_launch.h"
#include "dsm_route.h"

/* What is asked for: a launch of the request's sync, with the limits of the configuration. */
ds_launch_request_t dsm_launch_request(const request_rec *r, const dsm_request_t *request);

/* Answer a launch that was not accepted: by DS_EDISABLED (423), DS_ELIMIT and DS_ESTATE (429 and
 * Retry-After), DS_ECONFLICT (409) or a failure of ours, for which `text` is the sentence. Returns
 * what goes to httpd. */
int dsm_launch_refuse(request_rec *r, const dsm_request_t *request, apr_status_t status,
                      const char *text, const char *cause);

/* Put a launch without a file into the queue and wake the worker: what dsm_launch_request gave, and
 * what was changed in it. *launch lives as long as the request. HTTP_OK, or it was answered. */
int dsm_launch_start(ds_launch_t **launch, request_rec *r, const dsm_request_t *request,
                     const ds_launch_request_t *wanted);

#endif
