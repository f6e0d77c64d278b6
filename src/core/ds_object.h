/* Objects: the kinds of record that an administrator defines. One database table per object. */
#ifndef DS_OBJECT_H
#define DS_OBJECT_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "ds_problem.h"
#include "ds_value.h"

#define DS_NAME_MAX 62 /* the longest name of an object or a field, in bytes */
#define DS_OBJECT_FIELDS_MAX 500

typedef struct ds_field_t {
    const char *name;
    const char *label; /* for people; never NULL: the name where nothing was given */
    ds_value_type_e type;
    int max_length; /* characters; only for string */
    int is_key;
} ds_field_t;

typedef struct ds_object_t {
    const char *name;           /* also the table's name */
    const char *display_name;   /* never NULL: the name where nothing was given */
    const char *description;    /* for people; or NULL */
    apr_array_header_t *fields; /* of ds_field_t, in the order of the configuration */
    int delete_marks;         /* a deleted row stays, with the time of its removal in _deleted_at */
    apr_array_header_t *keys; /* of int: positions in fields, in the order of Key */
    int updated_at; /* position of the field that tells when a record was changed, or -1 */
} ds_object_t;

/* An object without fields, in pool. Names are copied. */
ds_object_t *ds_object_make(const char *name, apr_pool_t *pool);

/* Add a field. The type is given by name; length is NULL or a number of characters as text, and
 * only string takes one (default 255). NULL on success, else the problem, which names the field. */
ds_problem_t *ds_object_field_add(ds_object_t *object, const char *name, const char *type,
                                  const char *length, apr_pool_t *pool);

/* Give a field (by name) a label for people. */
ds_problem_t *ds_object_label_set(ds_object_t *object, const char *field, const char *label,
                                  apr_pool_t *pool);

/* Make a field (by name) part of the key. */
ds_problem_t *ds_object_key_add(ds_object_t *object, const char *field, apr_pool_t *pool);

/* Name the field, a datetime, that tells when a record was changed at its source. */
ds_problem_t *ds_object_updated_at_set(ds_object_t *object, const char *field, apr_pool_t *pool);

/* Is it whole: at least one field, at least one key? NULL when it is. */
ds_problem_t *ds_object_check(const ds_object_t *object, apr_pool_t *pool);

/* The position of the field called name (ASCII case does not count), or -1. */
int ds_object_field_find(const ds_object_t *object, const char *name);

/* May this be the name of an object or field: a letter, then letters, digits and _, at most
 * DS_NAME_MAX bytes, not starting with ds_, sqlite_ or pg_? NULL when it may, else what is wrong.
 */
const char *ds_object_name_fault(const char *name);

#endif
