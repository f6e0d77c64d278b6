/* The text of a mail about a launch that has ended, ready for a mail server (RFC 5322, 2045, 2047).
 * Sender only. */
#ifndef DSW_LETTER_H
#define DSW_LETTER_H

#include "ds_outbox.h"

/* What stands in the mail beside the message's own data. */
typedef struct dsw_letter_t {
    const char *from;      /* an address */
    const char *link;      /* where the result can be fetched, or NULL */
    apr_time_t link_until; /* and until when */
    apr_time_t now;        /* of its Date line */
} dsw_letter_t;

/* ASCII alone, and all lines end with CR LF. In pool; NULL when the message's data is not readable.
 */
const char *dsw_letter_write(const dsw_letter_t *letter, const ds_message_t *message,
                             apr_pool_t *pool);

/* Did the launch of the message make a file that can be fetched, and what is the launch's UUID? In
 * pool; NULL: it has none. */
const char *dsw_letter_result(const ds_message_t *message, apr_pool_t *pool);

#endif
