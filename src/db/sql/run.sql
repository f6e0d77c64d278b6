-- Runs: launches that have begun, but for rehearsals. The columns of launch_read, of a pull the pages that it has taken
-- (whole ones, and the one at hand), and how it went.

-- :RUN_LIST
SELECT * FROM (SELECT id, uuid, sync_id, object, kind, state, message, scheduled_at, started_at, finished_at,
rows_read, rows_ok, rows_failed, rows_warned, rows_skipped, crashes, dry_run, input_launch_id,
client_id, options, queued_at, synced_until, checkpoint_offset + (CASE WHEN checkpoint_line > 0 THEN 1 ELSE 0 END) AS pages,
CASE WHEN finished_at IS NULL THEN 'open'
WHEN state = 'finished' AND (rows_failed = 0 OR rows_ok > 0) THEN 'good' ELSE 'bad' END AS outcome
FROM ds_launch WHERE sync_id = %s AND id < %lld AND started_at >= %lld AND started_at < %lld AND dry_run = 0) r
WHERE (%s = '' OR outcome = %s) ORDER BY id DESC LIMIT %lld

-- :RUN_FIND
SELECT id, uuid, sync_id, object, kind, state, message, scheduled_at, started_at, finished_at,
rows_read, rows_ok, rows_failed, rows_warned, rows_skipped, crashes, dry_run, input_launch_id,
client_id, options, queued_at, synced_until, checkpoint_offset + (CASE WHEN checkpoint_line > 0 THEN 1 ELSE 0 END) AS pages,
CASE WHEN finished_at IS NULL THEN 'open'
WHEN state = 'finished' AND (rows_failed = 0 OR rows_ok > 0) THEN 'good' ELSE 'bad' END AS outcome
FROM ds_launch WHERE uuid = %s AND started_at IS NOT NULL AND dry_run = 0
