#include "dsm_config_braze.h"

#include <string.h>

#include "dsm_config.h"
#include "dsm_config_value.h"

dsm_braze_t *dsm_config_braze_make(apr_pool_t *pool)
{
    dsm_braze_t *braze = apr_pcalloc(pool, sizeof(*braze));

    *braze = (dsm_braze_t){
        .list = {.calls = 50, .window = apr_time_from_sec(60)},
        .status = {.calls = 100, .window = apr_time_from_sec(60)},
        .sync = {.calls = 20, .window = apr_time_from_sec(60)},
    };
    return braze;
}

static const char *window_set(dsm_braze_t *braze, const char *value, apr_pool_t *pool)
{
    const char *fault = dsm_config_duration_read(&braze->list.window, value, pool);

    braze->status.window = braze->sync.window = braze->list.window;
    return fault || braze->list.window ? fault : "a window has an end";
}

/* Every answer tells how many calls are left, so there is always a limit. */
static const char *option_set(dsm_config_t *config, const char *name, const char *value,
                              apr_pool_t *pool)
{
    dsm_braze_t *braze = config->braze;

    if (!strcmp(name, "list")) {
        return dsm_config_int_read(&braze->list.calls, value, 1, DSM_LIMIT_CALLS_MAX, pool);
    }
    if (!strcmp(name, "status")) {
        return dsm_config_int_read(&braze->status.calls, value, 1, DSM_LIMIT_CALLS_MAX, pool);
    }
    if (!strcmp(name, "sync")) {
        return dsm_config_int_read(&braze->sync.calls, value, 1, DSM_LIMIT_CALLS_MAX, pool);
    }
    if (!strcmp(name, "window")) {
        return window_set(braze, value, pool);
    }
    return "there is no such option: write list=, status=, sync= or window=";
}

const char *dsm_config_braze_read(cmd_parms *cmd, void *unused, int argc, char *const argv[])
{
    dsm_config_t *config = dsm_config_get(cmd->server);
    const char *fault = dsm_config_global_check(&config->braze->place, cmd);

    if (fault) {
        return fault;
    }
    if (argc < 1) {
        return "DataSyncBraze: write at least one option, for example status=100";
    }
    return dsm_config_options_read(cmd, config, argc, argv, option_set, "status=100");
}
