/* Marketo's bulk extract: the list of a client's jobs, page by page. */
#include "dsm_api_marketo.h"

#include <apr_strings.h>

#include <string.h>
#include <strings.h>

#define PAGE_MAX 300 /* jobs of one page */

typedef struct jobs_t {
    dsm_marketo_call_t call;
    const char *states; /* of launches, with commas between */
    apr_int64_t before;
    apr_int64_t count;
    apr_array_header_t *launches; /* of ds_launch_t *, one more than count where there are more */
    apr_array_header_t *files;    /* of ds_file_t *, NULL for none */
} jobs_t;

static apr_status_t jobs_read(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    jobs_t *jobs = baton;
    const dsm_request_t *request = jobs->call.request;
    apr_status_t status = ds_launch_list_of_client(
        &jobs->launches, connection->db, request->client->id, DS_KIND_EXPORT, request->object->name,
        jobs->states, jobs->before, (int)jobs->count + 1, pool);
    int i;

    jobs->files = apr_array_make(pool, 20, sizeof(ds_file_t *));
    for (i = 0; status == APR_SUCCESS && i < jobs->launches->nelts; ++i) {
        const ds_launch_t *launch = APR_ARRAY_IDX(jobs->launches, i, const ds_launch_t *);
        ds_file_t *file = NULL;

        if (launch->state == DS_LAUNCH_FINISHED) {
            status = ds_file_get(&file, connection->db, launch->id, "output", pool);
        }
        APR_ARRAY_PUSH(jobs->files, ds_file_t *) = status == APR_SUCCESS ? file : NULL;
        status = status == DS_ENOTFOUND ? APR_SUCCESS : status;
    }
    return status;
}

/* Marketo's states, in any case and either spelling of the last one, as names of launches' states.
 */
static const char *states_of(const char *name)
{
    static const char *const known[][2] = {
        {"created", "scheduled"},
        {"queued", "queued"},
        {"processing", "running,cancelling"},
        {"completed", "finished"},
        {"failed", "failed,rejected"},
        {"cancelled", "cancelled"},
        {"canceled", "cancelled"},
    };
    size_t i;

    for (i = 0; i < sizeof(known) / sizeof(known[0]); ++i) {
        if (!strcasecmp(known[i][0], name)) {
            return known[i][1];
        }
    }
    return NULL;
}

typedef struct states_t {
    const char *states; /* so far */
    const char *fault;  /* a name that is none */
    apr_pool_t *pool;
} states_t;

/* One `status` parameter: it may come several times, and with commas. */
static int states_add(void *baton, const char *name, const char *value)
{
    states_t *states = baton;
    char *state, *one, *list = apr_pstrdup(states->pool, value);

    for (one = apr_strtok(list, ", ", &state); one; one = apr_strtok(NULL, ", ", &state)) {
        const char *found = states_of(one);

        if (!found) {
            states->fault = one;
            return 0;
        }
        states->states = apr_pstrcat(states->pool, states->states, found, ",", NULL);
    }
    return 1;
}

static int jobs_wanted(jobs_t *jobs, const dsm_marketo_call_t *call)
{
    static const char all[] =
        "scheduled,queued,running,cancelling,finished,failed,rejected,cancelled,";
    states_t states = {.states = "", .pool = call->r->pool};
    const apr_table_t *parameters = call->parameters;
    int answer;

    apr_table_do(states_add, &states, parameters, "status", NULL);
    if (states.fault) {
        return dsm_marketo_error(call->r, "1001", "Invalid value '%s'. Required of type '%s'",
                                 states.fault, "status");
    }
    jobs->states = *states.states ? states.states : all;
    jobs->count = PAGE_MAX;
    jobs->before = APR_INT64_MAX;
    answer = dsm_marketo_number_read(&jobs->count, call->r, apr_table_get(parameters, "batchSize"),
                                     1, PAGE_MAX, "1 to 300");
    return answer == HTTP_OK ? dsm_marketo_number_read(&jobs->before, call->r,
                                                       apr_table_get(parameters, "nextPageToken"),
                                                       1, APR_INT64_MAX, "nextPageToken")
                             : answer;
}

int dsm_marketo_extract_list(request_rec *r, const dsm_request_t *request)
{
    jobs_t jobs = {0};
    const ds_launch_t *launch = NULL;
    ds_fmt_doc_t *doc;
    apr_status_t status;
    int answer, i;

    if (!dsm_marketo_extract_begin(&answer, &jobs.call, r, request) ||
        (answer = jobs_wanted(&jobs, &jobs.call)) != HTTP_OK ||
        !dsm_marketo_db_use(&answer, &status, r, request, jobs_read, &jobs)) {
        return answer;
    }
    doc = dsm_marketo_result_begin(r);
    for (i = 0; i < jobs.launches->nelts && i < jobs.count; ++i) {
        launch = APR_ARRAY_IDX(jobs.launches, i, const ds_launch_t *);
        dsm_marketo_job_write(doc, launch, APR_ARRAY_IDX(jobs.files, i, const ds_file_t *),
                              r->pool);
    }
    return dsm_marketo_page_send(r, doc,
                                 jobs.launches->nelts > jobs.count
                                     ? apr_psprintf(r->pool, "%" APR_INT64_T_FMT, launch->id)
                                     : NULL);
}
