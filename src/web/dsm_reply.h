/* Answers: what every protocol sends the same way.
 *
 * Children only. All answers are not to be stored and not to be sniffed. */
#ifndef DSM_REPLY_H
#define DSM_REPLY_H

#include <httpd.h>

#include "dsm_api.h"

/* The connection is closed rather than a larger unread body read (after a refusal). */
#define DSM_REPLY_UNREAD_MAX (64 * 1024)

/* Headers of every answer. */
void dsm_reply_headers_set(request_rec *r);

/* Before the answer to a request whose body need not be read: httpd would send it only after all of
 * the body came. A large body is not waited for, the connection closes. */
void dsm_reply_body_drop(request_rec *r);

/* Send a whole body; errors drop what the client still sends. Returns OK, what a content handler
 * returns. */
int dsm_reply_body(request_rec *r, int status, const char *content_type, const char *body,
                   apr_size_t size);

/* One line of text/plain. 503 gets a Retry-After. */
int dsm_reply_text(request_rec *r, int status, const char *text);

/* What a line of the log is about: "sync ID", or "protocol NAME" where there is no sync. In pool.
 */
const char *dsm_reply_subject(const dsm_request_t *request, apr_pool_t *pool);

/* A failure of ours, by its status: 503 for what may pass by itself, else 500 with `text` for the
 * client; The cause (NULL: none is known) goes to the error log only. */
int dsm_reply_failure(request_rec *r, const dsm_request_t *request, apr_status_t status,
                      const char *text, const char *cause);

#endif
