-- What a server of schema version 6 had beside that of version 5: how far a pull had come.
INSERT INTO ds_pull (sync_id, watermark, launch_id, page) VALUES ('old-pull', {now}, 1, '');
INSERT INTO ds_pull_host (host, free_at) VALUES ('https://api.example.com:443', {now});
