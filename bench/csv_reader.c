/* How fast is the CSV reader beside libcsv?
 *
 *   csv_reader FILE [ROUNDS]
 *
 * Both read the same file from memory in pieces of 64 KiB, in turn; medians, and the ratio of them,
 * which alone says something on a shared machine. Both count cells and bytes of unquoted text: the
 * counts must be equal, so that both did the whole work. */
#include <csv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_time.h>

#include "ds_fmt_csv.h"

#define PIECE 65536
#define ROUNDS_MAX 99

typedef struct counts_t {
    long rows;
    long cells;
    long bytes;
} counts_t;

static char *file_load(size_t *size, const char *path)
{
    FILE *file = fopen(path, "rb");
    char *data;

    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        perror(path);
        exit(2);
    }
    *size = (size_t)ftell(file);
    rewind(file);
    data = malloc(*size + 1);
    if (data == NULL || fread(data, 1, *size, file) != *size) {
        perror(path);
        exit(2);
    }
    fclose(file);
    return data;
}

static void records_count(counts_t *counts, ds_fmt_csv_t *csv)
{
    ds_fmt_csv_record_t record;
    int i;

    while (ds_fmt_csv_next(&record, csv) == DS_CSV_RECORD) {
        counts->rows++;
        counts->cells += record.count;
        for (i = 0; i < record.count; i++) {
            counts->bytes += (long)record.cells[i].length;
        }
    }
}

static void ours_run(counts_t *counts, const char *data, size_t size)
{
    static const ds_fmt_csv_limits_t limits = {4194304, 1048576, 5000};
    apr_pool_t *pool;
    ds_fmt_csv_t *csv;
    size_t at;

    apr_pool_create(&pool, NULL);
    csv = ds_fmt_csv_make(&limits, ',', 0, 1, pool);
    for (at = 0; at < size; at += PIECE) {
        ds_fmt_csv_feed(csv, data + at, size - at < PIECE ? size - at : PIECE);
        records_count(counts, csv);
    }
    ds_fmt_csv_end(csv);
    records_count(counts, csv);
    apr_pool_destroy(pool);
}

static void libcsv_cell(void *text, size_t length, void *baton)
{
    counts_t *counts = baton;

    counts->cells++;
    counts->bytes += (long)length;
}

static void libcsv_row(int end, void *baton)
{
    ((counts_t *)baton)->rows++;
}

static void libcsv_run(counts_t *counts, const char *data, size_t size)
{
    struct csv_parser parser;
    size_t at;

    csv_init(&parser, CSV_APPEND_NULL);
    for (at = 0; at < size; at += PIECE) {
        csv_parse(&parser, data + at, size - at < PIECE ? size - at : PIECE, libcsv_cell,
                  libcsv_row, counts);
    }
    csv_fini(&parser, libcsv_cell, libcsv_row, counts);
    csv_free(&parser);
}

static double seconds_take(void (*run)(counts_t *, const char *, size_t), counts_t *counts,
                           const char *data, size_t size)
{
    apr_time_t begin = apr_time_now();

    memset(counts, 0, sizeof(*counts));
    run(counts, data, size);
    return (double)(apr_time_now() - begin) / APR_USEC_PER_SEC;
}

static int double_compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof(*values), double_compare);
    return values[count / 2];
}

int main(int argc, char **argv)
{
    double ours[ROUNDS_MAX], theirs[ROUNDS_MAX], our_median, their_median;
    int rounds = argc > 2 ? atoi(argv[2]) : 9, i;
    counts_t a, b;
    size_t size;
    char *data;

    if (argc < 2 || rounds < 1 || rounds > ROUNDS_MAX) {
        fprintf(stderr, "usage: csv_reader FILE [ROUNDS]\n");
        return 2;
    }
    apr_initialize();
    data = file_load(&size, argv[1]);
    for (i = 0; i < rounds; i++) {
        ours[i] = seconds_take(ours_run, &a, data, size);
        theirs[i] = seconds_take(libcsv_run, &b, data, size);
    }
    our_median = median(ours, rounds);
    their_median = median(theirs, rounds);
    printf("%ld rows, %ld cells, %ld bytes of text, %.1f MB, medians of %d\n", a.rows, a.cells,
           a.bytes, (double)size / 1e6, rounds);
    printf("ds_fmt_csv  %.4f s  %.2f GB/s\n", our_median, (double)size / our_median / 1e9);
    printf("libcsv      %.4f s  %.2f GB/s\n", their_median, (double)size / their_median / 1e9);
    printf("ratio       %.2f times as fast as libcsv\n", their_median / our_median);
    if (memcmp(&a, &b, sizeof(a)) != 0) {
        printf("FAILED: libcsv counted %ld rows, %ld cells, %ld bytes\n", b.rows, b.cells, b.bytes);
        return 1;
    }
    return 0;
}
