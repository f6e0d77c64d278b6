/* The sender: takes messages out of the outbox and sends them, by mail and to webhooks, in a
 * process of its own, so that a server that is slow or away delays nothing else. */
#ifndef DSW_SENDER_H
#define DSW_SENDER_H

#include "ds_outbox.h"
#include "dsw.h"

/* How the sending of a message ended. */
typedef struct dsw_delivery_t {
    enum {
        DSW_SENT,
        DSW_DELAYED,  /* this message is to come later; another one may pass */
        DSW_REFUSED,  /* nobody wants this message, it seems; likewise. It is not tried often */
        DSW_HOPELESS, /* it can never be sent */
        DSW_AWAY,     /* who was to take it is not there, or in trouble: later, and others too */
        DSW_GONE,     /* who was to take it wants no more */
        DSW_STOPPED   /* the process was asked to leave */
    } outcome;
    const char *fault; /* why it was not sent, without a secret */
    apr_interval_time_t
        pause; /* for so long who was to take it wants nothing; 0: it does not say */
} dsw_delivery_t;

/* Has this worker anything to send, or anybody to send it to? */
int dsw_sender_is_wanted(const dsw_t *worker);

/* In a process of its own, until asked to stop. */
int dsw_sender_run(const dsw_t *worker);

#endif
