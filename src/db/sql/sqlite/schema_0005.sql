-- The fifth version: the outbox, what is told of launches by mail and to webhooks. Triggers write it, so that
-- whoever changes a launch tells it in the same transaction.

-- :SCHEMA_0005
CREATE TABLE ds_outlet (
  outlet TEXT PRIMARY KEY
);
CREATE TABLE ds_outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  outlet TEXT NOT NULL,
  launch_id INTEGER NOT NULL,
  recipient TEXT,
  data TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'given up')),
  created_at INTEGER NOT NULL,
  next_at INTEGER NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,
  ended_at INTEGER,
  fault TEXT
);
CREATE INDEX ds_outbox_due ON ds_outbox (outlet, next_at) WHERE state = 'waiting';
CREATE INDEX ds_outbox_age ON ds_outbox (created_at) WHERE state = 'waiting';
CREATE INDEX ds_outbox_ended ON ds_outbox (ended_at) WHERE ended_at IS NOT NULL;
CREATE TABLE ds_secret (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  created_at INTEGER NOT NULL
);
CREATE VIEW ds_event AS
SELECT l.id AS launch_id, o.outlet AS outlet,
CASE o.outlet WHEN 'mail' THEN json_extract(l.options, '$.job.email') END AS recipient,
json_object('id', l.id, 'uuid', l.uuid, 'sync', l.sync_id, 'object', l.object, 'kind', l.kind,
  'dry_run', l.dry_run, 'state', l.state, 'message', l.message,
  'job', json_extract(l.options, '$.job.name'), 'scheduled_at', l.scheduled_at,
  'started_at', l.started_at, 'finished_at', l.finished_at, 'rows_read', l.rows_read,
  'rows_ok', l.rows_ok, 'rows_failed', l.rows_failed, 'rows_warned', l.rows_warned,
  'rows_skipped', l.rows_skipped) AS data,
CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) * 1000 AS happened_at
FROM ds_outlet o CROSS JOIN ds_launch l
WHERE o.outlet <> 'mail' OR (json_extract(l.options, '$.job.email') IS NOT NULL
AND (l.state IN ('finished', 'failed') OR (l.state = 'rejected' AND l.started_at IS NOT NULL)));
CREATE TRIGGER ds_launch_came AFTER INSERT ON ds_launch WHEN new.state <> 'rejected'
BEGIN
INSERT INTO ds_outbox (outlet, launch_id, recipient, data, created_at, next_at)
SELECT outlet, launch_id, recipient, data, happened_at, happened_at FROM ds_event
WHERE launch_id = new.id;
END;
CREATE TRIGGER ds_launch_changed AFTER UPDATE OF state, finished_at ON ds_launch
WHEN new.state <> old.state OR (new.finished_at IS NOT NULL AND old.finished_at IS NULL)
BEGIN
INSERT INTO ds_outbox (outlet, launch_id, recipient, data, created_at, next_at)
SELECT outlet, launch_id, recipient, data, happened_at, happened_at FROM ds_event
WHERE launch_id = new.id;
END;
