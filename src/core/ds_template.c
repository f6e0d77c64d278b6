#include "ds_template.h"

#include <string.h>

ds_problem_t *ds_template_problem(const ds_fmt_velocity_fault_t *fault, apr_pool_t *pool)
{
    return ds_problem_make(pool, DS_EINPUT, "line %d, column %d: %s", fault->line, fault->column,
                           fault->text);
}

ds_problem_t *ds_template_parse(ds_fmt_velocity_t **template, const char *text, apr_pool_t *pool)
{
    static const ds_fmt_velocity_limits_t limits = {.template_bytes = 64 * 1024,
                                                    .depth = 50,
                                                    .steps = 100000,
                                                    .output_bytes = 1024 * 1024,
                                                    .memory_bytes = 1024 * 1024};
    ds_fmt_velocity_fault_t fault;
    apr_status_t status =
        ds_fmt_velocity_parse(template, &fault, text, strlen(text), &limits, pool);

    return status == APR_SUCCESS ? NULL : ds_template_problem(&fault, pool);
}
