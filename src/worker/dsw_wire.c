#include "dsw_wire.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ds_problem.h"

/* A message is its size (of all that follows), its kind, and its parts: numbers as eight bytes,
 * values as a byte for the type, then a number or a size with that many bytes and a NUL. */
#define HEAD (sizeof(apr_uint32_t) + 1)

typedef struct {
    char *bytes;
    apr_size_t size, room;
} buffer_t;

struct dsw_wire_t {
    int fd;
    apr_size_t most;
    dsw_wire_wait_cb *wait;
    void *baton;
    buffer_t in, out;
    apr_status_t status; /* why the message at hand cannot be sent */
};

static apr_status_t buffers_free(void *data)
{
    dsw_wire_t *wire = data;

    free(wire->in.bytes);
    free(wire->out.bytes);
    return APR_SUCCESS;
}

dsw_wire_t *dsw_wire_make(int fd, apr_size_t most, dsw_wire_wait_cb *wait, void *baton,
                          apr_pool_t *pool)
{
    dsw_wire_t *wire = apr_pcalloc(pool, sizeof(*wire));

    wire->fd = fd;
    wire->most = most;
    wire->wait = wait;
    wire->baton = baton;
    apr_pool_cleanup_register(pool, wire, buffers_free, apr_pool_cleanup_null);
    return wire;
}

static int room_make(buffer_t *buffer, apr_size_t wanted)
{
    apr_size_t room = 2 * (buffer->size + wanted);
    char *bytes;

    if (buffer->size + wanted <= buffer->room)
        return 1;
    bytes = realloc(buffer->bytes, room);
    if (!bytes)
        return 0;
    buffer->bytes = bytes;
    buffer->room = room;
    return 1;
}

/* --- sending --- */

static void bytes_add(dsw_wire_t *wire, const void *bytes, apr_size_t size)
{
    if (wire->status == APR_SUCCESS && !room_make(&wire->out, size))
        wire->status = APR_ENOMEM;
    if (wire->status != APR_SUCCESS)
        return;
    memcpy(wire->out.bytes + wire->out.size, bytes, size);
    wire->out.size += size;
}

void dsw_wire_begin(dsw_wire_t *wire, char kind)
{
    apr_uint32_t unknown = 0;

    wire->status = APR_SUCCESS;
    wire->out.size = 0;
    bytes_add(wire, &unknown, sizeof(unknown));
    bytes_add(wire, &kind, 1);
}

void dsw_wire_number_add(dsw_wire_t *wire, apr_int64_t number)
{
    bytes_add(wire, &number, sizeof(number));
}

void dsw_wire_value_add(dsw_wire_t *wire, const dsw_value_t *value)
{
    char type = (char)value->type;

    bytes_add(wire, &type, 1);
    if (value->type == DSW_VALUE_DOUBLE)
        bytes_add(wire, &value->number, sizeof(value->number));
    else if (value->type == DSW_VALUE_TEXT) {
        dsw_wire_number_add(wire, (apr_int64_t)value->length);
        bytes_add(wire, value->text, value->length);
        bytes_add(wire, "", 1);
    }
    else if (value->type != DSW_VALUE_NONE)
        dsw_wire_number_add(wire, value->integer);
}

void dsw_wire_text_add(dsw_wire_t *wire, const char *text)
{
    dsw_value_t value = {.type = DSW_VALUE_NONE};

    if (text)
        value = (dsw_value_t){.type = DSW_VALUE_TEXT, .text = text, .length = strlen(text)};
    dsw_wire_value_add(wire, &value);
}

apr_size_t dsw_wire_size(const dsw_wire_t *wire)
{
    return wire->out.size;
}

/* After a call that moved nothing. */
static apr_status_t trouble_pass(const dsw_wire_t *wire, short events)
{
    if (errno == EINTR)
        return APR_SUCCESS;
    if (errno == EAGAIN && wire->wait)
        return wire->wait(wire->baton, wire->fd, events);
    return errno == EPIPE || errno == ECONNRESET ? APR_EOF : APR_FROM_OS_ERROR(errno);
}

apr_status_t dsw_wire_send(dsw_wire_t *wire)
{
    apr_uint32_t size = (apr_uint32_t)(wire->out.size - sizeof(size));
    apr_size_t sent = 0;
    apr_status_t status = wire->status;

    if (status == APR_SUCCESS && wire->out.size > APR_INT32_MAX)
        status = DS_ELIMIT;
    if (status == APR_SUCCESS)
        memcpy(wire->out.bytes, &size, sizeof(size));
    while (status == APR_SUCCESS && sent < wire->out.size) {
        ssize_t done = send(wire->fd, wire->out.bytes + sent, wire->out.size - sent, MSG_NOSIGNAL);

        if (done > 0)
            sent += (apr_size_t)done;
        else
            status = trouble_pass(wire, POLLOUT);
    }
    return status;
}

/* --- receiving --- */

static apr_status_t bytes_receive(dsw_wire_t *wire, char *to, apr_size_t size)
{
    apr_status_t status = APR_SUCCESS;

    while (size > 0 && status == APR_SUCCESS) {
        ssize_t done = read(wire->fd, to, size);

        if (done == 0)
            return APR_EOF;
        if (done < 0)
            status = trouble_pass(wire, POLLIN);
        else {
            to += done;
            size -= (apr_size_t)done;
        }
    }
    return status;
}

apr_status_t dsw_wire_receive(dsw_message_t *message, dsw_wire_t *wire)
{
    char head[HEAD];
    apr_uint32_t size;
    apr_status_t status = bytes_receive(wire, head, HEAD);

    if (status != APR_SUCCESS)
        return status;
    memcpy(&size, head, sizeof(size));
    if (size < 1 || size - 1 > wire->most)
        return DS_ELIMIT;
    if (!room_make(&wire->in, size))
        return APR_ENOMEM;
    status = bytes_receive(wire, wire->in.bytes, size - 1);
    *message = (dsw_message_t){head[HEAD - 1], wire->in.bytes, wire->in.bytes + size - 1};
    return status;
}

static int bytes_take(void *to, apr_size_t size, dsw_message_t *message)
{
    if ((apr_size_t)(message->end - message->at) < size)
        return 0;
    memcpy(to, message->at, size);
    message->at += size;
    return 1;
}

int dsw_message_number_take(apr_int64_t *number, dsw_message_t *message)
{
    return bytes_take(number, sizeof(*number), message);
}

static int text_take(dsw_value_t *value, dsw_message_t *message)
{
    apr_int64_t length;

    if (!dsw_message_number_take(&length, message) || length < 0 ||
        length >= message->end - message->at || message->at[length] != '\0')
        return 0;
    value->text = message->at;
    value->length = (apr_size_t)length;
    message->at += length + 1;
    return 1;
}

int dsw_message_value_take(dsw_value_t *value, dsw_message_t *message)
{
    char type;

    if (!bytes_take(&type, 1, message) || type < DSW_VALUE_NONE || type > DSW_VALUE_TEXT)
        return 0;
    *value = (dsw_value_t){.type = (dsw_value_type_e)type};
    switch (value->type) {
    case DSW_VALUE_NONE: return 1;
    case DSW_VALUE_DOUBLE: return bytes_take(&value->number, sizeof(value->number), message);
    case DSW_VALUE_TEXT: return text_take(value, message);
    default: return dsw_message_number_take(&value->integer, message);
    }
}
