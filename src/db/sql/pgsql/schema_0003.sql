-- The third version: tokens for protocols that name what a key may do, and how far the records of a launch reach
-- in the time of their source.

-- :SCHEMA_0003
ALTER TABLE ds_token ADD COLUMN scopes text;
ALTER TABLE ds_launch ADD COLUMN synced_until text;
CREATE INDEX ds_launch_begun ON ds_launch (sync_id, started_at, id)
  WHERE started_at IS NOT NULL AND dry_run = 0;
CREATE INDEX ds_launch_synced ON ds_launch (sync_id, started_at) WHERE synced_until IS NOT NULL;
