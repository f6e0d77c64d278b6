/* One value against one field: what importing a file and writing a single record have in common. */
#ifndef DS_FIELD_H
#define DS_FIELD_H

#include <jansson.h>

#include "ds_object.h"
#include "ds_reason.h"

/* Check a text that is not empty and ends with a NUL at text[length]. The text to store, which
 * stands in `text` or in `normal`; or NULL, and *reason with *why, a phrase that continues
 * "<field>: ", static or in `place`. */
const char *ds_field_check(char normal[DS_VALUE_NORMAL_SIZE], ds_reason_e *reason, const char **why,
                           char place[40], const ds_field_t *field, char *text, apr_size_t length);

/* A value of JSON as a cell of a file would have it (ds_json_text), in pool; NULL for null and for
 * an empty text. False when it is a list or a map. */
int ds_field_text(char **text, const json_t *value, apr_pool_t *pool);

#endif
