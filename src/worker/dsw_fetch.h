/* Requests of a pull: sent when the host wants them, with their credential, again where that may
 * help; the answer's body goes into a file. */
#ifndef DSW_FETCH_H
#define DSW_FETCH_H

#include <apr_file_io.h>

#include "ds_source.h"
#include "ds_src_fill.h"
#include "ds_src_http.h"
#include "ds_src_login.h"

typedef struct dsw_fetch_t dsw_fetch_t;

/* Whoever fetches for a sync. body_bytes: how large an answer may be. The problem's status is
 * DS_EDENIED where the configuration is at fault. */
ds_problem_t *dsw_fetch_make(dsw_fetch_t **fetch, ds_db_t *db, const char *sync_id,
                             const ds_source_t *source, const ds_egress_t *egress,
                             apr_int64_t body_bytes, const ds_src_watch_t *watch, apr_pool_t *pool);

/* Send a request until it has a good answer. gap: the time between two requests to the host, of all
 * runners. *attempts is how often it was sent before, and then all in all. The file stands at
 * its beginning, has no name, and is fetch's: the next request writes into it. A problem is for
 * people when its status is DS_EREMOTE, "error: ...", or DS_EDENIED, "config_error: ...": with the
 * request and the beginning of the answer, without secrets. With another status it is why the
 * launch is not to go on: from watch, or the database; or DS_EPAUSE, when the host wants no request
 * for longer than a runner waits. */
ds_problem_t *dsw_fetch_send(ds_src_http_answer_t **answer, apr_file_t **body, int *attempts,
                             dsw_fetch_t *fetch, const ds_src_request_t *request,
                             apr_interval_time_t gap, apr_pool_t *pool);

/* After DS_EPAUSE: for how long. */
apr_interval_time_t dsw_fetch_pause(const dsw_fetch_t *fetch);

#endif
