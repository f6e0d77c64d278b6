-- The second version: clients of OAuth, launches with options of their own, when objects changed, and which programs
-- may work with the database.
-- The definitions are written anew by the next start.

-- :SCHEMA_0002
CREATE TABLE ds_client (
  client_id text PRIMARY KEY,
  name text NOT NULL,
  secret_sha256 text NOT NULL,
  role text NOT NULL,
  objects text NOT NULL,
  created_at bigint NOT NULL,
  revoked_at bigint
);
CREATE TABLE ds_access (
  client_id text PRIMARY KEY,
  nonce text NOT NULL,
  secret_sha256 text NOT NULL,
  token_sha256 text NOT NULL,
  last_sha256 text,
  expires_at bigint NOT NULL
);
CREATE INDEX ds_access_token ON ds_access (token_sha256);
CREATE INDEX ds_access_last ON ds_access (last_sha256);
CREATE TABLE ds_object (
  name text PRIMARY KEY,
  hash text NOT NULL,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL
);
ALTER TABLE ds_launch ADD COLUMN client_id text;
ALTER TABLE ds_launch ADD COLUMN options text;
ALTER TABLE ds_launch ADD COLUMN queued_at bigint;
ALTER TABLE ds_launch ADD COLUMN family text;
ALTER TABLE ds_launch ADD COLUMN family_limit integer;
CREATE INDEX ds_launch_family ON ds_launch (family, id)
  WHERE state IN ('queued', 'running', 'cancelling');
CREATE INDEX ds_launch_client ON ds_launch (client_id, id) WHERE client_id IS NOT NULL;
CREATE INDEX ds_launch_waiting ON ds_launch (scheduled_at) WHERE state = 'scheduled';
ALTER TABLE ds_schema ADD COLUMN oldest bigint NOT NULL DEFAULT 0;
CREATE TABLE ds_guid (
  guid text PRIMARY KEY,
  object text NOT NULL,
  row_key text NOT NULL
);
UPDATE ds_definition SET hash = '';
