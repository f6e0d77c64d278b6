/* Uploads: a multipart body becomes a stored file and a queued launch.
 *
 * Children only. Memory is one chunk, whatever the size. */
#ifndef DSM_UPLOAD_H
#define DSM_UPLOAD_H

#include <httpd.h>

#include "ds_launch.h"
#include "dsm_route.h"

/* What a protocol wants of an upload, and what came of it. */
typedef struct dsm_upload_t {
    int dry_run;
    apr_int64_t file_max; /* bytes of the file; 0: the limit of the sync */
    ds_family_t family;   /* limits that count beside those of the sync */
    int is_sync_in_form;  /* the other parts tell the sync: approve sets it, in `wanted` and in the
                             request; the file is stored meanwhile */
    int keep_fields;      /* keep the other parts, 64 KiB of them at most, for approve */
    /* NULL, or called when the body is whole and nothing of it is visible yet: decides by the other
     * parts, and says how the launch differs. size is that of the part named file, -1
     * where there is none. HTTP_OK, or it was answered, and what is returned is for httpd; then
     * nothing is kept. */
    int (*approve)(ds_launch_request_t *wanted, request_rec *r, const apr_table_t *fields,
                   apr_int64_t size, ds_db_t *db);
    ds_launch_t *launch; /* what was accepted, in the request's pool */
} dsm_upload_t;

/* Read the body, store the part called `file`, and accept it as a launch of the request's sync.
 * Without a sync that the form may tell nothing is stored, and approve refuses: whoever does not
 * tell who he is learns nothing of what there is.
 * Takes an Idempotency-Key, and a body with Content-Encoding gzip where mod_deflate is loaded.
 * Returns HTTP_OK when the launch is durable and the worker was woken, or was so before for the
 * same key: the caller then answers. Otherwise the problem was answered; what is returned is for
 * httpd (OK, or AP_FILTER_ERROR when a filter answered). */
int dsm_upload_receive(request_rec *r, const dsm_request_t *request, dsm_upload_t *wanted);

#endif
