/* After an attempt: is the answer good, is it worth another attempt, and when?
 *
 * Pure: time and chance are given. Worker only. */
#ifndef DS_SRC_RETRY_H
#define DS_SRC_RETRY_H

#include "ds_src_http.h"

#define DS_SRC_ATTEMPTS 5                       /* of one request */
#define DS_SRC_PAUSE_MAX apr_time_from_sec(900) /* no runner waits longer for a server */

typedef enum ds_src_verdict_e {
    DS_SRC_GOOD,
    DS_SRC_AGAIN,       /* the same once more, after the pause */
    DS_SRC_LOGIN,       /* 401: once more with a new token, where there can be one */
    DS_SRC_ERROR,       /* the server is in trouble, and stays so */
    DS_SRC_CONFIG_ERROR /* the request will not be answered as it is: somebody must look at it */
} ds_src_verdict_e;

/* Is it a good answer that asks for nothing? Then there is nothing to judge. */
int ds_src_retry_is_plain(const ds_src_http_answer_t *answer);

/* Is an answer with this status of HTTP one of trouble that may pass? */
int ds_src_retry_may_pass(int status);

/* What Retry-After says (RFC 9110, seconds or a date): for how long the server wants no request.
 * Returns 0, with *pause 0, when the header is not there or cannot be read. */
int ds_src_retry_after(apr_interval_time_t *pause, const ds_src_http_answer_t *answer,
                       apr_time_t now);

/* Judge the attempt with this number, from 1. problem is what ds_src_http_send returned; now is the
 * time by the database's clock.
 *
 * *pause is the time in which this host wants no request. Retry-After (RFC 9110, seconds or a date)
 * decides; else RateLimit and X-RateLimit headers when they say that nothing is left; else, for
 * AGAIN, chance between 0 and half a second, doubled with each attempt, to a minute. A server that
 * asks for more than DS_SRC_PAUSE_MAX is one in trouble. */
ds_src_verdict_e ds_src_retry_judge(apr_interval_time_t *pause, const ds_src_http_answer_t *answer,
                                    const ds_problem_t *problem, int attempt, apr_time_t now,
                                    unsigned *seed);

#endif
