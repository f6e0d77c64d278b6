-- What the keeper removes when it is old enough, or one too many of its sync. First the files go: they are
-- given up like an upload that was never finished, and swept chunk by chunk. Then the launch itself.
-- Chosen are the launches that ended before a time, and those of a sync up to one. No order: each of the two
-- conditions has its index.

-- Never: the newest output of a sync, and the input that another launch still waits for. One statement, so that
-- nobody comes to wait for it between the look and the deed.
-- :RETENTION_FILES_TAKE
UPDATE ds_launch SET files_removed_at = %lld WHERE id IN
(SELECT l.id FROM ds_launch l
WHERE ((l.files_removed_at IS NULL AND l.finished_at < %lld)
OR (l.files_removed_at IS NULL AND l.finished_at IS NOT NULL AND l.sync_id = %s AND l.id <= %lld))
AND NOT EXISTS (SELECT 1 FROM ds_launch w WHERE w.input_launch_id = l.id AND w.finished_at IS NULL)
AND NOT (l.kind = 'export' AND l.state = 'finished' AND l.options IS NULL AND NOT EXISTS
(SELECT 1 FROM ds_launch n WHERE n.sync_id = l.sync_id AND n.kind = 'export'
AND n.state = 'finished' AND n.options IS NULL AND n.id > l.id))
LIMIT 100) RETURNING id

-- :RETENTION_FILES_RELEASE
UPDATE ds_file SET launch_id = NULL, touched_at = 0 WHERE launch_id = %lld

-- :RETENTION_LAUNCHES_DELETE
DELETE FROM ds_launch WHERE id IN
(SELECT l.id FROM ds_launch l
WHERE ((l.files_removed_at IS NOT NULL AND l.finished_at < %lld)
OR (l.files_removed_at IS NOT NULL AND l.sync_id = %s AND l.id <= %lld))
AND NOT EXISTS (SELECT 1 FROM ds_launch w WHERE w.input_launch_id = l.id)
LIMIT 500)

-- The newest launch of a sync that is one too many.
-- :RETENTION_SURPLUS_FIND
SELECT id FROM ds_launch WHERE sync_id = %s ORDER BY id DESC LIMIT 1 OFFSET %lld
