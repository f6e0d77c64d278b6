/* datasyncctl: the administrator's tool. It works on the database directly, in a process of its
 * own; httpd need not run. It never creates a database and never changes a schema.
 *
 * One file per group of commands; datasyncctl.c has the table of them. A command function returns
 * the exit code. Everything it makes lives in ctl->pool, to the end of the program. */
#ifndef CTL_H
#define CTL_H

#include <apr_file_io.h>
#include <apr_pools.h>
#include <jansson.h>

#include "ds_db.h"
#include "ds_def.h"
#include "ds_launch.h"

enum {
    CTL_OK = 0,
    CTL_REFUSED = 1, /* what was asked for does not exist or is not possible; check: faults */
    CTL_USAGE = 2,
    CTL_DATABASE = 3 /* the database is missing, away, or not of our version */
};

#define CTL_CLIENT_WORDS_MAX 100 /* a name and so many objects */

/* The command line and what every command needs. */
typedef struct ctl_t {
    apr_pool_t *pool;
    int json;             /* --json */
    const char *database; /* --database, or NULL */
    const char *name;     /* --name, or NULL */
    const char *expires;  /* --expires, or NULL */
    const char *limit;    /* --limit, or NULL */
    int dry_run;          /* --dry-run */
    int backfill;         /* --backfill */
    const char *role;     /* --role, or NULL */
    const char *scopes;   /* --scopes, or NULL */
    apr_file_t *input;    /* the file that the command reads, or NULL */
    const char *user;     /* the login name of who runs the tool */
    ds_db_t *db;
    ds_def_t *def;
} ctl_t;

/* arguments: the words after the command, ended by NULL, as many as the table of commands allows.
 */
typedef int ctl_run_cb(ctl_t *ctl, const char *const *arguments);

ctl_run_cb ctl_object_list;
ctl_run_cb ctl_sync_list;
ctl_run_cb ctl_sync_enable;
ctl_run_cb ctl_sync_disable;
ctl_run_cb ctl_token_create;
ctl_run_cb ctl_token_list;
ctl_run_cb ctl_token_revoke;
ctl_run_cb ctl_client_create;
ctl_run_cb ctl_client_list;
ctl_run_cb ctl_client_revoke;
ctl_run_cb ctl_launch_list;
ctl_run_cb ctl_launch_show;
ctl_run_cb ctl_launch_file;
ctl_run_cb ctl_launch_cancel;
ctl_run_cb ctl_launch_retry;
ctl_run_cb ctl_outbox_list;
ctl_run_cb ctl_run;
ctl_run_cb ctl_check;
ctl_run_cb ctl_source_check;
ctl_run_cb ctl_source_list;
ctl_run_cb ctl_source_preview;
ctl_run_cb ctl_source_remove;
ctl_run_cb ctl_source_show;

/* ctl_database.c: find the database, open it and read the definitions into ctl. As root, and with
 * an SQLite file of another user, the process becomes that user first, so that no file of
 * root's appears beside it. The exit code; the message is printed. */
int ctl_database_open(ctl_t *ctl);

/* ctl_sync.c: the sync with this id. NULL after a message that names the known ones. */
const ds_sync_t *ctl_sync_find(const ctl_t *ctl, const char *id);

/* ctl_launch.c: the launch of an id given as text, of whatever sync. The exit code; the message is
 * printed. */
int ctl_launch_find(ds_launch_t **launch, const ctl_t *ctl, const char *text);

/* ctl_launch.c: how many rows of a list are asked for. The exit code; the message is printed. */
int ctl_limit_read(int *limit, const ctl_t *ctl);

/* ctl_print.c */

/* One column of a table, or one line of a form: the key of the JSON member and its title. */
typedef struct ctl_column_t {
    const char *key;
    const char *title;
} ctl_column_t;

/* Print rows (an array of objects; the reference is taken over) as JSON or as a table with these
 * columns, ended by a NULL key. Control characters never reach the terminal. */
int ctl_rows_print(const ctl_t *ctl, json_t *rows, const ctl_column_t *columns);

/* The same for one object, a line for each column. */
int ctl_form_print(const ctl_t *ctl, json_t *object, const ctl_column_t *columns);

/* Print the object with --json, else the sentence. Takes the reference over. */
int ctl_result_print(const ctl_t *ctl, json_t *object, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Text from files and clients must not drive the terminal: C0, DEL and C1 become a space. In pool.
 */
const char *ctl_text_clean(const char *text, apr_pool_t *pool);

/* Values for JSON: text that may be NULL or not UTF-8; a time or an id, null for 0. */
json_t *ctl_json_text(const char *text, apr_pool_t *pool);
json_t *ctl_json_time(apr_time_t when, apr_pool_t *pool);
json_t *ctl_json_id(apr_int64_t id);

/* Print "datasyncctl: ..." to stderr and return the exit code. */
int ctl_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for a status that the database layer gave: "cannot ACTION: why". */
int ctl_fail_status(const ctl_t *ctl, apr_status_t status, const char *action);

#endif
