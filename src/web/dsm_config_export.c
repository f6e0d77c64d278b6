#include "dsm_config_export.h"

#include <apr_strings.h>

#include <string.h>

#include "ds_log.h"
#include "dsm_config.h"
#include "dsm_config_section.h"
#include "dsm_config_value.h"

#define QUERY_SECONDS_MAX 3600
#define QUERY_MEMORY_MIN (4 * 1024 * 1024)
#define QUERY_SIZE_MAX (APR_INT64_C(1024) * 1024 * 1024 * 1024)

static ds_problem_t *twice_problem(const ds_sync_t *sync, const char *field, apr_pool_t *pool)
{
    return ds_problem_make(pool, DS_EINPUT, "sync \"%s\": the field \"%s\" stands twice", sync->id,
                           field);
}

static ds_problem_t *field_read(ds_sync_t *sync, const char *name, apr_pool_t *pool)
{
    const apr_array_header_t *fields = sync->export.fields;
    ds_problem_t *problem = ds_sync_field_add(sync, name, pool);
    int last = fields->nelts - 1;
    int i;

    for (i = 0; i < last && !problem; ++i) {
        if (!strcmp(APR_ARRAY_IDX(fields, i, const char *),
                    APR_ARRAY_IDX(fields, last, const char *))) {
            problem = twice_problem(sync, name, pool);
        }
    }
    return problem;
}

static ds_problem_t *order_read(ds_sync_t *sync, const char *name, int descending, apr_pool_t *pool)
{
    const apr_array_header_t *order = sync->export.order;
    ds_problem_t *problem = ds_sync_order_add(sync, name, descending, pool);
    int last = order->nelts - 1;
    int i;

    for (i = 0; i < last && !problem; ++i) {
        if (!strcmp(APR_ARRAY_IDX(order, i, ds_order_t).field,
                    APR_ARRAY_IDX(order, last, ds_order_t).field)) {
            problem = twice_problem(sync, name, pool);
        }
    }
    return problem;
}

/* The section has checked how many arguments there are. */
static ds_problem_t *line_read(ds_sync_t *sync, const ap_directive_t *line, apr_pool_t *pool)
{
    const char *argv[DSM_WORD_ARGS_MAX];
    int argc = dsm_section_line_split(argv, line, pool);
    ds_problem_t *problem = NULL;
    int i;

    if (!ap_cstr_casecmp(line->directive, "Filter")) {
        return ds_sync_filter_add(sync, argv[0], argv[1], argv[2], pool);
    }
    if (!ap_cstr_casecmp(line->directive, "Order")) {
        return order_read(sync, argv[0], argc > 1 && !ap_cstr_casecmp(argv[1], "desc"), pool);
    }
    if (!ap_cstr_casecmp(line->directive, "Fields")) {
        for (i = 0; i < argc && !problem; ++i) {
            problem = field_read(sync, argv[i], pool);
        }
    }
    return problem;
}

int dsm_config_export_read(ds_sync_t *sync, const ap_directive_t *section, apr_pool_t *pool,
                           server_rec *s)
{
    const ap_directive_t *line;
    ds_problem_t *problem;
    int faults = 0;

    for (line = section->first_child; line; line = line->next) {
        problem = line_read(sync, line, pool);
        if (problem) {
            dsm_config_fault_log(
                DSLOGNO(0006), line,
                apr_psprintf(pool, "%s %s: %s", line->directive, line->args, problem->text), s);
            ++faults;
        }
    }
    return faults;
}

/* --- queries --- */

static const char *query_time_read(ds_query_t *query, const char *text, apr_pool_t *pool)
{
    apr_interval_time_t time = 0;
    const char *fault = dsm_config_duration_read(&time, text, pool);

    if (!fault && (time < apr_time_from_sec(1) || time > apr_time_from_sec(QUERY_SECONDS_MAX))) {
        fault = "write a time from 1s to 1h";
    }
    query->seconds = (int)apr_time_sec(time);
    return fault;
}

static const char *query_option_read(ds_query_t *query, const char *name, const char *value,
                                     apr_pool_t *pool)
{
    if (!strcmp(name, "time")) {
        return query_time_read(query, value, pool);
    }
    if (!strcmp(name, "rows")) {
        return dsm_config_number_read(&query->rows, value, 1, APR_INT64_C(1000000000000), pool);
    }
    if (!strcmp(name, "bytes")) {
        return dsm_config_size_read(&query->bytes, value, 1, QUERY_SIZE_MAX, pool);
    }
    if (!strcmp(name, "memory")) {
        return dsm_config_size_read(&query->memory, value, QUERY_MEMORY_MIN, APR_INT32_MAX, pool);
    }
    return "there is no such option: write time=, rows=, bytes= or memory=";
}

const char *dsm_config_query_set(cmd_parms *cmd, void *target, int argc, const char *const *argv)
{
    ds_query_t *query = &((ds_sync_t *)target)->export.query;
    const char *fault = NULL;
    int i;

    query->is_allowed = !ap_cstr_casecmp(argv[0], "On");
    if (!query->is_allowed && ap_cstr_casecmp(argv[0], "Off")) {
        return "write On or Off";
    }
    for (i = 1; i < argc && !fault; ++i) {
        const char *equals = ap_strchr_c(argv[i], '=');
        const char *name =
            equals ? apr_pstrmemdup(cmd->pool, argv[i], (apr_size_t)(equals - argv[i])) : argv[i];

        fault = query_option_read(query, name, equals ? equals + 1 : "", cmd->pool);
        if (fault) {
            fault = apr_psprintf(cmd->pool, "%s: %s", argv[i], fault);
        }
    }
    return fault;
}
