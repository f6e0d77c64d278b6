-- What runners and the keeper do. Each update names the state that it expects; those of a runner also its
-- name and the attempt, so that one that lost its lease changes nothing.

-- Launches of one lane (one object) run one after the other, in the order of acceptance. Of one family at
-- most family_limit run at a time. So only the first of each lane is looked at, however many wait behind it.
-- :QUEUE_NEXT
WITH RECURSIVE lanes (lane) AS
(SELECT min(lane) FROM ds_launch WHERE state IN ('queued', 'running', 'cancelling')
UNION ALL SELECT (SELECT min(n.lane) FROM ds_launch n WHERE n.lane > lanes.lane
AND n.state IN ('queued', 'running', 'cancelling')) FROM lanes WHERE lanes.lane IS NOT NULL)
SELECT q.id FROM lanes JOIN ds_launch q ON q.id = (SELECT min(h.id) FROM ds_launch h
WHERE h.lane = lanes.lane AND h.state IN ('queued', 'running', 'cancelling'))
WHERE q.state = 'queued'
AND (q.family IS NULL OR q.family_limit > (SELECT count(*) FROM ds_launch f
WHERE f.family = q.family AND f.state IN ('running', 'cancelling')))
ORDER BY q.id LIMIT 1

-- :QUEUE_CLAIM
UPDATE ds_launch
SET state = 'running', owner = %s, attempt = attempt + 1, lease_until = %lld,
started_at = coalesce(started_at, %lld)
WHERE id = %lld AND state = 'queued'
RETURNING attempt, checkpoint_offset, checkpoint_line

-- :QUEUE_CHECKPOINT
UPDATE ds_launch
SET rows_read = %lld, rows_ok = %lld, rows_failed = %lld, rows_warned = %lld, rows_skipped = %lld,
synced_until = %s, checkpoint_offset = %lld, checkpoint_line = %lld, lease_until = %lld,
crashes = CASE WHEN checkpoint_offset <> %lld THEN 0 ELSE crashes END
WHERE id = %lld AND owner = %s AND attempt = %lld AND state IN ('running', 'cancelling')
RETURNING state

-- :QUEUE_KEEP
UPDATE ds_launch SET lease_until = %lld
WHERE id = %lld AND owner = %s AND attempt = %lld AND state IN ('running', 'cancelling')
RETURNING state

-- :QUEUE_OPTIONS_SET
UPDATE ds_launch SET options = %s WHERE id = %lld AND owner = %s AND attempt = %lld

-- :QUEUE_FINISH
UPDATE ds_launch
SET state = %s, message = %s, finished_at = %lld, owner = NULL, lease_until = NULL
WHERE id = %lld AND owner = %s AND attempt = %lld AND state IN ('running', 'cancelling')

-- No runner has it until then, and nobody else runs in its lane.
-- :QUEUE_PAUSE
UPDATE ds_launch SET owner = %s, lease_until = %lld, message = %s
WHERE id = %lld AND owner = %s AND attempt = %lld AND state = 'running'

-- The message that is already there says who cancelled; what was done by then follows it.
-- :QUEUE_FINISH_CANCELLED
UPDATE ds_launch
SET state = 'cancelled', message = coalesce(message || ': ', '') || %s, finished_at = %lld,
owner = NULL, lease_until = NULL
WHERE id = %lld AND owner = %s AND attempt = %lld AND state = 'cancelling'

-- The columns of a launch as in launch.sql, then who owns it.
-- :QUEUE_LEASED
SELECT id, uuid, sync_id, object, kind, state, message, scheduled_at, started_at, finished_at,
rows_read, rows_ok, rows_failed, rows_warned, rows_skipped, crashes, dry_run, input_launch_id,
client_id, options, queued_at, synced_until, owner, attempt, lease_until
FROM ds_launch WHERE state IN ('running', 'cancelling') ORDER BY id LIMIT 1000

-- A launch leaves its runner before its end.
-- :QUEUE_LEAVE
UPDATE ds_launch
SET state = %s, message = %s, finished_at = %lld, crashes = crashes + %lld, owner = NULL,
lease_until = NULL
WHERE id = %lld AND owner = %s AND attempt = %lld AND state = %s AND lease_until = %lld
