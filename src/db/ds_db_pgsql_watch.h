/* A bound for calls of libpq that wait for a server. For ds_db_pgsql*.c.
 *
 * Such a call waits for ever for a server that is frozen: its machine takes what is sent, and
 * nobody answers. So one thread of the process looks at calls that last long, asks the server by a
 * connection of its own whether it is there, and if not, shuts the call's socket down. The call
 * then fails like one whose connection was lost. A server that answers may take its time. */
#ifndef DS_DB_PGSQL_WATCH_H
#define DS_DB_PGSQL_WATCH_H

#include <apr_time.h>

/* The call that a connection is in. Zero at first, and in the memory of the connection. */
typedef struct ds_db_watch_call_t {
    struct ds_db_watch_call_t *next;
    int fd;                       /* of the connection's socket */
    const char *params;           /* of its server alone */
    const char *given;            /* of all of them */
    apr_time_t checked_at;        /* when it began, or when the server last answered */
    apr_interval_time_t patience; /* until the server is asked, and again for its answer */
} ds_db_watch_call_t;

/* Around each call that waits; any thread. */
void ds_db_pgsql_watch_begin(ds_db_watch_call_t *call);
void ds_db_pgsql_watch_end(ds_db_watch_call_t *call);

/* End the thread, if there is one. When the process leaves. */
void ds_db_pgsql_watch_stop(void);

#endif
