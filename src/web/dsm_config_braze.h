/* DataSyncBraze: what the real service limits, with its own values as defaults. */
#ifndef DSM_CONFIG_BRAZE_H
#define DSM_CONFIG_BRAZE_H

#include <httpd.h>
#include <http_config.h>

#include "dsm_limit.h"

typedef struct dsm_braze_t {
    dsm_limit_t list;            /* calls of each key for the list of integrations */
    dsm_limit_t status;          /* for the history of one */
    dsm_limit_t sync;            /* to start one */
    const ap_directive_t *place; /* NULL: there was no DataSyncBraze */
} dsm_braze_t;

/* The defaults, in pool. */
dsm_braze_t *dsm_config_braze_make(apr_pool_t *pool);

/* Setter of the directive. */
const char *dsm_config_braze_read(cmd_parms *cmd, void *unused, int argc, char *const argv[]);

#endif
