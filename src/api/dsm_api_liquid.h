/* What the files of the protocol Liquid share: batch imports and exports of items, which are
 * launches of an object's syncs.
 *
 * Sources: the public description of batch import and export, and what its sample scripts send.
 * Children only. */
#ifndef DSM_API_LIQUID_H
#define DSM_API_LIQUID_H

#include <httpd.h>

#include "ds_fmt_doc.h"
#include "ds_job.h"
#include "ds_launch.h"
#include "dsm_api.h"
#include "dsm_route.h"

#define DSM_LIQUID_FORM_MAX (256 * 1024) /* bytes of a body without a file */

/* --- answers: dsm_api_liquid.c --- */

void dsm_liquid_text_write(ds_fmt_doc_t *doc, const char *key, const char *text);
int dsm_liquid_document_send(request_rec *r, int status, ds_fmt_doc_t *doc);

/* {"error": code, "error_description": text}, as OAuth 2.0 has it (RFC 6749 5.2). Returns OK. */
int dsm_liquid_error(request_rec *r, int status, const char *code, const char *text);

/* Read the parameters of a call (dsm_form.h). HTTP_OK, or it was answered. */
int dsm_liquid_form_read(apr_table_t **fields, request_rec *r);

/* A parameter; NULL where it is missing or what clients send for none: nothing, 0, None or null. */
const char *dsm_liquid_value_get(const apr_table_t *fields, const char *name);

/* --- what a job is to do: dsm_api_liquid_order.c --- */

typedef struct dsm_liquid_order_t {
    ds_job_t job;          /* as the client has said it */
    const ds_sync_t *sync; /* or NULL */
    const char *options;   /* of the launch; NULL: there is a fault */
    const char *fault;     /* why it is rejected, a sentence; or NULL */
} dsm_liquid_order_t;

/* Read the parameters of an import, or of an export. */
void dsm_liquid_export_read(dsm_liquid_order_t *order, request_rec *r, const dsm_request_t *request,
                            const apr_table_t *fields);
void dsm_liquid_import_read(dsm_liquid_order_t *order, request_rec *r, const dsm_request_t *request,
                            const apr_table_t *fields);

/* --- jobs: dsm_api_liquid_job.c --- */

/* Answer with the status of a job. Returns OK. */
int dsm_liquid_job_send(request_rec *r, const ds_launch_t *launch);

/* A job that is rejected. */
typedef struct dsm_liquid_rejection_t {
    const dsm_liquid_order_t *order;
    const char *client_id;
    ds_launch_t *launch; /* set when it is kept; of none where its sync is not known */
} dsm_liquid_rejection_t;

/* Keep it. */
apr_status_t dsm_liquid_job_keep(dsm_liquid_rejection_t *rejection, ds_db_t *db, apr_pool_t *pool);

/* Answer with its status. Returns OK. */
int dsm_liquid_rejection_send(request_rec *r, const dsm_liquid_rejection_t *rejection);

/* --- signed addresses of results: dsm_api_liquid_link.c --- */

/* Does the request come by one? */
int dsm_liquid_link_is_there(const request_rec *r);

/* Judge it. A request that is granted so has no client. */
dsm_verdict_e dsm_liquid_link_judge(request_rec *r, dsm_request_t *request);

/* --- endpoints --- */

dsm_endpoint_cb dsm_liquid_token; /* dsm_api_liquid_identity.c */
dsm_endpoint_cb dsm_liquid_validate;
dsm_endpoint_cb dsm_liquid_token_info;
dsm_endpoint_cb dsm_liquid_import; /* dsm_api_liquid_import.c */
dsm_endpoint_cb dsm_liquid_export; /* dsm_api_liquid_export.c */
dsm_endpoint_cb dsm_liquid_result;
dsm_endpoint_cb dsm_liquid_status; /* dsm_api_liquid_job.c */
dsm_endpoint_cb dsm_liquid_cancel;

#endif
