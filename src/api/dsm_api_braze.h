/* What the files of the protocol Braze share. Children only. */
#ifndef DSM_API_BRAZE_H
#define DSM_API_BRAZE_H

#include "ds_fmt_doc.h"
#include "dsm_api.h"
#include "dsm_route.h"

#define DSM_BRAZE_BAD_INTEGRATION "Invalid integration ID"

/* dsm_api_braze.c: answers. */
void dsm_braze_text_write(ds_fmt_doc_t *doc, const char *key, const char *text);
int dsm_braze_document_send(request_rec *r, int status, ds_fmt_doc_t *doc);

/* {"message": text}, with headers of a limit where the call has none yet. */
int dsm_braze_message_send(request_rec *r, int status, const char *text);

/* dsm_api_braze_lists.c: is there such an integration for the key that asks? Another key's looks
 * like one that does not exist. */
int dsm_braze_has_integration(const dsm_request_t *request);

/* Endpoints. */
dsm_endpoint_cb dsm_braze_list;
dsm_endpoint_cb dsm_braze_status;

#endif
