#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "ds_fmt_velocity_private.h"

#define DIGITS_MAX 17 /* so many tell every double from its neighbours */

apr_size_t ds_fmt_vel_integer_write(char *target, apr_int64_t integer)
{
    return (apr_size_t)apr_snprintf(target, VEL_NUMBER_ROOM, "%" APR_INT64_T_FMT, integer);
}

/* The fewest digits that read back as number, and the power of ten of the first one. */
static void digits_find(char *digits, int *power, double number)
{
    char text[VEL_NUMBER_ROOM];
    int precision = 0;

    do {
        snprintf(text, sizeof(text), "%.*e", precision, number);
        precision++;
    } while (precision < DIGITS_MAX && strtod(text, NULL) != number);
    *digits++ = text[0];
    if (precision > 1) {
        memcpy(digits, text + 2, (apr_size_t)precision - 1);
    }
    digits[precision - 1] = '\0';
    *power = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
}

/* count digits from *digits on, then zeros. */
static char *digits_write(char *to, const char **digits, int count)
{
    for (; count > 0; count--) {
        *to++ = **digits ? *(*digits)++ : '0';
    }
    return to;
}

/* 1234.5, 0.0012 */
static char *decimal_write(char *to, const char *digits, int power)
{
    to = power < 0 ? memcpy(to, "0", 1), to + 1 : digits_write(to, &digits, power + 1);
    *to++ = '.';
    for (; power < -1; power++) {
        *to++ = '0';
    }
    return digits_write(to, &digits, *digits ? (int)strlen(digits) : 1);
}

/* 1.25E-7 */
static char *scientific_write(char *to, const char *digits, int power)
{
    to = digits_write(to, &digits, 1);
    *to++ = '.';
    to = digits_write(to, &digits, *digits ? (int)strlen(digits) : 1);
    return to + apr_snprintf(to, 6, "E%d", power);
}

/* Double.toString of Java 19 or later. */
apr_size_t ds_fmt_vel_double_write(char *target, double number)
{
    char digits[DIGITS_MAX + 1], *to = target;
    int power;

    if (isnan(number)) {
        memcpy(target, "NaN", 3);
        return 3;
    }
    if (signbit(number)) {
        *to++ = '-';
        number = -number;
    }
    if (isinf(number)) {
        memcpy(to, "Infinity", 8);
        to += 8;
    }
    else if (number == 0) {
        memcpy(to, "0.0", 3);
        to += 3;
    }
    else {
        digits_find(digits, &power, number);
        to = power >= -3 && power < 7 ? decimal_write(to, digits, power)
                                      : scientific_write(to, digits, power);
    }
    return (apr_size_t)(to - target);
}

static double double_get(const ds_fmt_velocity_value_t *value)
{
    return value->type == DS_VELOCITY_DOUBLE ? value->number : (double)value->integer;
}

static int both_integers(const ds_fmt_velocity_value_t *left, const ds_fmt_velocity_value_t *right)
{
    return left->type == DS_VELOCITY_INTEGER && right->type == DS_VELOCITY_INTEGER;
}

/* Returns 0 when there are more than 64 bits. The divisor is not zero. */
static int integer_compute(apr_int64_t *result, vel_kind_e kind, apr_int64_t left,
                           apr_int64_t right)
{
    switch (kind) {
    case VEL_ADD: return !__builtin_add_overflow(left, right, result);
    case VEL_SUBTRACT: return !__builtin_sub_overflow(left, right, result);
    case VEL_MULTIPLY: return !__builtin_mul_overflow(left, right, result);
    case VEL_DIVIDE:
        if (right == -1) {
            return !__builtin_sub_overflow((apr_int64_t)0, left, result);
        }
        *result = left / right;
        return 1;
    default: *result = right == -1 ? 0 : left % right; return 1;
    }
}

static double double_compute(vel_kind_e kind, double left, double right)
{
    switch (kind) {
    case VEL_ADD: return left + right;
    case VEL_SUBTRACT: return left - right;
    case VEL_MULTIPLY: return left * right;
    case VEL_DIVIDE: return left / right;
    default: return fmod(left, right);
    }
}

apr_status_t ds_fmt_vel_number_compute(ds_fmt_velocity_value_t *result, vel_kind_e kind,
                                       const ds_fmt_velocity_value_t *left,
                                       const ds_fmt_velocity_value_t *right)
{
    if ((kind == VEL_DIVIDE || kind == VEL_MODULO) && double_get(right) == 0) {
        return APR_NOTFOUND;
    }
    if (both_integers(left, right)) {
        result->type = DS_VELOCITY_INTEGER;
        return integer_compute(&result->integer, kind, left->integer, right->integer)
                   ? APR_SUCCESS
                   : APR_EGENERAL;
    }
    result->type = DS_VELOCITY_DOUBLE;
    result->number = double_compute(kind, double_get(left), double_get(right));
    return APR_SUCCESS;
}

int ds_fmt_vel_number_compare(const ds_fmt_velocity_value_t *left,
                              const ds_fmt_velocity_value_t *right)
{
    double l, r;

    if (both_integers(left, right)) {
        return (left->integer > right->integer) - (left->integer < right->integer);
    }
    l = double_get(left);
    r = double_get(right);
    return (l > r) - (l < r);
}
