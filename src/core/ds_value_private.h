/* The checks behind ds_value_check, one for each type that has rules. Only for ds_value*.c.
 *
 * Each gets a value without surrounding spaces, writes the normal form to `normal` and returns
 * NULL, or returns the reason why it is no value of the type. */
#ifndef DS_VALUE_PRIVATE_H
#define DS_VALUE_PRIVATE_H

#include "ds_value.h"

const char *ds_value_integer_check(char normal[DS_VALUE_NORMAL_SIZE], const char *text);
const char *ds_value_decimal_check(char normal[DS_VALUE_NORMAL_SIZE], const char *text);
const char *ds_value_boolean_check(char normal[DS_VALUE_NORMAL_SIZE], const char *text);
const char *ds_value_date_check(char normal[DS_VALUE_NORMAL_SIZE], const char *text);
const char *ds_value_datetime_check(char normal[DS_VALUE_NORMAL_SIZE], const char *text);
const char *ds_value_phone_check(char normal[DS_VALUE_NORMAL_SIZE], const char *text);

/* These two are stored as they are. */
const char *ds_value_email_check(const char *text, apr_size_t length);
const char *ds_value_url_check(const char *text, apr_size_t length);

#endif
