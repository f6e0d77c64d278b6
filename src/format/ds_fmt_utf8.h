/* One character of UTF-8 (RFC 3629), for everything that has to tell text from bytes. Pure. */
#ifndef DS_FMT_UTF8_H
#define DS_FMT_UTF8_H

#include <apr.h>

/* How many bytes the character at the beginning of text has: 1 to 4, or 0 when the bytes there are
 * no character (surrogates, overlong forms, more than U+10FFFF and cut-off forms are none). */
apr_size_t ds_fmt_utf8_length(const char *text, apr_size_t size);

/* Write a character (up to 0x10FFFF); returns what stands behind it. target has room for 4 bytes.
 */
char *ds_fmt_utf8_write(char *target, int character);

/* Read a character as \uXXXX, or as two of them (UTF-16), at `at`, where \u must stand. Returns
 * what stands behind it; NULL: digits are missing, or half of a pair. */
const char *ds_fmt_utf8_escape_read(int *character, const char *at, const char *end);

#endif
