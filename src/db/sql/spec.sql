-- Connection specs that clients have sent.

-- :SPEC_COUNT
SELECT count(*) FROM ds_connection_spec

-- :SPEC_CREATE
INSERT INTO ds_connection_spec (spec_id, name, body, version, created_at, created_by, updated_at, updated_by)
VALUES (%s, %s, %s, 1, %lld, %s, %lld, %s)

-- Without their bodies, which may be large.
-- :SPEC_LIST
SELECT spec_id, name, version, created_at, created_by, updated_at, updated_by
FROM ds_connection_spec ORDER BY created_at, spec_id

-- The columns of SPEC_LIST, then the body.
-- :SPEC_GET
SELECT spec_id, name, version, created_at, created_by, updated_at, updated_by, body
FROM ds_connection_spec WHERE spec_id = %s

-- :SPEC_CHANGE
UPDATE ds_connection_spec SET name = %s, body = %s, version = version + 1, updated_at = %lld, updated_by = %s
WHERE spec_id = %s AND version = %lld

-- :SPEC_REMOVE
DELETE FROM ds_connection_spec WHERE spec_id = %s
