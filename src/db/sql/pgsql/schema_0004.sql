-- The fourth version: access tokens that stand for a user too, for protocols that ask who it is.

-- :SCHEMA_0004
CREATE TABLE ds_grant (
  token_sha256  text PRIMARY KEY,
  client_id     text NOT NULL,
  secret_sha256 text NOT NULL,
  user_name     text,
  community     text,
  expires_at    bigint NOT NULL
);
CREATE INDEX ds_grant_expiry ON ds_grant (expires_at);
