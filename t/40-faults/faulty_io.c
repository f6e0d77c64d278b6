/* A disk that fails now and then, for tests: preloaded (LD_PRELOAD) into httpd and the worker, it
 * lets reads, writes and syncs of certain files fail.
 *
 * Environment: FAULTY_IO_PREFIX, how the files' paths begin; FAULTY_IO_CONTROL, a file of four
 * native 32-bit numbers that may be changed at any time: how many of a million reads, writes and
 * syncs fail, and with which errno. What is a failing write may have written its first half. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

typedef enum { READ, WRITE, SYNC, ERROR, NUMBERS } number_e;

static const volatile int32_t *control;
static const char *prefix;

__attribute__((constructor)) static void control_open(void)
{
    const char *path = getenv("FAULTY_IO_CONTROL");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *map = MAP_FAILED;

    if (fd >= 0) {
        map = mmap(NULL, NUMBERS * sizeof(*control), PROT_READ, MAP_SHARED, fd, 0);
        close(fd);
    }
    prefix = getenv("FAULTY_IO_PREFIX");
    control = map == MAP_FAILED || !prefix ? NULL : map;
}

static int is_ours(int fd)
{
    char link[64], path[4096];
    ssize_t length;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof(path));
    return length >= (ssize_t)strlen(prefix) && !strncmp(path, prefix, strlen(prefix));
}

/* Does this call fail? Then errno is set. */
static int fails(number_e what, int fd)
{
    struct timespec now;
    uint64_t x;

    if (!control || !control[what] || !is_ours(fd))
        return 0;
    clock_gettime(CLOCK_MONOTONIC, &now);
    x = ((uint64_t)now.tv_nsec << 32 ^ (uint64_t)getpid() * 2654435761U) * 0x9E3779B97F4A7C15ULL;
    if ((int32_t)((x >> 33) % 1000000) >= control[what])
        return 0;
    errno = control[ERROR];
    return 1;
}

/* The half that was written is on the disk, the error is what its caller learns. */
#define FAILING_WRITE(call)                                                                        \
    int error = errno;                                                                             \
    if (size > 1 && (call) < 0)                                                                    \
        return -1;                                                                                 \
    errno = error;                                                                                 \
    return -1

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t pread64(int fd, void *data, size_t size, off64_t at)
{
    return fails(READ, fd) ? -1 : NEXT(pread64)(fd, data, size, at);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
    if (fails(WRITE, fd)) {
        FAILING_WRITE(NEXT(pwrite64)(fd, data, size / 2, at));
    }
    return NEXT(pwrite64)(fd, data, size, at);
}

ssize_t write(int fd, const void *data, size_t size)
{
    if (fails(WRITE, fd)) {
        FAILING_WRITE(NEXT(write)(fd, data, size / 2));
    }
    return NEXT(write)(fd, data, size);
}

int ftruncate64(int fd, off64_t size)
{
    return fails(WRITE, fd) ? -1 : NEXT(ftruncate64)(fd, size);
}

int fsync(int fd)
{
    return fails(SYNC, fd) ? -1 : NEXT(fsync)(fd);
}

int fdatasync(int fd)
{
    return fails(SYNC, fd) ? -1 : NEXT(fdatasync)(fd);
}
