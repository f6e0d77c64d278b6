/* How a credential is compared with a row of ds_token; for the files of src/core. */
#ifndef DS_TOKEN_READ_H
#define DS_TOKEN_READ_H

#include "ds_digest.h"
#include "ds_token.h"

/* A token's text, as the database knows it. */
typedef struct ds_credential_t {
    char id[DS_TOKEN_ID_LENGTH + 1];
    char sha256[DS_SHA256_HEX_SIZE]; /* of the secret */
} ds_credential_t;

/* Any text: one of another form gives an id that no token has, so that the database is asked and a
 * secret is hashed all the same. */
apr_status_t ds_credential_read(ds_credential_t *credential, const char *text);

/* The token that the row at hand has from column `first` on, in pool; DS_EDENIED unless it lives
 * and the secret is its own. */
apr_status_t ds_token_take(ds_token_t **token, ds_db_t *db, ds_db_rows_t *rows, int first,
                           const ds_credential_t *credential, apr_pool_t *pool);

#endif
