-- What is known of a sync at run time. A sync without a row is enabled.

-- :SYNC_GET
SELECT enabled, next_at, schedule FROM ds_sync WHERE sync_id = %s

-- :SYNC_ENABLED_SET
INSERT INTO ds_sync (sync_id, enabled) VALUES (%s, %lld)
ON CONFLICT (sync_id) DO UPDATE SET enabled = excluded.enabled

-- :SYNC_SCHEDULE_SET
INSERT INTO ds_sync (sync_id, schedule, next_at) VALUES (%s, %s, %lld)
ON CONFLICT (sync_id) DO UPDATE SET schedule = excluded.schedule, next_at = excluded.next_at

-- Only one of several keepers moves a due time on, and that one makes the launch.
-- :SYNC_SCHEDULE_ADVANCE
UPDATE ds_sync SET next_at = %lld WHERE sync_id = %s AND next_at = %lld
