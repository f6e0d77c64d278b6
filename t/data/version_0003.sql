-- What a server of schema version 3 had beside that of version 2: a key of a protocol, and a launch whose records tell their time.
INSERT INTO ds_token (token_id, sync_id, name, secret_sha256, created_at, scopes) VALUES
  ('keyofthree', '*', 'the dashboard', '{sha256 a key of then}', {now}, 'cdi.integration_list');
UPDATE ds_launch SET synced_until = '2024-05-01T12:34:56Z' WHERE id = 4;
