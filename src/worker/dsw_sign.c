#include "dsw_sign.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ds_clock.h"

#define LIFE apr_time_from_sec(10) /* no step of waiting lasts so long */
#define ECHO apr_time_from_sec(2)  /* so long the keeper may go by what it read before */

typedef struct {
    _Atomic pid_t pid;
    _Atomic apr_time_t waits_at;  /* by the steady clock; 0: it does not */
    _Atomic apr_time_t waited_at; /* when it ceased to */
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
    own->waits_at = own->waited_at = 0;
    own->pid = getpid();
}

void dsw_sign_set(int waits)
{
    apr_time_t now = ds_clock_steady();

    if (!own)
        return;
    if (!waits && own->waits_at)
        own->waited_at = now;
    own->waits_at = waits ? now : 0;
}

void dsw_sign_renew(void)
{
    if (own && own->waits_at)
        dsw_sign_set(1);
}

static int is_within(apr_time_t since, apr_interval_time_t time)
{
    return since && ds_clock_steady() - since < time;
}

int dsw_sign_waits(pid_t pid)
{
    int i;

    for (i = 0; i < signs_count; i++)
        if (signs[i].pid == pid)
            return is_within(signs[i].waits_at, LIFE) || is_within(signs[i].waited_at, ECHO);
    return 0;
}
