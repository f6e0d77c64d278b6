/* For multipart_differential.t: reads a body from standard input and writes its parts.
 *
 *   multipart_dump CONTENT-TYPE SEED
 *
 * One line a part: name, file name, type and data as hexadecimal digits, "-" for what is not there.
 * The seed decides in which pieces the body is fed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_errno.h>
#include <apr_general.h>

#include "ds_fmt_multipart.h"

static void hex_print(const char *data, apr_size_t size)
{
    apr_size_t i;

    for (i = 0; i < size; i++) {
        printf("%02x", (unsigned char)data[i]);
    }
}

static void text_print(const char *text)
{
    if (text == NULL) {
        putchar('-');
    }
    else {
        hex_print(text, strlen(text));
    }
    putchar(' ');
}

static apr_status_t part_begin(void *baton, const ds_fmt_part_t *part)
{
    text_print(part->name);
    text_print(part->filename);
    text_print(part->content_type);
    return APR_SUCCESS;
}

static apr_status_t part_data(void *baton, const char *data, apr_size_t size)
{
    hex_print(data, size);
    return APR_SUCCESS;
}

static apr_status_t part_end(void *baton)
{
    putchar('\n');
    return APR_SUCCESS;
}

int main(int argc, char **argv)
{
    static const ds_fmt_multipart_events_t events = {part_begin, part_data, part_end};
    static const ds_fmt_multipart_limits_t limits = {100, 8192};
    unsigned seed = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    ds_fmt_multipart_t *reader;
    apr_status_t status = APR_SUCCESS;
    const char *boundary;
    apr_pool_t *pool;
    char piece[64];
    size_t size;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    boundary = argc > 2 ? ds_fmt_multipart_boundary(argv[1], pool) : NULL;
    if (boundary == NULL) {
        fprintf(stderr, "multipart_dump: no boundary\n");
        return 2;
    }
    reader = ds_fmt_multipart_make(boundary, &limits, &events, NULL, pool);
    do {
        seed = seed * 1103515245 + 12345;
        size = fread(piece, 1, 1 + (seed >> 16) % sizeof(piece), stdin);
        status = ds_fmt_multipart_feed(reader, piece, size);
    } while (status == APR_SUCCESS && size > 0);
    if (status != APR_SUCCESS || ds_fmt_multipart_end(reader) != APR_SUCCESS) {
        fprintf(stderr, "multipart_dump: %s\n", ds_fmt_multipart_fault(reader));
        return 1;
    }
    apr_terminate();
    return 0;
}
