/* What went wrong, in words for a person: kept with a launch, printed by a tool, put into a reply.
 *
 * Used in every process. A problem lives as long as the pool it was made in. Its text never holds
 * a secret, names the place (directive, row, column, file) and, where there is one, the remedy. */
#ifndef DS_PROBLEM_H
#define DS_PROBLEM_H

#include <apr_errno.h>
#include <apr_pools.h>

/* Causes of our own domain, beside the apr_status_t values of APR. */
#define DS_ERR(n) (APR_OS_START_USERERR + 7000 + (n))
#define DS_ENOTFOUND DS_ERR(1)   /* no such launch, file, token or sync */
#define DS_ESTATE DS_ERR(2)      /* the thing is not in a state that allows this */
#define DS_ELOST DS_ERR(3)       /* another runner owns the launch now: write nothing more */
#define DS_EBUSY DS_ERR(4)       /* the database is locked, full, broken or away: try again */
#define DS_EDB DS_ERR(5)         /* the database refused a statement */
#define DS_ECONSTRAINT DS_ERR(6) /* the database refused a value: a constraint or a trigger */
#define DS_ELIMIT DS_ERR(7)      /* a configured limit was passed */
#define DS_EINPUT DS_ERR(8)      /* the input is not what it should be */
#define DS_ESCHEMA DS_ERR(9)     /* the database's schema is not the one this program needs */
#define DS_ECONFLICT DS_ERR(11)  /* the same key came with other bytes */
#define DS_EDENIED DS_ERR(10)    /* the credential does not allow this */
#define DS_ESTOPPED DS_ERR(12)   /* somebody asked to stop the work */
#define DS_EDISABLED DS_ERR(13)  /* the sync is switched off */
#define DS_EREMOTE DS_ERR(14)    /* another server is away or in trouble: try again */
#define DS_EPAUSE DS_ERR(15)     /* another server wants to be left alone for a while */

typedef struct ds_problem_t {
    apr_status_t status; /* one of the above or a status of APR; never APR_SUCCESS */
    const char *text;    /* one sentence without a line break */
} ds_problem_t;

/* Make a problem in pool, its text by apr_psprintf's rules. */
ds_problem_t *ds_problem_make(apr_pool_t *pool, apr_status_t status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The sentence for a status, ours or APR's, in pool. */
const char *ds_problem_status_text(apr_status_t status, apr_pool_t *pool);

#endif
