-- Launches as everybody may see them. Each list of columns is the one that launch_read expects.

-- :LAUNCH_CREATE
INSERT INTO ds_launch (uuid, sync_id, object, lane, kind, state, scheduled_at, dry_run,
input_launch_id, client_id, options, family, family_limit)
VALUES (%s, %s, %s, %s, %s, %s, %lld, %lld, %lld, %s, %s, %s, %lld) RETURNING id

-- Of all syncs, and of one among those of its lane; counted as far as the limits reach. The text put together keeps
-- the planner from the index of all launches of the sync, however many have ended.
-- :LAUNCH_WAITING_COUNT
SELECT (SELECT count(*) FROM (SELECT id FROM ds_launch WHERE state = 'queued' LIMIT %lld) a),
(SELECT count(*) FROM (SELECT id FROM ds_launch WHERE lane = %s
AND state IN ('queued', 'running', 'cancelling') AND state = 'queued' AND sync_id || '' = %s LIMIT %lld) o)

-- :LAUNCH_FAMILY_COUNT
SELECT count(*) FROM ds_launch WHERE family = %s AND state IN ('queued', 'running', 'cancelling')

-- An upload's Idempotency-Key. A key that is older than a day may be used again.
-- :UPLOAD_KEY_GET
SELECT sha256, launch_id FROM ds_upload_key
WHERE sync_id = %s AND upload_key = %s AND created_at > %lld

-- :UPLOAD_KEY_SET
INSERT INTO ds_upload_key (sync_id, upload_key, sha256, launch_id, created_at)
VALUES (%s, %s, %s, %lld, %lld)
ON CONFLICT (sync_id, upload_key) DO UPDATE
SET sha256 = excluded.sha256, launch_id = excluded.launch_id, created_at = excluded.created_at

-- :UPLOAD_KEY_EXPIRE
DELETE FROM ds_upload_key WHERE created_at < %lld

-- :LAUNCH_GET
SELECT id, uuid, sync_id, object, kind, state, message, scheduled_at, started_at, finished_at,
rows_read, rows_ok, rows_failed, rows_warned, rows_skipped, crashes, dry_run, input_launch_id,
client_id, options, queued_at, synced_until
FROM ds_launch WHERE id = %lld

-- :LAUNCH_LIST
SELECT id, uuid, sync_id, object, kind, state, message, scheduled_at, started_at, finished_at,
rows_read, rows_ok, rows_failed, rows_warned, rows_skipped, crashes, dry_run, input_launch_id,
client_id, options, queued_at, synced_until
FROM ds_launch ORDER BY id DESC LIMIT %lld

-- :LAUNCH_LIST_OF_SYNC
SELECT id, uuid, sync_id, object, kind, state, message, scheduled_at, started_at, finished_at,
rows_read, rows_ok, rows_failed, rows_warned, rows_skipped, crashes, dry_run, input_launch_id,
client_id, options, queued_at, synced_until
FROM ds_launch WHERE sync_id = %s ORDER BY id DESC LIMIT %lld

-- :LAUNCH_GET_BY_UUID
SELECT id, uuid, sync_id, object, kind, state, message, scheduled_at, started_at, finished_at,
rows_read, rows_ok, rows_failed, rows_warned, rows_skipped, crashes, dry_run, input_launch_id,
client_id, options, queued_at, synced_until
FROM ds_launch WHERE uuid = %s

-- Those of one client for one object, newest first, from an id down; states are names with commas between.
-- :LAUNCH_LIST_OF_CLIENT
SELECT id, uuid, sync_id, object, kind, state, message, scheduled_at, started_at, finished_at,
rows_read, rows_ok, rows_failed, rows_warned, rows_skipped, crashes, dry_run, input_launch_id,
client_id, options, queued_at, synced_until
FROM ds_launch WHERE client_id = %s AND kind = %s AND object = %s AND id < %lld
AND replace(%s, state, '') <> %s ORDER BY id DESC LIMIT %lld

-- :LAUNCH_QUEUE
UPDATE ds_launch SET state = 'queued', queued_at = %lld WHERE id = %lld AND state = 'scheduled'

-- Launches that were made to wait, and that nobody wants any more.
-- :LAUNCH_EXPIRE
UPDATE ds_launch SET state = 'cancelled', message = 'It was never put into the queue',
finished_at = %lld WHERE state = 'scheduled' AND scheduled_at < %lld

-- What a sync has done: the launches that have begun, but for rehearsals. One that has applied no time of a
-- record yet shows that of the launch before it.
-- :LAUNCH_HISTORY
SELECT id, uuid, sync_id, object, kind, state, message, scheduled_at, started_at, finished_at,
rows_read, rows_ok, rows_failed, rows_warned, rows_skipped, crashes, dry_run, input_launch_id,
client_id, options, queued_at, coalesce(l.synced_until, (SELECT p.synced_until FROM ds_launch p
WHERE p.sync_id = l.sync_id AND p.synced_until IS NOT NULL AND p.started_at < l.started_at
ORDER BY p.started_at DESC LIMIT 1))
FROM ds_launch l WHERE sync_id = %s AND started_at IS NOT NULL AND dry_run = 0
ORDER BY started_at DESC, id DESC LIMIT %lld OFFSET %lld

-- :LAUNCH_UNFINISHED_COUNT
SELECT count(*) FROM ds_launch WHERE sync_id = %s AND state IN ('queued', 'running', 'cancelling')

-- It has no file and never had one.
-- :LAUNCH_REJECT
UPDATE ds_launch SET message = %s, finished_at = %lld WHERE id = %lld

-- One that waits has ended by that; one that runs is told to stop.
-- :LAUNCH_CANCEL
UPDATE ds_launch SET message = %s,
state = CASE state WHEN 'running' THEN 'cancelling' ELSE 'cancelled' END,
finished_at = CASE state WHEN 'running' THEN finished_at ELSE %lld END
WHERE id = %lld AND state IN ('queued', 'scheduled', 'running') RETURNING state
