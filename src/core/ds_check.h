/* The integrity of the database: what must always hold, after every fault. */
#ifndef DS_CHECK_H
#define DS_CHECK_H

#include <apr_tables.h>

#include "ds_db.h"

/* Run every integrity query of sql/check.sql. *faults is an array of const char *, a sentence for
 * each violation, empty when all is well. Reads every chunk's length: for tools and tests. */
apr_status_t ds_check_run(apr_array_header_t **faults, ds_db_t *db, apr_pool_t *pool);

#endif
