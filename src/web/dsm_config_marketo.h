/* DataSyncMarketo: what the real service limits, with its own values as defaults. */
#ifndef DSM_CONFIG_MARKETO_H
#define DSM_CONFIG_MARKETO_H

#include <httpd.h>
#include <http_config.h>

#include "ds_launch.h"
#include "dsm_limit.h"

typedef struct dsm_marketo_t {
    apr_int64_t upload;          /* bytes that a file must stay below */
    int running;                 /* imports, and as many extracts, that run at a time */
    int queued;                  /* of either, those that wait or run */
    dsm_limit_t limit;           /* of each client */
    apr_interval_time_t known;   /* how long a batch can be asked for; 0: as long as it is kept */
    apr_interval_time_t token;   /* how long an access token lives */
    int records;                 /* of one call that is answered at once */
    const char *lead;            /* the name of the object that holds the leads */
    const ap_directive_t *place; /* NULL: there was no DataSyncMarketo */
} dsm_marketo_t;

/* The defaults, in pool. */
dsm_marketo_t *dsm_config_marketo_make(apr_pool_t *pool);

/* Setter of the directive. */
const char *dsm_config_marketo_read(cmd_parms *cmd, void *unused, int argc, char *const argv[]);

#endif
