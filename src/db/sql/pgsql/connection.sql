-- What each PostgreSQL connection is told, and the statements that differ from those of SQLite.

-- Texts are UTF-8, bytes come as hex, dates as in ISO 8601, whatever the server's defaults are. Who looks
-- at pg_stat_activity sees whose connection it is. Nobody waits for another writer longer than on SQLite. A
-- statement whose asker is gone ends within a second; servers before 14 cannot see that. A transaction whose
-- owner says nothing, because its machine sleeps or was cut off, keeps its locks no longer than the shortest
-- lease lasts. What the administrator has set stays.
-- :PGSQL_CONNECTION
SET client_encoding = 'UTF8'; SET bytea_output = 'hex'; SET datestyle = 'ISO';
SELECT set_config('lock_timeout', '2s', false) WHERE current_setting('lock_timeout') = '0';
SELECT set_config('client_connection_check_interval', '1000', false)
WHERE current_setting('client_connection_check_interval', true) = '0';
SELECT set_config('idle_in_transaction_session_timeout', '5s', false)
WHERE current_setting('idle_in_transaction_session_timeout') = '0';
SELECT set_config('application_name', 'mod_datasync', false)
WHERE current_setting('application_name') = ''

-- A client waits for the answer.
-- :PGSQL_CONNECTION_BRISK
SELECT set_config('statement_timeout', '10s', false) WHERE current_setting('statement_timeout') = '0'

-- Leases and due times of many nodes are counted by one clock.
-- :PGSQL_CLOCK
SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint

-- One changes the schema at a time, from whatever machine. The numbers spell "mod_ds".
-- :PGSQL_SCHEMA_LOCK
SELECT pg_advisory_xact_lock(1836016735, hashtext(current_schema()) # 25715)

-- Launches become visible in the order of their ids, and no two runners choose at the same time.
-- :QUEUE_LOCK
SELECT pg_advisory_xact_lock(1836016735, hashtext(current_schema()))

-- :PGSQL_BEGIN
BEGIN ISOLATION LEVEL READ COMMITTED

-- Its commit does not wait for the disk, nor for standbys.
-- :PGSQL_BEGIN_LAZY
BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = off

-- :PGSQL_COMMIT
COMMIT

-- :PGSQL_ROLLBACK
ROLLBACK

-- A tolerant transaction goes back to the last statement that went well.
-- :PGSQL_SAVE
SAVEPOINT ds_statement

-- :PGSQL_SAVE_ANEW
RELEASE SAVEPOINT ds_statement; SAVEPOINT ds_statement

-- :PGSQL_RESTORE
ROLLBACK TO SAVEPOINT ds_statement

-- A dry run does everything and takes it back. Statements in it are saved one by one, inside of it.
-- :DRY_RUN_BEGIN
SAVEPOINT ds_dry_run; SAVEPOINT ds_statement

-- :DRY_RUN_END
ROLLBACK TO SAVEPOINT ds_dry_run

-- :TABLE_COLUMNS
SELECT a.attname FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = current_schema() AND c.relname = %s::text AND a.attnum > 0 AND NOT a.attisdropped

-- :TABLE_INDEXES
SELECT indexname FROM pg_catalog.pg_indexes
WHERE schemaname = current_schema() AND tablename = %s::text

-- :SCHEMA_EXISTS
SELECT count(*) FROM pg_catalog.pg_tables
WHERE schemaname = current_schema() AND tablename = 'ds_schema'

-- A scan begins with the first row of the table, also beside another scan of it. It holds nobody up, and
-- what it has read may take a while to be stored.
-- :SCAN_BEGIN
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL synchronize_seqscans = off;
SET LOCAL cursor_tuple_fraction = 1; SET LOCAL idle_in_transaction_session_timeout = '60s'

-- A moment that is held for several scans: what is done with their rows may last longer.
-- :PGSQL_SCAN_LINGER
SET LOCAL idle_in_transaction_session_timeout = '2h'

-- :SCAN_END
ROLLBACK

-- For libpq itself, which numbers its arguments.
-- :PGSQL_CHUNK_READ
SELECT start, data FROM ds_chunk WHERE file_id = $1::bigint AND start <= $2::bigint ORDER BY start DESC LIMIT 1

-- The same, and its commit does not wait for the disk: a chunk more, and its file has grown.
-- :PGSQL_CHUNK_APPEND
WITH lazy AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true)),
touched AS (UPDATE ds_file SET size = $2::bigint + length($3::bytea),
touched_at = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
WHERE id = $1::bigint AND launch_id IS NULL AND touched_at > 0 RETURNING id)
INSERT INTO ds_chunk (file_id, start, data) SELECT touched.id, $2::bigint, $3::bytea FROM touched, lazy

-- SYNC_LOOK for several requests at once, and the number of each; a sync without an id is a place that nobody has
-- taken. Each is found by its key, however many rows the planner believes a table to have: the plan is made once.
-- :PGSQL_SYNC_LOOK_MANY
SELECT l.id, l.uuid, l.sync_id, l.object, l.kind, l.state, l.message, l.scheduled_at, l.started_at,
l.finished_at, l.rows_read, l.rows_ok, l.rows_failed, l.rows_warned, l.rows_skipped, l.crashes,
l.dry_run, l.input_launch_id, l.client_id, l.options, l.queued_at, l.synced_until, s.enabled, s.next_at, s.schedule,
t.token_id, t.sync_id, t.name, t.created_at, t.expires_at, t.revoked_at, t.scopes, t.secret_sha256, o.number
FROM (VALUES (0, %s, %s), (1, %s, %s), (2, %s, %s), (3, %s, %s),
(4, %s, %s), (5, %s, %s), (6, %s, %s), (7, %s, %s)) o (number, sync_id, token_id)
LEFT JOIN LATERAL (SELECT * FROM ds_sync WHERE sync_id = o.sync_id OFFSET 0) s ON true
LEFT JOIN LATERAL (SELECT * FROM ds_launch WHERE sync_id = o.sync_id ORDER BY id DESC LIMIT 1) l ON true
LEFT JOIN LATERAL (SELECT * FROM ds_token WHERE token_id = o.token_id OFFSET 0) t ON true
WHERE o.sync_id IS NOT NULL
