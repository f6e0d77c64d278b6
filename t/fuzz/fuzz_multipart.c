/* The multipart reader on any bytes. The first byte chooses the pieces; the boundary is "b".
 *
 * What must hold: the pieces make no difference; no part holds a boundary; each begin has its
 * end; any bytes put into a well-formed body come out again. */
#include <string.h>

#include <apr_errno.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "ds_fmt_multipart.h"
#include "fuzz.h"

#define PARTS 5
#define HEADER_BYTES 300

typedef struct reading_t {
    fuzz_text_t log;  /* names, data, ends */
    fuzz_text_t part; /* the data of the present part */
    const char *delimiter;
    int parts;
    int open;
} reading_t;

static void text_add(fuzz_text_t *log, const char *text)
{
    if (text != NULL) {
        MUST(strlen(text) < HEADER_BYTES);
        fuzz_text_add(log, text, strlen(text));
    }
    fuzz_text_add(log, text == NULL ? "-" : "+", 1);
}

static apr_status_t part_begin(void *baton, const ds_fmt_part_t *part)
{
    reading_t *reading = baton;

    MUST(!reading->open && part->name != NULL && part->name[0] != '\0');
    reading->open = 1;
    reading->part.size = 0;
    MUST(++reading->parts <= PARTS);
    text_add(&reading->log, part->name);
    text_add(&reading->log, part->filename);
    text_add(&reading->log, part->content_type);
    return APR_SUCCESS;
}

static apr_status_t part_data(void *baton, const char *data, apr_size_t size)
{
    reading_t *reading = baton;

    MUST(reading->open && size > 0);
    fuzz_text_add(&reading->part, data, size);
    fuzz_text_add(&reading->log, data, size);
    return APR_SUCCESS;
}

static apr_status_t part_end(void *baton)
{
    reading_t *reading = baton;

    MUST(reading->open);
    reading->open = 0;
    MUST(reading->part.size == 0 || memmem(reading->part.data, reading->part.size,
                                           reading->delimiter, strlen(reading->delimiter)) == NULL);
    fuzz_text_add(&reading->log, "|", 1);
    return APR_SUCCESS;
}

static const ds_fmt_multipart_events_t events = {part_begin, part_data, part_end};

/* Read a body in pieces (whole when seed is 0); the log ends with the fault. */
static apr_status_t body_read(reading_t *reading, const char *boundary, const char *data,
                              size_t size, uint32_t seed, apr_pool_t *pool)
{
    static const ds_fmt_multipart_limits_t limits = {PARTS, HEADER_BYTES};
    ds_fmt_multipart_t *reader = ds_fmt_multipart_make(boundary, &limits, &events, reading, pool);
    apr_status_t status = APR_SUCCESS;
    size_t at, taken;

    for (at = 0; at < size && status == APR_SUCCESS; at += taken) {
        taken = seed == 0 ? size : fuzz_piece_pick(&seed);
        taken = taken < size - at ? taken : size - at;
        status = ds_fmt_multipart_feed(reader, data + at, taken);
    }
    if (status == APR_SUCCESS) {
        status = ds_fmt_multipart_end(reader);
        MUST(status != APR_SUCCESS || !reading->open);
    }
    MUST((status == APR_SUCCESS) == (ds_fmt_multipart_fault(reader) == NULL));
    text_add(&reading->log, ds_fmt_multipart_fault(reader));
    return status;
}

static void reading_free(reading_t *reading)
{
    free(reading->log.data);
    free(reading->part.data);
}

static void pieces_check(const char *data, size_t size, uint32_t seed, apr_pool_t *pool)
{
    reading_t whole = {.delimiter = "\r\n--b"}, pieces = {.delimiter = "\r\n--b"};

    MUST(body_read(&whole, "b", data, size, 0, pool) ==
         body_read(&pieces, "b", data, size, seed, pool));
    MUST(whole.log.size == pieces.log.size);
    MUST(memcmp(whole.log.data, pieces.log.data, whole.log.size) == 0);
    reading_free(&whole);
    reading_free(&pieces);
}

/* The bytes as the data of one part. */
static void round_trip_check(const char *data, size_t size, uint32_t seed, apr_pool_t *pool)
{
    static const char head[] = "--'boundary'\r\nContent-Disposition: form-data; name=f\r\n\r\n";
    static const char tail[] = "\r\n--'boundary'--";
    reading_t reading = {.delimiter = "\r\n--'boundary'"};
    fuzz_text_t body = {0};

    if (memmem(data, size, "'boundary'", 10) == NULL) {
        fuzz_text_add(&body, head, sizeof(head) - 1);
        fuzz_text_add(&body, data, size);
        fuzz_text_add(&body, tail, sizeof(tail) - 1);
        MUST(body_read(&reading, "'boundary'", body.data, body.size, seed, pool) == APR_SUCCESS);
        MUST(reading.part.size == size &&
             (size == 0 || memcmp(reading.part.data, data, size) == 0));
    }
    reading_free(&reading);
    free(body.data);
}

/* The bytes as a Content-Type. */
static void boundary_check(const char *data, size_t size, apr_pool_t *pool)
{
    const char *boundary = ds_fmt_multipart_boundary(apr_pstrmemdup(pool, data, size), pool);

    MUST(boundary == NULL || (boundary[0] != '\0' && strlen(boundary) <= 70));
    MUST(boundary == NULL || strpbrk(boundary, "\r\n\"\\;") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static apr_pool_t *pool;
    const char *body = (const char *)data + 1;

    if (size < 1 || size > 100000) {
        return 0;
    }
    if (pool == NULL) {
        apr_initialize();
        apr_pool_create(&pool, NULL);
    }
    pieces_check(body, size - 1, 1 + (uint32_t)data[0], pool);
    round_trip_check(body, size - 1, 1 + (uint32_t)data[0], pool);
    boundary_check(body, size - 1, pool);
    apr_pool_clear(pool);
    return 0;
}
