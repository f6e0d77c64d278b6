-- Pulls: how far each sync has come, and when each host may be asked again.

-- :PULL_GET
SELECT watermark, launch_id, window_start, window_end, window_first, page
FROM ds_pull WHERE sync_id = %s

-- :PULL_PAGE_SET
INSERT INTO ds_pull (sync_id, launch_id, window_start, window_end, window_first, page)
VALUES (%s, %lld, %lld, %lld, %lld, %s)
ON CONFLICT (sync_id) DO UPDATE
SET launch_id = excluded.launch_id, window_start = excluded.window_start,
window_end = excluded.window_end, window_first = excluded.window_first, page = excluded.page

-- No page is left, and the launch is still named: so it is not begun anew when only its end was not stored.
-- :PULL_FINISH
INSERT INTO ds_pull (sync_id, watermark, launch_id, page) VALUES (%s, %lld, %lld, '')
ON CONFLICT (sync_id) DO UPDATE
SET watermark = CASE WHEN ds_pull.watermark > excluded.watermark THEN ds_pull.watermark
ELSE excluded.watermark END, launch_id = excluded.launch_id, page = ''

-- :PULL_HOST_GET
SELECT free_at FROM ds_pull_host WHERE host = %s

-- One request after the other, whoever sends it: the moment that was free, moved on by the gap.
-- :PULL_HOST_TAKE
INSERT INTO ds_pull_host (host, free_at) VALUES (%s, %lld)
ON CONFLICT (host) DO UPDATE
SET free_at = CASE WHEN ds_pull_host.free_at > %lld THEN ds_pull_host.free_at ELSE %lld END + %lld
RETURNING free_at

-- :PULL_HOST_BLOCK
INSERT INTO ds_pull_host (host, free_at) VALUES (%s, %lld)
ON CONFLICT (host) DO UPDATE SET free_at = excluded.free_at WHERE ds_pull_host.free_at < excluded.free_at

-- Tokens of OAuth: what a log-in was given, and who is just asking for another one.
-- :PULL_LOGIN_GET
SELECT access_token, access_until, refresh_token, version FROM ds_pull_login WHERE login = %s

-- :PULL_LOGIN_CLAIM
INSERT INTO ds_pull_login (login, busy_until) VALUES (%s, %lld)
ON CONFLICT (login) DO UPDATE SET busy_until = excluded.busy_until WHERE ds_pull_login.busy_until < %lld

-- :PULL_LOGIN_STORE
UPDATE ds_pull_login SET access_token = %s, access_until = %lld, refresh_token = %s,
version = version + 1, busy_until = 0 WHERE login = %s AND busy_until = %lld

-- :PULL_LOGIN_RELEASE
UPDATE ds_pull_login SET busy_until = 0 WHERE login = %s AND busy_until = %lld
