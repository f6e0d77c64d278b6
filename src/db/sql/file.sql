-- Files and their chunks. A file without a launch is an upload that is still arriving, or was given up.

-- :FILE_BEGIN
INSERT INTO ds_file (role, name, content_type, created_at, touched_at)
VALUES (%s, %s, %s, %lld, %lld) RETURNING id

-- :FILE_BIND
UPDATE ds_file SET launch_id = %lld, size = %lld, sha256 = %s
WHERE id = %lld AND launch_id IS NULL AND touched_at > 0

-- :FILE_ABANDON
UPDATE ds_file SET touched_at = 0 WHERE id = %lld AND launch_id IS NULL

-- :FILE_GROW
INSERT INTO ds_file (launch_id, role, content_type, size, created_at, touched_at)
VALUES (%lld, %s, %s, %lld, %lld, %lld)
ON CONFLICT (launch_id, role) DO UPDATE
SET size = ds_file.size + excluded.size, touched_at = excluded.touched_at
RETURNING id, size

-- :FILE_GET
SELECT id, launch_id, role, name, content_type, size, sha256, created_at
FROM ds_file WHERE launch_id = %lld AND role = %s

-- The newest file that an export has finished as its sync says.
-- :FILE_LATEST_OUTPUT
SELECT f.id, f.launch_id, f.role, f.name, f.content_type, f.size, f.sha256, f.created_at
FROM ds_launch l JOIN ds_file f ON f.launch_id = l.id AND f.role = 'output'
WHERE l.sync_id = %s AND l.state = 'finished' AND l.options IS NULL ORDER BY l.id DESC LIMIT 1

-- :FILE_STALE_FIND
SELECT id FROM ds_file WHERE launch_id IS NULL AND touched_at < %lld ORDER BY touched_at LIMIT 1

-- From then on nobody can go on with it.
-- :FILE_STALE_MARK
UPDATE ds_file SET touched_at = 0 WHERE id = %lld AND launch_id IS NULL AND touched_at < %lld

-- :FILE_STALE_DELETE
DELETE FROM ds_file WHERE id = %lld AND launch_id IS NULL AND touched_at < %lld

-- :CHUNK_WRITE
INSERT INTO ds_chunk (file_id, start, data) VALUES (%lld, %lld, %pDb)

-- :CHUNK_DELETE_SOME
DELETE FROM ds_chunk WHERE file_id = %lld AND start IN
(SELECT start FROM ds_chunk WHERE file_id = %lld ORDER BY start LIMIT 16)
