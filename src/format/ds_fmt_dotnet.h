/* Times as .NET's custom format strings print them, in UTC and without a culture: the part that
 * source specs use. Source: the reference of .NET's custom date and time format strings.
 *
 *   yyyy MM dd HH mm ss   parts of the time, with leading zeros
 *   f to fffffff          1 to 7 digits of the second's fraction, cut off
 *   K                     Z
 *   zzz                   +00:00
 *   T Z : - / . , space and other signs stand for themselves, and so does what is in '' or "", or
 *   behind a backslash
 *
 * Any other letter is refused, also where .NET would print it as it is: it is a mistake more often
 * than it is meant. Pure. */
#ifndef DS_FMT_DOTNET_H
#define DS_FMT_DOTNET_H

#include <apr_pools.h>
#include <apr_time.h>

#define DS_FMT_DOTNET_LENGTH_MAX 128 /* bytes of a format */

/* Print a time of the years 1 to 9999 into pool. NULL, or what is wrong with the format: a static
 * phrase that continues "character N: ", with *at as N, counted in bytes from 1. A format is good
 * for all times or for none. */
const char *ds_fmt_dotnet_print(const char **text, int *at, apr_time_t when, const char *format,
                                apr_pool_t *pool);

#endif
