#include "dsm_config_export.h"

#include <apr_strings.h>

#include <string.h>

#include "ds_log.h"
#include "dsm_config.h"
#include "dsm_config_section.h"

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
