/* What the two files of the sandbox share. */
#ifndef DSW_SANDBOX_PRIVATE_H
#define DSW_SANDBOX_PRIVATE_H

#include <sqlite3.h>

#include "dsw_sandbox.h"

/* Send the message at hand. The process ends when that fails. */
void dsw_sandbox_send(dsw_wire_t *wire);

/* Send it and wait for the answer, which ends the process likewise. */
void dsw_sandbox_ask(dsw_message_t *answer, dsw_wire_t *wire);

/* Let a connection read these tables under their names: dsw_sandbox_table.c. SQLite's status. */
int dsw_sandbox_tables_create(sqlite3 *db, const dsw_sandbox_t *sandbox, dsw_wire_t *wire,
                              apr_pool_t *pool);

#endif
