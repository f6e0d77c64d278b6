#include <string.h>

#include <apr_cstr.h>
#include <apr_lib.h>

#include "ds_value_private.h"

#define PHONE_DIGITS_MIN 3
#define PHONE_DIGITS_MAX 15 /* E.164 */
#define EMAIL_MAX 254       /* RFC 5321, 4.5.3.1.3, without the angle brackets */
#define LOCAL_MAX 64        /* RFC 5321, 4.5.3.1.1 */
#define LABEL_MAX 63        /* RFC 1035, 2.3.4 */
#define HOST_MAX 253        /* RFC 1035, 2.3.4, as text */

/* Bytes of UTF-8 outside of ASCII are letters here: names may be international. */
static int is_letter_or_digit(char c)
{
    return apr_isalnum(c) || (c & 0x80) != 0;
}

/* A host name: labels of letters, digits and inner hyphens. Returns the number of labels, 0 when
 * it is none. */
static int host_labels_count(const char *host, apr_size_t length)
{
    apr_size_t i, start = 0;
    int labels = 0;

    if (length == 0 || length > HOST_MAX) {
        return 0;
    }
    for (i = 0; i <= length; i++) {
        if (i < length && host[i] != '.') {
            if (!is_letter_or_digit(host[i]) && host[i] != '-') {
                return 0;
            }
            continue;
        }
        if (i == start || i - start > LABEL_MAX || host[start] == '-' || host[i - 1] == '-') {
            return 0;
        }
        labels++;
        start = i + 1;
    }
    return labels;
}

/* What RFC 5322 calls dot-atom, with dots wherever they stand: such addresses are in use. */
static int local_part_is_valid(const char *local, apr_size_t length)
{
    apr_size_t i;

    if (length == 0 || length > LOCAL_MAX) {
        return 0;
    }
    for (i = 0; i < length; i++) {
        if (!is_letter_or_digit(local[i]) && strchr("!#$%&'*+-/=?^_`{|}~.", local[i]) == NULL) {
            return 0;
        }
    }
    return 1;
}

const char *ds_value_email_check(const char *text, apr_size_t length)
{
    const char *at = strchr(text, '@');

    if (at == NULL || length > EMAIL_MAX || !local_part_is_valid(text, (apr_size_t)(at - text)) ||
        host_labels_count(at + 1, strlen(at + 1)) < 2) {
        return "not an email address";
    }
    return NULL;
}

/* Behind a host: nothing, or a colon and a port. */
static int port_is_valid(const char *port, apr_size_t length)
{
    return length == 0 ||
           (port[0] == ':' && length <= 6 && strspn(port + 1, "0123456789") >= length - 1);
}

static int host_is_valid(const char *host, apr_size_t length)
{
    const char *end = memchr(host, *host == '[' ? ']' : ':', length);
    apr_size_t size = end == NULL ? length : (apr_size_t)(end - host);

    if (*host == '[') {
        return end != NULL && size > 2 &&
               strspn(host + 1, "0123456789abcdefABCDEF:.") == size - 1 &&
               port_is_valid(end + 1, length - size - 1);
    }
    return host_labels_count(host, size) > 0 && port_is_valid(host + size, length - size);
}

const char *ds_value_url_check(const char *text, apr_size_t length)
{
    const char *reason = "not an http or https address", *host, *user;
    apr_size_t i, size;

    for (i = 0; i < length; i++) {
        if (apr_iscntrl(text[i]) || strchr(" \"<>\\", text[i]) != NULL) {
            return reason;
        }
    }
    if (apr_cstr_casecmpn(text, "http://", 7) != 0 && apr_cstr_casecmpn(text, "https://", 8) != 0) {
        return reason;
    }
    host = strchr(text, '/') + 2;
    size = strcspn(host, "/?#");
    user = memrchr(host, '@', size);
    if (user != NULL) {
        size -= (apr_size_t)(user + 1 - host);
        host = user + 1;
    }
    return size > 0 && host_is_valid(host, size) ? NULL : reason;
}

const char *ds_value_phone_check(char normal[DS_VALUE_NORMAL_SIZE], const char *text)
{
    char digits[PHONE_DIGITS_MAX + 3] = "", *start = digits;
    apr_size_t count = 0;
    int plus = 0;

    for (; *text != '\0'; text++) {
        if (apr_isdigit(*text)) {
            if (count == sizeof(digits) - 1) {
                return "not a phone number";
            }
            digits[count++] = *text;
        }
        else if (*text == '+' && count == 0 && !plus) {
            plus = 1;
        }
        else if (strchr("()-. ", *text) == NULL) {
            return "not a phone number";
        }
    }
    if (!plus && digits[0] == '0' && digits[1] == '0') {
        plus = 1;
        start += 2;
        count -= 2;
    }
    if (count < PHONE_DIGITS_MIN || count > PHONE_DIGITS_MAX) {
        return "not a phone number of 3 to 15 digits";
    }
    normal[0] = '+';
    memcpy(normal + plus, start, count);
    normal[count + (apr_size_t)plus] = '\0';
    return NULL;
}
