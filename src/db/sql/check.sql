-- Integrity: each query gives a row for every violation (what is wrong, the id) and none when all is well.

-- :CHECK_COUNTERS
SELECT 'launch: rows read are not rows ok + failed + skipped', id FROM ds_launch
WHERE rows_read <> rows_ok + rows_failed + rows_skipped

-- :CHECK_OWNER
SELECT 'launch: its state and its owner do not fit', id FROM ds_launch
WHERE (state IN ('running', 'cancelling')) <> (owner IS NOT NULL AND lease_until IS NOT NULL)

-- :CHECK_FINISHED
SELECT 'launch: its state and its end do not fit', id FROM ds_launch
WHERE (state IN ('finished', 'failed', 'cancelled', 'rejected')) <> (finished_at IS NOT NULL)

-- :CHECK_LANE
SELECT 'launch: another one of its object runs at the same time', min(id) FROM ds_launch
WHERE state IN ('running', 'cancelling') GROUP BY lane HAVING count(*) > 1

-- :CHECK_INPUT
SELECT 'launch: its input file is missing', l.id FROM ds_launch l
WHERE l.kind IN ('import', 'delete') AND l.state NOT IN ('receiving', 'rejected')
AND l.files_removed_at IS NULL AND NOT EXISTS (SELECT 1 FROM ds_file f
WHERE f.launch_id = coalesce(l.input_launch_id, l.id) AND f.role = 'input')
AND NOT EXISTS (SELECT 1 FROM ds_launch i
WHERE i.id = l.input_launch_id AND i.files_removed_at IS NOT NULL)

-- :CHECK_FAILURES
SELECT 'launch: rows failed, but there is no failures file', l.id FROM ds_launch l
WHERE l.rows_failed > 0 AND l.files_removed_at IS NULL
AND NOT EXISTS (SELECT 1 FROM ds_file f WHERE f.launch_id = l.id AND f.role = 'failures')

-- :CHECK_OUTPUT
SELECT 'launch: an export finished without a file', l.id FROM ds_launch l
WHERE l.kind = 'export' AND l.state = 'finished' AND l.files_removed_at IS NULL
AND NOT EXISTS (SELECT 1 FROM ds_file f WHERE f.launch_id = l.id AND f.role = 'output')

-- :CHECK_FILE_SIZE
SELECT 'file: its size is not that of its chunks', f.id FROM ds_file f
WHERE f.launch_id IS NOT NULL AND f.size <>
(SELECT coalesce(sum(length(c.data)), 0) FROM ds_chunk c WHERE c.file_id = f.id)

-- :CHECK_CHUNK_ORPHAN
SELECT DISTINCT 'file: chunks without a file', c.file_id FROM ds_chunk c
WHERE NOT EXISTS (SELECT 1 FROM ds_file f WHERE f.id = c.file_id)

-- :CHECK_OUTBOX
SELECT 'message: its state and its end do not fit', id FROM ds_outbox
WHERE (state = 'waiting') <> (ended_at IS NULL)
