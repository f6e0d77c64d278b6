/* One cell against one field: is it a value of the field's type, and how is it stored?
 *
 * Pure: no I/O, no allocation. The rules for each type stand in docs/import.md. */
#ifndef DS_VALUE_H
#define DS_VALUE_H

#include <apr.h>

typedef enum ds_value_type_e {
    DS_TYPE_STRING,   /* at most max_length characters */
    DS_TYPE_TEXT,     /* any length up to the limits of the reader */
    DS_TYPE_INTEGER,  /* 64 bits, signed */
    DS_TYPE_DECIMAL,  /* at most 15 significant digits, 30 places, a point, no exponent */
    DS_TYPE_BOOLEAN,  /* true false yes no 1 0 on off t f y n, any case */
    DS_TYPE_DATE,     /* 2022-01-14 or 01/14/2022 */
    DS_TYPE_DATETIME, /* ISO 8601, date and time with T or a space between, seconds and their
                         fraction (1 to 9 digits) and the zone optional; no zone means UTC */
    DS_TYPE_EMAIL,    /* one address: local@domain with a dot, at most 254 bytes */
    DS_TYPE_PHONE,    /* digits with + ( ) - . and spaces: 3 to 15 digits (E.164) */
    DS_TYPE_URL       /* http or https with a host */
} ds_value_type_e;

/* Room for every normal form that is written anew: the longest is a decimal of 30 places. */
#define DS_VALUE_NORMAL_SIZE 40

/* The name of a type as configuration and JSON spell it, lower case; never NULL. */
const char *ds_value_type_name(ds_value_type_e type);

/* Find a type by its name, any case. Returns 0 when there is none. */
int ds_value_type_find(ds_value_type_e *type, const char *name);

/* Is text valid UTF-8 (RFC 3629: no surrogates, no overlong forms) without a NUL? On success *chars
 * is the number of characters; on failure *bad is the offset of the first byte that is not part of
 * a whole character. */
int ds_value_utf8(apr_size_t *chars, apr_size_t *bad, const char *text, apr_size_t length);

/* Check a cell that is not empty.
 *
 * text must be valid UTF-8 and end with a NUL at text[length]. chars is its number of characters.
 * Returns the text to store, which stands in `text` or in `normal`, or NULL when the cell is not a
 * value of the type; then *reason is a static phrase that continues "<field>: ", such
 * as "not an integer" or "longer than the field". Surrounding spaces are dropped for
 * all types except string and text: for email and url by a NUL in `text`, which may be long.
 *
 * Stored are: integer without plus and leading zeros; decimal the same, without zeros at the end of
 * its places; boolean 1 or 0; date YYYY-MM-DD; datetime YYYY-MM-DDTHH:MM:SSZ in UTC, with .ffffff
 * before the Z when its fraction is not zero (digits after the sixth are cut off); phone as digits,
 * with a plus before them when it came with + or 00. */
const char *ds_value_check(char normal[DS_VALUE_NORMAL_SIZE], const char **reason,
                           ds_value_type_e type, int max_length, char *text, apr_size_t length,
                           apr_size_t chars);

#endif
