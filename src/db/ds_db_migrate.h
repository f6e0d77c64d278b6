/* The schema: numbered steps, one way, under a lock. */
#ifndef DS_DB_MIGRATE_H
#define DS_DB_MIGRATE_H

#include "ds_db.h"

/* Bring the schema up to the newest version this program knows, step by step, each in a
 * transaction. Many processes may call it at once. DS_ESCHEMA when the database is newer than the
 * program. */
ds_problem_t *ds_db_migrate(ds_db_t *db, apr_pool_t *pool);

/* The version that the database has (0: none) and the newest that this program knows. */
apr_status_t ds_db_schema_version(int *found, int *newest, ds_db_t *db, apr_pool_t *pool);

#endif
