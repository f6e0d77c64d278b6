-- What a server of schema version 5 had beside that of version 4: a message that was sent.
INSERT INTO ds_outbox (outlet, launch_id, recipient, data, state, created_at, next_at, tries, ended_at) VALUES
  ('mail', 1, 'jane@example.com', '{}', 'sent', {now}, {now}, 1, {now});
