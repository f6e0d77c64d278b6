#include <string.h>

#include <apr_cstr.h>
#include <apr_lib.h>

#include "ds_fmt_header.h"
#include "ds_fmt_utf8.h"

static char *blanks_skip(char *at)
{
    return at + strspn(at, " \t");
}

/* An item ends at `end`: cut it off and move behind its semicolon. A cursor of NULL means that
 * something else than a semicolon follows. */
static void item_cut(char **cursor, char *end)
{
    char *next = blanks_skip(end);

    *cursor = *next == ';' ? next + 1 : *next == '\0' ? next : NULL;
    *end = '\0';
}

char *ds_fmt_header_word(char **cursor)
{
    char *word = blanks_skip(*cursor);

    item_cut(cursor, word + strcspn(word, "; \t"));
    return word;
}

/* Decode in place from behind the opening quote. Returns where reading goes on behind the
 * closing one, or NULL when there is none. */
static char *quoted_decode(char *at)
{
    char *to = at;

    while (*at != '"') {
        if (at[0] == '\\' && (at[1] == '"' || at[1] == '\\')) {
            at++;
        }
        if (*at == '\0') {
            return NULL;
        }
        *to++ = *at++;
    }
    *to = '\0';
    return at + 1;
}

int ds_fmt_header_parameter(ds_fmt_parameter_t *parameter, char **cursor)
{
    char *at, *end;

    if (*cursor == NULL) {
        return -1;
    }
    parameter->name = blanks_skip(*cursor);
    at = parameter->name + strcspn(parameter->name, "=; \t\"");
    if (*parameter->name == '\0') {
        return 0;
    }
    if (at == parameter->name || *at != '=') {
        return -1;
    }
    *at++ = '\0';
    parameter->value = *at == '"' ? at + 1 : at;
    end = *at == '"' ? quoted_decode(at + 1) : at + strcspn(at, "; \t\"");
    if (end == NULL || end == at) {
        return -1;
    }
    item_cut(cursor, end);
    return 1;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)apr_tolower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void ds_fmt_header_quote_decode(char *text)
{
    char *to = text;

    while (*text != '\0') {
        if (strncmp(text, "%22", 3) == 0) {
            *to++ = '"';
            text += 3;
        }
        else {
            *to++ = *text++;
        }
    }
    *to = '\0';
}

/* Percent-decoding in place; NULL for a percent sign without two hexadecimal digits. */
static char *percent_decode(char *text)
{
    char *to = text, *at = text;
    int high, low;

    for (; *at != '\0'; at++) {
        if (*at != '%') {
            *to++ = *at;
            continue;
        }
        high = hex_digit(at[1]);
        low = high < 0 ? -1 : hex_digit(at[2]);
        if (low < 0) {
            return NULL;
        }
        *to++ = (char)(high * 16 + low);
        at += 2;
        if (apr_iscntrl(to[-1])) {
            return NULL;
        }
    }
    *to = '\0';
    return text;
}

static int utf8_is_valid(const char *text)
{
    apr_size_t left = strlen(text), length;

    for (; left > 0; left -= length, text += length) {
        length = ds_fmt_utf8_length(text, left);
        if (length == 0) {
            return 0;
        }
    }
    return 1;
}

char *ds_fmt_header_extended_decode(char *value)
{
    char *text;

    if (apr_cstr_casecmpn(value, "UTF-8'", 6) != 0) {
        return NULL;
    }
    text = strchr(value + 6, '\'');
    text = text == NULL ? NULL : percent_decode(text + 1);
    return text != NULL && utf8_is_valid(text) ? text : NULL;
}
