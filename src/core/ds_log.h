/* The one way in which the code below httpd writes to a log.
 *
 * httpd (dsm_log) and the worker (dsw_main) each set a sink once, at start; until then messages of
 * level warning and worse go to stderr. Each message has a number of its own, DSLOGNO(nnnn), used
 * in one place and described in docs/messages.md. No secret is ever an argument, at any level. */
#ifndef DS_LOG_H
#define DS_LOG_H

#include <apr_errno.h>
#include <stdarg.h>

#define DSLOGNO(n) "DS" #n ": "

/* Levels are httpd's own (http_log.h, after syslog's), so that LogLevel means the same here. */
typedef enum ds_log_level_e {
    DS_LOG_CRIT = 2,
    DS_LOG_ERR = 3,
    DS_LOG_WARNING = 4,
    DS_LOG_NOTICE = 5,
    DS_LOG_INFO = 6,
    DS_LOG_DEBUG = 7,
    DS_LOG_TRACE1 = 8
} ds_log_level_e;

typedef void ds_log_sink_cb(ds_log_level_e level, apr_status_t status, const char *text);

/* Set where messages go and the highest level that is written. Not thread safe: at start only. */
void ds_log_open(ds_log_sink_cb *sink, ds_log_level_e highest);

/* Write one message; status is shown with its text unless it is APR_SUCCESS. */
void ds_log(ds_log_level_e level, apr_status_t status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
