-- The sixth version: how far syncs that pull have come, when hosts may be asked again, and what they were given to log
-- in with.

-- :SCHEMA_0006
CREATE TABLE ds_pull (
  sync_id      text PRIMARY KEY,
  watermark    bigint NOT NULL DEFAULT 0,
  launch_id    bigint,
  window_start bigint,
  window_end   bigint,
  window_first bigint NOT NULL DEFAULT 0,
  page         text
);
CREATE TABLE ds_pull_host (
  host    text PRIMARY KEY,
  free_at bigint NOT NULL
);
CREATE TABLE ds_pull_login (
  login         text PRIMARY KEY,
  access_token  text,
  access_until  bigint NOT NULL DEFAULT 0,
  refresh_token text,
  version       bigint NOT NULL DEFAULT 0,
  busy_until    bigint NOT NULL DEFAULT 0
);
