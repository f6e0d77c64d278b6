/* Signed addresses of results: whoever has one may fetch the file of one launch, for some time.
 *
 * The signature is an HMAC-SHA-256 under a key that is made with the first definitions and kept in
 * the database, where the files are too: all nodes share it. */
#ifndef DS_LINK_H
#define DS_LINK_H

#include <apr_time.h>

#include "ds_db.h"

/* Inside a transaction: make the key, unless there is one. */
apr_status_t ds_link_key_create(ds_db_t *db, apr_time_t now);

/* What stands behind the question mark of an address for the launch with this UUID, good until then
 * (by the second). In pool. DS_ENOTFOUND: no worker has made the key yet. */
apr_status_t ds_link_query(const char **query, ds_db_t *db, const char *uuid, apr_time_t until,
                           apr_pool_t *pool);

/* May the file of this launch be fetched with these two parameters? DS_EDENIED: they are not ours,
 * or for another launch; *expired: they were good once. */
apr_status_t ds_link_check(int *expired, ds_db_t *db, const char *uuid, const char *expires,
                           const char *signature, apr_pool_t *pool);

#endif
