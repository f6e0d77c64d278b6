/* Rows through a template: one, whose fields are variables, and members of $item and $data; or all
 * of them, which the template walks by itself: #foreach($item in $items). */
#ifndef DSW_RENDER_H
#define DSW_RENDER_H

#include "ds_problem.h"

typedef struct dsw_render_t dsw_render_t;

/* The row: the names of its fields, any case in a template, and their values, which live in pool.
 */
typedef struct dsw_render_row_t {
    const char *const *titles;
    int count;
    /* The value of the n-th one, NULL for none; *type is 'i' integer,
     * 'd' decimal, 'b' true or false, 's' text. */
    const char *(*value)(char *type, void *baton, int n, apr_pool_t *pool);
    void *baton;
} dsw_render_row_t;

/* The problem when the template cannot be read. */
ds_problem_t *dsw_render_make(dsw_render_t **render, const char *text,
                              apr_status_t (*write)(void *baton, const char *data, apr_size_t size),
                              void *baton, apr_pool_t *pool);

/* Render one row; what it needs is of scratch. */
ds_problem_t *dsw_render_row(dsw_render_t *render, const dsw_render_row_t *row,
                             apr_pool_t *scratch);

/* Does the template speak of $items? */
int dsw_render_walks(const dsw_render_t *render);

/* Render all rows, in a stream. next gives the next one, which lives as long as its pool: APR_EOF
 * behind the last one. The status is that of next or write, or DS_EINPUT with a problem. */
apr_status_t dsw_render_rows(ds_problem_t **problem, dsw_render_t *render,
                             apr_status_t (*next)(dsw_render_row_t *row, void *baton,
                                                  apr_pool_t *pool),
                             void *baton, apr_pool_t *pool);

#endif
