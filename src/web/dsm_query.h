/* The parameters of a request's address, and headers that all protocols read alike.
 *
 * Children only. */
#ifndef DSM_QUERY_H
#define DSM_QUERY_H

#include <httpd.h>

/* A parameter that is `on` or `off`; off where it is missing. Returns 0 for any other value. */
int dsm_query_switch_read(int *value, request_rec *r, const char *name, const char *on,
                          const char *off);

/* The Idempotency-Key header, NULL where it is missing. Returns 0 when it is no key: 1 to 255
 * visible ASCII characters. */
int dsm_query_key_read(const char **key, const request_rec *r);

#endif
