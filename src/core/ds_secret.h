/* Values that are kept outside of the configuration that names them, because they are secret.
 *
 * For httpd's parent and the worker, while they read their configuration. Results live in pool. */
#ifndef DS_SECRET_H
#define DS_SECRET_H

#include <apr_pools.h>

/* The value behind a text: `file:/path` is the first line of that file, `env:NAME` the variable of
 * the environment, `exec:/program ARGUMENT...` the first line that the program prints within ten
 * seconds (no shell), anything else stands for itself. NULL, or the reason why there is none, which
 * never shows the value. */
const char *ds_secret_read(const char **value, const char *text, apr_pool_t *pool);

/* Is it one of the forms that keep the value out of the configuration? */
int ds_secret_is_kept(const char *text);

/* Is there a password among these parameters of a database? */
int ds_secret_is_in(const char *params);

#endif
