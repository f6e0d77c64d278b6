#include "dsm_config.h"

#include <http_core.h>
#include <http_log.h>

#include <apr_strings.h>

#include <string.h>
#include <strings.h>

#include "ds_secret.h"
#include "dsm_config_source.h"
#include "dsm_config_value.h"

extern module AP_MODULE_DECLARE_DATA datasync_module;

dsm_config_t *dsm_config_get(const server_rec *s)
{
    return ap_get_module_config(s->module_config, &datasync_module);
}

int dsm_config_has_syncs(const dsm_config_t *config)
{
    return config->def && config->def->syncs->nelts > 0;
}

static ds_def_t *def_make(apr_pool_t *pool)
{
    ds_def_t *def = ds_def_make(pool);

    def->queue_limit = DSM_QUEUE_LIMIT;
    def->retention = (ds_retention_t){DSM_KEEP_FILES, DSM_KEEP_LAUNCHES, DSM_KEEP_COUNT};
    return def;
}

void *dsm_config_create(apr_pool_t *pool, server_rec *s)
{
    dsm_config_t *config = apr_pcalloc(pool, sizeof(*config));

    config->worker_on = DSM_UNSET;
    config->runners = DSM_UNSET;
    config->cache_mb = DSM_UNSET;
    config->lease_seconds = DSM_UNSET;
    config->max_upload = DSM_UNSET;
    config->marketo = s->is_virtual ? NULL : dsm_config_marketo_make(pool);
    config->braze = s->is_virtual ? NULL : dsm_config_braze_make(pool);
    config->liquid = s->is_virtual ? NULL : dsm_config_liquid_make(pool);
    config->notify = s->is_virtual ? NULL : dsm_config_notify_make(pool);
    config->def = s->is_virtual ? NULL : def_make(pool);
    config->sync_places =
        s->is_virtual ? NULL : apr_array_make(pool, 8, sizeof(const ap_directive_t *));
    return config;
}

static const dsm_api_use_t *api_use_find(const apr_array_header_t *uses, const dsm_api_t *api)
{
    int i;

    for (i = 0; uses && i < uses->nelts; ++i) {
        if (APR_ARRAY_IDX(uses, i, dsm_api_use_t).api == api) {
            return &APR_ARRAY_IDX(uses, i, dsm_api_use_t);
        }
    }
    return NULL;
}

/* The virtual host's own, then those of the main server that it does not say itself. */
static apr_array_header_t *api_uses_merge(apr_pool_t *pool, const apr_array_header_t *base,
                                          const apr_array_header_t *add)
{
    apr_array_header_t *merged;
    int i;

    if (!base || !add) {
        return (apr_array_header_t *)(add ? add : base);
    }
    merged = apr_array_copy(pool, add);
    for (i = 0; i < base->nelts; ++i) {
        const dsm_api_use_t *use = &APR_ARRAY_IDX(base, i, dsm_api_use_t);

        if (!api_use_find(add, use->api)) {
            APR_ARRAY_PUSH(merged, dsm_api_use_t) = *use;
        }
    }
    return merged;
}

void *dsm_config_merge(apr_pool_t *pool, void *base_config, void *add_config)
{
    const dsm_config_t *base = base_config;
    const dsm_config_t *add = add_config;
    dsm_config_t *merged = apr_pmemdup(pool, base, sizeof(*base));

    merged->apis = api_uses_merge(pool, base->apis, add->apis);
    return merged;
}

const char *dsm_config_global_check(const ap_directive_t **place, cmd_parms *cmd)
{
    const char *fault = ap_check_cmd_context(cmd, GLOBAL_ONLY);

    if (!fault && *place) {
        fault = apr_psprintf(cmd->pool, "%s: it was already given in line %d of %s: write it once",
                             cmd->cmd->name, (*place)->line_num, (*place)->filename);
    }
    *place = cmd->directive;
    return fault;
}

static const char *database_params_read(const char **params, cmd_parms *cmd, const char *driver,
                                        const char *text)
{
    int is_sqlite = !strcmp(driver, "sqlite3");
    const char *fault;

    if (!text) {
        return is_sqlite ? NULL
                         : "write the connection string too, for example \"dbname=datasync\"";
    }
    /* mod_info and -D DUMP_CONFIG print arguments as they stand in the file. */
    if (!is_sqlite && !ds_secret_is_kept(text) && ds_secret_is_in(text)) {
        return "a password here would be shown by mod_info: write the connection string into a "
               "file and file:/path/of/the/file here, or env:NAME, or exec:/program";
    }
    fault = ds_secret_read(params, text, cmd->pool);
    if (!fault && is_sqlite) {
        *params = ap_server_root_relative(cmd->pool, *params);
        fault = *params ? NULL : "this is no path: write a path below ServerRoot or a whole one";
    }
    return fault;
}

static const char *cmd_DataSyncDatabase(cmd_parms *cmd, void *unused, const char *driver,
                                        const char *params)
{
    dsm_config_t *config = dsm_config_get(cmd->server);
    const char *fault = dsm_config_global_check(&config->db_place, cmd);

    if (fault) {
        return fault;
    }
    config->db_driver = driver;
    if (strcmp(driver, "sqlite3") && strcmp(driver, "pgsql")) {
        return apr_psprintf(cmd->pool, "%s %s: there is no such driver: write sqlite3 or pgsql",
                            cmd->cmd->name, driver);
    }
    fault = database_params_read(&config->db_params, cmd, driver, params);
    return fault ? apr_psprintf(cmd->pool, "%s %s: %s", cmd->cmd->name, driver, fault) : NULL;
}

const char *dsm_config_options_read(cmd_parms *cmd, dsm_config_t *config, int argc,
                                    char *const argv[], dsm_config_option_cb *set,
                                    const char *example)
{
    const char *equals, *fault;
    int i;

    for (i = 0; i < argc; ++i) {
        equals = strchr(argv[i], '=');
        fault =
            equals ? set(config,
                         apr_pstrmemdup(cmd->temp_pool, argv[i], (apr_size_t)(equals - argv[i])),
                         equals + 1, cmd->pool)
                   : apr_pstrcat(cmd->pool, "an option is NAME=VALUE, for example ", example, NULL);
        if (fault) {
            return apr_psprintf(cmd->pool, "%s %s: %s", cmd->cmd->name, argv[i], fault);
        }
    }
    return NULL;
}

static const char *worker_option_set(dsm_config_t *config, const char *name, const char *value,
                                     apr_pool_t *pool)
{
    apr_int64_t number = 0;
    const char *fault = NULL;

    if (!strcmp(name, "runners")) {
        fault = dsm_config_number_read(&number, value, 1, 64, pool);
        config->runners = (int)number;
    }
    else if (!strcmp(name, "cache")) {
        fault = dsm_config_number_read(&number, value, 1, 16384, pool);
        config->cache_mb = (int)number;
    }
    else if (!strcmp(name, "lease")) {
        fault = dsm_config_number_read(&number, value, 5, 3600, pool);
        config->lease_seconds = (int)number;
    }
    else if (!strcmp(name, "program")) {
        config->worker_program = value;
        fault = *value == '/' ? NULL : "write the whole path of the program";
    }
    else {
        fault = "there is no such option: write runners=, program=, cache= or lease=";
    }
    return fault;
}

static const char *cmd_DataSyncWorker(cmd_parms *cmd, void *unused, int argc, char *const argv[])
{
    dsm_config_t *config = dsm_config_get(cmd->server);
    const char *fault = dsm_config_global_check(&config->worker_place, cmd);

    if (fault) {
        return fault;
    }
    config->worker_on = argc > 0 && !ap_cstr_casecmp(argv[0], "On");
    if (argc < 1 || (!config->worker_on && ap_cstr_casecmp(argv[0], "Off"))) {
        return "DataSyncWorker: write On or Off first, then options such as runners=2";
    }
    return dsm_config_options_read(cmd, config, argc - 1, argv + 1, worker_option_set, "runners=2");
}

static const char *cmd_DataSyncMaxUpload(cmd_parms *cmd, void *unused, const char *size)
{
    dsm_config_t *config = dsm_config_get(cmd->server);
    const char *fault = dsm_config_global_check(&config->max_upload_place, cmd);

    if (fault) {
        return fault;
    }
    fault = dsm_config_size_read(&config->max_upload, size, 1, DSM_UPLOAD_MAX, cmd->pool);
    return fault ? apr_psprintf(cmd->pool, "DataSyncMaxUpload %s: %s", size, fault) : NULL;
}

static const char *cmd_DataSyncQueueLimit(cmd_parms *cmd, void *unused, const char *limit)
{
    dsm_config_t *config = dsm_config_get(cmd->server);
    apr_int64_t number = 0;
    const char *fault = dsm_config_global_check(&config->queue_place, cmd);

    if (fault) {
        return fault;
    }
    fault = dsm_config_number_read(&number, limit, 0, DSM_QUEUE_MAX, cmd->pool);
    config->def->queue_limit = (int)number;
    return fault ? apr_psprintf(cmd->pool, "DataSyncQueueLimit %s: %s", limit, fault) : NULL;
}

static const char *keep_option_set(dsm_config_t *config, const char *name, const char *value,
                                   apr_pool_t *pool)
{
    ds_retention_t *retention = &config->def->retention;
    apr_int64_t number = 0;
    const char *fault;

    if (!strcmp(name, "files")) {
        return dsm_config_duration_read(&retention->files, value, pool);
    }
    if (!strcmp(name, "launches")) {
        return dsm_config_duration_read(&retention->launches, value, pool);
    }
    if (!strcmp(name, "count")) {
        fault = dsm_config_number_read(&number, value, 0, APR_INT32_MAX, pool);
        retention->count = (int)number;
        return fault;
    }
    return "there is no such option: write files=, launches= or count=";
}

static const char *cmd_DataSyncKeep(cmd_parms *cmd, void *unused, int argc, char *const argv[])
{
    dsm_config_t *config = dsm_config_get(cmd->server);
    const char *fault = dsm_config_global_check(&config->keep_place, cmd);

    if (fault) {
        return fault;
    }
    if (argc < 1) {
        return "DataSyncKeep: write at least one of files=30d, launches=90d and count=10000";
    }
    return dsm_config_options_read(cmd, config, argc, argv, keep_option_set, "files=30d");
}

static const char *prefix_fault(const char *prefix)
{
    apr_size_t length = strlen(prefix);

    if (*prefix != '/' || length < 2 || prefix[length - 1] == '/') {
        return "a prefix starts with / and does not end with it, for example /sync";
    }
    if (strstr(prefix, "//") || strstr(prefix, "/.") || strpbrk(prefix, "%?#")) {
        return "a prefix is a plain path, for example /sync";
    }
    return NULL;
}

static const char *cmd_DataSyncAPI(cmd_parms *cmd, void *unused, const char *name,
                                   const char *prefix)
{
    dsm_config_t *config = dsm_config_get(cmd->server);
    const char *fault = ap_check_cmd_context(cmd, NOT_IN_DIR_CONTEXT);
    const dsm_api_t *api = dsm_api_get(name);
    const dsm_api_use_t *earlier = api ? api_use_find(config->apis, api) : NULL;
    dsm_api_use_t use = {api, prefix ? prefix : "", cmd->directive};

    if (fault) {
        return fault;
    }
    if (!api) {
        fault = apr_psprintf(cmd->pool, "there is no such protocol in this version: write %s",
                             dsm_api_names(cmd->pool));
    }
    else if (earlier) {
        fault = apr_psprintf(cmd->pool, "it was already given in line %d of %s: write it once",
                             earlier->place->line_num, earlier->place->filename);
    }
    else if (prefix) {
        fault = prefix_fault(prefix);
    }
    if (fault) {
        return apr_psprintf(cmd->pool, "DataSyncAPI %s%s%s: %s", name, prefix ? " " : "",
                            use.prefix, fault);
    }
    if (!config->apis) {
        config->apis = apr_array_make(cmd->pool, 2, sizeof(dsm_api_use_t));
    }
    APR_ARRAY_PUSH(config->apis, dsm_api_use_t) = use;
    return NULL;
}

const command_rec dsm_config_directives[] = {
    AP_INIT_TAKE12("DataSyncDatabase", cmd_DataSyncDatabase, NULL, RSRC_CONF,
                   "the driver (sqlite3 or pgsql) and its file or connection string, which may be "
                   "file:/path, env:NAME or exec:/program"),
    AP_INIT_TAKE_ARGV("DataSyncWorker", cmd_DataSyncWorker, NULL, RSRC_CONF,
                      "On or Off, then runners=NUMBER program=/path cache=MIB lease=SECONDS"),
    AP_INIT_TAKE1("DataSyncMaxUpload", cmd_DataSyncMaxUpload, NULL, RSRC_CONF,
                  "the largest file that a sync accepts, for example 500M or 2G"),
    AP_INIT_TAKE1("DataSyncQueueLimit", cmd_DataSyncQueueLimit, NULL, RSRC_CONF,
                  "how many launches of all syncs together may wait, 0 for no limit"),
    AP_INIT_TAKE_ARGV("DataSyncKeep", cmd_DataSyncKeep, NULL, RSRC_CONF,
                      "how long to keep what has ended: files=30d launches=90d count=10000"),
    AP_INIT_TAKE_ARGV("DataSyncEgressAllow", dsm_config_egress_read, NULL, RSRC_CONF,
                      "what pulls may reach although it is private: hosts, addresses, "
                      "ADDRESS/BITS, http for URLs that are not encrypted, and ca=FILE for "
                      "authorities beside the system's"),
    AP_INIT_RAW_ARGS("<DataSyncObject", dsm_config_object_read, NULL, RSRC_CONF,
                     "the name of the object: <DataSyncObject NAME>"),
    AP_INIT_RAW_ARGS("<DataSyncClient", dsm_config_client_read, NULL, RSRC_CONF,
                     "the id of the client: <DataSyncClient ID>"),
    AP_INIT_TAKE_ARGV("DataSyncMarketo", dsm_config_marketo_read, NULL, RSRC_CONF,
                      "limits of the protocol marketo: calls=100 window=20s at-once=10 ..."),
    AP_INIT_TAKE_ARGV("DataSyncBraze", dsm_config_braze_read, NULL, RSRC_CONF,
                      "limits of the protocol braze: list=50 status=100 sync=20 window=1min"),
    AP_INIT_TAKE_ARGV("DataSyncLiquid", dsm_config_liquid_read, NULL, RSRC_CONF,
                      "log-ins of the protocol liquid: token=1h logins=60 provider=file client=ID"),
    AP_INIT_TAKE_ARGV(
        "DataSyncMail", dsm_config_mail_read, NULL, RSRC_CONF,
        "the mail server, then from=ADDRESS tls=required user=NAME password=file:/path"),
    AP_INIT_TAKE_ARGV("DataSyncWebhook", dsm_config_webhook_read, NULL, RSRC_CONF,
                      "an address that is told of launches, then secret=file:/path http=refused"),
    AP_INIT_TAKE_ARGV("DataSyncLinks", dsm_config_links_read, NULL, RSRC_CONF,
                      "where clients reach this server, https://host, for links in mail; life=7d"),
    AP_INIT_RAW_ARGS("<DataSync", dsm_config_sync_read, NULL, RSRC_CONF,
                     "the id of the sync: <DataSync ID>"),
    AP_INIT_TAKE12("DataSyncAPI", cmd_DataSyncAPI, NULL, RSRC_CONF,
                   "the protocol to answer, for example prisma, and optionally a path prefix"),
    {NULL, {NULL}, NULL, 0, RAW_ARGS, NULL},
};
