/* The first process of the worker: it starts the others and starts them again when they die. It
 * never opens the database: connections do not survive a fork. */
#ifndef DSW_SUPERVISOR_H
#define DSW_SUPERVISOR_H

#include "dsw.h"

/* Set up the database, then keep one keeper and the runners alive until asked to stop; where the
 * settings want no runner, the first is all. Returns the exit code of the program. */
int dsw_supervisor_run(const dsw_t *worker);

#endif
