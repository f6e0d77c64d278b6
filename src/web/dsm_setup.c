#include "dsm_setup.h"

#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <unixd.h>

#include <apr_file_io.h>
#include <apr_strings.h>
#include <apr_user.h>

#include <string.h>
#include <unistd.h>

#include "dsm_config.h"
#include "dsm_db.h"
#include "dsm_limit.h"
#include "dsm_log.h"
#include "dsm_look.h"
#include "dsm_worker.h"

APLOG_USE_MODULE(datasync);

#define DEFAULT_DATABASE DATASYNC_STATE_DIR "/datasync.db"

/* Where the children find the database: made in post_config, inherited by them. In pconf. */
static ds_db_where_t *database;

/* The name behind a number, or #number, which User and Group of httpd.conf also take. */
static const char *user_text(uid_t id, apr_pool_t *pool)
{
    char *name;

    return apr_uid_name_get(&name, id, pool) == APR_SUCCESS ? name : apr_psprintf(pool, "#%u", id);
}

static const char *group_text(gid_t id, apr_pool_t *pool)
{
    char *name;

    return apr_gid_name_get(&name, id, pool) == APR_SUCCESS ? name : apr_psprintf(pool, "#%u", id);
}

static ds_settings_t *settings_make(const dsm_config_t *config, server_rec *s, apr_pool_t *pool)
{
    ds_settings_t *settings = ds_settings_make(pool);

    settings->db_driver = config->db_driver ? config->db_driver : "sqlite3";
    settings->db_params = config->db_params ? config->db_params : DEFAULT_DATABASE;
    if (config->worker_on == 0) {
        settings->runners = 0;
    }
    else if (config->runners != DSM_UNSET) {
        settings->runners = config->runners;
    }
    if (config->cache_mb != DSM_UNSET) {
        settings->cache_mb = config->cache_mb;
    }
    if (config->lease_seconds != DSM_UNSET) {
        settings->lease = apr_time_from_sec(config->lease_seconds);
    }
    settings->log_level = dsm_log_level(s);
    if (geteuid() == 0) {
        settings->user = user_text(ap_unixd_config.user_id, pool);
        settings->group = group_text(ap_unixd_config.group_id, pool);
    }
    settings->def = config->def;
    settings->mail = config->notify->mail;
    settings->webhooks = config->notify->webhooks;
    return settings;
}

#define DIRECTORY_MODE                                                                             \
    (APR_FPROT_UREAD | APR_FPROT_UWRITE | APR_FPROT_UEXECUTE | APR_FPROT_GREAD | APR_FPROT_GEXECUTE)

/* Make the directory of the SQLite file where it is missing, for the run-time user: what root makes
 * nobody else can write. */
static apr_status_t directory_make(const char *directory, apr_pool_t *pool)
{
    const char *above = ap_make_dirstr_parent(pool, directory);
    apr_status_t status = apr_dir_make_recursive(above, APR_FPROT_OS_DEFAULT, pool);

    if (status == APR_SUCCESS) {
        status = apr_dir_make(directory, DIRECTORY_MODE, pool);
    }
    if (APR_STATUS_IS_EEXIST(status)) {
        return APR_SUCCESS; /* the administrator's: not touched */
    }
    if (status == APR_SUCCESS && geteuid() == 0 &&
        chown(directory, ap_unixd_config.user_id, ap_unixd_config.group_id) != 0) {
        status = apr_get_os_error();
    }
    return status;
}

static void database_directory_make(const ds_settings_t *settings, server_rec *s, apr_pool_t *pool)
{
    const char *slash = strrchr(settings->db_params, '/');
    const char *directory;
    apr_status_t status;

    if (strcmp(settings->db_driver, "sqlite3") || !slash || slash == settings->db_params) {
        return;
    }
    directory =
        apr_pstrmemdup(pool, settings->db_params, (apr_size_t)(slash - settings->db_params));
    status = directory_make(directory, pool);
    if (status != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, status, s,
                     DSLOGNO(0080) "the directory of the database cannot be made: %s", directory);
    }
}

static const char *worker_program(const dsm_config_t *config)
{
    return config->worker_program ? config->worker_program : DATASYNC_WORKER_PROGRAM;
}

/* What protocols keep of the definitions, each once, whoever uses it. */
static void apis_prepare(const ds_def_t *def, server_rec *s, apr_pool_t *pconf, apr_pool_t *ptemp)
{
    apr_hash_t *done = apr_hash_make(ptemp);

    for (; s; s = s->next) {
        const apr_array_header_t *uses = dsm_config_get(s)->apis;
        int i;

        for (i = 0; uses && i < uses->nelts; ++i) {
            const dsm_api_t *api = APR_ARRAY_IDX(uses, i, dsm_api_use_t).api;

            if (api->prepare && !apr_hash_get(done, api->name, APR_HASH_KEY_STRING)) {
                apr_hash_set(done, api->name, APR_HASH_KEY_STRING, api);
                api->prepare(def, pconf, ptemp);
            }
        }
    }
}

int dsm_setup_server(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    const dsm_config_t *config = dsm_config_get(s);
    ds_settings_t *settings;
    apr_status_t status;

    /* 1. Not in the first of the two passes of a cold start: its process goes away. */
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    /* 2. From now on the layers below write to the error log. */
    dsm_log_open(s);
    /* 3. What the protocols make of the definitions, even of none. */
    apis_prepare(config->def, s, pconf, ptemp);
    /* 4. Without a sync there is nothing to keep and nothing to run. */
    database = NULL;
    if (!dsm_config_has_syncs(config)) {
        return OK;
    }
    /* 5. What children and worker need to know. */
    settings = settings_make(config, s, pconf);
    database = apr_pcalloc(pconf, sizeof(*database));
    database->driver = settings->db_driver;
    database->params = settings->db_params;
    database->cache_kb = DSM_DB_CACHE_KB;
    database->brisk = 1;
    /* 6. The place of the database; the worker makes the database itself, as the run-time user. */
    database_directory_make(settings, s, ptemp);
    /* 7. Where the children count calls together. */
    status = dsm_limit_open(pconf);
    if (status != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, status, s,
                     DSLOGNO(0110) "there is no shared memory for the limits on calls");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    /* 8. The worker. Where it runs elsewhere, the program only stores the definitions for it. */
    return dsm_worker_start(s, worker_program(config), settings, pconf) == APR_SUCCESS
               ? OK
               : HTTP_INTERNAL_SERVER_ERROR;
}

void dsm_setup_child(apr_pool_t *pchild, server_rec *s)
{
    apr_status_t status;

    if (!database) {
        return;
    }
    dsm_worker_child_init();
    status = dsm_limit_child_init(pchild);
    if (status == APR_SUCCESS) {
        status = ds_db_init(pchild);
    }
    if (status == APR_SUCCESS) {
        status = dsm_db_pool_open(database, pchild);
    }
    if (status == APR_SUCCESS) {
        status = dsm_look_open(database, pchild);
    }
    if (status != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, status, s,
                     DSLOGNO(0081) "this process has no way to the database: it answers 503");
    }
}
