/* The definitions as a process that lives long needs them: what the database has now. */
#ifndef DSW_DEFINITIONS_H
#define DSW_DEFINITIONS_H

#include "ds_def.h"

typedef struct dsw_definitions_t {
    ds_def_t *def;    /* NULL: nobody has defined anything yet */
    apr_pool_t *pool; /* lives as long as def: what follows from it may live here too */
    char hash[DS_SHA256_HEX_SIZE];
} dsw_definitions_t;

/* None yet. Its memory is below `pool`. */
dsw_definitions_t *dsw_definitions_make(apr_pool_t *pool);

/* Definitions that changed take the place of the old ones, with their memory: *changed.
 * DS_ENOTFOUND: there are none. */
apr_status_t dsw_definitions_refresh(int *changed, dsw_definitions_t *definitions, ds_db_t *db);

#endif
