/* Templates: a subset of the Velocity Template Language, as Apache Velocity 1.7 renders it.
 *
 * Pure: no I/O. A template is parsed once and rendered any number of times; the caller gives values
 * by callbacks and takes the output in pieces, so that memory depends on the template and on the
 * limits, never on the number of rows or on the size of the result. The language, and where it
 * differs from Velocity, stands in docs/templates.md. */
#ifndef DS_FMT_VELOCITY_H
#define DS_FMT_VELOCITY_H

#include <apr_errno.h>
#include <apr_pools.h>

typedef struct ds_fmt_velocity_t ds_fmt_velocity_t;

typedef enum ds_fmt_velocity_type_e {
    DS_VELOCITY_NULL,
    DS_VELOCITY_BOOLEAN,
    DS_VELOCITY_INTEGER,
    DS_VELOCITY_DOUBLE,
    DS_VELOCITY_TEXT,
    DS_VELOCITY_LIST,
    DS_VELOCITY_MAP
} ds_fmt_velocity_type_e;

typedef struct ds_fmt_velocity_value_t ds_fmt_velocity_value_t;

/* What #foreach walks. begin starts a walk, also a second one while another is under way; NULL for
 * a list that can be walked once, by its baton. next gives the next element, or APR_EOF behind the
 * last one; the element lives as long as its pool, which outlives the call after the next one:
 * one element is always read ahead. Another status ends the rendering and is given back by it. */
typedef struct ds_fmt_velocity_list_t {
    apr_status_t (*begin)(void **walk, void *baton, apr_pool_t *pool);
    apr_status_t (*next)(ds_fmt_velocity_value_t *element, void *walk, apr_pool_t *pool);
    int renews; /* it may be endless: the limits of steps and output hold for each element anew */
} ds_fmt_velocity_list_t;

/* What has named fields. find sets *value to the field's value, which lives as long as the map
 * does; APR_NOTFOUND: it has none of that name. name ends with a NUL (and may hold others). */
typedef struct ds_fmt_velocity_map_t {
    apr_status_t (*find)(ds_fmt_velocity_value_t *value, void *baton, const char *name,
                         apr_size_t length);
} ds_fmt_velocity_map_t;

struct ds_fmt_velocity_value_t {
    ds_fmt_velocity_type_e type;
    apr_int64_t integer; /* also a boolean: 0 or 1 */
    double number;
    const char *text; /* need not end with a NUL */
    apr_size_t length;
    const ds_fmt_velocity_list_t *list;
    const ds_fmt_velocity_map_t *map;
    void *baton; /* of list or map */
};

typedef struct ds_fmt_velocity_limits_t {
    apr_size_t template_bytes; /* of a template */
    int depth;                 /* directives, brackets and texts inside each other */
    apr_int64_t steps;        /* of one rendering: each piece of text, reference, operation, turn */
    apr_int64_t output_bytes; /* of one rendering */
    apr_size_t memory_bytes;  /* of one rendering: texts that are kept or put together */
} ds_fmt_velocity_limits_t;

/* What is wrong: a sentence in the pool of the call, and the place in the template it belongs to,
 * both counted from 1; a column is a character. */
typedef struct ds_fmt_velocity_fault_t {
    int line;
    int column;
    const char *text;
} ds_fmt_velocity_fault_t;

/* Read a template. *template and all it needs live in pool; the limits are copied.
 *
 * APR_EINVAL: *fault tells what is wrong: bad syntax, a directive or a thing that is not allowed,
 * or a limit. */
apr_status_t ds_fmt_velocity_parse(ds_fmt_velocity_t **template, ds_fmt_velocity_fault_t *fault,
                                   const char *text, apr_size_t length,
                                   const ds_fmt_velocity_limits_t *limits, apr_pool_t *pool);

/* Does the template have a variable of that name, anywhere? */
int ds_fmt_velocity_has(const ds_fmt_velocity_t *template, const char *name);

/* Takes the next bytes of the output. A status other than APR_SUCCESS ends the rendering. */
typedef apr_status_t (*ds_fmt_velocity_write_cb)(void *baton, const char *data, apr_size_t size);

/* Render a template. `context` is a map: the variables that the template finds. What #set changes
 * is gone at the end: each rendering starts anew. pool is used for what the rendering needs: give
 * one that is cleared after it.
 *
 * APR_EINVAL: a limit, or something that cannot be done (*fault); what was written by then stays
 * written. Any other status is that of a callback, with fault->text NULL. */
apr_status_t ds_fmt_velocity_render(ds_fmt_velocity_fault_t *fault,
                                    const ds_fmt_velocity_t *template,
                                    const ds_fmt_velocity_value_t *context,
                                    ds_fmt_velocity_write_cb write, void *baton, apr_pool_t *pool);

#endif
