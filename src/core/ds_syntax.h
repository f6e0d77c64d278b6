/* What is wrong with a JSON text, in words that show nothing of it: what stands near the fault may
 * be a secret. */
#ifndef DS_SYNTAX_H
#define DS_SYNTAX_H

#include <jansson.h>

/* A static phrase; error is that of a json_load that has failed. */
const char *ds_syntax_fault(const json_error_t *error);

#endif
