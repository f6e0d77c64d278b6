/* Which value of a record fills which field of an object.
 *
 * Map lines say it. A field without one takes the attribute of its own name, from the first of
 * these that has it: the element that explodeEntityPath gave, the element of contentPath, what
 * stands beside the array.
 *
 * Parent, tools and worker; a mapping lives in its pool and is never changed after it was made. */
#ifndef DS_SRC_MAP_H
#define DS_SRC_MAP_H

#include <jansson.h>

#include "ds_object.h"
#include "ds_source.h"
#include "ds_src_spec.h"

typedef struct ds_src_map_t ds_src_map_t;

/* The mapping of a source. The problem names the Map line: a field that the object does not have or
 * that stands twice, a path that is wrong. */
ds_problem_t *ds_src_map_make(ds_src_map_t **map, const ds_source_t *source,
                              const ds_src_spec_t *spec, const ds_object_t *object,
                              apr_pool_t *pool);

/* The values of a record: texts[i] for field i of the object, NULL where the record has none. The
 * texts live as long as the record and pool. */
void ds_src_map_apply(const char **texts, const ds_src_map_t *map, json_t *record,
                      apr_pool_t *pool);

#endif
