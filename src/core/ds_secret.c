#include "ds_secret.h"

#include <string.h>

#include <apr_env.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "ds_clock.h"

#define LENGTH_MAX 4094 /* bytes of a value */
#define PROGRAM_TIMEOUT apr_time_from_sec(10)
#define PROGRAM_TURN apr_time_from_msec(20)

static const char IN_FILE[] = "file:";
static const char IN_ENVIRONMENT[] = "env:";
static const char BY_PROGRAM[] = "exec:";

/* What follows the start, or NULL. */
static const char *rest_get(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) ? NULL : text + strlen(start);
}

static const char *status_text(apr_status_t status, apr_pool_t *pool)
{
    char text[120];

    return apr_pstrdup(pool, apr_strerror(status, text, sizeof(text)));
}

/* `source` is what the value comes from, as the reason names it. */
static const char *line_read(const char **value, apr_file_t *file, const char *source,
                             apr_pool_t *pool)
{
    char *line = apr_palloc(pool, LENGTH_MAX + 2);
    apr_status_t status = apr_file_gets(line, LENGTH_MAX + 2, file);

    if (status != APR_SUCCESS && status != APR_EOF)
        return apr_psprintf(pool, "%s: %s", source, status_text(status, pool));
    if (status == APR_EOF)
        return apr_psprintf(pool, "%s is empty: write the value into its first line", source);
    if (strlen(line) > LENGTH_MAX)
        return apr_psprintf(pool, "the first line of %s is longer than %d bytes", source,
                            LENGTH_MAX);
    line[strcspn(line, "\r\n")] = '\0';
    if (!*line)
        return apr_psprintf(pool, "the first line of %s is empty", source);
    *value = line;
    return NULL;
}

/* --- file: --- */

static const char *file_check(apr_file_t *file, const char *path, apr_pool_t *pool)
{
    apr_finfo_t info;

    if (apr_file_info_get(&info, APR_FINFO_PROT | APR_FINFO_TYPE, file) != APR_SUCCESS ||
        info.filetype != APR_REG)
        return apr_psprintf(pool, "%s is not a file", path);
    if (info.protection & APR_FPROT_WREAD)
        return apr_psprintf(pool, "everybody on this machine can read %s: chmod o-rwx it", path);
    return NULL;
}

static const char *file_read(const char **value, const char *path, apr_pool_t *pool)
{
    apr_file_t *file;
    apr_status_t status;
    const char *fault;

    if (*path != '/')
        return "write the whole path of the file, for example file:/etc/datasync/database";
    status = apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BUFFERED, 0, pool);
    if (status != APR_SUCCESS)
        return apr_psprintf(pool, "cannot read %s: %s", path, status_text(status, pool));
    fault = file_check(file, path, pool);
    if (!fault)
        fault = line_read(value, file, path, pool);
    apr_file_close(file);
    return fault;
}

/* --- env: --- */

static const char *environment_read(const char **value, const char *name, apr_pool_t *pool)
{
    char *found;

    if (apr_env_get(&found, name, pool) != APR_SUCCESS || !*found)
        return apr_psprintf(pool, "the environment has no variable %s", name);
    *value = found;
    return NULL;
}

/* --- exec: --- */

static apr_status_t program_start(apr_proc_t *process, char *const *argv, apr_pool_t *pool)
{
    apr_procattr_t *attributes;
    apr_status_t status = apr_procattr_create(&attributes, pool);

    if (status == APR_SUCCESS)
        status = apr_procattr_io_set(attributes, APR_NO_FILE, APR_CHILD_BLOCK, APR_NO_PIPE);
    if (status == APR_SUCCESS)
        status = apr_procattr_cmdtype_set(attributes, APR_PROGRAM_ENV);
    if (status == APR_SUCCESS)
        status = apr_procattr_error_check_set(attributes, 1);
    if (status == APR_SUCCESS)
        status =
            apr_proc_create(process, argv[0], (const char *const *)argv, NULL, attributes, pool);
    if (status == APR_SUCCESS)
        status = apr_file_pipe_timeout_set(process->out, PROGRAM_TIMEOUT);
    return status;
}

/* Did it end by itself, in time, and with 0? */
static int program_finish(apr_proc_t *process, int patient)
{
    apr_time_t end = ds_clock_steady() + PROGRAM_TIMEOUT;
    apr_exit_why_e why;
    int code;

    while (patient && ds_clock_steady() < end) {
        if (apr_proc_wait(process, &code, &why, APR_NOWAIT) == APR_CHILD_DONE)
            return APR_PROC_CHECK_EXIT(why) && code == 0;
        apr_sleep(PROGRAM_TURN);
    }
    apr_proc_kill(process, SIGKILL);
    apr_proc_wait(process, &code, &why, APR_WAIT);
    return 0;
}

static const char *program_read(const char **value, const char *command, apr_pool_t *pool)
{
    apr_proc_t process;
    char **argv;
    apr_status_t status;
    const char *fault;

    if (*command != '/')
        return "write the whole path of the program, for example exec:/usr/local/bin/get-secret";
    status = apr_tokenize_to_argv(command, &argv, pool);
    if (status == APR_SUCCESS)
        status = program_start(&process, argv, pool);
    if (status != APR_SUCCESS)
        return apr_psprintf(pool, "cannot run the program after exec: %s",
                            status_text(status, pool));
    fault =
        line_read(value, process.out, apr_pstrcat(pool, "what ", argv[0], " prints", NULL), pool);
    apr_file_close(process.out);
    if (!program_finish(&process, !fault) && !fault)
        fault = apr_psprintf(pool, "%s failed, or ran for too long", argv[0]);
    return fault;
}

const char *ds_secret_read(const char **value, const char *text, apr_pool_t *pool)
{
    const char *rest;

    if ((rest = rest_get(text, IN_FILE)) != NULL)
        return file_read(value, rest, pool);
    if ((rest = rest_get(text, IN_ENVIRONMENT)) != NULL)
        return environment_read(value, rest, pool);
    if ((rest = rest_get(text, BY_PROGRAM)) != NULL)
        return program_read(value, rest, pool);
    *value = text;
    return NULL;
}

int ds_secret_is_kept(const char *text)
{
    return rest_get(text, IN_FILE) || rest_get(text, IN_ENVIRONMENT) || rest_get(text, BY_PROGRAM);
}

int ds_secret_is_in(const char *params)
{
    const char *user = strstr(params, "://");
    const char *host = user ? strchr(user, '@') : NULL;
    const char *colon = user ? strchr(user + 3, ':') : NULL;

    return strcasestr(params, "password") || (host && colon && colon < host);
}
