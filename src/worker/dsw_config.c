#include "dsw_config.h"

#include <string.h>

#include <apr_file_io.h>

#include "ds_secret.h"

#define SIZE_MAX_BYTES (64 * 1024)

/* What the file says, and whether everybody may read it. */
typedef struct {
    char *text;
    int is_open;
} config_file_t;

static apr_status_t file_load(config_file_t *file, apr_file_t *in, apr_pool_t *pool)
{
    apr_finfo_t info;
    apr_size_t size = 0;
    apr_status_t status = apr_file_info_get(&info, APR_FINFO_PROT, in);

    if (status != APR_SUCCESS)
        return status;
    file->is_open = (info.protection & APR_FPROT_WREAD) != 0;
    file->text = apr_palloc(pool, SIZE_MAX_BYTES + 1);
    status = apr_file_read_full(in, file->text, SIZE_MAX_BYTES + 1, &size);
    if (status == APR_SUCCESS)
        return DS_ELIMIT;
    file->text[size] = '\0';
    return status == APR_EOF ? APR_SUCCESS : status;
}

static ds_problem_t *file_read(config_file_t *file, const char *path, apr_pool_t *pool)
{
    apr_file_t *in;
    apr_status_t status = apr_file_open(&in, path, APR_FOPEN_READ, 0, pool);

    if (status == APR_SUCCESS) {
        status = file_load(file, in, pool);
        apr_file_close(in);
    }
    if (status == DS_ELIMIT)
        return ds_problem_make(pool, status, "it is longer than %d bytes", SIZE_MAX_BYTES);
    if (status != APR_SUCCESS)
        return ds_problem_make(pool, status, "cannot read it: %s",
                               ds_problem_status_text(status, pool));
    return NULL;
}

static const char *params_read(ds_settings_t *settings, const config_file_t *file, apr_pool_t *pool)
{
    const char *fault;

    if (file->is_open && !ds_secret_is_kept(settings->db_params) &&
        ds_secret_is_in(settings->db_params))
        return "everybody on this machine can read this password: chmod o-rwx the file, or write "
               "file:/path, env:NAME or exec:/program here";
    fault = ds_secret_read(&settings->db_params, settings->db_params, pool);
    if (!fault && !strcmp(settings->db_driver, "sqlite3") && *settings->db_params != '/')
        return "write the whole path of the SQLite file, beginning with /";
    return fault;
}

/* A secret that the file itself shows to everybody. */
static const char *secret_check(const char *secret, const config_file_t *file)
{
    return file->is_open && secret && !ds_secret_is_kept(secret)
               ? "everybody on this machine can read this secret: chmod o-rwx the file, or write "
                 "file:/path, env:NAME or exec:/program here"
               : NULL;
}

static const char *mail_read(ds_mail_t *mail, const config_file_t *file, apr_pool_t *pool)
{
    const char *fault = mail ? secret_check(mail->password, file) : NULL;

    if (mail && !fault)
        fault = ds_mail_secret_read(mail, pool);
    return mail && !fault ? ds_mail_fault(mail, pool) : fault;
}

static const char *webhooks_read(apr_array_header_t *webhooks, const config_file_t *file,
                                 apr_pool_t *pool)
{
    const char *fault = NULL;
    int i;

    for (i = 0; i < webhooks->nelts && !fault; i++) {
        ds_webhook_t *webhook = APR_ARRAY_IDX(webhooks, i, ds_webhook_t *);

        fault = secret_check(webhook->secret, file);
        if (!fault)
            fault = secret_check(webhook->old_secret, file);
        if (!fault)
            fault = ds_webhook_secret_read(webhook, pool);
        if (!fault)
            fault = ds_webhook_fault(webhook, pool);
    }
    return fault;
}

/* The members that are for people, each by its own rule. */
static ds_problem_t *members_check(ds_settings_t *settings, const config_file_t *file,
                                   apr_pool_t *pool)
{
    const char *fault;

    if (strcmp(settings->db_driver, "sqlite3") && strcmp(settings->db_driver, "pgsql"))
        return ds_settings_problem(file->text, "db_driver", "write \"sqlite3\" or \"pgsql\"", pool);
    if (settings->def)
        return ds_settings_problem(file->text, "definitions",
                                   "objects and syncs are defined in httpd.conf: remove it", pool);
    if (settings->wake_fd >= 0)
        return ds_settings_problem(file->text, "wake_fd", "this is for httpd alone: remove it",
                                   pool);
    if (!settings->runners)
        return ds_settings_problem(file->text, "runners", "write a whole number from 1 to 64",
                                   pool);
    fault = params_read(settings, file, pool);
    if (fault)
        return ds_settings_problem(file->text, "db_params", fault, pool);
    fault = mail_read(settings->mail, file, pool);
    if (fault)
        return ds_settings_problem(file->text, "mail", fault, pool);
    fault = webhooks_read(settings->webhooks, file, pool);
    return fault ? ds_settings_problem(file->text, "webhooks", fault, pool) : NULL;
}

ds_problem_t *dsw_config_read(ds_settings_t **settings, const char *path, apr_pool_t *pool)
{
    config_file_t file = {NULL, 0};
    ds_problem_t *problem = file_read(&file, path, pool);

    if (!problem)
        problem = ds_settings_from_json(settings, file.text, pool);
    if (!problem)
        problem = members_check(*settings, &file, pool);
    return problem ? ds_problem_make(pool, problem->status, "%s: %s", path, problem->text) : NULL;
}
