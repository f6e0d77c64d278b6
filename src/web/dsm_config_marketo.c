#include "dsm_config_marketo.h"

#include <string.h>

#include "dsm_config.h"
#include "dsm_config_value.h"

dsm_marketo_t *dsm_config_marketo_make(apr_pool_t *pool)
{
    dsm_marketo_t *marketo = apr_pcalloc(pool, sizeof(*marketo));

    *marketo = (dsm_marketo_t){
        .upload = 10 * 1024 * 1024,
        .running = 2,
        .queued = 10,
        .limit = {.calls = 100, .window = apr_time_from_sec(20), .at_once = 10},
        .known = apr_time_from_sec(7 * 86400),
        .token = apr_time_from_sec(3600),
        .records = 300,
        .lead = "lead",
    };
    return marketo;
}

static const char *limit_set(int *is_known, dsm_limit_t *limit, const char *name, const char *value,
                             apr_pool_t *pool)
{
    const char *fault;

    if (!strcmp(name, "calls")) {
        return dsm_config_int_read(&limit->calls, value, 0, DSM_LIMIT_CALLS_MAX, pool);
    }
    if (!strcmp(name, "window")) {
        fault = dsm_config_duration_read(&limit->window, value, pool);
        return fault || limit->window ? fault : "a window has an end";
    }
    if (!strcmp(name, "at-once")) {
        return dsm_config_int_read(&limit->at_once, value, 0, DSM_LIMIT_AT_ONCE_MAX, pool);
    }
    *is_known = 0;
    return NULL;
}

static const char *option_set(dsm_config_t *config, const char *name, const char *value,
                              apr_pool_t *pool)
{
    dsm_marketo_t *marketo = config->marketo;
    int is_known = 1;
    const char *fault = limit_set(&is_known, &marketo->limit, name, value, pool);

    if (is_known) {
        return fault;
    }
    if (!strcmp(name, "upload")) {
        return dsm_config_size_read(&marketo->upload, value, 1, DSM_UPLOAD_MAX, pool);
    }
    if (!strcmp(name, "running")) {
        return dsm_config_int_read(&marketo->running, value, 1, 64, pool);
    }
    if (!strcmp(name, "queued")) {
        return dsm_config_int_read(&marketo->queued, value, 1, DSM_QUEUE_MAX, pool);
    }
    if (!strcmp(name, "known")) {
        return dsm_config_duration_read(&marketo->known, value, pool);
    }
    if (!strcmp(name, "token")) {
        fault = dsm_config_duration_read(&marketo->token, value, pool);
        return fault || marketo->token ? fault : "a token that never ends is no access token";
    }
    if (!strcmp(name, "records")) {
        return dsm_config_int_read(&marketo->records, value, 1, 300, pool);
    }
    if (!strcmp(name, "lead")) {
        marketo->lead = value;
        return ds_object_name_fault(value);
    }
    return "there is no such option: write upload=, running=, queued=, calls=, window=, at-once=, "
           "known=, token=, records= or lead=";
}

const char *dsm_config_marketo_read(cmd_parms *cmd, void *unused, int argc, char *const argv[])
{
    dsm_config_t *config = dsm_config_get(cmd->server);
    const char *fault = dsm_config_global_check(&config->marketo->place, cmd);

    if (fault) {
        return fault;
    }
    if (argc < 1) {
        return "DataSyncMarketo: write at least one option, for example calls=100";
    }
    return dsm_config_options_read(cmd, config, argc, argv, option_set, "calls=100");
}
