/* Faults on purpose: t/memory/sanitizers and t/memory/valgrind.t must see them, or they see
 * nothing. */
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_pools.h>

static void *volatile kept;
static volatile apr_size_t size = 13; /* the compiler must not see the faults itself */
static volatile int shift = 62;

int main(int argc, const char *const *argv)
{
    apr_pool_t *pool;
    char *piece;

    if (argc != 2)
        return 2;
    apr_initialize();
    apr_pool_create(&pool, NULL);
    if (!strcmp(argv[1], "pool")) {
        piece = apr_palloc(pool, size);
        piece[size] = 'x'; /* the first byte after a piece of a pool */
    }
    if (!strcmp(argv[1], "shift"))
        argc = argc << shift;
    if (!strcmp(argv[1], "leak")) {
        kept = malloc(100);
        kept = NULL;
    }
    apr_terminate();
    return argc == 77;
}
