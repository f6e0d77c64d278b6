-- What each SQLite connection is told, in this order.

-- WAL is kept in the file; the migration sets it.
-- :SQLITE_JOURNAL
PRAGMA journal_mode = WAL

-- An answer may depend on a commit, so each one reaches the disk.
-- :SQLITE_SYNCHRONOUS
PRAGMA synchronous = FULL

-- Before a transaction that a power cut may take back: the WAL reaches the disk with a later one, or before
-- it is copied into the database.
-- :SQLITE_SYNCHRONOUS_LAZY
PRAGMA synchronous = NORMAL

-- Writers queue at the lock file (ds_db_writelock.h), not inside SQLite.
-- :SQLITE_BUSY
PRAGMA busy_timeout = 0

-- :SQLITE_TEMP_STORE
PRAGMA temp_store = MEMORY

-- The number of KiB is appended.
-- :SQLITE_CACHE
PRAGMA cache_size = -

-- A WAL that grew while somebody read for long is cut back to 64 MiB.
-- :SQLITE_WAL_LIMIT
PRAGMA journal_size_limit = 67108864

-- :TABLE_COLUMNS
SELECT name FROM pragma_table_info(%s)

-- :TABLE_INDEXES
SELECT name FROM pragma_index_list(%s)

-- :SCHEMA_EXISTS
SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'ds_schema'

-- A scan reads inside one deferred transaction: a snapshot that blocks no writer. It is taken by the
-- first statement that reads.
-- :SCAN_BEGIN
BEGIN; SELECT version FROM ds_schema WHERE version < 0

-- :SCAN_END
ROLLBACK

-- The order of a sorted scan may be larger than memory should grow.
-- :SQLITE_SCAN_STORE
PRAGMA temp_store = FILE

-- :SQLITE_SCAN_CREATE
CREATE TEMP TABLE ds_scan (place INTEGER PRIMARY KEY, source INTEGER NOT NULL)

-- A dry run does everything and takes it back.
-- :DRY_RUN_BEGIN
SAVEPOINT ds_dry_run

-- :DRY_RUN_END
ROLLBACK TO ds_dry_run

-- Who writes is alone anyway.
-- :QUEUE_LOCK
SELECT 1

-- :SQLITE_CHUNK_READ
SELECT start, data FROM ds_chunk WHERE file_id = %lld AND start <= %lld ORDER BY start DESC LIMIT 1

-- :SQLITE_FILE_TOUCH
UPDATE ds_file SET size = %lld, touched_at = %lld
WHERE id = %lld AND launch_id IS NULL AND touched_at > 0
