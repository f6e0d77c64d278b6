/* For csv_differential.py: reads inputs from standard input and writes what the reader makes of
 * them.
 *
 * An input is a line "SEED SIZE" and SIZE bytes. For each input one line is written: records are
 * separated by spaces; each is its fault (0: good), a colon, and its cells as hexadecimal digits,
 * separated by commas. The seed decides in which pieces the bytes are fed. */
#include <stdio.h>
#include <stdlib.h>

#include <apr_general.h>

#include "ds_fmt_csv.h"

static void record_print(const ds_fmt_csv_record_t *record)
{
    apr_size_t j;
    int i;

    printf("%d:", (int)record->fault);
    for (i = 0; i < record->count; i++) {
        fputs(i > 0 ? "," : "", stdout);
        for (j = 0; j < record->cells[i].length; j++) {
            printf("%02x", (unsigned char)record->cells[i].text[j]);
        }
    }
    putchar(' ');
}

static unsigned piece_pick(unsigned *seed)
{
    *seed = *seed * 1103515245 + 12345;
    return 1 + (*seed >> 16) % 9;
}

static void input_read(const char *data, apr_size_t size, unsigned seed, apr_pool_t *pool)
{
    static const ds_fmt_csv_limits_t limits = {1 << 20, 1 << 20, 1000};
    ds_fmt_csv_t *csv = ds_fmt_csv_make(&limits, ',', 0, 1, pool);
    ds_fmt_csv_record_t record;
    ds_fmt_csv_next_e next;
    apr_size_t at = 0, taken;

    while ((next = ds_fmt_csv_next(&record, csv)) == DS_CSV_RECORD || next == DS_CSV_MORE) {
        if (next == DS_CSV_RECORD) {
            record_print(&record);
        }
        else if (at == size) {
            ds_fmt_csv_end(csv);
        }
        else {
            taken = piece_pick(&seed);
            taken = taken < size - at ? taken : size - at;
            ds_fmt_csv_feed(csv, data + at, taken);
            at += taken;
        }
    }
    putchar('\n');
}

int main(void)
{
    apr_pool_t *pool;
    unsigned seed;
    size_t size;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    while (scanf("%u %zu", &seed, &size) == 2 && getchar() == '\n') {
        char *data = malloc(size + 1);

        if (data == NULL || fread(data, 1, size, stdin) != size) {
            return 1;
        }
        input_read(data, size, seed, pool);
        apr_pool_clear(pool);
        free(data);
    }
    apr_terminate();
    return 0;
}
