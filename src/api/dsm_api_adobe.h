/* What the files of the protocol Adobe share. Children only. */
#ifndef DSM_API_ADOBE_H
#define DSM_API_ADOBE_H

#include <apr_tables.h>
#include <jansson.h>

#include "ds_connection_spec.h"
#include "ds_fmt_doc.h"
#include "dsm_api.h"
#include "dsm_route.h"

/* What the paths begin with; the references in answers are relative to it. */
#define DSM_ADOBE_BASE "/data/foundation/flowservice"

#define DSM_ADOBE_PAGE_MAX 100 /* entries of one page */

/* --- dsm_api_adobe.c --- */

void dsm_adobe_text_write(ds_fmt_doc_t *doc, const char *key, const char *text);

/* Send JSON. */
int dsm_adobe_body_send(request_rec *r, int status, const char *body, apr_size_t size);

/* An error with one sentence. Returns OK. */
int dsm_adobe_error(request_rec *r, int status, const char *detail);

/* The same with several: of const char *, or NULL. */
int dsm_adobe_errors_send(request_rec *r, int status, const char *detail,
                          const apr_array_header_t *errors);

/* Is the request's key for all syncs? Only such a one sees what belongs to none of them. */
int dsm_adobe_has_all(const dsm_request_t *request);

/* May the request's key see this sync? Only pulls are flows; another key's looks like one that does
 * not exist. */
int dsm_adobe_has_flow(const dsm_request_t *request, const ds_sync_t *sync);

/* --- dsm_api_adobe_list.c: the parameters of lists --- */

/* property=PATH OP VALUE */
typedef struct dsm_adobe_property_t {
    const char *path;
    const char *op; /* one of == != >= <= > < */
    const char *value;
} dsm_adobe_property_t;

typedef struct dsm_adobe_list_t {
    int limit;                      /* entries of a page */
    apr_int64_t at;                 /* what the token of the page tells; 0: it is the first page */
    apr_array_header_t *properties; /* of dsm_adobe_property_t: all of them must hold */
    const apr_table_t *parameters;  /* what a token keeps */
} dsm_adobe_list_t;

/* Read the parameters of the request, or those that its continuationToken has: then they alone
 * count. Without a limit it is `usual`. False when it was answered. */
int dsm_adobe_list_read(int *answer, dsm_adobe_list_t *list, request_rec *r, int usual);

/* Answer a property that the list cannot be filtered by. */
int dsm_adobe_property_refuse(request_rec *r, const dsm_adobe_property_t *property,
                              const char *known);

/* Where the next page begins, a reference relative to DSM_ADOBE_BASE. */
const char *dsm_adobe_next_make(const dsm_adobe_list_t *list, const char *path, apr_int64_t at,
                                apr_pool_t *pool);

/* --- dsm_api_adobe_specs.c --- */

#define DSM_ADOBE_SPEC_TYPE "generic-rest" /* the one that there is */

/* The id of the connection spec of a pull. */
apr_status_t dsm_adobe_spec_id(char uuid[DS_UUID_SIZE], const ds_sync_t *sync, apr_pool_t *scratch);

/* Parent: read what is shown of the pulls of the configuration, for the children. */
void dsm_adobe_specs_prepare(const ds_def_t *def, apr_pool_t *pconf, apr_pool_t *ptemp);

/* Is it the connection spec of a pull of the configuration that the key may see? */
int dsm_adobe_spec_is_configured(const dsm_request_t *request, const char *id);

/* One that a client has sent, as it is shown: a new reference. */
json_t *dsm_adobe_spec_make(const ds_connection_spec_t *kept, apr_pool_t *scratch);

/* Its version, in quotes. */
const char *dsm_adobe_spec_etag(const ds_connection_spec_t *kept, apr_pool_t *pool);

/* Answer that there is none. */
int dsm_adobe_spec_missing(request_rec *r);

/* Endpoints. */
dsm_endpoint_cb dsm_adobe_runs;
dsm_endpoint_cb dsm_adobe_run;
dsm_endpoint_cb dsm_adobe_specs;
dsm_endpoint_cb dsm_adobe_spec;
dsm_endpoint_cb dsm_adobe_spec_create;
dsm_endpoint_cb dsm_adobe_spec_change;

#endif
