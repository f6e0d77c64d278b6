/* Arguments of directives: numbers, sizes and times.
 *
 * Parent only, while the configuration is read. Each function returns NULL, or the reason why the
 * text is not such a value, which continues "DIRECTIVE ARGUMENT: ". Results live in pool. */
#ifndef DSM_CONFIG_VALUE_H
#define DSM_CONFIG_VALUE_H

#include <apr_pools.h>
#include <apr_time.h>

/* A whole number from min to max. */
const char *dsm_config_number_read(apr_int64_t *value, const char *text, apr_int64_t min,
                                   apr_int64_t max, apr_pool_t *pool);

/* The same for an int, which stays what it was when the text is none. */
const char *dsm_config_int_read(int *value, const char *text, int min, int max, apr_pool_t *pool);

/* A number of bytes, with K, M or G behind it for KiB, MiB and GiB; from min to max bytes. */
const char *dsm_config_size_read(apr_int64_t *value, const char *text, apr_int64_t min,
                                 apr_int64_t max, apr_pool_t *pool);

/* A time: a whole number with s, min, h or d behind it, at most 100 years; or 0. */
const char *dsm_config_duration_read(apr_interval_time_t *value, const char *text,
                                     apr_pool_t *pool);

#endif
