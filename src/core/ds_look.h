/* The question that most requests begin with: how does a sync stand, and does this token open it?
 *
 * Any process. Several requests may ask together: one statement for all of them costs PostgreSQL
 * hardly more than one for each would. */
#ifndef DS_LOOK_H
#define DS_LOOK_H

#include "ds_token.h"

/* What a sync's status shows. */
typedef struct ds_overview_t {
    ds_sync_status_t known;
    ds_launch_t *newest; /* or NULL */
} ds_overview_t;

typedef struct ds_look_t {
    /* given */
    const char *sync_id;
    const char *text; /* of a token; NULL: whoever looks may do so */
    apr_pool_t *pool; /* of what is found */
    /* found */
    apr_status_t status;    /* APR_SUCCESS, DS_EBUSY or DS_EDB; for a token also DS_EDENIED */
    const char *cause;      /* of DS_EBUSY and DS_EDB: what the database says; else NULL */
    ds_overview_t overview; /* after DS_EDENIED it is for nobody's eyes */
    ds_token_t *token;      /* one that is live and of this sync; or NULL */
} ds_look_t;

/* How many are answered together at most. */
#define DS_LOOKS_MAX 8

/* Answer these, at most DS_LOOKS_MAX, all from one moment that lies in this call: a token that was
 * revoked before it opens nothing. A text that is no token of the sync gets DS_EDENIED, whatever
 * the reason: malformed, unknown, another sync's, one with scopes, revoked, expired; an unknown id
 * costs the same work as a wrong secret. Nobody else may use the pools meanwhile. The worst status
 * of all but DS_EDENIED. */
apr_status_t ds_looks_run(ds_look_t *const *looks, int count, ds_db_t *db);

#endif
