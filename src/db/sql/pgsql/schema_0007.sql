-- The seventh version: connection specs that clients have sent.

-- :SCHEMA_0007
CREATE TABLE ds_connection_spec (
  spec_id    text PRIMARY KEY,
  name       text NOT NULL,
  body       text NOT NULL,
  version    bigint NOT NULL,
  created_at bigint NOT NULL,
  created_by text NOT NULL,
  updated_at bigint NOT NULL,
  updated_by text NOT NULL
);
