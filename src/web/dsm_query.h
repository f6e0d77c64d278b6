/* What all protocols read alike of a request: parameters of its address, headers, small bodies.
 *
 * Children only. */
#ifndef DSM_QUERY_H
#define DSM_QUERY_H

#include <httpd.h>

#include <apr_tables.h>

/* A parameter that is `on` or `off`; off where it is missing. Returns 0 for any other value. */
int dsm_query_switch_read(int *value, request_rec *r, const char *name, const char *on,
                          const char *off);

/* The Idempotency-Key header, NULL where it is missing. Returns 0 when it is no key: 1 to 255
 * visible ASCII characters. */
int dsm_query_key_read(const char **key, const request_rec *r);

/* Add the parameters of a query, or of a form (application/x-www-form-urlencoded), to a table; text
 * may be NULL. One that cannot be decoded is left out. */
void dsm_query_parameters_add(apr_table_t *parameters, const char *text, apr_pool_t *pool);

/* Is the type of the request's body this one, whatever its parameters are? */
int dsm_query_type_is(const request_rec *r, const char *type);

/* Read a whole body of at most `most` bytes, with a NUL behind it, into the request's pool.
 * HTTP_OK, or the status that tells why not; AP_FILTER_ERROR: it was answered. */
int dsm_query_body_read(const char **body, apr_size_t *size, request_rec *r, apr_size_t most);

#endif
