/* DataSyncLiquid: who may log in, for how long, and how often. */
#ifndef DSM_CONFIG_LIQUID_H
#define DSM_CONFIG_LIQUID_H

#include <httpd.h>
#include <http_config.h>

#include "dsm_limit.h"

typedef struct dsm_liquid_t {
    apr_interval_time_t token;     /* how long an access token lives */
    dsm_limit_t logins;            /* tries of each name */
    apr_array_header_t *providers; /* of const char *: authn providers that know users */
    const char *client;            /* for users who come without one: an id, or NULL */
    const ap_directive_t *place;   /* NULL: there was no DataSyncLiquid */
} dsm_liquid_t;

/* The defaults, in pool. */
dsm_liquid_t *dsm_config_liquid_make(apr_pool_t *pool);

/* Setter of the directive. */
const char *dsm_config_liquid_read(cmd_parms *cmd, void *unused, int argc, char *const argv[]);

#endif
