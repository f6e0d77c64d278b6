/* Uploads: a multipart body becomes a stored file and a queued launch.
 *
 * Children only. Memory is one chunk, whatever the size. */
#ifndef DSM_UPLOAD_H
#define DSM_UPLOAD_H

#include <httpd.h>

#include "dsm_route.h"

/* Read the body, store the part called `file`, and accept it as a launch of the request's sync, a
 * dry run if wanted. Takes an Idempotency-Key, and a body with Content-Encoding gzip where
 * mod_deflate is loaded. Returns HTTP_OK when the launch is durable and the worker was woken, or
 * was so before for the same key: the caller then answers. Otherwise the problem was answered; what
 * is returned is for httpd (OK, or AP_FILTER_ERROR when a filter answered). */
int dsm_upload_receive(request_rec *r, const dsm_request_t *request, int dry_run);

#endif
