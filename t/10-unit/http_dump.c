/* Sends one request as the worker does and prints what came of it, for http_client.t:
 *
 *   http_dump [NAME=VALUE | +HEADER=VALUE]... METHOD URL [BODY]
 *
 * Names: allow (a hole), plain, ca, system_ca (files), redirects, headers, body, room (bytes),
 * total, silence, stop (milliseconds). Prints the problem's kind and text, or the answer's status,
 * size, URL and body.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "ds_clock.h"
#include "ds_src_http.h"

static apr_pool_t *pool;
static apr_array_header_t *allow, *headers;
static ds_src_http_rules_t rules;
static apr_time_t stop_at;
static char *body;
static apr_size_t body_size, room;

static void option_take(const char *name, const char *value)
{
    apr_int64_t number = apr_atoi64(value);

    if (*name == '+')
        APR_ARRAY_PUSH(headers, ds_src_http_header_t) = (ds_src_http_header_t){name + 1, value};
    else if (!strcmp(name, "allow"))
        APR_ARRAY_PUSH(allow, const char *) = value;
    else if (!strcmp(name, "plain"))
        rules.plain = (int)number;
    else if (!strcmp(name, "ca"))
        rules.ca = value;
    else if (!strcmp(name, "system_ca"))
        rules.system_ca = value;
    else if (!strcmp(name, "redirects"))
        rules.redirects = (int)number;
    else if (!strcmp(name, "headers"))
        rules.header_bytes = (apr_size_t)number;
    else if (!strcmp(name, "body"))
        rules.body_bytes = number;
    else if (!strcmp(name, "room"))
        room = (apr_size_t)number;
    else if (!strcmp(name, "total"))
        rules.total = apr_time_from_msec(number);
    else if (!strcmp(name, "silence"))
        rules.silence = apr_time_from_msec(number);
    else if (!strcmp(name, "stop"))
        stop_at = ds_clock_steady() + apr_time_from_msec(number);
}

static apr_status_t body_write(void *baton, const char *data, apr_size_t size)
{
    if (room && body_size + size > room)
        return APR_ENOSPC;
    body = realloc(body, body_size + size);
    memcpy(body + body_size, data, size);
    body_size += size;
    return APR_SUCCESS;
}

static apr_status_t stop_watch(void *baton)
{
    return stop_at && ds_clock_steady() >= stop_at ? DS_ESTOPPED : APR_SUCCESS;
}

static const char *kind_name(apr_status_t status)
{
    switch (status) {
    case DS_EREMOTE: return "remote";
    case DS_EDENIED: return "denied";
    case DS_ELIMIT: return "limit";
    case DS_EINPUT: return "input";
    case DS_ESTOPPED: return "stopped";
    default: return "other";
    }
}

int main(int argc, char *argv[])
{
    ds_src_http_request_t request = {.write = body_write, .watch = stop_watch};
    ds_src_http_answer_t *answer;
    ds_src_egress_t *egress;
    ds_problem_t *problem;
    int i;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    allow = apr_array_make(pool, 1, sizeof(const char *));
    headers = apr_array_make(pool, 1, sizeof(ds_src_http_header_t));
    rules = ds_src_http_rules(NULL);
    for (i = 1; i < argc && strchr(argv[i], '=') && !strstr(argv[i], "://"); i++) {
        char *equals = strchr(argv[i], '=');

        *equals = '\0';
        option_take(argv[i], equals + 1);
    }
    if (argc - i < 2 || ds_src_egress_make(&egress, allow, pool))
        return 2;
    rules.egress = egress;
    request.headers = headers;
    request.method = argv[i];
    request.url = argv[i + 1];
    request.body = argc - i > 2 ? argv[i + 2] : NULL;
    request.body_size = request.body ? strlen(request.body) : 0;
    problem = ds_src_http_send(&answer, ds_src_http_make(&rules, pool), &request, pool);
    if (problem)
        printf("%s: %s\n", kind_name(problem->status), problem->text);
    else
        printf("%d %" PRId64 " %s\n%s\n", answer->status, (int64_t)answer->size, answer->url,
               answer->excerpt);
    if (body_size > 0) {
        fwrite(body, 1, body_size, stdout);
    }
    free(body);
    apr_pool_destroy(pool);
    return 0;
}
