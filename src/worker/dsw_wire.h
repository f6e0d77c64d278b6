/* Messages between a runner and the process that runs a query for it: a kind and values, over a
 * pair of sockets. Both ends are this program, so numbers go as they are; but the runner believes
 * nothing that comes: sizes are bounded, and what is taken from a message is checked. */
#ifndef DSW_WIRE_H
#define DSW_WIRE_H

#include <apr_errno.h>
#include <apr_pools.h>

typedef struct dsw_wire_t dsw_wire_t;

/* Called when nothing can be read or written now (events as for poll): waits for a while. Anything
 * but APR_SUCCESS ends the call that waits, with this status. */
typedef apr_status_t dsw_wire_wait_cb(void *baton, int fd, short events);

typedef enum dsw_value_type_e {
    DSW_VALUE_NONE,
    DSW_VALUE_INTEGER,
    DSW_VALUE_BOOLEAN,
    DSW_VALUE_DOUBLE,
    DSW_VALUE_TEXT
} dsw_value_type_e;

typedef struct dsw_value_t {
    dsw_value_type_e type;
    apr_int64_t integer; /* also of a boolean */
    double number;
    const char *text; /* ends with a NUL behind its length */
    apr_size_t length;
} dsw_value_t;

/* A message that was received, as far as it has not been taken. */
typedef struct dsw_message_t {
    char kind;
    const char *at, *end;
} dsw_message_t;

/* A wire over fd, in pool; it does not close fd. A message that is received may have `most` bytes.
 * wait may be NULL where fd blocks. */
dsw_wire_t *dsw_wire_make(int fd, apr_size_t most, dsw_wire_wait_cb *wait, void *baton,
                          apr_pool_t *pool);

/* Begin a message, add to it, send it. Want of memory is told by dsw_wire_send (APR_ENOMEM). */
void dsw_wire_begin(dsw_wire_t *wire, char kind);
void dsw_wire_number_add(dsw_wire_t *wire, apr_int64_t number);
void dsw_wire_text_add(dsw_wire_t *wire, const char *text); /* NULL: none */
void dsw_wire_value_add(dsw_wire_t *wire, const dsw_value_t *value);
apr_size_t dsw_wire_size(const dsw_wire_t *wire); /* bytes so far */
apr_status_t dsw_wire_send(dsw_wire_t *wire);

/* The next message, valid until the next call. APR_EOF: the other end has gone; DS_ELIMIT: it is
 * larger than it may be; APR_ENOMEM. */
apr_status_t dsw_wire_receive(dsw_message_t *message, dsw_wire_t *wire);

/* Take the next part of a message. False when there is no such part. */
int dsw_message_number_take(apr_int64_t *number, dsw_message_t *message);
int dsw_message_value_take(dsw_value_t *value, dsw_message_t *message);

#endif
