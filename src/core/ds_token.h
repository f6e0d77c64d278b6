/* Tokens: dst_<id>_<secret>. The secret is 256 random bits, shown once; only its SHA-256 is kept.
 *
 * A token without scopes opens the calls of one sync. One with scopes is a key of a protocol that
 * says by name what a key may do, for one sync or for all; it opens nothing else. */
#ifndef DS_TOKEN_H
#define DS_TOKEN_H

#include <apr_tables.h>
#include <apr_time.h>

#include "ds_launch.h"

#define DS_TOKEN_ID_LENGTH 10
#define DS_TOKEN_SECRET_LENGTH 43

#define DS_TOKEN_ALL_SYNCS "*"

/* What a key may do: the first three by their names in Braze's description, the others are for the
 * protocol Adobe. */
typedef enum ds_scope_e {
    DS_SCOPE_INTEGRATION_LIST = 1,       /* cdi.integration_list */
    DS_SCOPE_INTEGRATION_JOB_STATUS = 2, /* cdi.integration_job_status */
    DS_SCOPE_INTEGRATION_SYNC = 4,       /* cdi.integration_sync */
    DS_SCOPE_FLOW_RUNS = 8,              /* flow.runs */
    DS_SCOPE_FLOW_SPECS = 16,            /* flow.specs */
    DS_SCOPE_FLOW_SPECS_MANAGE = 32      /* flow.specs_manage */
} ds_scope_e;

typedef struct ds_token_t {
    const char *id;
    const char *sync_id; /* DS_TOKEN_ALL_SYNCS only with scopes */
    int is_key;          /* it has scopes */
    unsigned scopes;     /* those of ds_scope_e; of a newer program's none are known here */
    const char *name;    /* what the administrator called it */
    apr_time_t created_at;
    apr_time_t expires_at; /* 0: never */
    apr_time_t revoked_at; /* 0: not revoked */
} ds_token_t;

/* Make a token for a sync; *text is the whole credential, the only time it is ever seen.
 * expires_at is 0 for never. */
apr_status_t ds_token_create(ds_token_t **token, const char **text, ds_db_t *db,
                             const char *sync_id, unsigned scopes, const char *name,
                             apr_time_t expires_at, apr_pool_t *pool);

/* Is `text` a live token, of whatever sync and with whatever scopes? APR_SUCCESS and *token,
 * DS_EDENIED when it is not, DS_EBUSY or DS_EDB when the database cannot say. Whether it opens a
 * sync says ds_looks_run. */
apr_status_t ds_token_find(ds_token_t **token, ds_db_t *db, const char *text, apr_pool_t *pool);

/* Is the token for this sync? */
int ds_token_has_sync(const ds_token_t *token, const char *sync_id);

/* The name of one scope; never NULL. */
const char *ds_token_scope_name(ds_scope_e scope);

/* Names of scopes with commas or spaces between. Returns 0 when one of them is none, or there are
 * no names. */
int ds_token_scopes_read(unsigned *scopes, const char *names, apr_pool_t *scratch);

/* The names with commas between, NULL for no scopes. In pool. */
const char *ds_token_scopes_text(unsigned scopes, apr_pool_t *pool);

/* Tokens of one sync, or of all when sync_id is NULL, oldest first: an array of ds_token_t *. */
apr_status_t ds_token_list(apr_array_header_t **tokens, ds_db_t *db, const char *sync_id,
                           apr_pool_t *pool);

/* Make a token useless from the next request on. DS_ENOTFOUND when there is no live one. */
apr_status_t ds_token_revoke(ds_db_t *db, const char *id);

#endif
