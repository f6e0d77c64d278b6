/* Signs of who waits: what the processes of one supervisor show each other, in memory that they
 * share.
 *
 * A runner that waits because the database is locked or away cannot keep its lease. By its sign the
 * keeper tells it from one that hangs. */
#ifndef DSW_SIGN_H
#define DSW_SIGN_H

#include <sys/types.h>

/* In the supervisor, before it forks: room for the signs of so many processes. Without memory for
 * it there are none. */
void dsw_signs_make(int count);

/* In the process with this number, before the others below. */
void dsw_sign_begin(int number);

/* I have a launch and wait for the database, or do not wait any more. It counts for ten seconds. */
void dsw_sign_set(int waits);

/* Whoever waits does so still. */
void dsw_sign_renew(void);

/* Does the process wait, or did it until two seconds ago? */
int dsw_sign_waits(pid_t pid);

#endif
