-- The sixth version: how far syncs that pull have come, when hosts may be asked again, and what they were given to log
-- in with.

-- :SCHEMA_0006
CREATE TABLE ds_pull (
  sync_id      TEXT PRIMARY KEY,
  watermark    INTEGER NOT NULL DEFAULT 0,
  launch_id    INTEGER,
  window_start INTEGER,
  window_end   INTEGER,
  window_first INTEGER NOT NULL DEFAULT 0,
  page         TEXT
);
CREATE TABLE ds_pull_host (
  host    TEXT PRIMARY KEY,
  free_at INTEGER NOT NULL
);
CREATE TABLE ds_pull_login (
  login         TEXT PRIMARY KEY,
  access_token  TEXT,
  access_until  INTEGER NOT NULL DEFAULT 0,
  refresh_token TEXT,
  version       INTEGER NOT NULL DEFAULT 0,
  busy_until    INTEGER NOT NULL DEFAULT 0
);
