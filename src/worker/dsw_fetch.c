#include "dsw_fetch.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <apr_strings.h>

#include "ds_log.h"
#include "ds_pull.h"
#include "ds_src_retry.h"
#include "ds_src_url.h"

#define PATIENCE apr_time_from_sec(5) /* a runner that waits runs nothing else */

struct dsw_fetch_t {
    ds_db_t *db;
    const char *sync_id;
    ds_src_http_t *http;
    ds_src_login_t *login;
    ds_src_watch_t watch;
    apr_file_t *body;
    apr_interval_time_t pause; /* that the host has asked for last */
    unsigned seed;
};

/* One request on its way to a good answer. */
typedef struct {
    dsw_fetch_t *fetch;
    const ds_src_request_t *request;
    apr_interval_time_t gap;
    apr_pool_t *pool;
    ds_src_http_answer_t *answer;
    int attempt; /* from 1 */
    int refused; /* the token was, once */
} errand_t;

/* One file for all answers, one after the other. */
static ds_problem_t *body_make(dsw_fetch_t *fetch, apr_pool_t *pool)
{
    const char *directory;
    char *name;
    apr_status_t status = apr_temp_dir_get(&directory, pool);

    if (status == APR_SUCCESS) {
        name = apr_pstrcat(pool, directory, "/datasync-pull-XXXXXX", NULL);
        status = apr_file_mktemp(&fetch->body, name,
                                 APR_FOPEN_CREATE | APR_FOPEN_EXCL | APR_FOPEN_READ |
                                     APR_FOPEN_WRITE | APR_FOPEN_BINARY,
                                 pool);
        if (status == APR_SUCCESS)
            apr_file_remove(name, pool); /* nobody finds it, whatever happens to us */
    }
    return status == APR_SUCCESS
               ? NULL
               : ds_problem_make(pool, DS_EDENIED,
                                 "no file for an answer can be made in the directory for temporary "
                                 "files: %s",
                                 ds_problem_status_text(status, pool));
}

ds_problem_t *dsw_fetch_make(dsw_fetch_t **made, ds_db_t *db, const char *sync_id,
                             const ds_source_t *source, const ds_egress_t *egress,
                             apr_int64_t body_bytes, const ds_src_watch_t *watch, apr_pool_t *pool)
{
    dsw_fetch_t *fetch = apr_pcalloc(pool, sizeof(*fetch));
    ds_src_egress_t *rules;
    ds_src_http_rules_t http;
    ds_problem_t *problem = ds_src_egress_make(&rules, egress->allow, pool);

    if (problem)
        return problem;
    http = ds_src_http_rules(rules);
    http.plain = egress->http;
    http.ca = egress->ca;
    http.body_bytes = body_bytes;
    fetch->db = db;
    fetch->sync_id = sync_id;
    fetch->watch = *watch;
    fetch->seed = (unsigned)getpid();
    fetch->http = ds_src_http_make(&http, pool);
    *made = fetch;
    if (!fetch->http)
        return ds_problem_make(pool, DS_EDENIED, "libcurl cannot be used");
    problem = body_make(fetch, pool);
    return problem ? problem
                   : ds_src_login_make(&fetch->login, db, &source->auth, &http, watch, pool);
}

/* --- one attempt --- */

static apr_status_t body_write(void *baton, const char *data, apr_size_t size)
{
    errand_t *errand = baton;

    return apr_file_write_full(errand->fetch->body, data, size, NULL);
}

static apr_status_t errand_watch(void *baton)
{
    const ds_src_watch_t *watch = &((errand_t *)baton)->fetch->watch;

    return watch->look(watch->baton);
}

static apr_status_t body_begin(errand_t *errand)
{
    apr_off_t start = 0;
    apr_status_t status = apr_file_seek(errand->fetch->body, APR_SET, &start);

    return status == APR_SUCCESS ? apr_file_trunc(errand->fetch->body, 0) : status;
}

static apr_array_header_t *headers_make(const errand_t *errand)
{
    const apr_array_header_t *pairs = errand->request->headers;
    apr_array_header_t *headers =
        apr_array_make(errand->pool, pairs->nelts + 2, sizeof(ds_src_http_header_t));
    int i, json = 0;

    for (i = 0; i < pairs->nelts; i++) {
        const ds_src_pair_t *pair = &APR_ARRAY_IDX(pairs, i, ds_src_pair_t);

        json |= !strcasecmp(pair->name, "Content-Type");
        APR_ARRAY_PUSH(headers, ds_src_http_header_t) =
            (ds_src_http_header_t){pair->name, pair->value};
    }
    if (errand->request->body && !json)
        APR_ARRAY_PUSH(headers, ds_src_http_header_t) =
            (ds_src_http_header_t){"Content-Type", "application/json"};
    return headers;
}

static ds_problem_t *attempt_send(errand_t *errand)
{
    const ds_src_request_t *wanted = errand->request;
    apr_array_header_t *headers = headers_make(errand);
    ds_src_http_request_t request = {.method = wanted->method,
                                     .url = wanted->url,
                                     .headers = headers,
                                     .body = wanted->body,
                                     .body_size = wanted->body ? strlen(wanted->body) : 0,
                                     .write = body_write,
                                     .watch = errand_watch,
                                     .baton = errand};
    ds_src_http_header_t credential;
    apr_status_t status;
    ds_problem_t *problem =
        ds_src_login_header(&credential, errand->fetch->login, errand->refused == 1, errand->pool);

    if (problem)
        return problem;
    if (errand->refused == 1)
        errand->refused = 2; /* a new token is asked for until there is one */
    if (credential.name)
        APR_ARRAY_PUSH(headers, ds_src_http_header_t) = credential;
    status = body_begin(errand);
    if (status != APR_SUCCESS)
        return ds_problem_make(errand->pool, DS_ELIMIT, "The answer cannot be kept: %s",
                               ds_problem_status_text(status, errand->pool));
    return ds_src_http_send(&errand->answer, errand->fetch->http, &request, errand->pool);
}

/* --- what becomes of it --- */

/* Not the other server's, nor the configuration's. */
static int is_own(const ds_problem_t *problem)
{
    return problem && problem->status != DS_EREMOTE && problem->status != DS_ELIMIT &&
           problem->status != DS_EDENIED && problem->status != DS_EINPUT;
}

static const char *request_show(const errand_t *errand)
{
    return apr_pstrcat(errand->pool, errand->request->method, " ",
                       ds_src_url_show(errand->request->url, errand->pool), NULL);
}

static const char *trouble_show(const errand_t *errand, const ds_problem_t *problem)
{
    const char *text;

    if (problem)
        text = apr_psprintf(errand->pool, "%s: %s", request_show(errand), problem->text);
    else
        text = apr_psprintf(errand->pool, "%s was answered with %d%s%s", request_show(errand),
                            errand->answer->status, *errand->answer->excerpt ? ": " : "",
                            errand->answer->excerpt);
    return ds_src_login_mask(errand->fetch->login, text, errand->pool);
}

static ds_problem_t *trouble_make(const errand_t *errand, ds_src_verdict_e verdict,
                                  const ds_problem_t *problem)
{
    int is_config = verdict == DS_SRC_CONFIG_ERROR || verdict == DS_SRC_LOGIN;
    const char *times = "";

    if (!is_config && errand->attempt > 1)
        times = apr_psprintf(errand->pool, " (attempt %d)", errand->attempt);
    return ds_problem_make(errand->pool, is_config ? DS_EDENIED : DS_EREMOTE, "%s: %s%s",
                           is_config ? "config_error" : "error", trouble_show(errand, problem),
                           times);
}

static void attempt_log(const errand_t *errand, const ds_problem_t *problem,
                        apr_interval_time_t pause)
{
    ds_log(DS_LOG_INFO, APR_SUCCESS,
           DSLOGNO(0615) "sync %s: %s; once more in %" APR_TIME_T_FMT " ms", errand->fetch->sync_id,
           trouble_show(errand, problem), apr_time_as_msec(pause));
}

static ds_problem_t *db_problem(const errand_t *errand, apr_status_t status)
{
    return status == APR_SUCCESS
               ? NULL
               : ds_problem_make(errand->pool, status, "%s", ds_db_error(errand->fetch->db));
}

/* Until it is our turn at the host. */
static ds_problem_t *turn_wait(const errand_t *errand, const char *origin)
{
    apr_interval_time_t wait = 0;
    int taken = 0;
    apr_status_t status = ds_pull_host_take(&taken, &wait, errand->fetch->db, origin, errand->gap,
                                            PATIENCE, errand->pool);

    if (status != APR_SUCCESS)
        return db_problem(errand, status);
    errand->fetch->pause = wait < DS_SRC_PAUSE_MAX ? wait : DS_SRC_PAUSE_MAX;
    if (!taken)
        return ds_problem_make(errand->pool, DS_EPAUSE, "%s wants no request now", origin);
    status = ds_src_watch_wait(&errand->fetch->watch, wait);
    return status == APR_SUCCESS ? NULL
                                 : ds_problem_make(errand->pool, status, "The wait was ended");
}

/* Judge an attempt: *over when there is no other one. */
static ds_problem_t *attempt_judge(int *over, errand_t *errand, ds_problem_t *problem,
                                   const char *origin)
{
    apr_interval_time_t pause = 0;
    apr_time_t now;
    ds_src_verdict_e verdict;
    apr_status_t status;

    *over = 1;
    if (is_own(problem) || (!problem && ds_src_retry_is_plain(errand->answer)))
        return problem;
    status = ds_db_now(&now, errand->fetch->db);
    if (status != APR_SUCCESS)
        return db_problem(errand, status);
    verdict = ds_src_retry_judge(&pause, errand->answer, problem, errand->attempt, now,
                                 &errand->fetch->seed);
    if (pause)
        status = ds_pull_host_block(errand->fetch->db, origin, pause);
    if (status != APR_SUCCESS)
        return db_problem(errand, status);
    if (verdict == DS_SRC_GOOD)
        return NULL;
    *over = verdict != DS_SRC_AGAIN && (verdict != DS_SRC_LOGIN || errand->refused ||
                                        !ds_src_login_is_renewable(errand->fetch->login));
    if (*over)
        return trouble_make(errand, verdict, problem);
    if (verdict == DS_SRC_LOGIN)
        errand->refused = 1;
    else
        attempt_log(errand, problem, pause);
    return NULL;
}

apr_interval_time_t dsw_fetch_pause(const dsw_fetch_t *fetch)
{
    return fetch->pause;
}

ds_problem_t *dsw_fetch_send(ds_src_http_answer_t **answer, apr_file_t **body, int *attempts,
                             dsw_fetch_t *fetch, const ds_src_request_t *request,
                             apr_interval_time_t gap, apr_pool_t *pool)
{
    errand_t errand = {
        .fetch = fetch, .request = request, .gap = gap, .pool = pool, .attempt = *attempts};
    const ds_src_url_t *url = ds_src_url_parse(NULL, request->url, pool);
    const char *origin = url ? url->origin : "";
    ds_problem_t *problem = NULL;
    apr_off_t start = 0;
    int over = 0;

    while (!over) {
        errand.answer = apr_pcalloc(pool, sizeof(*errand.answer));
        errand.answer->headers = apr_array_make(pool, 1, sizeof(ds_src_http_header_t));
        problem = turn_wait(&errand, origin);
        if (problem)
            break;
        errand.attempt++;
        problem = attempt_send(&errand);
        problem = attempt_judge(&over, &errand, problem, origin);
    }
    if (!problem)
        apr_file_seek(fetch->body, APR_SET, &start);
    *attempts = errand.attempt;
    *answer = errand.answer;
    *body = fetch->body;
    return problem;
}
