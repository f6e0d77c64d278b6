-- What a server of schema version 1 had: for the test that newer programs go on with it. {integer} and {datetime} are types
-- of columns, {bytes TEXT} the bytes of a text, {sha256 TEXT} its hash, {now} the time; \n in a text is a line's end.
INSERT INTO ds_definition (id, hash, body, stored_at) VALUES (1, 'old', '{}', {now});
INSERT INTO ds_sync (sync_id, enabled) VALUES ('stock-import', 0);
INSERT INTO ds_token (token_id, sync_id, name, secret_sha256, created_at) VALUES
  ('0123456789', 'car-import', 'the dealers', '{sha256 0123456789abcdefghijklmnopqrstuvwxyzABCDEFG}', {now});

CREATE TABLE "car_c" ("_launch_id" {integer}, "_updated_at" {datetime}, "color" TEXT, "make" TEXT, "model" TEXT, "vin" TEXT);
CREATE UNIQUE INDEX "car_c__key_vin" ON "car_c" ("vin");

-- 1: has ended, with a row that failed
INSERT INTO ds_launch (uuid, sync_id, object, lane, kind, state, message, scheduled_at, started_at, finished_at, attempt,
  rows_read, rows_ok, rows_failed, checkpoint_offset, checkpoint_line) VALUES
  ('00000000-0000-4000-8000-000000000001', 'open-import', 'car_c', 'car_c', 'import', 'finished', '1 row imported, 1 failed',
  {now}, {now}, {now}, 1, 2, 1, 1, 24, 3);
INSERT INTO ds_file (launch_id, role, name, content_type, size, sha256, created_at, touched_at) VALUES
  (1, 'input', 'old.csv', 'text/csv', 24, '{sha256 vin,color\nOLD1,red\nbad,\n}', {now}, {now});
INSERT INTO ds_chunk (file_id, start, data) VALUES (1, 0, {bytes vin,color\nOLD1,red\nbad,\n});
INSERT INTO ds_file (launch_id, role, content_type, size, created_at, touched_at) VALUES
  (1, 'failures', 'text/csv', 23, {now}, {now});
INSERT INTO ds_chunk (file_id, start, data) VALUES (2, 0, {bytes vin,color,why\nbad,,bad\n});
INSERT INTO "car_c" ("_launch_id", "_updated_at", "vin", "color") VALUES (1, '2023-11-14T22:13:21Z', 'OLD1', 'red');
INSERT INTO ds_upload_key (sync_id, upload_key, sha256, launch_id, created_at) VALUES
  ('open-import', 'old-key', '{sha256 vin,color\nOLD1,red\nbad,\n}', 1, {now});

-- 2: an export that has ended
INSERT INTO ds_launch (uuid, sync_id, object, lane, kind, state, message, scheduled_at, started_at, finished_at, attempt,
  rows_read, rows_ok) VALUES
  ('00000000-0000-4000-8000-000000000002', 'part-export', 'part', 'export:part-export', 'export', 'finished', '1 row exported',
  {now}, {now}, {now}, 1, 1, 1);
INSERT INTO ds_file (launch_id, role, name, content_type, size, sha256, created_at, touched_at) VALUES
  (2, 'output', 'part-export.csv', 'text/csv', 10, '{sha256 sku\r\nOLD\r\n}', {now}, {now});
INSERT INTO ds_chunk (file_id, start, data) VALUES (3, 0, {bytes sku\r\nOLD\r\n});

-- 3: its runner died in the middle
INSERT INTO ds_launch (uuid, sync_id, object, lane, kind, state, scheduled_at, started_at, owner, attempt, lease_until,
  rows_read, rows_ok, checkpoint_offset, checkpoint_line) VALUES
  ('00000000-0000-4000-8000-000000000003', 'open-import', 'car_c', 'car_c', 'import', 'running', {now},
  {now}, 'a runner of then', 1, {now}, 1, 1, 20, 2);
INSERT INTO ds_file (launch_id, role, size, sha256, created_at, touched_at) VALUES
  (3, 'input', 31, '{sha256 vin,color\nOLD3A,red\nOLD3B,blue\n}', {now}, {now});
INSERT INTO ds_chunk (file_id, start, data) VALUES (4, 0, {bytes vin,color\nOLD3A,red\nOLD3B,blue\n});
INSERT INTO "car_c" ("_launch_id", "_updated_at", "vin", "color") VALUES (3, '2023-11-14T22:13:21Z', 'OLD3A', 'red');

-- 4: waits
INSERT INTO ds_launch (uuid, sync_id, object, lane, kind, state, scheduled_at) VALUES
  ('00000000-0000-4000-8000-000000000004', 'open-import', 'car_c', 'car_c', 'import', 'queued', {now});
INSERT INTO ds_file (launch_id, role, size, sha256, created_at, touched_at) VALUES
  (4, 'input', 21, '{sha256 vin,color\nOLD4,green\n}', {now}, {now});
INSERT INTO ds_chunk (file_id, start, data) VALUES (5, 0, {bytes vin,color\nOLD4,green\n});

-- 5: has failed, and may be repeated
INSERT INTO ds_launch (uuid, sync_id, object, lane, kind, state, message, scheduled_at, started_at, finished_at, attempt,
  crashes) VALUES
  ('00000000-0000-4000-8000-000000000005', 'open-import', 'car_c', 'car_c', 'import', 'failed', 'Given up', {now},
  {now}, {now}, 3, 3);
INSERT INTO ds_file (launch_id, role, size, sha256, created_at, touched_at) VALUES
  (5, 'input', 21, '{sha256 vin,color\nOLD5,white\n}', {now}, {now});
INSERT INTO ds_chunk (file_id, start, data) VALUES (6, 0, {bytes vin,color\nOLD5,white\n});
