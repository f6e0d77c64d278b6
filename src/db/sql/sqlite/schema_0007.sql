-- The seventh version: connection specs that clients have sent.

-- :SCHEMA_0007
CREATE TABLE ds_connection_spec (
  spec_id    TEXT PRIMARY KEY,
  name       TEXT NOT NULL,
  body       TEXT NOT NULL,
  version    INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  updated_at INTEGER NOT NULL,
  updated_by TEXT NOT NULL
);
