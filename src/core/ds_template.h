/* Templates of exports (docs/templates.md): the bounds that hold for them wherever they are used.
 */
#ifndef DS_TEMPLATE_H
#define DS_TEMPLATE_H

#include "ds_fmt_velocity.h"
#include "ds_problem.h"

/* Read a template, for one record at a time; it lives in pool. The problem says where and what is
 * wrong: "line 3, column 5: ...". */
ds_problem_t *ds_template_parse(ds_fmt_velocity_t **template, const char *text, apr_pool_t *pool);

/* The problem of a fault. */
ds_problem_t *ds_template_problem(const ds_fmt_velocity_fault_t *fault, apr_pool_t *pool);

#endif
