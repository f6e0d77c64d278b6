/* The process in which a stranger's query runs, and what it and its runner tell each other.
 *
 * It is a fork of the runner without any of its descriptors: it has a wire to the runner, an empty
 * SQLite database in memory, and limits of the kernel that let it open nothing. The only tables
 * there are read through the wire, row by row; so the query runs alike over every database, and
 * there is nothing else that it could reach. docs/queries.md says what follows for who writes one.
 */
#ifndef DSW_SANDBOX_H
#define DSW_SANDBOX_H

#include "ds_db_table.h"
#include "dsw_wire.h"

#define DSW_CURSORS_MAX 64         /* readings that are under way at once */
#define DSW_PIECE_SIZE (64 * 1024) /* bytes of rows after which a message is sent */

/* Messages of the sandbox. A value is one of dsw_wire.h. */
typedef enum dsw_message_e {
    DSW_COLUMNS = 'C', /* their number; for each its name and whether it holds truth values */
    DSW_ROWS = 'R',    /* of the result: values, column by column */
    DSW_OPEN = 'O',    /* a cursor, the number of its table, the number of a column and the value
                          that it must equal, any number of times, and -1 */
    DSW_MORE = 'M',    /* a cursor: the next page of it */
    DSW_CLOSE = 'X',   /* a cursor that is not wanted to its end */
    DSW_FAULT = 'F',   /* a dsw_fault_e and words for it: nothing more will come */
    DSW_END = 'E',     /* the result is whole */
    /* Of the runner, after DSW_OPEN and DSW_MORE: a dsw_page_e before each row, and at the end. */
    DSW_PAGE = 'P'
} dsw_message_e;

typedef enum dsw_page_e { DSW_PAGE_ROW, DSW_PAGE_MORE, DSW_PAGE_LAST } dsw_page_e;

typedef enum dsw_fault_e {
    DSW_FAULT_QUERY, /* the query is not one that is run */
    DSW_FAULT_RUN,   /* it failed on its way */
    DSW_FAULT_MEMORY
} dsw_fault_e;

/* How the process ends when it cannot say it by a message. */
#define DSW_SANDBOX_MEMORY 3 /* no memory even for that */
#define DSW_SANDBOX_WALLS 4  /* it could not be shut off */
#define DSW_SANDBOX_WIRE 5   /* the runner has gone */

typedef struct dsw_sandbox_t {
    const char *sql;
    const ds_db_table_t *tables; /* what it may read; with whole keys, or none */
    int table_count;
    apr_int64_t memory; /* bytes */
    int seconds;        /* of the processor */
} dsw_sandbox_t;

/* In the new process: shut it off, run the query, tell the runner over fd. Never returns. */
void dsw_sandbox_run(const dsw_sandbox_t *sandbox, int fd, apr_pool_t *pool)
    __attribute__((noreturn));

#endif
