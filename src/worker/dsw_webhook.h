/* Webhooks: what they are told, and how that is signed, as the Standard Webhooks specification says
 * (https://www.standardwebhooks.com). Sender only. */
#ifndef DSW_WEBHOOK_H
#define DSW_WEBHOOK_H

#include "ds_notify.h"
#include "ds_source.h"
#include "dsw_sender.h"

typedef struct dsw_webhook_client_t dsw_webhook_client_t;

/* What sends to one webhook, each message within `patience`; it lives in pool. egress:
 * which addresses it may call beside the public ones, and whom it trusts (ds_source.h). */
dsw_webhook_client_t *dsw_webhook_client_make(const ds_webhook_t *webhook,
                                              const ds_egress_t *egress,
                                              apr_interval_time_t patience, apr_pool_t *pool);

/* Send a message. Any answer of 2xx is a receipt; 410 means that the receiver wants no more. */
void dsw_webhook_send(dsw_delivery_t *delivery, dsw_webhook_client_t *client,
                      const ds_message_t *message, ds_db_t *db, apr_pool_t *pool);

#endif
