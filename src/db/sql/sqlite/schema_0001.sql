-- The schema of the first version. Times are microseconds since 1970 UTC. docs/schema.md explains it.

-- :SCHEMA_0001
CREATE TABLE ds_schema (
  version INTEGER NOT NULL,
  migrated_at INTEGER NOT NULL
);
CREATE TABLE ds_definition (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  hash TEXT NOT NULL,
  body TEXT NOT NULL,
  stored_at INTEGER NOT NULL
);
CREATE TABLE ds_sync (
  sync_id TEXT PRIMARY KEY,
  enabled INTEGER NOT NULL DEFAULT 1,
  schedule TEXT,
  next_at INTEGER
);
CREATE TABLE ds_token (
  token_id TEXT PRIMARY KEY,
  sync_id TEXT NOT NULL,
  name TEXT NOT NULL,
  secret_sha256 TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  revoked_at INTEGER
);
CREATE INDEX ds_token_sync ON ds_token (sync_id);
CREATE TABLE ds_launch (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid TEXT NOT NULL UNIQUE,
  sync_id TEXT NOT NULL,
  object TEXT NOT NULL,
  lane TEXT NOT NULL,
  kind TEXT NOT NULL,
  dry_run INTEGER NOT NULL DEFAULT 0,
  input_launch_id INTEGER REFERENCES ds_launch (id),
  state TEXT NOT NULL CHECK (state IN ('receiving', 'rejected', 'scheduled', 'queued', 'running',
    'cancelling', 'finished', 'failed', 'cancelled')),
  message TEXT,
  scheduled_at INTEGER NOT NULL,
  started_at INTEGER,
  finished_at INTEGER,
  owner TEXT,
  attempt INTEGER NOT NULL DEFAULT 0,
  crashes INTEGER NOT NULL DEFAULT 0,
  lease_until INTEGER,
  rows_read INTEGER NOT NULL DEFAULT 0,
  rows_ok INTEGER NOT NULL DEFAULT 0,
  rows_failed INTEGER NOT NULL DEFAULT 0,
  rows_warned INTEGER NOT NULL DEFAULT 0,
  rows_skipped INTEGER NOT NULL DEFAULT 0,
  checkpoint_offset INTEGER NOT NULL DEFAULT 0,
  checkpoint_line INTEGER NOT NULL DEFAULT 0,
  files_removed_at INTEGER,
  CHECK (rows_read = rows_ok + rows_failed + rows_skipped)
);
CREATE INDEX ds_launch_sync ON ds_launch (sync_id, id);
CREATE INDEX ds_launch_active ON ds_launch (lane, id)
  WHERE state IN ('queued', 'running', 'cancelling');
CREATE INDEX ds_launch_queued ON ds_launch (id) WHERE state = 'queued';
CREATE INDEX ds_launch_leased ON ds_launch (id) WHERE state IN ('running', 'cancelling');
CREATE INDEX ds_launch_with_files ON ds_launch (finished_at) WHERE files_removed_at IS NULL;
CREATE INDEX ds_launch_without_files ON ds_launch (finished_at)
  WHERE files_removed_at IS NOT NULL;
CREATE INDEX ds_launch_input ON ds_launch (input_launch_id) WHERE input_launch_id IS NOT NULL;
CREATE TABLE ds_upload_key (
  sync_id TEXT NOT NULL,
  upload_key TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  launch_id INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (sync_id, upload_key)
);
CREATE INDEX ds_upload_key_age ON ds_upload_key (created_at);
CREATE TABLE ds_file (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  launch_id INTEGER REFERENCES ds_launch (id),
  role TEXT NOT NULL CHECK (role IN ('input', 'output', 'failures', 'warnings')),
  name TEXT,
  content_type TEXT,
  size INTEGER NOT NULL DEFAULT 0,
  sha256 TEXT,
  created_at INTEGER NOT NULL,
  touched_at INTEGER NOT NULL,
  UNIQUE (launch_id, role)
);
CREATE INDEX ds_file_unbound ON ds_file (touched_at) WHERE launch_id IS NULL;
CREATE TABLE ds_chunk (
  file_id INTEGER NOT NULL REFERENCES ds_file (id),
  start INTEGER NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (file_id, start)
);
