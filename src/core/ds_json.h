/* JSON whose numbers keep their digits: records of imports and pulls, and what clients write.
 *
 * A number that jansson would round, or refuse, is in such a value a text that begins with U+0000;
 * no other text there has one. Who wants a text of a value asks here. Used in every process. */
#ifndef DS_JSON_H
#define DS_JSON_H

#include <apr_pools.h>
#include <jansson.h>

/* json_loadb, with the numbers kept. The value is the caller's; nothing of it is in scratch. A text
 * with a U+0000 is refused. */
json_t *ds_json_load(const char *text, apr_size_t size, size_t flags, json_error_t *error,
                     apr_pool_t *scratch);

/* A value as the cell of a file would have it: texts as they are, true and false, numbers with the
 * digits they were written with and without an exponent (ds_fmt_number_expand). So what a field
 * cannot keep exactly is refused where the field is checked (ds_field_check), whether it came in
 * JSON or in CSV. NULL for null, for a list, for a map and for no value. In pool, or borrowed. */
const char *ds_json_text(const json_t *value, apr_pool_t *pool);

/* A value as compact JSON, with the numbers as they were written; in pool. */
const char *ds_json_print(const json_t *value, apr_pool_t *pool);

/* Is it a number, and this one? */
int ds_json_number_is(const json_t *value, const char *number, apr_pool_t *scratch);

#endif
