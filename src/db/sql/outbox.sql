-- What is to be told of launches, and to whom. Triggers of the schema write it.

-- :OUTLET_CLEAR
DELETE FROM ds_outlet

-- :OUTLET_ADD
INSERT INTO ds_outlet (outlet) VALUES (%s)

-- :OUTBOX_NEXT
SELECT id FROM ds_outbox WHERE outlet = %s AND state = 'waiting' AND next_at <= %lld
ORDER BY next_at, id LIMIT 1

-- Of several senders one comes first: for the others it is not due any more.
-- :OUTBOX_CLAIM
UPDATE ds_outbox SET tries = tries + 1, next_at = %lld
WHERE id = %lld AND state = 'waiting' AND next_at <= %lld
RETURNING id, outlet, launch_id, recipient, data, state, created_at, next_at, tries, ended_at, fault

-- These three say which try they end, so that a sender that was too slow changes nothing.
-- :OUTBOX_SENT
UPDATE ds_outbox SET state = 'sent', ended_at = %lld, fault = NULL
WHERE id = %lld AND tries = %lld AND state = 'waiting'

-- :OUTBOX_DELAY
UPDATE ds_outbox SET next_at = %lld, fault = %s WHERE id = %lld AND tries = %lld AND state = 'waiting'

-- :OUTBOX_GIVE_UP
UPDATE ds_outbox SET state = 'given up', ended_at = %lld, fault = %s
WHERE id = %lld AND tries = %lld AND state = 'waiting'

-- What nobody could send.
-- :OUTBOX_EXPIRE
UPDATE ds_outbox SET state = 'given up', ended_at = %lld,
fault = coalesce(fault, 'there was no worker that sends to it')
WHERE state = 'waiting' AND created_at < %lld

-- :OUTBOX_REMOVE
DELETE FROM ds_outbox WHERE id IN (SELECT id FROM ds_outbox WHERE ended_at < %lld LIMIT 500)

-- :OUTBOX_LIST
SELECT id, outlet, launch_id, recipient, data, state, created_at, next_at, tries, ended_at, fault
FROM ds_outbox ORDER BY id DESC LIMIT %lld

-- A key that all nodes share; the first one that is made stays.
-- :SECRET_ADD
INSERT INTO ds_secret (name, value, created_at) VALUES (%s, %s, %lld) ON CONFLICT (name) DO NOTHING

-- :SECRET_GET
SELECT value FROM ds_secret WHERE name = %s
