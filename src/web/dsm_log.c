#include "dsm_log.h"

#include <http_config.h>
#include <http_log.h>
#include <http_main.h>

APLOG_USE_MODULE(datasync);

static void log_sink(ds_log_level_e level, apr_status_t status, const char *text)
{
    ap_log_error(APLOG_MARK, (int)level, status, ap_server_conf, "%s", text);
}

ds_log_level_e dsm_log_level(const server_rec *s)
{
    return (ds_log_level_e)ap_get_server_module_loglevel(s, APLOG_MODULE_INDEX);
}

void dsm_log_open(const server_rec *s)
{
    ds_log_open(log_sink, dsm_log_level(s));
}
