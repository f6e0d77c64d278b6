/* Where datasyncctl finds its database, and as whom it opens it. */
#include "ctl.h"

#include <apr_env.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PLACE_DEFAULT "sqlite3:" DATASYNC_STATE_DIR "/datasync.db"
#define PLACE_LENGTH_MAX 4096 /* bytes of a file that holds DRIVER:PARAMS */

/* The first line of a file, in ctl->pool; NULL after a message. */
static const char *place_read(const ctl_t *ctl, const char *path)
{
    char line[PLACE_LENGTH_MAX];
    apr_file_t *file;
    apr_status_t status = apr_file_open(&file, path, APR_READ | APR_BUFFERED, 0, ctl->pool);

    if (status == APR_SUCCESS) {
        status = apr_file_gets(line, sizeof(line), file);
        apr_file_close(file);
    }
    if (status != APR_SUCCESS) {
        ctl_fail(CTL_USAGE, "%s: %s: it should hold one line, DRIVER:PARAMS", path,
                 ds_problem_status_text(status, ctl->pool));
        return NULL;
    }
    line[strcspn(line, "\r\n")] = '\0';
    return apr_pstrdup(ctl->pool, line);
}

/* Messages here never show the parameters: there may be a password among them. */
static int place_find(ds_db_where_t *where, const ctl_t *ctl)
{
    const char *place = ctl->database;
    char *value;
    const char *colon;

    if (!place) {
        place = apr_env_get(&value, "DATASYNC_DATABASE", ctl->pool) == APR_SUCCESS ? value
                                                                                   : PLACE_DEFAULT;
    }
    if (strncmp(place, "file:", 5) == 0) {
        place = place_read(ctl, place + 5);
        if (!place) {
            return CTL_USAGE;
        }
    }
    colon = strchr(place, ':');
    where->driver = colon ? apr_pstrmemdup(ctl->pool, place, colon - place) : "";
    where->params = colon ? colon + 1 : "";
    if ((strcmp(where->driver, "sqlite3") != 0 && strcmp(where->driver, "pgsql") != 0) ||
        !*where->params) {
        return ctl_fail(CTL_USAGE,
                        "a database is given as DRIVER:PARAMS with the driver sqlite3 or "
                        "pgsql, for example " PLACE_DEFAULT ", or as file:/path of a file "
                        "that holds this");
    }
    return CTL_OK;
}

/* SQLite makes files beside the database (-wal, -shm). Made by root they would lock out httpd, so
 * root works as the owner of the database. */
static int owner_become(const char *path)
{
    struct stat found;
    const struct passwd *owner;
    gid_t group;
    int failed;

    if (geteuid() != 0 || stat(path, &found) != 0 || found.st_uid == 0) {
        return CTL_OK; /* that a file is missing is ds_db_open's to say */
    }
    owner = getpwuid(found.st_uid);
    if (owner) {
        group = owner->pw_gid;
        failed = initgroups(owner->pw_name, group);
    }
    else {
        group = found.st_gid;
        failed = setgroups(0, NULL);
    }
    if (failed || setgid(group) || setuid(found.st_uid)) {
        return ctl_fail(CTL_DATABASE, "cannot become user %lu, who owns %s: %s",
                        (unsigned long)found.st_uid, path, strerror(errno));
    }
    return CTL_OK;
}

static int definitions_load(ctl_t *ctl)
{
    apr_status_t status = ds_def_load(&ctl->def, ctl->db, ctl->pool);

    if (status == DS_ENOTFOUND) {
        return ctl_fail(CTL_DATABASE, "the database knows no objects and syncs yet: start httpd "
                                      "with mod_datasync once, its worker writes them");
    }
    return status == APR_SUCCESS ? CTL_OK : ctl_fail_status(ctl, status, "read the definitions");
}

int ctl_database_open(ctl_t *ctl)
{
    ds_db_where_t where = {0}; /* so it never creates */
    ds_problem_t *problem;
    int code = place_find(&where, ctl);

    if (code == CTL_OK && strcmp(where.driver, "sqlite3") == 0) {
        code = owner_become(where.params);
    }
    if (code != CTL_OK) {
        return code;
    }
    problem = ds_db_open(&ctl->db, &where, ctl->pool);
    if (problem) {
        return ctl_fail(CTL_DATABASE, "%s%s", problem->text,
                        ctl->database ? "" : " (--database names another database)");
    }
    return definitions_load(ctl);
}
