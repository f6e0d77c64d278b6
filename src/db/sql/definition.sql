-- The definitions that the workers and tools share, and the schema's version.

-- :SCHEMA_VERSION_GET
SELECT version FROM ds_schema

-- :SCHEMA_VERSION_CLEAR
DELETE FROM ds_schema

-- :SCHEMA_VERSION_SET
INSERT INTO ds_schema (version, migrated_at) VALUES (%lld, %lld)

-- Programs that know this version may work with the database.
-- :SCHEMA_OLDEST_GET
SELECT oldest FROM ds_schema

-- :SCHEMA_OLDEST_SET
UPDATE ds_schema SET oldest = %lld

-- :DEFINITION_GET
SELECT hash, body FROM ds_definition WHERE id = 1

-- :DEFINITION_HASH_GET
SELECT hash FROM ds_definition WHERE id = 1

-- :DEFINITION_SET
INSERT INTO ds_definition (id, hash, body, stored_at) VALUES (1, %s, %s, %lld)
ON CONFLICT (id) DO UPDATE
SET hash = excluded.hash, body = excluded.body, stored_at = excluded.stored_at

-- :OBJECT_SET
INSERT INTO ds_object (name, hash, created_at, updated_at) VALUES (%s, %s, %lld, %lld)
ON CONFLICT (name) DO UPDATE SET hash = excluded.hash, updated_at = excluded.updated_at
WHERE ds_object.hash <> excluded.hash

-- Objects that are called so, in whatever case.
-- :OBJECT_NAMES
SELECT name FROM ds_object WHERE lower(name) = lower(%s) ORDER BY name

-- :OBJECT_GET
SELECT created_at, updated_at FROM ds_object WHERE name = %s
