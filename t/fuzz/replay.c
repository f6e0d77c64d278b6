/* Runs a fuzz target on each file of its corpus and prints TAP: what was found once stays found,
 * also on machines without clang. The folder is CORPUS of the build, below $srcdir. */
#include <string.h>

#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <apr_tables.h>

#include "fuzz.h"

static apr_array_header_t *names_list(const char *folder, apr_pool_t *pool)
{
    apr_array_header_t *names = apr_array_make(pool, 32, sizeof(const char *));
    apr_finfo_t info;
    apr_dir_t *dir;

    if (apr_dir_open(&dir, folder, pool) != APR_SUCCESS) {
        fprintf(stderr, "replay: cannot open %s\n", folder);
        exit(2);
    }
    while (apr_dir_read(&info, APR_FINFO_NAME, dir) == APR_SUCCESS) {
        if (info.name[0] != '.') {
            *(const char **)apr_array_push(names) = apr_pstrdup(pool, info.name);
        }
    }
    apr_dir_close(dir);
    return names;
}

static int name_compare(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void file_run(const char *path, apr_pool_t *pool)
{
    apr_file_t *file;
    apr_size_t size;
    apr_finfo_t info;
    char *data;

    MUST(apr_file_open(&file, path, APR_READ | APR_BINARY, APR_OS_DEFAULT, pool) == APR_SUCCESS);
    MUST(apr_file_info_get(&info, APR_FINFO_SIZE, file) == APR_SUCCESS);
    size = (apr_size_t)info.size;
    /* exactly as large as the file, so that a sanitizer sees the first byte too much */
    data = malloc(size > 0 ? size : 1);
    MUST(data != NULL);
    MUST(size == 0 || apr_file_read_full(file, data, size, NULL) == APR_SUCCESS);
    LLVMFuzzerTestOneInput((const uint8_t *)data, size);
    free(data);
    apr_file_close(file);
}

int main(void)
{
    const char *source = getenv("srcdir"), *folder;
    apr_array_header_t *names;
    apr_pool_t *pool;
    int i;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    folder = apr_pstrcat(pool, source ? source : ".", "/", CORPUS, NULL);
    names = names_list(folder, pool);
    qsort(names->elts, (size_t)names->nelts, sizeof(char *), name_compare);
    printf("1..%d\n", names->nelts);
    fflush(stdout);
    for (i = 0; i < names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(names, i, const char *);

        file_run(apr_pstrcat(pool, folder, "/", name, NULL), pool);
        printf("ok %d - nothing breaks on %s\n", i + 1, name);
        fflush(stdout);
    }
    apr_terminate();
    return names->nelts == 0;
}
