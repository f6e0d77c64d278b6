/* DataSyncMail, DataSyncWebhook and DataSyncLinks: who is told of launches, and how. */
#ifndef DSM_CONFIG_NOTIFY_H
#define DSM_CONFIG_NOTIFY_H

#include <httpd.h>
#include <http_config.h>

#include "ds_notify.h"

#define DSM_LINKS_LIFE apr_time_from_sec(7 * 86400)

typedef struct dsm_notify_t {
    ds_mail_t *mail;              /* NULL: no mail is sent */
    apr_array_header_t *webhooks; /* of ds_webhook_t * */
    const ap_directive_t *mail_place;
    const ap_directive_t *links_place; /* NULL: there was no DataSyncLinks */
} dsm_notify_t;

/* Nobody is told of anything. In pool. */
dsm_notify_t *dsm_config_notify_make(apr_pool_t *pool);

/* Setters of the directives. */
const char *dsm_config_mail_read(cmd_parms *cmd, void *unused, int argc, char *const argv[]);
const char *dsm_config_webhook_read(cmd_parms *cmd, void *unused, int argc, char *const argv[]);
const char *dsm_config_links_read(cmd_parms *cmd, void *unused, int argc, char *const argv[]);

/* When all of the configuration was read: warn of mail that cannot have what it should have. */
void dsm_config_notify_check(server_rec *s);

#endif
