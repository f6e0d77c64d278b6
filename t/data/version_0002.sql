-- What a server of schema version 2 had beside that of version 1: a client, and a launch of it with options.
INSERT INTO ds_client (client_id, name, secret_sha256, role, objects, created_at) VALUES
  ('old-client', 'the portal', '{sha256 a secret of then}', 'read-write', 'car_c', {now});
UPDATE ds_launch SET client_id = 'old-client', options = '{"delimiter":","}' WHERE id = 4;
