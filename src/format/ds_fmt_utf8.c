#include "ds_fmt_utf8.h"

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
