/* The first step of a worker: bring the schema up to date and store the definitions. */
#ifndef DSW_SETUP_H
#define DSW_SETUP_H

#include "dsw.h"

/* In a process of its own. 0 when the database is ready; else the supervisor tries again later. */
int dsw_setup_run(const dsw_t *worker);

#endif
