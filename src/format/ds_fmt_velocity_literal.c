#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "ds_fmt_utf8.h"
#include "ds_fmt_velocity_private.h"

/* --- texts --- */

/* The closing quote of the text that begins at `at`; a doubled quote is part of the text, unless
 * nothing closes it any more. */
static const char *quote_find(const char *at, const char *end)
{
    const char *close = NULL;
    char quote = *at;

    for (at++; at < end; at++) {
        if (*at == quote) {
            close = at;
            if (at + 1 == end || at[1] != quote) {
                break;
            }
            at++;
        }
    }
    return close;
}

/* The text between quotes. *text is new and ends with a NUL. Returns 0 for a bad \u. */
static int text_unescape(char **text, apr_size_t *length, const char *at, const char *end,
                         char quote, apr_pool_t *pool)
{
    char *to = *text = apr_palloc(pool, (apr_size_t)(end - at) + 1);
    int character;

    while (at < end) {
        if (quote == '"' && end - at >= 2 && at[0] == '\\' && at[1] == 'u') {
            if ((at = ds_fmt_utf8_escape_read(&character, at, end)) == NULL) {
                return 0;
            }
            to = ds_fmt_utf8_write(to, character);
            continue;
        }
        at += at + 1 < end && at[0] == quote && at[1] == quote;
        *to++ = *at++;
    }
    *to = '\0';
    *length = (apr_size_t)(to - *text);
    return 1;
}

apr_status_t ds_fmt_vel_string_parse(vel_node_t **node, vel_parser_t *parser)
{
    const char *close = quote_find(parser->at, parser->end), *inside = parser->at + 1;
    apr_status_t rv = APR_SUCCESS;
    char *text;

    *node = ds_fmt_vel_node_make(parser, VEL_STRING);
    if (close == NULL) {
        return ds_fmt_vel_fail(parser, "the text that begins here has no closing quote");
    }
    if (!text_unescape(&text, &(*node)->length, inside, close, inside[-1], parser->pool)) {
        return ds_fmt_vel_fail(parser, "a \\u in this text is not followed by the four "
                                       "hexadecimal digits of a character");
    }
    (*node)->text = text;
    if (inside[-1] == '"' && (memchr(inside, '$', (apr_size_t)(close - inside)) != NULL ||
                              memchr(inside, '#', (apr_size_t)(close - inside)) != NULL)) {
        (*node)->kind = VEL_TEMPLATE;
        (*node)->place = parser->template->buffer_count++;
        rv = ds_fmt_vel_inner_parse(&(*node)->right, parser, text, (*node)->length);
    }
    parser->at = close + 1;
    return rv;
}

/* --- numbers --- */

static const char *digits_skip(const char *at, const char *end)
{
    while (at < end && apr_isdigit(*at)) {
        at++;
    }
    return at;
}

/* Behind e or E, a sign and digits; where it began when they are not all there. */
static const char *exponent_skip(const char *at, const char *end)
{
    const char *digits = at + 1;

    if (at == end || (*at != 'e' && *at != 'E')) {
        return at;
    }
    if (digits < end && (*digits == '+' || *digits == '-')) {
        digits++;
    }
    return digits < end && apr_isdigit(*digits) ? digits_skip(digits, end) : at;
}

const char *ds_fmt_vel_number_find(int *is_double, const char *at, const char *end)
{
    const char *first = at + (at < end && *at == '-'), *behind = digits_skip(first, end);
    int has_digits = behind > first;

    *is_double = 0;
    if (behind < end && *behind == '.' && !(has_digits && behind + 1 < end && behind[1] == '.')) {
        const char *fraction = digits_skip(behind + 1, end);

        if (has_digits || fraction > behind + 1) {
            *is_double = 1;
            return exponent_skip(fraction, end);
        }
    }
    if (!has_digits) {
        return at;
    }
    *is_double = exponent_skip(behind, end) > behind;
    return exponent_skip(behind, end);
}

apr_status_t ds_fmt_vel_number_parse(vel_node_t **node, vel_parser_t *parser)
{
    int is_double;
    const char *behind = ds_fmt_vel_number_find(&is_double, parser->at, parser->end);
    char *digits;

    if (behind == parser->at) {
        return ds_fmt_vel_fail(parser, "a value must stand here");
    }
    *node = ds_fmt_vel_node_make(parser, is_double ? VEL_DOUBLE : VEL_INTEGER);
    digits = apr_pstrmemdup(parser->pool, parser->at, (apr_size_t)(behind - parser->at));
    errno = 0;
    if (is_double) {
        (*node)->number = strtod(digits, NULL);
    }
    else {
        (*node)->integer = strtoll(digits, NULL, 10);
        if (errno == ERANGE) {
            return ds_fmt_vel_fail(parser, "this number has more than 64 bits");
        }
    }
    parser->at = behind;
    return APR_SUCCESS;
}
