-- OAuth clients and their access tokens.

-- :CLIENT_CREATE
INSERT INTO ds_client (client_id, name, secret_sha256, role, objects, created_at)
VALUES (%s, %s, %s, %s, %s, %lld)

-- :CLIENT_LIST
SELECT client_id, name, role, objects, created_at, revoked_at, secret_sha256
FROM ds_client ORDER BY created_at, client_id

-- :CLIENT_GET
SELECT client_id, name, role, objects, created_at, revoked_at, secret_sha256
FROM ds_client WHERE client_id = %s

-- :CLIENT_REVOKE
UPDATE ds_client SET revoked_at = %lld WHERE client_id = %s AND revoked_at IS NULL

-- The token of a client. It is made from the secret and the nonce, so that it is nowhere kept.
-- :ACCESS_GET
SELECT nonce, secret_sha256, expires_at FROM ds_access WHERE client_id = %s

-- One that lives, of the same secret, stays.
-- :ACCESS_SET
INSERT INTO ds_access (client_id, nonce, secret_sha256, token_sha256, expires_at)
VALUES (%s, %s, %s, %s, %lld)
ON CONFLICT (client_id) DO UPDATE
SET nonce = excluded.nonce, secret_sha256 = excluded.secret_sha256,
token_sha256 = excluded.token_sha256, last_sha256 = ds_access.token_sha256,
expires_at = excluded.expires_at
WHERE ds_access.expires_at <= %lld OR ds_access.secret_sha256 <> excluded.secret_sha256

-- Whose token it is; the one before the last is known too, as one that has expired.
-- :ACCESS_FIND
SELECT client_id, secret_sha256, CASE WHEN token_sha256 = %s THEN expires_at ELSE 0 END
FROM ds_access WHERE token_sha256 = %s OR last_sha256 = %s

-- Tokens that stand for a client and a user. Those that are over go when a new one comes.
-- :GRANT_CREATE
INSERT INTO ds_grant (token_sha256, client_id, secret_sha256, user_name, community, expires_at)
VALUES (%s, %s, %s, %s, %s, %lld)

-- :GRANT_EXPIRE
DELETE FROM ds_grant WHERE expires_at <= %lld

-- :GRANT_FIND
SELECT client_id, secret_sha256, user_name, community, expires_at FROM ds_grant
WHERE token_sha256 = %s AND expires_at > %lld
