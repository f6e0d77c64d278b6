#include "ds_fmt_tzif.h"

#include <string.h>

#include <apr_strings.h>

/* RFC 8536 3.1: magic, version, 15 reserved bytes, six counts. */
#define HEADER_SIZE 44
#define COUNTS_AT 20

/* The longest TZ string that is read; those of tzdata have less than 60 bytes. */
#define RULE_MAX 255

struct ds_fmt_tzif_t {
    int count;          /* of changes */
    apr_int64_t *times; /* of the changes, ascending */
    int *offsets;       /* count + 1: before the first change, and after each */
    int has_rule;
    ds_fmt_tzrule_t rule; /* after the last change */
};

/* What one header says of its block, and where the block's parts begin. */
typedef struct block_t {
    apr_uint64_t leaps, times, types;
    const unsigned char *times_at;
    const unsigned char *indexes_at;
    const unsigned char *types_at;
    const unsigned char *end;
} block_t;

static apr_uint64_t number_get(const unsigned char *at, int bytes)
{
    apr_uint64_t number = 0;

    for (; bytes > 0; bytes--) {
        number = number << 8 | *at++;
    }
    return number;
}

/* A number of 32 or 64 bits in two's complement. */
static apr_int64_t signed_get(const unsigned char *at, int bytes)
{
    apr_uint64_t number = number_get(at, bytes);

    return bytes == 4 ? (apr_int32_t)(apr_uint32_t)number : (apr_int64_t)number;
}

/* time_bytes: 4 in the first block, 8 in the second one. */
static const char *block_read(block_t *block, const unsigned char *at, const unsigned char *end,
                              int time_bytes)
{
    apr_uint64_t utc, standard, chars, size;

    if (end - at < HEADER_SIZE || memcmp(at, "TZif", 4) != 0) {
        return "is no time zone file (TZif)";
    }
    if (at[4] < '2') {
        return "is a time zone file of version 1, without times after 2037";
    }
    utc = number_get(at + COUNTS_AT, 4);
    standard = number_get(at + COUNTS_AT + 4, 4);
    block->leaps = number_get(at + COUNTS_AT + 8, 4);
    block->times = number_get(at + COUNTS_AT + 12, 4);
    block->types = number_get(at + COUNTS_AT + 16, 4);
    chars = number_get(at + COUNTS_AT + 20, 4);
    size = block->times * (apr_uint64_t)(time_bytes + 1) + block->types * 6 + chars +
           block->leaps * (apr_uint64_t)(time_bytes + 4) + standard + utc;
    at += HEADER_SIZE;
    if (size > (apr_uint64_t)(end - at)) {
        return "is cut off";
    }
    block->times_at = at;
    block->indexes_at = at + block->times * (apr_uint64_t)time_bytes;
    block->types_at = block->indexes_at + block->times;
    block->end = at + size;
    return NULL;
}

static const char *offset_read(int *offset, const block_t *block, apr_uint64_t type)
{
    apr_int64_t seconds;

    if (type >= block->types) {
        return "names a type that it does not have";
    }
    seconds = signed_get(block->types_at + type * 6, 4);
    if (seconds <= -DS_FMT_TZ_OFFSET_MAX || seconds >= DS_FMT_TZ_OFFSET_MAX) {
        return "has a clock that is more than 26 hours from UTC";
    }
    *offset = (int)seconds;
    return NULL;
}

static const char *changes_read(ds_fmt_tzif_t *zone, const block_t *block, apr_pool_t *pool)
{
    const char *fault = offset_read(&zone->offsets[0], block, 0);
    int i;

    for (i = 0; fault == NULL && i < zone->count; i++) {
        zone->times[i] = signed_get(block->times_at + 8 * i, 8);
        if (i > 0 && zone->times[i] <= zone->times[i - 1]) {
            return "has changes in disorder";
        }
        fault = offset_read(&zone->offsets[i + 1], block, block->indexes_at[i]);
    }
    return fault;
}

/* The footer: a TZ string, which may be empty, between two line feeds. */
static const char *rule_read(ds_fmt_tzif_t *zone, const unsigned char *at, const unsigned char *end)
{
    const unsigned char *close;
    char text[RULE_MAX + 1];
    apr_size_t length;

    close = at < end && *at == '\n' ? memchr(at + 1, '\n', (apr_size_t)(end - at - 1)) : NULL;
    if (close == NULL) {
        return "has no TZ string at its end";
    }
    length = (apr_size_t)(close - at - 1);
    if (length > RULE_MAX || memchr(at + 1, '\0', length) != NULL) {
        return "has a TZ string that cannot be read";
    }
    memcpy(text, at + 1, length);
    text[length] = '\0';
    zone->has_rule = length > 0;
    if (zone->has_rule && !ds_fmt_tzrule_parse(&zone->rule, text)) {
        return "has a TZ string that cannot be read";
    }
    return NULL;
}

apr_status_t ds_fmt_tzif_parse(ds_fmt_tzif_t **zone, const char **fault, const char *data,
                               apr_size_t size, apr_pool_t *pool)
{
    const unsigned char *at = (const unsigned char *)data, *end = at + size;
    block_t block;

    *fault = block_read(&block, at, end, 4);
    if (*fault == NULL) {
        *fault = block_read(&block, block.end, end, 8);
    }
    if (*fault == NULL && block.leaps > 0) {
        *fault = "counts leap seconds, as those below right/ do";
    }
    if (*fault != NULL) {
        return APR_EINVAL;
    }
    *zone = apr_pcalloc(pool, sizeof(**zone));
    (*zone)->count = (int)block.times;
    (*zone)->times = apr_palloc(pool, (block.times + 1) * sizeof(apr_int64_t));
    (*zone)->offsets = apr_palloc(pool, (block.times + 1) * sizeof(int));
    *fault = changes_read(*zone, &block, pool);
    if (*fault == NULL) {
        *fault = rule_read(*zone, block.end, end);
    }
    return *fault == NULL ? APR_SUCCESS : APR_EINVAL;
}

/* How many changes lie at or before `when`. */
static int changes_count(const ds_fmt_tzif_t *zone, apr_int64_t when)
{
    int low = 0, high = zone->count, middle;

    while (low < high) {
        middle = low + (high - low) / 2;
        if (zone->times[middle] <= when) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    return low;
}

ds_fmt_tzspan_t ds_fmt_tzif_span(const ds_fmt_tzif_t *zone, apr_int64_t when)
{
    int gone = changes_count(zone, when);
    ds_fmt_tzspan_t span = {INT64_MIN, INT64_MAX, zone->offsets[gone]};

    if (gone == zone->count && zone->has_rule) {
        span = ds_fmt_tzrule_span(&zone->rule, when);
    }
    if (gone > 0 && zone->times[gone - 1] > span.begin) {
        span.begin = zone->times[gone - 1];
    }
    if (gone < zone->count) {
        span.end = zone->times[gone];
    }
    return span;
}
