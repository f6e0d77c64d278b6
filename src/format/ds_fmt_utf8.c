#include "ds_fmt_utf8.h"

#include <apr_lib.h>

/* The table of RFC 3629, section 4: for a first byte the length and the range of the second byte.
 */
static apr_size_t lead_read(unsigned char *low, unsigned char *high, unsigned char lead)
{
    *low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    *high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (lead < 0x80) {
        return 1;
    }
    if (lead < 0xC2 || lead > 0xF4) {
        return 0;
    }
    return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

apr_size_t ds_fmt_utf8_length(const char *text, apr_size_t size)
{
    const unsigned char *bytes = (const unsigned char *)text;
    unsigned char low, high;
    apr_size_t length, i;

    if (size == 0) {
        return 0;
    }
    length = lead_read(&low, &high, bytes[0]);
    if (length > size || (length > 1 && (bytes[1] < low || bytes[1] > high))) {
        return 0;
    }
    for (i = 2; i < length; i++) {
        if ((bytes[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return length;
}

char *ds_fmt_utf8_write(char *target, int character)
{
    if (character < 0x80) {
        *target++ = (char)character;
        return target;
    }
    if (character < 0x800) {
        *target++ = (char)(0xC0 | character >> 6);
    }
    else {
        if (character < 0x10000) {
            *target++ = (char)(0xE0 | character >> 12);
        }
        else {
            *target++ = (char)(0xF0 | character >> 18);
            *target++ = (char)(0x80 | (character >> 12 & 0x3F));
        }
        *target++ = (char)(0x80 | (character >> 6 & 0x3F));
    }
    *target++ = (char)(0x80 | (character & 0x3F));
    return target;
}

/* Four hex digits behind \u; -1 when there are not as many. */
static int hex_read(const char *at, const char *end)
{
    int value = 0, i;

    if (end - at < 4) {
        return -1;
    }
    for (i = 0; i < 4; i++) {
        if (!apr_isxdigit(at[i])) {
            return -1;
        }
        value = value * 16 + (apr_isdigit(at[i]) ? at[i] - '0' : (at[i] | 0x20) - 'a' + 10);
    }
    return value;
}

const char *ds_fmt_utf8_escape_read(int *character, const char *at, const char *end)
{
    int second;

    *character = hex_read(at + 2, end);
    if (*character < 0 || (*character >= 0xDC00 && *character < 0xE000)) {
        return NULL;
    }
    at += 6;
    if (*character >= 0xD800 && *character < 0xE000) {
        second = end - at >= 6 && at[0] == '\\' && at[1] == 'u' ? hex_read(at + 2, end) : -1;
        if (second < 0xDC00 || second > 0xDFFF) {
            return NULL;
        }
        *character = 0x10000 + ((*character - 0xD800) << 10) + (second - 0xDC00);
        at += 6;
    }
    return at;
}
