/* What the worker program needs to be told by whoever starts it: one JSON document, from httpd on
 * its standard input, or from a file of the administrator's (dsw_config). It may hold a password
 * inside the database parameters, and other secrets, so it is never logged. */
#ifndef DS_SETTINGS_H
#define DS_SETTINGS_H

#include "ds_def.h"
#include "ds_log.h"
#include "ds_notify.h"

typedef struct ds_settings_t {
    const char *db_driver;     /* "sqlite3" or "pgsql" */
    const char *db_params;     /* a file's absolute path, or libpq's connection string */
    int runners;               /* 1 to 64; 0: write the definitions and leave */
    apr_interval_time_t lease; /* how long a runner may be silent before its launch is taken away */
    int cache_mb;              /* SQLite page cache of each runner, in MiB */
    ds_log_level_e log_level;
    const char *user; /* run-time user and group, when the starter is root; else NULL */
    const char *group;
    int wake_fd;                  /* read end of the wake pipe, or -1 */
    ds_def_t *def;                /* NULL: read them from the database */
    ds_mail_t *mail;              /* NULL: this worker sends no mail */
    apr_array_header_t *webhooks; /* of ds_webhook_t *: those that this worker calls */
} ds_settings_t;

/* The defaults, in pool: 2 runners, a lease of 30 s, 64 MiB of cache, level warning, nothing to
 * send. */
ds_settings_t *ds_settings_make(apr_pool_t *pool);

const char *ds_settings_to_json(const ds_settings_t *settings, apr_pool_t *pool);

/* Read them back; the problem names line, column and member, what is wrong, and what to write. It
 * shows nothing of a value. */
ds_problem_t *ds_settings_from_json(ds_settings_t **settings, const char *json, apr_pool_t *pool);

/* The problem of one member of that document, with its place: "line 3, column 5: member: fault". */
ds_problem_t *ds_settings_problem(const char *json, const char *member, const char *fault,
                                  apr_pool_t *pool);

#endif
