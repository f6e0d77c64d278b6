/* Time zone files: TZif of RFC 8536, version 2 and later, as in /usr/share/zoneinfo.
 *
 * Pure: bytes in, spans out. The bytes may be anything; what was read is bounded by their number.
 * Version 1 (32 bits) and files that count leap seconds are refused. */
#ifndef DS_FMT_TZIF_H
#define DS_FMT_TZIF_H

#include <apr_errno.h>
#include <apr_pools.h>

#include "ds_fmt_tzrule.h"

typedef struct ds_fmt_tzif_t ds_fmt_tzif_t;

/* Read a whole file. The zone lives in pool and keeps nothing of data. APR_EINVAL: *fault is a
 * static phrase that continues "the file ". */
apr_status_t ds_fmt_tzif_parse(ds_fmt_tzif_t **zone, const char **fault, const char *data,
                               apr_size_t size, apr_pool_t *pool);

/* The span in which `when` lies; years 4 to 20000. Neighbours may have the same offset. Before the
 * first change of the file its first type holds, after the last one its TZ string (RFC 8536 3.2,
 * 3.3), or, when it has none, the last type for ever. */
ds_fmt_tzspan_t ds_fmt_tzif_span(const ds_fmt_tzif_t *zone, apr_int64_t when);

#endif
