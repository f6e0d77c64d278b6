-- What is known of a sync at run time. A sync without a row is enabled.

-- :SYNC_GET
SELECT enabled, next_at, schedule FROM ds_sync WHERE sync_id = %s

-- What a request begins with, in one look: the newest launch of a sync, then the columns of SYNC_GET, then
-- those of TOKEN_LIST and the secret's digest of a token; NULL for what there is not. It costs the same whether there is such
-- a token or not.
-- :SYNC_LOOK
SELECT l.id, l.uuid, l.sync_id, l.object, l.kind, l.state, l.message, l.scheduled_at, l.started_at,
l.finished_at, l.rows_read, l.rows_ok, l.rows_failed, l.rows_warned, l.rows_skipped, l.crashes,
l.dry_run, l.input_launch_id, l.client_id, l.options, l.queued_at, l.synced_until, s.enabled, s.next_at, s.schedule,
t.token_id, t.sync_id, t.name, t.created_at, t.expires_at, t.revoked_at, t.scopes, t.secret_sha256
FROM (SELECT 1 AS one) o LEFT JOIN ds_sync s ON s.sync_id = %s
LEFT JOIN ds_launch l ON l.id = (SELECT max(id) FROM ds_launch WHERE sync_id = %s)
LEFT JOIN ds_token t ON t.token_id = %s

-- :SYNC_ENABLED_SET
INSERT INTO ds_sync (sync_id, enabled) VALUES (%s, %lld)
ON CONFLICT (sync_id) DO UPDATE SET enabled = excluded.enabled

-- :SYNC_SCHEDULE_SET
INSERT INTO ds_sync (sync_id, schedule, next_at) VALUES (%s, %s, %lld)
ON CONFLICT (sync_id) DO UPDATE SET schedule = excluded.schedule, next_at = excluded.next_at

-- Only one of several keepers moves a due time on, and that one makes the launch.
-- :SYNC_SCHEDULE_ADVANCE
UPDATE ds_sync SET next_at = %lld WHERE sync_id = %s AND next_at = %lld
