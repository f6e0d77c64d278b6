/* A query that a client has written: it runs in a process of its own (dsw_sandbox.h), and its
 * result is read like a scan. */
#ifndef DSW_QUERY_H
#define DSW_QUERY_H

#include "ds_def.h"
#include "dsw_layout.h"

typedef struct dsw_query_t dsw_query_t;

/* Begin the query of a launch; it lives in pool until dsw_query_end, which follows in any case. It
 * reads the objects of the syncs that the launch names, as far as each of them takes queries: under
 * the object's name, what the sync writes of it, all of one moment of `reader`. watch is asked
 * about twice a second, and what it says but APR_SUCCESS ends the query.
 *
 * Not APR_SUCCESS: dsw_query_problem says why, or the watch did, or the database did not take part.
 * The same holds for dsw_query_next. */
apr_status_t dsw_query_begin(dsw_query_t **query, ds_db_t *reader, const ds_sync_t *sync,
                             const ds_def_t *def, ds_db_watch_cb *watch, void *baton,
                             apr_pool_t *pool);

/* The columns of the result. Their kinds are those of the row at hand. */
const dsw_layout_t *dsw_query_layout(const dsw_query_t *query);

/* The next row: a text for each column, NULL for none, valid until the next call. *values is NULL
 * after the last row. */
apr_status_t dsw_query_next(const char *const **values, dsw_query_t *query);

/* The result is larger than the sync allows: so many of `what`. The problem's status. */
apr_status_t dsw_query_limit(dsw_query_t *query, apr_int64_t limit, const char *what);

/* Why there is no result: DS_EINPUT: the query cannot be run as it is written; else it failed.
 * NULL: that is not the reason. */
const ds_problem_t *dsw_query_problem(const dsw_query_t *query);

void dsw_query_end(dsw_query_t *query);

#endif
