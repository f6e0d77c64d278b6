/* Forms: small bodies whose parameters come as application/x-www-form-urlencoded or as parts of
 * multipart/form-data.
 *
 * Children only. Bodies with a file that is kept are uploads (dsm_upload.h). */
#ifndef DSM_FORM_H
#define DSM_FORM_H

#include <httpd.h>

#include <apr_tables.h>

/* Read the parameters of the address and of a body of at most `most` bytes, in the request's pool.
 * Of a body of another type nothing is taken. HTTP_OK, or the status that tells why not;
 * AP_FILTER_ERROR: it was answered. */
int dsm_form_read(apr_table_t **fields, request_rec *r, apr_size_t most);

#endif
