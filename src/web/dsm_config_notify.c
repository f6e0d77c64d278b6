#include "dsm_config_notify.h"

#include <http_log.h>

#include <apr_strings.h>

#include <string.h>

#include "ds_log.h"
#include "ds_outbox.h"
#include "ds_secret.h"
#include "dsm_config.h"
#include "dsm_config_value.h"

APLOG_USE_MODULE(datasync);

dsm_notify_t *dsm_config_notify_make(apr_pool_t *pool)
{
    dsm_notify_t *notify = apr_pcalloc(pool, sizeof(*notify));

    notify->webhooks = apr_array_make(pool, 2, sizeof(ds_webhook_t *));
    return notify;
}

/* The directive's name and first argument, then what is wrong. */
static const char *fault_print(const cmd_parms *cmd, const char *argument, const char *fault)
{
    return fault ? apr_psprintf(cmd->pool, "%s %s: %s", cmd->cmd->name, argument, fault) : NULL;
}

/* mod_info and -D DUMP_CONFIG print arguments as they stand in the file. */
static const char *secret_check(const cmd_parms *cmd, int argc, char *const argv[],
                                const char *name)
{
    apr_size_t length = strlen(name);
    int i;

    for (i = 1; i < argc; ++i) {
        if (!strncmp(argv[i], name, length) && argv[i][length] == '=' &&
            !ds_secret_is_kept(argv[i] + length + 1)) {
            return fault_print(cmd, name,
                               "it would be shown by mod_info here: write it into a file and "
                               "file:/path/of/the/file here, or env:NAME, or exec:/program");
        }
    }
    return NULL;
}

/* --- DataSyncMail --- */

static const char *mail_option_set(dsm_config_t *config, const char *name, const char *value,
                                   apr_pool_t *pool)
{
    return ds_mail_option_set(config->notify->mail, name, value);
}

static const char *mail_options_read(cmd_parms *cmd, dsm_config_t *config, int argc,
                                     char *const argv[])
{
    const char *fault = secret_check(cmd, argc, argv, "password");

    return fault ? fault
                 : dsm_config_options_read(cmd, config, argc - 1, argv + 1, mail_option_set,
                                           "from=datasync@example.com");
}

const char *dsm_config_mail_read(cmd_parms *cmd, void *unused, int argc, char *const argv[])
{
    dsm_config_t *config = dsm_config_get(cmd->server);
    dsm_notify_t *notify = config->notify;
    const char *fault = dsm_config_global_check(&notify->mail_place, cmd);

    if (fault) {
        return fault;
    }
    if (argc < 1) {
        return "DataSyncMail: write the server first, for example smtp://mail.example.com, then "
               "from=ADDRESS";
    }
    notify->mail = ds_mail_make(argv[0], cmd->pool);
    fault = mail_options_read(cmd, config, argc, argv);
    if (fault) {
        return fault;
    }
    fault = ds_mail_secret_read(notify->mail, cmd->pool);
    if (!fault) {
        fault = ds_mail_fault(notify->mail, cmd->pool);
    }
    APR_ARRAY_PUSH(config->def->outlets, const char *) = DS_OUTLET_MAIL;
    return fault_print(cmd, strchr(argv[0], '@') ? "the server" : argv[0], fault);
}

/* --- DataSyncWebhook --- */

static const char *webhook_option_set(dsm_config_t *config, const char *name, const char *value,
                                      apr_pool_t *pool)
{
    const apr_array_header_t *webhooks = config->notify->webhooks;

    return ds_webhook_option_set(APR_ARRAY_IDX(webhooks, webhooks->nelts - 1, ds_webhook_t *), name,
                                 value);
}

static const char *webhook_add(dsm_config_t *config, ds_webhook_t *webhook)
{
    const apr_array_header_t *outlets = config->def->outlets;
    int i;

    for (i = 0; i < outlets->nelts; ++i) {
        if (!strcmp(APR_ARRAY_IDX(outlets, i, const char *), webhook->outlet)) {
            return "it was already given: write it once";
        }
    }
    APR_ARRAY_PUSH(config->def->outlets, const char *) = webhook->outlet;
    APR_ARRAY_PUSH(config->notify->webhooks, ds_webhook_t *) = webhook;
    return NULL;
}

/* The address may hold a secret of the receiver's: an error names its host alone. */
const char *dsm_config_webhook_read(cmd_parms *cmd, void *unused, int argc, char *const argv[])
{
    dsm_config_t *config = dsm_config_get(cmd->server);
    const char *fault = ap_check_cmd_context(cmd, GLOBAL_ONLY);
    ds_webhook_t *webhook;

    if (fault) {
        return fault;
    }
    if (argc < 1) {
        return "DataSyncWebhook: write the address first, https://host/path, then "
               "secret=file:/path";
    }
    webhook = ds_webhook_make(argv[0], cmd->pool);
    fault = webhook_add(config, webhook);
    if (!fault) {
        fault = secret_check(cmd, argc, argv, "secret");
        if (!fault) {
            fault = secret_check(cmd, argc, argv, "old-secret");
        }
        if (!fault) {
            fault = dsm_config_options_read(cmd, config, argc - 1, argv + 1, webhook_option_set,
                                            "secret=file:/etc/datasync/webhook");
        }
        if (fault) {
            return fault;
        }
        fault = ds_webhook_secret_read(webhook, cmd->pool);
    }
    if (!fault) {
        fault = ds_webhook_fault(webhook, cmd->pool);
    }
    return fault_print(cmd, ds_notify_host(webhook->url, cmd->pool), fault);
}

/* --- DataSyncLinks --- */

static const char *links_option_set(dsm_config_t *config, const char *name, const char *value,
                                    apr_pool_t *pool)
{
    const char *fault;

    if (strcmp(name, "life")) {
        return "there is no such option: write life=";
    }
    fault = dsm_config_duration_read(&config->def->links_life, value, pool);
    return fault || config->def->links_life ? fault : "a link is good for some time: write life=7d";
}

static const char *links_fault(const char *url, apr_pool_t *pool)
{
    apr_size_t length = strlen(url);
    apr_uri_t parts;

    return ds_notify_url_read(&parts, url, pool) && !parts.query && url[length - 1] != '/' &&
                   (!strcmp(parts.scheme, "https") || !strcmp(parts.scheme, "http"))
               ? NULL
               : "write where clients reach this server, https://host, and behind it the prefix of "
                 "DataSyncAPI liquid where it has one";
}

const char *dsm_config_links_read(cmd_parms *cmd, void *unused, int argc, char *const argv[])
{
    dsm_config_t *config = dsm_config_get(cmd->server);
    const char *fault = dsm_config_global_check(&config->notify->links_place, cmd);

    if (fault) {
        return fault;
    }
    if (argc < 1) {
        return "DataSyncLinks: write where clients reach this server, for example "
               "https://sync.example.com";
    }
    config->def->links_url = argv[0];
    config->def->links_life = DSM_LINKS_LIFE;
    fault = dsm_config_options_read(cmd, config, argc - 1, argv + 1, links_option_set, "life=7d");
    return fault ? fault : fault_print(cmd, argv[0], links_fault(argv[0], cmd->pool));
}

/* --- all together --- */

void dsm_config_notify_check(server_rec *s)
{
    const dsm_config_t *config = dsm_config_get(s);

    if (config->notify->mail && !config->def->links_url) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                     DSLOGNO(0170) "DataSyncMail without DataSyncLinks: mail about exports has no "
                                   "link to the result, because nobody knows the address of this "
                                   "server: write DataSyncLinks https://HOST");
    }
}
