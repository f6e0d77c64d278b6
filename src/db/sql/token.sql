-- Tokens.

-- :TOKEN_CREATE
INSERT INTO ds_token (token_id, sync_id, name, secret_sha256, created_at, expires_at, scopes)
VALUES (%s, %s, %s, %s, %lld, %lld, %s)

-- :TOKEN_LIST
SELECT token_id, sync_id, name, created_at, expires_at, revoked_at, scopes
FROM ds_token ORDER BY created_at, token_id

-- :TOKEN_LIST_OF_SYNC
SELECT token_id, sync_id, name, created_at, expires_at, revoked_at, scopes
FROM ds_token WHERE sync_id = %s ORDER BY created_at, token_id

-- The columns of TOKEN_LIST, then the secret's digest.
-- :TOKEN_GET
SELECT token_id, sync_id, name, created_at, expires_at, revoked_at, scopes, secret_sha256
FROM ds_token WHERE token_id = %s

-- :TOKEN_REVOKE
UPDATE ds_token SET revoked_at = %lld WHERE token_id = %s AND revoked_at IS NULL
