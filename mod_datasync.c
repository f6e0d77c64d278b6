/* mod_datasync: the module record and its hooks, in the order in which they run. No logic here. */
#include <httpd.h>
#include <http_config.h>
#include <http_log.h>
#include <http_request.h>
#include <mpm_common.h>

#include "dsm_auth.h"
#include "dsm_config.h"
#include "dsm_formula.h"
#include "dsm_route.h"
#include "dsm_setup.h"
#include "dsm_worker.h"

static void register_hooks(apr_pool_t *pool)
{
    static const char *const before_proxy[] = {"mod_proxy.c", NULL};

    /* Start. check_config runs under `apachectl -t` too: mistakes that only the whole configuration
     * shows. post_config starts the worker; monitor starts it again where that failed. */
    ap_hook_check_config(dsm_config_check, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(dsm_setup_server, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_monitor(dsm_worker_monitor, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(dsm_setup_child, NULL, NULL, APR_HOOK_MIDDLE);

    /* Each request, 1: whose is it? First of all, so that no directory is walked and no .htaccess
     * read, and before mod_proxy, which would take a whole site. */
    ap_hook_map_to_storage(dsm_route_claim, NULL, before_proxy, APR_HOOK_FIRST);
    /* 2: the credential, before the server's own rules look. access_checker_ex asks once more
     * because `Satisfy Any` passes over a refusal of access_checker. */
    ap_hook_check_access(dsm_auth_access, NULL, NULL, APR_HOOK_FIRST, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_check_access_ex(dsm_auth_access, NULL, NULL, APR_HOOK_FIRST, AP_AUTH_INTERNAL_PER_CONF);
    /* 3: before mod_auth_basic, which would refuse a token that is not one of its passwords. */
    ap_hook_check_authn(dsm_auth_authenticate, NULL, NULL, APR_HOOK_FIRST,
                        AP_AUTH_INTERNAL_PER_CONF);
    /* 4: before mod_mime, which would choose a handler by the path's ending, and after SetHandler,
     * which a front controller may have for its whole site. */
    ap_hook_type_checker(dsm_route_type, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_fixups(dsm_route_keep, NULL, NULL, APR_HOOK_LAST);
    /* 5: the endpoint, which does not run without a verdict of 2. */
    ap_hook_handler(dsm_route_run, NULL, NULL, APR_HOOK_FIRST);

    dsm_auth_provider_register(pool);
    dsm_formula_filter_register();
}

AP_DECLARE_MODULE(datasync) = {
    STANDARD20_MODULE_STUFF,
    NULL, /* nothing per directory: no .htaccess */
    NULL,
    dsm_config_create,
    dsm_config_merge,
    dsm_config_directives,
    register_hooks,
    AP_MODULE_FLAG_NONE,
};
