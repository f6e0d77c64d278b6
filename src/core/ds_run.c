#include "ds_run.h"

#include <string.h>

#include "ds_launch_read.h"

/* As sql/launch.sql says them, by ds_run_outcome_e. */
static const char *const outcome_names[] = {"", "open", "good", "bad"};

#define OUTCOMES ((int)(sizeof(outcome_names) / sizeof(*outcome_names)))

ds_run_filter_t ds_run_filter_make(void)
{
    return (ds_run_filter_t){.below = APR_INT64_MAX, .before = APR_INT64_MAX};
}

static ds_run_t run_read(ds_db_rows_t *rows, apr_pool_t *pool)
{
    ds_run_t run = {.launch = ds_launch_read(rows, pool)};
    const char *outcome = ds_db_rows_text(rows, DS_LAUNCH_COLUMNS + 1);
    int i;

    run.pages = ds_db_rows_int(rows, DS_LAUNCH_COLUMNS);
    for (i = 0; i < OUTCOMES; i++)
        if (!strcmp(outcome_names[i], outcome))
            run.outcome = (ds_run_outcome_e)i;
    return run;
}

apr_status_t ds_run_list(apr_array_header_t **runs, ds_db_t *db, const char *sync_id,
                         const ds_run_filter_t *filter, int limit, apr_pool_t *pool)
{
    const char *outcome = outcome_names[filter->outcome];
    ds_db_rows_t *rows;
    apr_status_t status = ds_db_select(&rows, db, STMT_RUN_LIST,
                                       DS_ARGS(DS_TEXT(sync_id), DS_INT(filter->below),
                                               DS_INT(filter->from), DS_INT(filter->before),
                                               DS_TEXT(outcome), DS_TEXT(outcome), DS_INT(limit)),
                                       pool);

    *runs = apr_array_make(pool, limit, sizeof(ds_run_t));
    while (status == APR_SUCCESS && ds_db_rows_next(rows))
        APR_ARRAY_PUSH(*runs, ds_run_t) = run_read(rows, pool);
    return status;
}

apr_status_t ds_run_find(ds_run_t *run, ds_db_t *db, const char *uuid, apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status = ds_db_select(&rows, db, STMT_RUN_FIND, DS_ARGS(DS_TEXT(uuid)), pool);

    if (status != APR_SUCCESS)
        return status;
    if (!ds_db_rows_next(rows))
        return DS_ENOTFOUND;
    *run = run_read(rows, pool);
    return APR_SUCCESS;
}
