#include "dsw_process.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <apr_strings.h>

#include "ds_log.h"
#include "ds_queue.h"
#include "dsw_sign.h"

#define HOST_SIZE 96

static volatile sig_atomic_t asked_to_stop;

static void stop_note(int number)
{
    asked_to_stop = 1;
}

int dsw_process_descriptors_close(int keep_fd)
{
    int first = 3;

    if (keep_fd >= 0 && keep_fd != first && dup2(keep_fd, first) < 0)
        keep_fd = -1; /* it was not given to us after all */
    if (keep_fd >= 0) {
        fcntl(first, F_SETFD, FD_CLOEXEC);
        fcntl(first, F_SETFL, O_NONBLOCK); /* several runners wait for the same byte */
        keep_fd = first++;
    }
    if (close_range(first, ~0U, 0) != 0)
        for (; first < 4096; first++)
            close(first);
    return keep_fd;
}

static ds_problem_t *user_problem(const char *what, apr_pool_t *pool)
{
    apr_status_t status = APR_FROM_OS_ERROR(errno);

    return ds_problem_make(pool, status, "cannot take %s: %s", what,
                           ds_problem_status_text(status, pool));
}

/* httpd's User and Group may be names or "#number". */
static ds_problem_t *ids_find(uid_t *uid, gid_t *gid, const char **name, const char *user,
                              const char *group, apr_pool_t *pool)
{
    const struct passwd *passwd =
        *user == '#' ? getpwuid((uid_t)strtoul(user + 1, NULL, 10)) : getpwnam(user);
    const struct group *found;

    if (!passwd)
        return ds_problem_make(pool, DS_ENOTFOUND, "there is no user \"%s\"", user);
    *uid = passwd->pw_uid;
    *gid = passwd->pw_gid;
    *name = apr_pstrdup(pool, passwd->pw_name);
    if (!group)
        return NULL;
    found = *group == '#' ? getgrgid((gid_t)strtoul(group + 1, NULL, 10)) : getgrnam(group);
    if (!found)
        return ds_problem_make(pool, DS_ENOTFOUND, "there is no group \"%s\"", group);
    *gid = found->gr_gid;
    return NULL;
}

ds_problem_t *dsw_process_user_set(const char *user, const char *group, apr_pool_t *pool)
{
    ds_problem_t *problem;
    const char *name = NULL;
    uid_t uid = 0;
    gid_t gid = 0;

    if (geteuid() != 0)
        return NULL;
    if (!user)
        return ds_problem_make(pool, DS_EDENIED,
                               "the worker does not run as root: name a user in the settings");
    problem = ids_find(&uid, &gid, &name, user, group, pool);
    if (problem)
        return problem;
    if (initgroups(name, gid) != 0 || setgid(gid) != 0)
        return user_problem("the group", pool);
    if (setuid(uid) != 0)
        return user_problem("the user", pool);
    if (geteuid() == 0)
        return ds_problem_make(pool, DS_EDENIED, "the worker does not run as root");
    return NULL;
}

void dsw_process_signals_prepare(pid_t expected_parent)
{
    struct sigaction action = {.sa_handler = stop_note};
    sigset_t blocked;

    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGINT);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
    if (expected_parent == DSW_ANY_PARENT)
        return;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != expected_parent)
        asked_to_stop = 1;
}

int dsw_process_stopping(void)
{
    sigset_t pending;

    if (!asked_to_stop && sigpending(&pending) == 0)
        asked_to_stop = sigismember(&pending, SIGTERM) || sigismember(&pending, SIGINT);
    return asked_to_stop;
}

int dsw_process_wait(int fd, apr_interval_time_t timeout)
{
    struct timespec time = {.tv_sec = apr_time_sec(timeout),
                            .tv_nsec = apr_time_usec(timeout) * 1000};
    struct pollfd item = {.fd = fd, .events = POLLIN};
    sigset_t none;

    if (dsw_process_stopping())
        return 0;
    sigemptyset(&none);
    return ppoll(&item, fd >= 0 ? 1 : 0, &time, &none) > 0;
}

/* --- who owns a launch --- */

static int file_read(char *text, apr_size_t size, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd >= 0 ? read(fd, text, size - 1) : -1;

    if (fd >= 0)
        close(fd);
    text[length > 0 ? length : 0] = '\0';
    return length > 0;
}

/* The same for all processes whose pids can be compared: one boot, one pid namespace. */
static void host_print(char host[HOST_SIZE])
{
    char boot[64], space[32] = "";
    ssize_t length = readlink("/proc/self/ns/pid", space, sizeof(space) - 1);

    space[length > 0 ? length : 0] = '\0';
    if (!file_read(boot, sizeof(boot), "/proc/sys/kernel/random/boot_id"))
        gethostname(boot, sizeof(boot) - 1);
    boot[strcspn(boot, "\n")] = '\0';
    apr_snprintf(host, HOST_SIZE, "%s/%s", boot, space);
}

/* Field 22 of /proc/PID/stat, after the name in parentheses; 0 when there is no such process, or a
 * dead one that nobody has waited for. */
static unsigned long long start_time(pid_t pid)
{
    char path[64], stat[1024], state;
    unsigned long long start = 0;
    const char *end;

    apr_snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
    if (!file_read(stat, sizeof(stat), path) || !(end = strrchr(stat, ')')))
        return 0;
    if (sscanf(end + 1,
               " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
               &state, &start) != 2 ||
        state == 'Z' || state == 'X')
        return 0;
    return start;
}

const char *dsw_process_owner(apr_pool_t *pool)
{
    char host[HOST_SIZE];

    host_print(host);
    return apr_psprintf(pool, "%s/%ld/%" APR_UINT64_T_FMT, host, (long)getpid(),
                        (apr_uint64_t)start_time(getpid()));
}

/* Of a process of this host that is there. */
static int owner_judge(pid_t pid, int silent)
{
    if (!silent)
        return DS_OWNER_ALIVE;
    if (dsw_sign_waits(pid))
        return DS_OWNER_WAITS;
    if (kill(pid, SIGKILL) == 0)
        ds_log(DS_LOG_WARNING, APR_SUCCESS,
               DSLOGNO(0532) "process %ld was silent for longer than its lease: it is killed",
               (long)pid);
    return DS_OWNER_ALIVE;
}

int dsw_process_owner_alive(const char *owner, int silent)
{
    char host[HOST_SIZE];
    unsigned long long start;
    long pid;

    host_print(host);
    if (strncmp(owner, host, strlen(host)) || owner[strlen(host)] != '/')
        return DS_OWNER_ALIVE;
    if (sscanf(owner + strlen(host), "/%ld/%llu", &pid, &start) != 2)
        return DS_OWNER_ALIVE;
    if (start_time((pid_t)pid) == start)
        return owner_judge((pid_t)pid, silent);
    if (kill((pid_t)pid, 0) != 0 && errno == EPERM) /* /proc may hide what others run */
        return DS_OWNER_ALIVE;
    return DS_OWNER_GONE;
}

void dsw_process_name_set(const char *name)
{
    prctl(PR_SET_NAME, name);
}
