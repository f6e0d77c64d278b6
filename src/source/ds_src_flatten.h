/* Records out of the elements of an answer's array: wrapped, with what stands beside the array, and
 * split once more where the spec says so.
 *
 * Worker and tools. From {"members": [E, ...], "list_id": 1} with the wrapper "member" comes for
 * each E the record {"member": E, "list_id": 1}. Then explodeEntityPath is looked up in the record:
 * each element of that array makes a record of its own, which has the element in the array's place,
 * under the name of explode's wrapper. An array that is empty or missing leaves one record without
 * it.
 *
 * Attributes in `skip` are left out beside the array and inside of its elements; of what stands
 * beside the array only `keep` stays, where it is given.
 *
 * What stands beside the array may come after it. Where elements are read in a stream the rest of
 * the answer must be known before the first record is made: keep the answer and read it twice. */
#ifndef DS_SRC_FLATTEN_H
#define DS_SRC_FLATTEN_H

#include <jansson.h>

#include "ds_problem.h"
#include "ds_src_spec.h"

#define DS_SRC_COLUMNS_MAX 2000 /* of one record */
#define DS_SRC_DEPTH_MAX 64     /* of objects in each other, as columns; deeper is JSON text */
#define DS_SRC_NAME_MAX 1000    /* bytes of one name; what is longer is cut off */

/* The records of an array. Neither time nor memory for one of them grows with what stands beside
 * the array, nor with how many records an element is split into. */
typedef struct ds_src_records_t ds_src_records_t;

/* parent is the object that the array stands in, with or without the array; or NULL. It is not
 * changed, and need not stay. */
ds_src_records_t *ds_src_records_make(const ds_src_spec_t *spec, json_t *parent, apr_pool_t *pool);

/* Go on with this element of the array. It is not changed, and need not stay. */
void ds_src_records_begin(ds_src_records_t *records, json_t *element);

/* The next record of the element, valid until the next call; NULL: there are no more. There is at
 * least one. */
json_t *ds_src_records_next(ds_src_records_t *records);

/* One column of a record: its names joined by points, and its value as text (NULL: none). */
typedef struct ds_src_column_t {
    const char *name;
    const char *text;
} ds_src_column_t;

/* The columns of a record: an array of ds_src_column_t in pool. Returns 0 when there are more than
 * DS_SRC_COLUMNS_MAX: the array has the first ones. */
int ds_src_columns_list(apr_array_header_t **columns, json_t *record, apr_pool_t *pool);

#endif
