-- The fourth version: access tokens that stand for a user too, for protocols that ask who it is.

-- :SCHEMA_0004
CREATE TABLE ds_grant (
  token_sha256  TEXT PRIMARY KEY,
  client_id     TEXT NOT NULL,
  secret_sha256 TEXT NOT NULL,
  user_name     TEXT,
  community     TEXT,
  expires_at    INTEGER NOT NULL
);
CREATE INDEX ds_grant_expiry ON ds_grant (expires_at);
