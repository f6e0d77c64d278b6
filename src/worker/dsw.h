/* What every part of the worker program is given. */
#ifndef DSW_H
#define DSW_H

#include "ds_settings.h"

typedef struct dsw_t {
    apr_pool_t *pool; /* lives as long as the process */
    const ds_settings_t *settings;
    int wake_fd; /* read end of the wake pipe, or -1 */
} dsw_t;

/* A connection as this process uses it; cache_mb is 0 for SQLite's default. Tries until the
 * database answers, with growing pauses, or the process is asked to stop: then NULL. Logs each
 * trouble once. */
ds_db_t *dsw_db_open(const dsw_t *worker, int cache_mb, int create, apr_pool_t *pool);

#endif
