-- Launches as everybody may see them. Each list of columns is the one that launch_read expects.

-- :LAUNCH_CREATE
INSERT INTO ds_launch (uuid, sync_id, object, lane, kind, state, scheduled_at)
VALUES (%s, %s, %s, %s, %s, 'queued', %lld) RETURNING id

-- :LAUNCH_GET
SELECT id, uuid, sync_id, object, kind, state, message, scheduled_at, started_at, finished_at,
rows_read, rows_ok, rows_failed, rows_warned, rows_skipped, crashes
FROM ds_launch WHERE id = %lld

-- :LAUNCH_LIST
SELECT id, uuid, sync_id, object, kind, state, message, scheduled_at, started_at, finished_at,
rows_read, rows_ok, rows_failed, rows_warned, rows_skipped, crashes
FROM ds_launch ORDER BY id DESC LIMIT %lld

-- :LAUNCH_LIST_OF_SYNC
SELECT id, uuid, sync_id, object, kind, state, message, scheduled_at, started_at, finished_at,
rows_read, rows_ok, rows_failed, rows_warned, rows_skipped, crashes
FROM ds_launch WHERE sync_id = %s ORDER BY id DESC LIMIT %lld

-- :LAUNCH_CANCEL_QUEUED
UPDATE ds_launch SET state = 'cancelled', message = %s, finished_at = %lld
WHERE id = %lld AND state IN ('queued', 'scheduled')

-- :LAUNCH_CANCEL_RUNNING
UPDATE ds_launch SET state = 'cancelling', message = %s WHERE id = %lld AND state = 'running'
