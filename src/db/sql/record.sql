-- Single records: the ids that were told to somebody, and the launches that stand for what was written.

-- :GUID_STORE
INSERT INTO ds_guid (guid, object, row_key) VALUES (%s, %s, %s) ON CONFLICT (guid) DO NOTHING

-- :GUID_FIND
SELECT object, row_key FROM ds_guid WHERE guid = %s

-- It has no file and never had one.
-- :RECORD_LAUNCH_END
UPDATE ds_launch SET message = %s, started_at = %lld, finished_at = %lld, files_removed_at = %lld,
rows_read = %lld, rows_ok = %lld, rows_failed = %lld, rows_skipped = %lld WHERE id = %lld
