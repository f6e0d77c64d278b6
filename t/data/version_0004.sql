-- What a server of schema version 4 had beside that of version 3: an access token that stands for a user.
INSERT INTO ds_grant (token_sha256, client_id, secret_sha256, user_name, community, expires_at) VALUES
  ('{sha256 a grant of then}', 'old-client', '{sha256 the secret of then}', 'jane', NULL, {now});
