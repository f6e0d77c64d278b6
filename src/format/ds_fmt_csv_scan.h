/* Finding the bytes that mean something in CSV: quote, delimiter, CR, LF and NUL.
 *
 * Only for ds_fmt_csv.c. It looks at 64 bytes at once and keeps one bit for each; then it steps
 * from bit to bit, so that a cell costs the same whether it is short or long. */
#ifndef DS_FMT_CSV_SCAN_H
#define DS_FMT_CSV_SCAN_H

#include <apr.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define DS_CSV_BLOCK 64

typedef struct ds_fmt_csv_scan_t {
    const char *data; /* readable to the end of the block that holds data[end - 1] */
    apr_size_t end;
    apr_size_t block;  /* where the block that is looked at begins */
    apr_uint64_t mask; /* its special bytes that were not given out yet */
    char delimiter;
} ds_fmt_csv_scan_t;

#ifdef __SSE2__
static inline apr_uint64_t csv_bits_16(const char *data, char delimiter)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)data);
    __m128i hits = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(delimiter));

    hits = _mm_or_si128(hits, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')));
    hits = _mm_or_si128(hits, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n')));
    hits = _mm_or_si128(hits, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\r')));
    hits = _mm_or_si128(hits, _mm_cmpeq_epi8(bytes, _mm_setzero_si128()));
    return (apr_uint64_t)_mm_movemask_epi8(hits);
}

static inline apr_uint64_t csv_bits_64(const char *data, char delimiter)
{
    return csv_bits_16(data, delimiter) | csv_bits_16(data + 16, delimiter) << 16 |
           csv_bits_16(data + 32, delimiter) << 32 | csv_bits_16(data + 48, delimiter) << 48;
}
#else
static inline apr_uint64_t csv_bits_64(const char *data, char delimiter)
{
    apr_uint64_t bits = 0;
    int i;

    for (i = 0; i < DS_CSV_BLOCK; i++) {
        char c = data[i];

        bits |= (apr_uint64_t)((c == delimiter) | (c == '"') | (c == '\n') | (c == '\r') | !c) << i;
    }
    return bits;
}
#endif

static inline void csv_scan_look(ds_fmt_csv_scan_t *scan)
{
    apr_size_t valid = scan->end - scan->block;

    scan->mask = csv_bits_64(scan->data + scan->block, scan->delimiter);
    if (valid < DS_CSV_BLOCK) {
        scan->mask &= ((apr_uint64_t)1 << valid) - 1;
    }
}

/* Begin at data[start]. */
static inline void csv_scan_start(ds_fmt_csv_scan_t *scan, const char *data, apr_size_t start,
                                  apr_size_t end)
{
    scan->data = data;
    scan->end = end;
    scan->block = start;
    csv_scan_look(scan);
}

/* The position of the next special byte, or `end` when there is none. */
static inline apr_size_t csv_scan_next(ds_fmt_csv_scan_t *scan)
{
    apr_size_t at;

    while (scan->mask == 0) {
        if (scan->end - scan->block <= DS_CSV_BLOCK) {
            return scan->end;
        }
        scan->block += DS_CSV_BLOCK;
        csv_scan_look(scan);
    }
    at = scan->block + (apr_size_t)__builtin_ctzll(scan->mask);
    scan->mask &= scan->mask - 1;
    return at;
}

#endif
