/* What is done after an attempt: too eager makes a server close its door, too shy loses a night. */
#include <apr_general.h>
#include <apr_strings.h>

#include "ds_src_retry.h"
#include "tap.h"

#define NOW apr_time_from_sec(1790000000)

static apr_pool_t *pool;
static unsigned seed = 7;

typedef struct {
    int status;
    const char *name, *value, *other_name, *other_value;
    ds_src_verdict_e verdict;
    long pause_ms; /* -1: by chance */
    const char *what;
} case_t;

static ds_src_http_answer_t *answer_make(const case_t *given)
{
    ds_src_http_answer_t *answer = apr_pcalloc(pool, sizeof(*answer));

    answer->status = given->status;
    answer->headers = apr_array_make(pool, 2, sizeof(ds_src_http_header_t));
    if (given->name)
        APR_ARRAY_PUSH(answer->headers, ds_src_http_header_t) =
            (ds_src_http_header_t){given->name, given->value};
    if (given->other_name)
        APR_ARRAY_PUSH(answer->headers, ds_src_http_header_t) =
            (ds_src_http_header_t){given->other_name, given->other_value};
    return answer;
}

/* NOW is Mon, 21 Sep 2026 14:13:20 GMT. */
static const case_t cases[] = {
    {200, NULL, NULL, NULL, NULL, DS_SRC_GOOD, 0, "a good answer"},
    {204, NULL, NULL, NULL, NULL, DS_SRC_GOOD, 0, "one without a body"},
    {400, NULL, NULL, NULL, NULL, DS_SRC_CONFIG_ERROR, 0, "a bad request"},
    {401, NULL, NULL, NULL, NULL, DS_SRC_LOGIN, 0, "a token that is not taken"},
    {403, NULL, NULL, NULL, NULL, DS_SRC_CONFIG_ERROR, 0, "a token that may not"},
    {404, NULL, NULL, NULL, NULL, DS_SRC_CONFIG_ERROR, 0, "a path that is not there"},
    {302, NULL, NULL, NULL, NULL, DS_SRC_CONFIG_ERROR, 0, "a redirect to nowhere"},
    {408, NULL, NULL, NULL, NULL, DS_SRC_AGAIN, -1, "a request that came too slowly"},
    {429, NULL, NULL, NULL, NULL, DS_SRC_AGAIN, -1, "too many requests"},
    {429, "Retry-After", "17", NULL, NULL, DS_SRC_AGAIN, 17000, "with the seconds to wait"},
    {429, "retry-after", "0", NULL, NULL, DS_SRC_AGAIN, 0, "with no second to wait"},
    {429, "Retry-After", "901", NULL, NULL, DS_SRC_ERROR, 900000, "with too long to wait"},
    {429, "Retry-After", "99999999999999999999.5", NULL, NULL, DS_SRC_ERROR, 900000,
     "with more seconds than there are"},
    {503, "Retry-After", "Mon, 21 Sep 2026 14:13:50 GMT", NULL, NULL, DS_SRC_AGAIN, 30000,
     "with the moment to come back"},
    {503, "Retry-After", "Mon, 21 Sep 2026 10:00:30 GMT", "Date", "Mon, 21 Sep 2026 10:00:00 GMT",
     DS_SRC_AGAIN, 30000, "by a clock that differs from ours"},
    {503, "Retry-After", "Mon, 21 Sep 2026 14:00:00 GMT", NULL, NULL, DS_SRC_AGAIN, 0,
     "with a moment that has passed"},
    {503, "Retry-After", "soon", NULL, NULL, DS_SRC_AGAIN, -1, "with words nobody understands"},
    {429, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "12", DS_SRC_AGAIN, 12000,
     "nothing is left for 12 seconds"},
    {429, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1790000045", DS_SRC_AGAIN, 45000,
     "nothing is left until a second of 1970's count"},
    {429, "X-Rate-Limit-Remaining", "0", "X-Rate-Limit-Reset", "1790000045500", DS_SRC_AGAIN, 45500,
     "or a millisecond of it"},
    {429, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "2026-09-21T14:13:50Z", DS_SRC_AGAIN,
     -1, "or until a date, whose year is no number of seconds"},
    {200, "RateLimit-Remaining", "0", "RateLimit-Reset", "5", DS_SRC_GOOD, 5000,
     "a good answer that was the last for 5 seconds"},
    {200, "RateLimit-Remaining", "3", "RateLimit-Reset", "5", DS_SRC_GOOD, 0,
     "one that was not the last"},
    {200, "RateLimit", "limit=10, remaining=0, reset=9", NULL, NULL, DS_SRC_GOOD, 9000,
     "in one header"},
    {200, "RateLimit", "\"default\";r=0;t=8", NULL, NULL, DS_SRC_GOOD, 8000,
     "in the header of the newest draft"},
    {200, "Retry-After", "30", NULL, NULL, DS_SRC_GOOD, 0, "a good answer asks for no pause"},
    {500, NULL, NULL, NULL, NULL, DS_SRC_AGAIN, -1, "a server in trouble"},
    {501, NULL, NULL, NULL, NULL, DS_SRC_CONFIG_ERROR, 0, "a method it does not know"},
    {504, NULL, NULL, NULL, NULL, DS_SRC_AGAIN, -1, "a gateway that waited in vain"},
};

static void case_run(const case_t *given)
{
    apr_interval_time_t pause = -1;
    ds_src_verdict_e verdict = ds_src_retry_judge(&pause, answer_make(given), NULL, 1, NOW, &seed);

    tap_is_number(verdict, given->verdict, given->what);
    if (given->pause_ms >= 0)
        tap_is_number(apr_time_as_msec(pause), given->pause_ms, "and the pause it asks for");
    else
        tap_ok(pause >= 0 && pause <= apr_time_from_msec(500), "and a pause by chance");
}

static void test_attempts(void)
{
    ds_src_http_answer_t *answer = answer_make(&(case_t){.status = 503});
    apr_interval_time_t pause, longest = 0;
    int attempt, turn, last = 0;

    for (attempt = 1; attempt < DS_SRC_ATTEMPTS; attempt++)
        for (turn = 0; turn < 200; turn++) {
            last = ds_src_retry_judge(&pause, answer, NULL, attempt, NOW, &seed);
            if (attempt == 4 && pause > longest)
                longest = pause;
            if (last != DS_SRC_AGAIN || pause > apr_time_from_msec(500 << (attempt - 1)))
                break;
        }
    tap_is_number(last, DS_SRC_AGAIN, "each pause is within twice the bound of the one before");
    tap_ok(longest > apr_time_from_msec(2000), "and later ones are longer");
    tap_is_number(ds_src_retry_judge(&pause, answer, NULL, DS_SRC_ATTEMPTS, NOW, &seed),
                  DS_SRC_ERROR, "a server that stays in trouble is given up");
}

static void test_problems(void)
{
    ds_src_http_answer_t *answer = answer_make(&(case_t){.status = 0});
    apr_interval_time_t pause;

    tap_is_number(
        ds_src_retry_judge(&pause, answer, ds_problem_make(pool, DS_EREMOTE, "x"), 1, NOW, &seed),
        DS_SRC_AGAIN, "no connection: once more");
    tap_is_number(ds_src_retry_judge(&pause, answer, ds_problem_make(pool, DS_EREMOTE, "x"),
                                     DS_SRC_ATTEMPTS, NOW, &seed),
                  DS_SRC_ERROR, "but not for ever");
    tap_is_number(
        ds_src_retry_judge(&pause, answer, ds_problem_make(pool, DS_EDENIED, "x"), 1, NOW, &seed),
        DS_SRC_CONFIG_ERROR, "an address that may not be called: never again");
    tap_is_number(
        ds_src_retry_judge(&pause, answer, ds_problem_make(pool, DS_ELIMIT, "x"), 1, NOW, &seed),
        DS_SRC_ERROR, "an answer that is too large: never again");
}

int main(void)
{
    size_t i;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        case_run(&cases[i]);
    test_attempts();
    test_problems();
    return tap_end();
}
