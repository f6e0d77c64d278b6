/* The configuration: what the directives said, for each server.
 *
 * Written by the parent while it reads httpd.conf, read by everybody afterwards; lives as long as
 * the configuration. Each member names its unset value, its default and how a virtual host gets it.
 */
#ifndef DSM_CONFIG_H
#define DSM_CONFIG_H

#include <httpd.h>
#include <http_config.h>

#include "ds_client.h"
#include "ds_def.h"
#include "dsm_api.h"
#include "dsm_config_braze.h"
#include "dsm_config_liquid.h"
#include "dsm_config_marketo.h"
#include "dsm_config_notify.h"

#define DSM_UNSET (-1)
#define DSM_UPLOAD_MAX (APR_INT64_C(1) << 42) /* bytes: what the directives accept at most */
#define DSM_QUEUE_MAX 1000000                 /* launches: the same */

/* Defaults, where core has none. */
#define DSM_QUEUE_LIMIT 1000     /* launches that wait, of all syncs */
#define DSM_SYNC_QUEUE_LIMIT 100 /* of one sync */
#define DSM_KEEP_FILES apr_time_from_sec(30 * 86400)
#define DSM_KEEP_LAUNCHES apr_time_from_sec(90 * 86400)
#define DSM_KEEP_COUNT 10000

/* One DataSyncAPI line. */
typedef struct dsm_api_use_t {
    const dsm_api_t *api;
    const char *prefix; /* "" or "/prefix" */
    const ap_directive_t *place;
} dsm_api_use_t;

typedef struct dsm_config_t {
    /* Main server only (GLOBAL_ONLY): a virtual host sees the main server's. */
    const char *db_driver;                  /* NULL; default sqlite3 */
    const char *db_params;                  /* NULL; default DATASYNC_STATE_DIR/datasync.db */
    const ap_directive_t *db_place;         /* NULL: there was no DataSyncDatabase */
    int worker_on;                          /* DSM_UNSET; default 1 */
    int runners;                            /* DSM_UNSET; default as ds_settings_make */
    int cache_mb;                           /* DSM_UNSET; default as ds_settings_make */
    int lease_seconds;                      /* DSM_UNSET; default as ds_settings_make */
    const char *worker_program;             /* NULL; default DATASYNC_WORKER_PROGRAM */
    const ap_directive_t *worker_place;     /* NULL: there was no DataSyncWorker */
    apr_int64_t max_upload;                 /* DSM_UNSET; default as ds_sync_make */
    const ap_directive_t *max_upload_place; /* NULL: there was no DataSyncMaxUpload */
    const ap_directive_t *queue_place;      /* NULL: there was no DataSyncQueueLimit */
    const ap_directive_t *keep_place;       /* NULL: there was no DataSyncKeep */
    const ap_directive_t *egress_place;     /* NULL: there was no DataSyncEgressAllow */
    ds_def_t *def;                          /* NULL: no object and no sync */
    apr_array_header_t *sync_places;        /* NULL; of const ap_directive_t *, as def->syncs */
    apr_hash_t *clients;                    /* NULL; of ds_client_t by id */
    dsm_marketo_t *marketo;                 /* NULL; default as dsm_config_marketo_make */
    dsm_braze_t *braze;                     /* NULL; default as dsm_config_braze_make */
    dsm_liquid_t *liquid;                   /* NULL; default as dsm_config_liquid_make */
    dsm_notify_t *notify;                   /* NULL; default as dsm_config_notify_make */

    /* Server and virtual host. */
    apr_array_header_t *apis; /* NULL; of dsm_api_use_t; a virtual host has the main server's too,
                               * unless it says the same protocol with another prefix */
} dsm_config_t;

/* For the module record. */
void *dsm_config_create(apr_pool_t *pool, server_rec *s);
void *dsm_config_merge(apr_pool_t *pool, void *base, void *add);
extern const command_rec dsm_config_directives[];

/* One mistake, with its place (NULL: none is known), for the administrator. */
void dsm_config_fault_log(const char *number, const ap_directive_t *place, const char *text,
                          server_rec *s);

/* check_config hook: what can only be checked when all of the configuration was read. Runs under
 * `apachectl -t` too. */
int dsm_config_check(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s);

/* Refuse a directive of the main server that stands in another place, or for a second time. NULL,
 * or an error for httpd. */
const char *dsm_config_global_check(const ap_directive_t **place, cmd_parms *cmd);

/* Set one option. NULL, or the reason why not. */
typedef const char *dsm_config_option_cb(dsm_config_t *config, const char *name, const char *value,
                                         apr_pool_t *pool);

/* Arguments of the form NAME=VALUE. NULL, or an error for httpd. */
const char *dsm_config_options_read(cmd_parms *cmd, dsm_config_t *config, int argc,
                                    char *const argv[], dsm_config_option_cb *set,
                                    const char *example);

/* The configuration of a server; never NULL. */
dsm_config_t *dsm_config_get(const server_rec *s);

/* Has this server anything to do: is there at least one sync? */
int dsm_config_has_syncs(const dsm_config_t *config);

/* Setters of the sections, called by httpd: each in a file of its own. */
const char *dsm_config_object_read(cmd_parms *cmd, void *unused, const char *args);
const char *dsm_config_client_read(cmd_parms *cmd, void *unused, const char *args);
const char *dsm_config_sync_read(cmd_parms *cmd, void *unused, const char *args);

#endif
