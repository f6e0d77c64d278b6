/* The floor of an upload: a file written to a database in blobs of 1 MiB, and nothing else.
 *
 *   blob_writer DRIVER PARAMS FILE each|once     each: a transaction for each blob; once: one for
 * all
 *
 * Prints the seconds. */
#include <sys/resource.h>

#include "bare.h"

#define CHUNK (1024 * 1024)

static void chunk_write(const bare_t *bare, apr_dbd_prepared_t *statement, apr_int64_t start,
                        const char *data, apr_size_t size, apr_pool_t *pool)
{
    const void *values[] = {&start, data, &size, NULL, NULL};
    int rows;

    bare_check(bare, apr_dbd_pbquery(bare->driver, pool, bare->handle, &rows, statement, values),
               "write");
}

static void file_write(const bare_t *bare, FILE *file, int each)
{
    apr_dbd_prepared_t *statement =
        bare_prepare(bare, "INSERT INTO blob (start, data) VALUES (%lld, %pDb)");
    static char data[CHUNK];
    apr_int64_t start = 0;
    apr_pool_t *pool;
    size_t size;

    apr_pool_create(&pool, bare->pool);
    if (!each) {
        bare_run(bare, "BEGIN");
    }
    while ((size = fread(data, 1, CHUNK, file)) > 0) {
        chunk_write(bare, statement, start, data, size, pool);
        apr_pool_clear(pool);
        start += (apr_int64_t)size;
    }
    if (!each) {
        bare_run(bare, "COMMIT");
    }
}

int main(int argc, char **argv)
{
    FILE *file = argc == 5 ? fopen(argv[3], "rb") : NULL;
    struct rusage used;
    apr_time_t begin;
    bare_t bare;

    if (!file) {
        fprintf(stderr, "usage: blob_writer DRIVER PARAMS FILE each|once\n");
        return 2;
    }
    bare_open(&bare, argv[1], argv[2]);
    bare_run(&bare,
             bare_is_sqlite(&bare)
                 ? "CREATE TABLE blob (start INTEGER PRIMARY KEY, data BLOB)"
                 : "CREATE TABLE blob (start bigint PRIMARY KEY, data bytea COMPRESSION lz4)");
    begin = apr_time_now();
    file_write(&bare, file, !strcmp(argv[4], "each"));
    getrusage(RUSAGE_SELF, &used);
    printf("{\"seconds\": %.6f, \"cpu\": %.6f}\n", bare_seconds(begin),
           (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
               (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / APR_USEC_PER_SEC);
    apr_dbd_close(bare.driver, bare.handle);
    return 0;
}
