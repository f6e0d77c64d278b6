-- What is known of a sync at run time. A sync without a row is enabled.

-- :SYNC_ENABLED_GET
SELECT enabled FROM ds_sync WHERE sync_id = %s

-- :SYNC_ENABLED_SET
INSERT INTO ds_sync (sync_id, enabled) VALUES (%s, %lld)
ON CONFLICT (sync_id) DO UPDATE SET enabled = excluded.enabled
