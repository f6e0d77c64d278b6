#include "dsw_sign.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ds_clock.h"

#define LIFE apr_time_from_sec(10) /* no step of waiting lasts so long */

typedef struct {
    _Atomic pid_t pid;
    _Atomic apr_time_t waits_at; /* by the steady clock; 0: it does not */
} sign_t;

static sign_t *signs, *own;
static int signs_count;

void dsw_signs_make(int count)
{
    void *memory = mmap(NULL, sizeof(sign_t) * (size_t)count, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        return;
    signs = memory;
    signs_count = count;
}

void dsw_sign_begin(int number)
{
    if (number >= signs_count)
        return;
    own = &signs[number];
    own->waits_at = 0;
    own->pid = getpid();
}

void dsw_sign_set(int waits)
{
    if (own)
        own->waits_at = waits ? ds_clock_steady() : 0;
}

void dsw_sign_renew(void)
{
    if (own && own->waits_at)
        dsw_sign_set(1);
}

int dsw_sign_waits(pid_t pid)
{
    int i;

    for (i = 0; i < signs_count; i++)
        if (signs[i].pid == pid)
            return signs[i].waits_at && ds_clock_steady() - signs[i].waits_at < LIFE;
    return 0;
}
