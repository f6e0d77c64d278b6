/* The values of MIME header fields: "form-data; name=\"file\"; filename=a.csv".
 *
 * Pure, and only for this layer: what a multipart reader needs. Everything is read in place: texts
 * are cut off with NULs in the buffer that was given. */
#ifndef DS_FMT_HEADER_H
#define DS_FMT_HEADER_H

#include <apr.h>

typedef struct ds_fmt_parameter_t {
    char *name;
    char *value;
} ds_fmt_parameter_t;

/* The word before the first parameter, "" when there is none. *cursor goes from the beginning of
 * the value to what ds_fmt_header_parameter wants. */
char *ds_fmt_header_word(char **cursor);

/* The next parameter. 1: one was read, 0: there are no more, -1: the value is not well formed,
 * which may be known only after good parameters: read until 0. In quoted values backslash-quote and
 * backslash-backslash are decoded; any other backslash is an ordinary byte, because browsers of
 * old sent whole Windows paths. */
int ds_fmt_header_parameter(ds_fmt_parameter_t *parameter, char **cursor);

/* Decode %22 in place: how browsers write a quote inside a name. */
void ds_fmt_header_quote_decode(char *text);

/* Decode an extended value (RFC 8187: UTF-8'language'percent-encoded) in place. Returns the text,
 * or NULL when it is broken, of another charset, not UTF-8 or holds control characters. */
char *ds_fmt_header_extended_decode(char *value);

#endif
