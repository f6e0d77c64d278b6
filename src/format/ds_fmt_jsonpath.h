/* Paths into JSON documents: the part of JSONPath that source specs use.
 *
 * $ (may be left out), .name, ['name'], [n] and [*]. Everything else of JSONPath (.., filters,
 * slices, lists, negative numbers) is refused with its place. Pure; what a path finds in a document
 * is looked up by whoever has the document. */
#ifndef DS_FMT_JSONPATH_H
#define DS_FMT_JSONPATH_H

#include <apr_pools.h>

#define DS_FMT_JSONPATH_STEPS_MAX 32
#define DS_FMT_JSONPATH_LENGTH_MAX 1024 /* bytes of the text */

typedef enum ds_fmt_jsonpath_e {
    DS_JSONPATH_NAME,  /* a member of an object */
    DS_JSONPATH_INDEX, /* an element of an array, from 0 */
    DS_JSONPATH_ALL    /* each element of an array, or each member of an object */
} ds_fmt_jsonpath_e;

typedef struct ds_fmt_jsonpath_step_t {
    ds_fmt_jsonpath_e kind;
    const char *name; /* of DS_JSONPATH_NAME, in UTF-8; else NULL */
    apr_size_t index; /* of DS_JSONPATH_INDEX */
} ds_fmt_jsonpath_step_t;

/* No steps at all: the document itself. */
typedef struct ds_fmt_jsonpath_t {
    int count;
    ds_fmt_jsonpath_step_t *steps;
} ds_fmt_jsonpath_t;

/* Read a path into pool. NULL, or what is wrong: a static phrase that continues "character N: ",
 * with *at as N, counted in bytes from 1. */
const char *ds_fmt_jsonpath_parse(ds_fmt_jsonpath_t **path, int *at, const char *text,
                                  apr_pool_t *pool);

/* Does the path name one place only, without [*]? */
int ds_fmt_jsonpath_is_single(const ds_fmt_jsonpath_t *path);

/* The path as a text that is read to the same steps, in pool. */
const char *ds_fmt_jsonpath_print(const ds_fmt_jsonpath_t *path, apr_pool_t *pool);

#endif
