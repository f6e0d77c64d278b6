#include "ds_db_writelock.h"

#include <fcntl.h>
#include <unistd.h>

#include <apr_strings.h>

#include "ds_clock.h"

#define WRITER_BYTE 0
#define WAITER_BYTE 1
#define PAUSE apr_time_from_msec(1)
#define PAUSE_COUNTED apr_time_from_msec(100) /* of one that lasted longer */

struct ds_db_writelock_t {
    int fd;
};

static int byte_lock(const ds_db_writelock_t *lock, short type, off_t byte)
{
    struct flock range = {.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

    return fcntl(lock->fd, F_OFD_SETLK, &range) == 0;
}

static int somebody_waits(const ds_db_writelock_t *lock)
{
    struct flock range = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = WAITER_BYTE, .l_len = 1};

    return fcntl(lock->fd, F_OFD_GETLK, &range) == 0 && range.l_type != F_UNLCK;
}

static apr_status_t fd_close(void *data)
{
    close(((ds_db_writelock_t *)data)->fd);
    return APR_SUCCESS;
}

apr_status_t ds_db_writelock_open(ds_db_writelock_t **lock, const char *database, apr_pool_t *pool)
{
    const char *path = apr_pstrcat(pool, database, "-lock", NULL);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return APR_FROM_OS_ERROR(errno);
    *lock = apr_palloc(pool, sizeof(**lock));
    (*lock)->fd = fd;
    apr_pool_cleanup_register(pool, *lock, fd_close, fd_close);
    return APR_SUCCESS;
}

/* How long it lasted. When the machine stood still meanwhile, so did the holder: that is no time in
 * which it could have let go. */
static apr_interval_time_t pause_make(void)
{
    apr_time_t began = ds_clock_steady();
    apr_interval_time_t lasted;

    apr_sleep(PAUSE);
    lasted = ds_clock_steady() - began;
    return lasted < PAUSE_COUNTED ? lasted : PAUSE_COUNTED;
}

apr_status_t ds_db_writelock_acquire(ds_db_writelock_t *lock, apr_interval_time_t patience)
{
    int taken;

    if (byte_lock(lock, F_WRLCK, WRITER_BYTE))
        return APR_SUCCESS;
    byte_lock(lock, F_RDLCK, WAITER_BYTE);
    do {
        patience -= pause_make();
        taken = byte_lock(lock, F_WRLCK, WRITER_BYTE);
    } while (!taken && patience > 0);
    byte_lock(lock, F_UNLCK, WAITER_BYTE);
    return taken ? APR_SUCCESS : APR_TIMEUP;
}

void ds_db_writelock_release(ds_db_writelock_t *lock)
{
    byte_lock(lock, F_UNLCK, WRITER_BYTE);
}

void ds_db_writelock_yield(ds_db_writelock_t *lock, apr_interval_time_t patience)
{
    apr_time_t deadline = ds_clock_steady() + patience;

    while (somebody_waits(lock) && ds_clock_steady() < deadline)
        apr_sleep(PAUSE);
}
