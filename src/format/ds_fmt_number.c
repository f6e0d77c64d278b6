#include "ds_fmt_number.h"

#include <stdlib.h>
#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#define PLAIN_DIGITS 18 /* every integer of so many has 64 bits */
#define PLACES_MAX 300
#define MARK "\"\\u0000"
#define MARK_SIZE (sizeof(MARK) - 1)

/* --- what is a number (RFC 8259, 6) --- */

static const char *digits_skip(const char *p, const char *end)
{
    while (p < end && apr_isdigit(*p))
        p++;
    return p;
}

/* Everything that may stand in a number, in whatever order. */
static apr_size_t span(const char *text, const char *end)
{
    const char *p = text;

    while (p < end && (apr_isdigit(*p) || *p == '-' || *p == '+' || *p == '.' || (*p | 32) == 'e'))
        p++;
    return (apr_size_t)(p - text);
}

static int is_number(const char *text, apr_size_t size)
{
    const char *end = text + size, *p = text + (size && *text == '-'), *from = p;

    p = digits_skip(p, end);
    if (p == from || (*from == '0' && p > from + 1))
        return 0;
    if (p < end && *p == '.') {
        from = ++p;
        p = digits_skip(p, end);
        if (p == from)
            return 0;
    }
    if (p < end && (*p | 32) == 'e') {
        p++;
        p += p < end && (*p == '-' || *p == '+');
        from = p;
        p = digits_skip(p, end);
        if (p == from)
            return 0;
    }
    return p == end;
}

/* One that any parser keeps. */
static int is_plain(const char *text, apr_size_t size)
{
    const char *digits = text + (*text == '-');

    return digits_skip(digits, text + size) == text + size &&
           size <= PLAIN_DIGITS + (apr_size_t)(digits - text);
}

/* --- numbers in a text --- */

/* Behind the text whose opening quote was passed; NULL: it has a U+0000. */
static const char *string_skip(const char *p, const char *end)
{
    for (; p < end && *p != '"'; p++) {
        if (*p != '\\')
            continue;
        p++;
        if (end - p >= 5 && !memcmp(p, "u0000", 5))
            return NULL;
    }
    return p < end ? p + 1 : end;
}

/* The next number that is to be kept, from p on: end for none, NULL for a U+0000 before it. */
static const char *number_find(apr_size_t *size, const char *p, const char *end)
{
    while (p && p < end) {
        if (*p == '"')
            p = string_skip(p + 1, end);
        else if (*p == '-' || apr_isdigit(*p)) {
            *size = span(p, end);
            if (!is_plain(p, *size) && is_number(p, *size))
                return p;
            p += *size;
        }
        else
            p++;
    }
    return p;
}

/* -1: there is a U+0000. */
static int numbers_count(const char *text, const char *end)
{
    const char *p = text;
    apr_size_t size = 0;
    int count = 0;

    while ((p = number_find(&size, p, end)) != NULL && p < end) {
        p += size;
        count++;
    }
    return p ? count : -1;
}

char *ds_fmt_number_keep(apr_size_t *kept_size, const char *text, apr_size_t size, apr_pool_t *pool)
{
    const char *end = text + size, *p;
    int count = numbers_count(text, end);
    apr_size_t length = 0;
    char *kept, *to;

    if (count <= 0)
        return NULL;
    kept = to = apr_palloc(pool, size + (apr_size_t)count * (MARK_SIZE + 1));
    while ((p = number_find(&length, text, end)) < end) {
        to = (char *)memcpy(to, text, (apr_size_t)(p - text)) + (p - text);
        to = (char *)memcpy(to, MARK, MARK_SIZE) + MARK_SIZE;
        to = (char *)memcpy(to, p, length) + length;
        *to++ = '"';
        text = p + length;
    }
    to = (char *)memcpy(to, text, (apr_size_t)(end - text)) + (end - text);
    *kept_size = (apr_size_t)(to - kept);
    return kept;
}

/* A quote inside a text has a backslash before it, and one that is text has two: so the mark stands
 * nowhere else. */
void ds_fmt_number_restore(char *text)
{
    char *to = strstr(text, MARK), *from = to, *next;
    apr_size_t length;

    while (from && *from) {
        from += MARK_SIZE;
        length = strcspn(from, "\"");
        memmove(to, from, length);
        to += length;
        from += length + (from[length] == '"');
        next = strstr(from, MARK);
        length = next ? (apr_size_t)(next - from) : strlen(from);
        memmove(to, from, length);
        to += length;
        from += length;
    }
    if (to)
        *to = '\0';
}

/* --- what it says --- */

static const char *zeros_skip(const char *digits)
{
    while (digits[0] == '0' && apr_isdigit(digits[1]))
        digits++;
    return digits;
}

/* Digits with a point behind the first `point` of them, which may be before or behind all. */
static const char *point_set(const char *sign, const char *digits, long point, apr_pool_t *pool)
{
    long count = (long)strlen(digits);
    const char *zeros = apr_psprintf(pool, "%0*d", PLACES_MAX + 1, 0);

    if (point <= 0)
        return apr_psprintf(pool, "%s0.%.*s%s", sign, (int)-point, zeros, digits);
    if (point < count)
        return apr_psprintf(pool, "%s%s.%s", sign,
                            zeros_skip(apr_pstrmemdup(pool, digits, (apr_size_t)point)),
                            digits + point);
    digits = apr_psprintf(pool, "%s%.*s", digits, (int)(point - count), zeros);
    return apr_pstrcat(pool, sign, zeros_skip(digits), NULL);
}

const char *ds_fmt_number_expand(const char *number, apr_pool_t *pool)
{
    const char *sign = *number == '-' ? "-" : "", *whole = number + strlen(sign);
    const char *e = strpbrk(whole, "eE"), *places;
    long power = e ? strtol(e + 1, NULL, 10) : 0;
    apr_size_t whole_size = strcspn(whole, ".eE");

    if (!e || power < -PLACES_MAX || power > PLACES_MAX)
        return number;
    places = whole[whole_size] == '.' ? whole + whole_size + 1 : e;
    return point_set(sign,
                     apr_pstrcat(pool, apr_pstrmemdup(pool, whole, whole_size),
                                 apr_pstrmemdup(pool, places, (apr_size_t)(e - places)), NULL),
                     (long)whole_size + power, pool);
}

/* Without zeros at the end of its places, and without the sign of a zero. */
static const char *normal_make(const char *number, apr_pool_t *pool)
{
    char *text = apr_pstrdup(pool, ds_fmt_number_expand(number, pool)), *end;

    if (!strpbrk(text, "eE") && strchr(text, '.')) {
        for (end = text + strlen(text); end[-1] == '0';)
            *--end = '\0';
        if (end[-1] == '.')
            end[-1] = '\0';
    }
    return strcmp(text, "-0") ? text : "0";
}

int ds_fmt_number_equal(const char *one, const char *other, apr_pool_t *scratch)
{
    return is_number(one, strlen(one)) && is_number(other, strlen(other)) &&
           !strcmp(normal_make(one, scratch), normal_make(other, scratch));
}
