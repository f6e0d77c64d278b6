#include <string.h>

#include <apr_cstr.h>
#include <apr_lib.h>

#include "ds_value_private.h"

#define INTEGER_DIGITS 19 /* of 9223372036854775807 */
#define DECIMAL_DIGITS 15 /* what a double keeps of every decimal */
#define DECIMAL_PLACES 30

static apr_size_t digits_count(const char *text)
{
    return strspn(text, "0123456789");
}

/* Step over a sign; 1 when it was a minus. */
static int sign_read(const char **text)
{
    int negative = **text == '-';

    if (negative || **text == '+') {
        (*text)++;
    }
    return negative;
}

/* Step over zeros that say nothing: all that stand before another digit. */
static const char *zeros_skip(const char *digits)
{
    while (digits[0] == '0' && apr_isdigit(digits[1])) {
        digits++;
    }
    return digits;
}

/* Behind the digits: nothing, or places that are all zero. */
static int is_without_fraction(const char *rest)
{
    return *rest == '\0' ||
           (*rest == '.' && rest[1] != '\0' && rest[1 + strspn(rest + 1, "0")] == '\0');
}

const char *ds_value_integer_check(char normal[DS_VALUE_NORMAL_SIZE], const char *text)
{
    int negative = sign_read(&text);
    apr_size_t count = digits_count(text);
    char *to = normal;

    if (count == 0 || !is_without_fraction(text + count)) {
        return "not an integer";
    }
    text = zeros_skip(text);
    count = digits_count(text);
    if (count > INTEGER_DIGITS ||
        (count == INTEGER_DIGITS &&
         strncmp(text, negative ? "9223372036854775808" : "9223372036854775807", count) > 0)) {
        return "not an integer of 64 bits";
    }
    if (negative && *text != '0') {
        *to++ = '-';
    }
    memcpy(to, text, count);
    to[count] = '\0';
    return NULL;
}

/* Where a decimal's digits stand: whole.places, without zeros that say nothing. */
typedef struct decimal_t {
    const char *whole;
    apr_size_t whole_count;
    const char *places;
    apr_size_t places_count;
} decimal_t;

static int decimal_parse(decimal_t *decimal, const char *text)
{
    apr_size_t count = digits_count(text);
    const char *places = text + count;

    decimal->whole = zeros_skip(text);
    decimal->whole_count = (apr_size_t)(places - decimal->whole);
    if (*places == '.') {
        places++;
    }
    decimal->places = places;
    decimal->places_count = digits_count(places);
    count += decimal->places_count;
    if (count == 0 || places[decimal->places_count] != '\0') {
        return 0;
    }
    while (decimal->places_count > 0 && places[decimal->places_count - 1] == '0') {
        decimal->places_count--;
    }
    return 1;
}

/* All digits from the first one that is not zero. */
static apr_size_t significant_count(const decimal_t *decimal)
{
    if (decimal->whole_count > 0 && *decimal->whole != '0') {
        return decimal->whole_count + decimal->places_count;
    }
    return decimal->places_count - strspn(decimal->places, "0") * (decimal->places_count > 0);
}

const char *ds_value_decimal_check(char normal[DS_VALUE_NORMAL_SIZE], const char *text)
{
    int negative = sign_read(&text);
    char *to = normal;
    decimal_t decimal;
    apr_size_t significant;

    if (!decimal_parse(&decimal, text)) {
        return "not a decimal number";
    }
    significant = significant_count(&decimal);
    if (significant > DECIMAL_DIGITS) {
        return "more than 15 significant digits";
    }
    if (decimal.places_count > DECIMAL_PLACES) {
        return "more than 30 decimal places";
    }
    if (negative && significant > 0) {
        *to++ = '-';
    }
    if (decimal.whole_count == 0) {
        *to++ = '0';
    }
    memcpy(to, decimal.whole, decimal.whole_count);
    to += decimal.whole_count;
    if (decimal.places_count > 0) {
        *to++ = '.';
        memcpy(to, decimal.places, decimal.places_count);
        to += decimal.places_count;
    }
    *to = '\0';
    return NULL;
}

const char *ds_value_boolean_check(char normal[DS_VALUE_NORMAL_SIZE], const char *text)
{
    static const char *const words[] = {"0", "1", "false", "true", "no",  "yes",
                                        "f", "t", "n",     "y",    "off", "on"};
    apr_size_t i;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (apr_cstr_casecmp(words[i], text) == 0) {
            normal[0] = i % 2 == 1 ? '1' : '0';
            normal[1] = '\0';
            return NULL;
        }
    }
    return "not true or false";
}
