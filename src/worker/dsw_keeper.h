/* The keeper: once a second it looks for what nobody else takes care of: launches whose runner
 * died, uploads that were given up, messages that are too old. */
#ifndef DSW_KEEPER_H
#define DSW_KEEPER_H

#include "dsw.h"

/* In a process of its own, until asked to stop. */
int dsw_keeper_run(const dsw_t *worker);

#endif
