/* Connection specs that clients have sent: documents around a source spec, kept until somebody
 * removes them. They run nothing: an administrator who wants to use one puts it into a file, and
 * names that in the configuration.
 *
 * Children and tools. Everything read lives in the pool. */
#ifndef DS_CONNECTION_SPEC_H
#define DS_CONNECTION_SPEC_H

#include <apr_tables.h>

#include "ds_db.h"
#include "ds_digest.h"

#define DS_CONNECTION_SPECS_MAX 100              /* so many are kept */
#define DS_CONNECTION_SPEC_BODY_MAX (256 * 1024) /* bytes of one */
#define DS_CONNECTION_SPEC_NAME_MAX 255          /* bytes of its name */

typedef struct ds_connection_spec_t {
    const char *id; /* a UUID */
    const char *name;
    const char *body;    /* JSON; NULL in a list */
    apr_int64_t version; /* 1, and one more with each change */
    apr_time_t created_at;
    const char *created_by; /* the name of the key, or its id */
    apr_time_t updated_at;
    const char *updated_by;
} ds_connection_spec_t;

/* Keep a new one. DS_ELIMIT: there are DS_CONNECTION_SPECS_MAX. */
apr_status_t ds_connection_spec_create(ds_connection_spec_t **spec, ds_db_t *db, const char *name,
                                       const char *body, const char *by, apr_pool_t *pool);

/* All, the oldest first, without their bodies: an array of ds_connection_spec_t *. */
apr_status_t ds_connection_spec_list(apr_array_header_t **specs, ds_db_t *db, apr_pool_t *pool);

/* One by its id. DS_ENOTFOUND. */
apr_status_t ds_connection_spec_get(ds_connection_spec_t **spec, ds_db_t *db, const char *id,
                                    apr_pool_t *pool);

/* Put another name and body into one that was read, which then is as it is kept. DS_ECONFLICT:
 * somebody has changed or removed it since. */
apr_status_t ds_connection_spec_change(ds_connection_spec_t *spec, ds_db_t *db, const char *name,
                                       const char *body, const char *by);

/* DS_ENOTFOUND. */
apr_status_t ds_connection_spec_remove(ds_db_t *db, const char *id);

#endif
