-- The second version: clients of OAuth, launches with options of their own, when objects changed, and which programs
-- may work with the database.
-- The definitions are written anew by the next start.

-- :SCHEMA_0002
CREATE TABLE ds_client (
  client_id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  secret_sha256 TEXT NOT NULL,
  role TEXT NOT NULL,
  objects TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
);
CREATE TABLE ds_access (
  client_id TEXT PRIMARY KEY,
  nonce TEXT NOT NULL,
  secret_sha256 TEXT NOT NULL,
  token_sha256 TEXT NOT NULL,
  last_sha256 TEXT,
  expires_at INTEGER NOT NULL
);
CREATE INDEX ds_access_token ON ds_access (token_sha256);
CREATE INDEX ds_access_last ON ds_access (last_sha256);
CREATE TABLE ds_object (
  name TEXT PRIMARY KEY,
  hash TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
ALTER TABLE ds_launch ADD COLUMN client_id TEXT;
ALTER TABLE ds_launch ADD COLUMN options TEXT;
ALTER TABLE ds_launch ADD COLUMN queued_at INTEGER;
ALTER TABLE ds_launch ADD COLUMN family TEXT;
ALTER TABLE ds_launch ADD COLUMN family_limit INTEGER;
CREATE INDEX ds_launch_family ON ds_launch (family, id)
  WHERE state IN ('queued', 'running', 'cancelling');
CREATE INDEX ds_launch_client ON ds_launch (client_id, id) WHERE client_id IS NOT NULL;
CREATE INDEX ds_launch_waiting ON ds_launch (scheduled_at) WHERE state = 'scheduled';
ALTER TABLE ds_schema ADD COLUMN oldest INTEGER NOT NULL DEFAULT 0;
CREATE TABLE ds_guid (
  guid TEXT PRIMARY KEY,
  object TEXT NOT NULL,
  row_key TEXT NOT NULL
);
UPDATE ds_definition SET hash = '';
