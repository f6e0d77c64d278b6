/* What a path finds in a JSON value, and what is found as text.
 *
 * Worker and tools. References are borrowed from the value that is looked at. */
#ifndef DS_SRC_PATH_H
#define DS_SRC_PATH_H

#include <jansson.h>

#include "ds_src_spec.h"

/* The first place that the path names; NULL: there is none. null is a value like others. */
json_t *ds_src_path_get(json_t *root, const ds_fmt_jsonpath_t *path);

/* All of them, at most `most`, appended to found (of json_t *). */
void ds_src_path_list(apr_array_header_t *found, json_t *root, const ds_fmt_jsonpath_t *path,
                      int most);

/* A value as one text: as ds_json_text says it, but arrays and objects as compact JSON. NULL for
 * null and for no value. In pool, or borrowed from the value. */
const char *ds_src_value_text(const json_t *value, apr_pool_t *pool);

/* Is the end condition of a spec fulfilled by what was found at its place (NULL: nothing)? */
int ds_src_end_is_met(const ds_src_paging_t *paging, const json_t *value, apr_pool_t *scratch);

#endif
