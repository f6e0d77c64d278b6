#include "dsm_config_liquid.h"

#include <ap_provider.h>
#include <mod_auth.h>

#include <string.h>

#include "dsm_config.h"
#include "dsm_config_value.h"

dsm_liquid_t *dsm_config_liquid_make(apr_pool_t *pool)
{
    dsm_liquid_t *liquid = apr_pcalloc(pool, sizeof(*liquid));

    *liquid = (dsm_liquid_t){
        .token = apr_time_from_sec(3600),
        .logins = {.calls = 60, .window = apr_time_from_sec(60)},
        .providers = apr_array_make(pool, 2, sizeof(const char *)),
    };
    return liquid;
}

static const char *token_set(dsm_liquid_t *liquid, const char *value, apr_pool_t *pool)
{
    const char *fault = dsm_config_duration_read(&liquid->token, value, pool);

    return fault || liquid->token ? fault : "a token lives for some time, for example 1h";
}

static const char *provider_add(dsm_liquid_t *liquid, const char *name)
{
    if (!ap_lookup_provider(AUTHN_PROVIDER_GROUP, name, AUTHN_PROVIDER_VERSION)) {
        return "there is no such authn provider: load its module further up, for example "
               "mod_authn_file for provider=file";
    }
    APR_ARRAY_PUSH(liquid->providers, const char *) = name;
    return NULL;
}

static const char *client_set(dsm_liquid_t *liquid, const char *id)
{
    liquid->client = id;
    return ds_client_id_fault(id);
}

static const char *option_set(dsm_config_t *config, const char *name, const char *value,
                              apr_pool_t *pool)
{
    dsm_liquid_t *liquid = config->liquid;

    if (!strcmp(name, "token")) {
        return token_set(liquid, value, pool);
    }
    if (!strcmp(name, "logins")) {
        return dsm_config_int_read(&liquid->logins.calls, value, 0, DSM_LIMIT_CALLS_MAX, pool);
    }
    if (!strcmp(name, "provider")) {
        return provider_add(liquid, value);
    }
    if (!strcmp(name, "client")) {
        return client_set(liquid, value);
    }
    return "there is no such option: write token=, logins=, provider= or client=";
}

const char *dsm_config_liquid_read(cmd_parms *cmd, void *unused, int argc, char *const argv[])
{
    dsm_config_t *config = dsm_config_get(cmd->server);
    const char *fault = dsm_config_global_check(&config->liquid->place, cmd);

    if (fault) {
        return fault;
    }
    if (argc < 1) {
        return "DataSyncLiquid: write at least one option, for example token=1h";
    }
    return dsm_config_options_read(cmd, config, argc, argv, option_set, "token=1h");
}
