#include "ds_pull.h"

#include <apr_strings.h>

apr_status_t ds_pull_get(ds_pull_t *pull, ds_db_t *db, const char *sync_id, apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status = ds_db_select(&rows, db, STMT_PULL_GET, DS_ARGS(DS_TEXT(sync_id)), pool);

    *pull = (ds_pull_t){0};
    if (status != APR_SUCCESS || !ds_db_rows_next(rows))
        return status;
    pull->watermark = ds_db_rows_int(rows, 0);
    pull->launch_id = ds_db_rows_int(rows, 1);
    pull->window_start = ds_db_rows_int(rows, 2);
    pull->window_end = ds_db_rows_int(rows, 3);
    pull->window_first = (int)ds_db_rows_int(rows, 4);
    pull->page = ds_db_rows_text(rows, 5);
    return APR_SUCCESS;
}

apr_status_t ds_pull_page_set(ds_db_t *db, const char *sync_id, const ds_pull_t *pull)
{
    return ds_db_query(db, NULL, STMT_PULL_PAGE_SET,
                       DS_ARGS(DS_TEXT(sync_id), DS_INT(pull->launch_id),
                               DS_INT_OR_NULL(pull->window_start), DS_INT(pull->window_end),
                               DS_INT(pull->window_first), DS_TEXT(pull->page)));
}

apr_status_t ds_pull_finish(ds_db_t *db, const char *sync_id, const ds_pull_t *pull)
{
    return ds_db_query(
        db, NULL, STMT_PULL_FINISH,
        DS_ARGS(DS_TEXT(sync_id), DS_INT(pull->window_end), DS_INT(pull->launch_id)));
}

/* Whoever waits for the requests of so many others stays in the row: one who came back for it later
 * would find the others before it again. */
#define TURNS_MAX 10

static apr_status_t host_look(apr_interval_time_t *wait, ds_db_t *db, const char *host,
                              apr_pool_t *scratch)
{
    apr_time_t now, free_at;
    ds_db_rows_t *rows;
    apr_status_t status =
        ds_db_select(&rows, db, STMT_PULL_HOST_GET, DS_ARGS(DS_TEXT(host)), scratch);

    if (status != APR_SUCCESS || !ds_db_rows_next(rows))
        return status;
    free_at = ds_db_rows_int(rows, 0);
    status = ds_db_now(&now, db);
    if (status == APR_SUCCESS && free_at > now)
        *wait = free_at - now;
    return status;
}

/* Inside a transaction. */
static apr_status_t host_claim(apr_interval_time_t *wait, ds_db_t *db, const char *host,
                               apr_interval_time_t gap, apr_pool_t *scratch)
{
    apr_time_t now;
    ds_db_rows_t *rows;
    apr_status_t status = ds_db_now(&now, db);

    if (status == APR_SUCCESS)
        status = ds_db_select(
            &rows, db, STMT_PULL_HOST_TAKE,
            DS_ARGS(DS_TEXT(host), DS_INT(now + gap), DS_INT(now), DS_INT(now), DS_INT(gap)),
            scratch);
    if (status == APR_SUCCESS && ds_db_rows_next(rows))
        *wait = ds_db_rows_int(rows, 0) - gap - now;
    return status;
}

static int moment_is_near(apr_interval_time_t wait, apr_interval_time_t gap,
                          apr_interval_time_t patience)
{
    return wait <= patience || wait <= TURNS_MAX * gap;
}

apr_status_t ds_pull_host_take(int *taken, apr_interval_time_t *wait, ds_db_t *db, const char *host,
                               apr_interval_time_t gap, apr_interval_time_t patience,
                               apr_pool_t *scratch)
{
    apr_status_t status;

    *wait = 0;
    status = host_look(wait, db, host, scratch);
    *taken = status == APR_SUCCESS && moment_is_near(*wait, gap, patience);
    if (!gap || !*taken)
        return status;
    ds_db_lazy_set(db); /* a moment that is lost is taken again */
    status = ds_db_begin(db);
    if (status != APR_SUCCESS)
        return status;
    status = host_claim(wait, db, host, gap, scratch);
    /* since the look the host may have asked for a pause, or others may have come before us */
    *taken = status == APR_SUCCESS && moment_is_near(*wait, gap, patience);
    if (*taken)
        return ds_db_commit(db);
    ds_db_rollback(db);
    return status;
}

apr_status_t ds_pull_host_block(ds_db_t *db, const char *host, apr_interval_time_t pause)
{
    apr_time_t now;
    apr_status_t status = ds_db_now(&now, db);

    if (status != APR_SUCCESS)
        return status;
    return ds_db_query(db, NULL, STMT_PULL_HOST_BLOCK, DS_ARGS(DS_TEXT(host), DS_INT(now + pause)));
}

/* --- log-ins --- */

apr_status_t ds_pull_login_get(ds_pull_login_t *known, ds_db_t *db, const char *login,
                               apr_pool_t *pool)
{
    ds_db_rows_t *rows;
    apr_status_t status =
        ds_db_select(&rows, db, STMT_PULL_LOGIN_GET, DS_ARGS(DS_TEXT(login)), pool);

    *known = (ds_pull_login_t){0};
    if (status != APR_SUCCESS || !ds_db_rows_next(rows))
        return status;
    known->access = ds_db_rows_text(rows, 0);
    known->access_until = ds_db_rows_int(rows, 1);
    known->refresh = ds_db_rows_text(rows, 2);
    known->version = ds_db_rows_int(rows, 3);
    return APR_SUCCESS;
}

apr_status_t ds_pull_login_claim(apr_time_t *claim, ds_db_t *db, const char *login,
                                 apr_interval_time_t time)
{
    apr_time_t now;
    int changed = 0;
    apr_status_t status = ds_db_now(&now, db);

    *claim = 0;
    if (status == APR_SUCCESS)
        status = ds_db_query(db, &changed, STMT_PULL_LOGIN_CLAIM,
                             DS_ARGS(DS_TEXT(login), DS_INT(now + time), DS_INT(now)));
    if (status == APR_SUCCESS && changed)
        *claim = now + time;
    return status;
}

apr_status_t ds_pull_login_store(ds_db_t *db, const char *login, apr_time_t claim,
                                 const ds_pull_login_t *given)
{
    return ds_db_query(db, NULL, STMT_PULL_LOGIN_STORE,
                       DS_ARGS(DS_TEXT(given->access), DS_INT(given->access_until),
                               DS_TEXT(given->refresh), DS_TEXT(login), DS_INT(claim)));
}

apr_status_t ds_pull_login_release(ds_db_t *db, const char *login, apr_time_t claim)
{
    return ds_db_query(db, NULL, STMT_PULL_LOGIN_RELEASE, DS_ARGS(DS_TEXT(login), DS_INT(claim)));
}
