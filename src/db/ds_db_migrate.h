/* The schema: numbered steps, one way, under a lock. */
#ifndef DS_DB_MIGRATE_H
#define DS_DB_MIGRATE_H

#include "ds_db.h"

typedef struct ds_db_schema_t {
    int version; /* of the database; 0: it has none */
    int newest;  /* that this program knows */
    int oldest;  /* programs that know this version may work with the database */
} ds_db_schema_t;

/* Bring the schema up to the newest version this program knows, step by step, each in a
 * transaction. Many processes may call it at once. A newer schema stays as it is: DS_ESCHEMA when
 * it admits newer programs only. */
ds_problem_t *ds_db_migrate(ds_db_t *db, apr_pool_t *pool);

/* The same up to version `last` and no further, as an earlier program would: for tests. */
ds_problem_t *ds_db_migrate_to(ds_db_t *db, int last, apr_pool_t *pool);

apr_status_t ds_db_schema_get(ds_db_schema_t *schema, ds_db_t *db, apr_pool_t *pool);

/* May this program work with the schema? NULL, or DS_EBUSY when it is too old, DS_ESCHEMA when it
 * is too new. */
ds_problem_t *ds_db_schema_check(const ds_db_schema_t *schema, apr_pool_t *pool);

/* The same inside a transaction of a connection that may be older than the schema: DS_ESCHEMA. */
apr_status_t ds_db_schema_admit(ds_db_t *db, apr_pool_t *scratch);

#endif
