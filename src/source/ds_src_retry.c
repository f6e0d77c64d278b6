#include "ds_src_retry.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <apr_date.h>
#include <apr_lib.h>
#include <apr_strings.h>

#define PAUSE_FIRST apr_time_from_msec(500)
#define PAUSE_DOUBLINGS 7 /* to about a minute */
#define EPOCH_SECONDS APR_INT64_C(1000000000)
#define EPOCH_MSECONDS APR_INT64_C(1000000000000)
#define NUMBER_MAX (APR_INT64_MAX / APR_USEC_PER_SEC - 1)

/* A number at the start of a text, at most NUMBER_MAX; false when there is none, as in a date that
 * begins with its year. A fraction counts as a whole one more. */
static int number_read(apr_int64_t *number, const char *text)
{
    char *end;

    if (!text || !apr_isdigit(*text))
        return 0;
    *number = apr_strtoi64(text, &end, 10);
    if (*number > NUMBER_MAX)
        *number = NUMBER_MAX;
    if (*end == '.') {
        end += 1 + strspn(end + 1, "0123456789");
        ++*number;
    }
    return !*end || strchr(" \t;,", *end) != NULL;
}

static apr_interval_time_t until(apr_time_t when, apr_time_t now)
{
    return when > now ? when - now : 0;
}

int ds_src_retry_after(apr_interval_time_t *pause, const ds_src_http_answer_t *answer,
                       apr_time_t now)
{
    const char *text = ds_src_http_header_get(answer, "Retry-After");
    const char *sent = ds_src_http_header_get(answer, "Date");
    apr_time_t when, sent_at = sent ? apr_date_parse_http(sent) : 0;
    apr_int64_t seconds;

    if (number_read(&seconds, text)) {
        *pause = apr_time_from_sec(seconds);
        return 1;
    }
    when = text ? apr_date_parse_http(text) : 0;
    *pause = until(when, sent_at ? sent_at : now); /* its clock may differ from ours */
    return when != 0;
}

/* --- how many requests are left --- */

/* A member of a RateLimit header: limit=10, remaining=0, reset=5 or "default";r=0;t=5. */
static int member_read(apr_int64_t *number, const char *text, const char *name)
{
    apr_size_t length = strlen(name);
    const char *p;

    for (p = text; p && (p = strstr(p, name)) != NULL; p += length)
        if ((p == text || strchr(" ;,", p[-1])) && number_read(number, p + length))
            return 1;
    return 0;
}

static int named_read(apr_int64_t *number, const ds_src_http_answer_t *answer, const char *name)
{
    static const char *const starts[] = {"RateLimit-", "X-RateLimit-", "X-Rate-Limit-"};
    char header[40];
    size_t i;

    for (i = 0; i < sizeof(starts) / sizeof(*starts); i++) {
        apr_snprintf(header, sizeof(header), "%s%s", starts[i], name);
        if (number_read(number, ds_src_http_header_get(answer, header)))
            return 1;
    }
    return 0;
}

/* Some say how many seconds, some say when, in seconds or milliseconds since 1970. */
static apr_interval_time_t reset_read(apr_int64_t reset, apr_time_t now)
{
    if (reset > EPOCH_MSECONDS)
        return until(apr_time_from_msec(reset), now);
    return reset > EPOCH_SECONDS ? until(apr_time_from_sec(reset), now) : apr_time_from_sec(reset);
}

static int budget_get(apr_interval_time_t *pause, const ds_src_http_answer_t *answer,
                      apr_time_t now)
{
    const char *both = ds_src_http_header_get(answer, "RateLimit");
    apr_int64_t left, reset;

    if (!member_read(&left, both, "remaining=") && !member_read(&left, both, "r=") &&
        !named_read(&left, answer, "Remaining"))
        return 0;
    if (left > 0 || (!member_read(&reset, both, "reset=") && !member_read(&reset, both, "t=") &&
                     !named_read(&reset, answer, "Reset")))
        return 0;
    *pause = reset_read(reset, now);
    return 1;
}

/* --- */

int ds_src_retry_may_pass(int status)
{
    return status == 408 || status == 425 || status == 429 ||
           (status / 100 == 5 && status != 501 && status != 505);
}

static ds_src_verdict_e status_judge(int status)
{
    if (status / 100 == 2)
        return DS_SRC_GOOD;
    if (status == 401)
        return DS_SRC_LOGIN;
    return ds_src_retry_may_pass(status) ? DS_SRC_AGAIN : DS_SRC_CONFIG_ERROR;
}

static ds_src_verdict_e problem_judge(const ds_problem_t *problem)
{
    switch (problem->status) {
    case DS_EREMOTE: return DS_SRC_AGAIN;
    case DS_EDENIED:
    case DS_EINPUT: return DS_SRC_CONFIG_ERROR;
    default: return DS_SRC_ERROR;
    }
}

static apr_interval_time_t chance_take(int attempt, unsigned *seed)
{
    int doublings = attempt - 1 < PAUSE_DOUBLINGS ? attempt - 1 : PAUSE_DOUBLINGS;

    return (apr_interval_time_t)((double)rand_r(seed) / RAND_MAX *
                                 (double)(PAUSE_FIRST << doublings));
}

int ds_src_retry_is_plain(const ds_src_http_answer_t *answer)
{
    int i;

    for (i = 0; i < answer->headers->nelts; i++) {
        const char *name = APR_ARRAY_IDX(answer->headers, i, ds_src_http_header_t).name;

        if (strcasestr(name, "RateLimit") || strcasestr(name, "Rate-Limit"))
            return 0;
    }
    return answer->status / 100 == 2;
}

ds_src_verdict_e ds_src_retry_judge(apr_interval_time_t *pause, const ds_src_http_answer_t *answer,
                                    const ds_problem_t *problem, int attempt, apr_time_t now,
                                    unsigned *seed)
{
    ds_src_verdict_e verdict = problem ? problem_judge(problem) : status_judge(answer->status);

    *pause = 0;
    if (verdict == DS_SRC_AGAIN && attempt >= DS_SRC_ATTEMPTS)
        return DS_SRC_ERROR;
    if (verdict != DS_SRC_AGAIN && verdict != DS_SRC_GOOD)
        return verdict;
    if ((verdict == DS_SRC_GOOD || !ds_src_retry_after(pause, answer, now)) &&
        !budget_get(pause, answer, now) && verdict == DS_SRC_AGAIN)
        *pause = chance_take(attempt, seed);
    if (*pause <= DS_SRC_PAUSE_MAX)
        return verdict;
    *pause = DS_SRC_PAUSE_MAX;
    return verdict == DS_SRC_GOOD ? verdict : DS_SRC_ERROR;
}
