/* Numbers of JSON as they are spelled. A parser makes doubles of them, which keep 15 digits of a
 * decimal, and no integer of more than 64 bits: so what it might change goes past it as a text.
 *
 * Pure: no I/O. */
#ifndef DS_FMT_NUMBER_H
#define DS_FMT_NUMBER_H

#include <apr_pools.h>

/* A copy of a JSON text, in pool, in which each number with a point, an exponent or more than 18
 * digits is a text that begins with U+0000, an escape in the source: no other text there has one.
 * NULL: there is no such number, or there is a U+0000 already. What is no JSON stays none. */
char *ds_fmt_number_keep(apr_size_t *kept_size, const char *text, apr_size_t size,
                         apr_pool_t *pool);

/* The way back, in a JSON text that was printed of such texts: in its place. */
void ds_fmt_number_restore(char *text);

/* A number without its exponent, in pool, where it has one: "1.5e-07" as "0.00000015", for what
 * takes decimals takes no exponents. Beyond 300 places it stays as it is. No digit is changed. */
const char *ds_fmt_number_expand(const char *number, apr_pool_t *pool);

/* Are both numbers of JSON, and the same one: 1.50, 1.5 and 15e-1? */
int ds_fmt_number_equal(const char *one, const char *other, apr_pool_t *scratch);

#endif
