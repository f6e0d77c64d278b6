/* Runs: the launches of one sync that have begun, rehearsals left out, as those see them who watch
 * how its flow of records goes. Children only. */
#ifndef DS_RUN_H
#define DS_RUN_H

#include "ds_launch.h"

typedef enum ds_run_outcome_e {
    DS_RUN_ANY, /* of a filter alone */
    DS_RUN_OPEN,
    DS_RUN_GOOD, /* it came to its end, and not only with bad rows */
    DS_RUN_BAD
} ds_run_outcome_e;

typedef struct ds_run_t {
    const ds_launch_t *launch;
    ds_run_outcome_e outcome;
    apr_int64_t pages; /* of a pull: those that it has taken, and the one that it takes */
} ds_run_t;

/* Which runs are wanted. */
typedef struct ds_run_filter_t {
    apr_int64_t below; /* ids below this one */
    apr_time_t from;   /* begun at this moment or later */
    apr_time_t before; /* begun before this one */
    ds_run_outcome_e outcome;
} ds_run_filter_t;

/* A filter that all runs pass. */
ds_run_filter_t ds_run_filter_make(void);

/* The newest `limit` that pass: an array of ds_run_t, the latest one first. In pool. */
apr_status_t ds_run_list(apr_array_header_t **runs, ds_db_t *db, const char *sync_id,
                         const ds_run_filter_t *filter, int limit, apr_pool_t *pool);

/* One by its UUID, of whatever sync. DS_ENOTFOUND. */
apr_status_t ds_run_find(ds_run_t *run, ds_db_t *db, const char *uuid, apr_pool_t *pool);

#endif
