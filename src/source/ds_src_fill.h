/* Fill in what a source spec leaves open: user parameters, the window of a run, and the one
 * expression that is known; encoded for the place where it goes.
 *
 * Worker and tools. Nothing here is sent; results live in pool. */
#ifndef DS_SRC_FILL_H
#define DS_SRC_FILL_H

#include "ds_problem.h"
#include "ds_src_spec.h"

typedef enum ds_src_encoding_e {
    DS_SRC_IN_HOST,   /* letters, digits, - and . only: anything else is a problem */
    DS_SRC_IN_PATH,   /* one segment: all but unreserved bytes (RFC 3986) as %XX */
    DS_SRC_IN_HEADER, /* as it is; a control character is a problem */
    DS_SRC_IN_BODY,   /* inside of a text of JSON */
    DS_SRC_IN_TEXT    /* as it is, for what is encoded as a whole afterwards */
} ds_src_encoding_e;

/* What holes are filled with. */
typedef struct ds_src_values_t {
    const apr_array_header_t *params; /* of ds_source_param_t, as ds_src_params_check makes them */
    int first;                        /* the run has no run before it */
    const char *start;                /* START_TIME; NULL: the window has no beginning */
    const char *end;                  /* END_TIME; NULL: there is no window */
    const char *schedule;             /* SCHEDULE_QUERY; NULL: there is none */
    apr_array_header_t *window; /* of ds_src_pair_t: what the schedule adds to the query; or NULL */
} ds_src_values_t;

/* Put a window [start, end) into values, which have their params already. start 0: the window has
 * no beginning. `first` chooses backfill, else incremental. The problem is DS_EINPUT. */
ds_problem_t *ds_src_values_window(ds_src_values_t *values, const ds_src_spec_t *spec,
                                   apr_time_t start, apr_time_t end, int first, apr_pool_t *pool);

/* Fill the holes of a text. The problem names the hole, never its value. */
ds_problem_t *ds_src_fill(const char **text, const char *with_holes, ds_src_encoding_e encoding,
                          const ds_src_values_t *values, apr_pool_t *pool);

/* One request, ready to be sent but for its credential. */
typedef struct ds_src_request_t {
    const char *method;
    const char *url;             /* absolute, all of it encoded */
    apr_array_header_t *headers; /* of ds_src_pair_t; more may be pushed (a token, a credential) */
    const char *body;            /* JSON, or NULL */
} ds_src_request_t;

/* The request of a spec, without anything that belongs to its paging. host: as in ds_source_t, or
 * NULL. The query is that of the path, then that of the spec and of the window; a parameter of the
 * window takes the place of the spec's of the same name. */
ds_problem_t *ds_src_request_make(ds_src_request_t **request, const ds_src_spec_t *spec,
                                  const char *host, const ds_src_values_t *values,
                                  apr_pool_t *pool);

#endif
