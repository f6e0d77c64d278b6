#include "dsw_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#define CAUSE_SIZE 300

static void cause_print(char cause[CAUSE_SIZE], apr_status_t status)
{
    char reason[200];

    *cause = '\0';
    if (status != APR_SUCCESS)
        apr_snprintf(cause, CAUSE_SIZE, ": (%d)%s", status,
                     status >= APR_OS_START_USERERR ? "see docs/messages.md"
                                                    : apr_strerror(status, reason, sizeof(reason)));
}

/* A line as httpd writes them, so that one error log reads as one. */
static void sink_stderr(ds_log_level_e level, apr_status_t status, const char *text)
{
    static const char *const names[] = {"emerg",  "alert", "crit",  "error", "warn",
                                        "notice", "info",  "debug", "trace1"};
    char when[APR_CTIME_LEN], cause[CAUSE_SIZE];
    apr_time_t now = apr_time_now();

    apr_ctime(when, now);
    cause_print(cause, status);
    fprintf(stderr, "[%.19s.%06ld %s] [datasync:%s] [pid %ld] %s%s\n", when,
            (long)apr_time_usec(now), when + 20, names[level], (long)getpid(), text, cause);
}

/* The journal knows time and process by itself; its levels end with debug. */
static void sink_journal(ds_log_level_e level, apr_status_t status, const char *text)
{
    char cause[CAUSE_SIZE];

    cause_print(cause, status);
    fprintf(stderr, "<%d>%s%s\n", level > DS_LOG_DEBUG ? DS_LOG_DEBUG : level, text, cause);
}

/* systemd names the stream it connected: its device and inode (systemd.exec(5)). */
static int stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    char own[64];
    struct stat info;

    if (!stream || fstat(STDERR_FILENO, &info) != 0)
        return 0;
    apr_snprintf(own, sizeof(own), "%" APR_UINT64_T_FMT ":%" APR_UINT64_T_FMT,
                 (apr_uint64_t)info.st_dev, (apr_uint64_t)info.st_ino);
    return !strcmp(stream, own);
}

void dsw_log_open(ds_log_level_e highest)
{
    ds_log_open(stderr_is_journal() ? sink_journal : sink_stderr, highest);
}
