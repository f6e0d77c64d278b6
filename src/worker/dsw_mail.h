/* Mail: what a message says, and how it is handed to a mail server, by libcurl. Sender only. */
#ifndef DSW_MAIL_H
#define DSW_MAIL_H

#include "ds_def.h"
#include "ds_notify.h"
#include "dsw_sender.h"

/* Write the mail for a message and send it, within `patience`. def: where results can be fetched.
 */
void dsw_mail_send(dsw_delivery_t *delivery, const ds_mail_t *mail, const ds_message_t *message,
                   const ds_def_t *def, ds_db_t *db, apr_interval_time_t patience,
                   apr_pool_t *pool);

#endif
