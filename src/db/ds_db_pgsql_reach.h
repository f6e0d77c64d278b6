/* Which of the servers that libpq's parameters name takes connections. For ds_db_pgsql*.c.
 *
 * apr_dbd opens connections by a call that waits for each server in turn, two seconds at least. So
 * all of them are asked at once before, without blocking, and apr_dbd is told the one to take. */
#ifndef DS_DB_PGSQL_REACH_H
#define DS_DB_PGSQL_REACH_H

#include <apr_pools.h>
#include <apr_time.h>

#include "ds_problem.h"

/* How long a server may take to answer: what the parameters say by connect_timeout (0: a minute),
 * or `usual`. */
apr_interval_time_t ds_db_pgsql_patience(const char *given, apr_interval_time_t usual);

/* Find the first server, in their order, that takes a connection within `patience`, and the
 * parameters of it alone. Time in which this process stood still does not count, nor that of
 * libpq's looking up names, which blocks and is bounded by the system alone. After a failure it is
 * remembered for a second that there is none; and while one thread asks again, others do not.
 */
ds_problem_t *ds_db_pgsql_reach(const char **params, const char *given,
                                apr_interval_time_t patience, apr_pool_t *pool);

/* Does the server of these parameters say anything, if only that it is full? `patience` as above;
 * false as soon as is_wanted, which is asked every tenth of a second, says that nobody needs to
 * know. For any thread. */
int ds_db_pgsql_answers(const char *params, apr_interval_time_t patience, int (*is_wanted)(void));

/* Remember that no server of these parameters answers. For any thread. */
void ds_db_pgsql_away_set(const char *given, const char *words);

#endif
