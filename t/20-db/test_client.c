/* OAuth clients and their tokens; single records; launches of one family. */
#include "ds_client.h"
#include "ds_record.h"
#include "launches.h"

#define HOUR apr_time_from_sec(3600)

static const char *token_get(ds_db_t *db, const char *id, const char *secret)
{
    ds_access_t access;

    return ds_access_get(&access, db, NULL, id, secret, HOUR, test_pool) == APR_SUCCESS
               ? access.token
               : NULL;
}

/* "id", "expired" or "nobody". */
static const char *owner_of(ds_db_t *db, const char *token)
{
    ds_client_t *client;
    int expired;
    apr_status_t status = ds_access_check(&client, &expired, db, NULL, token, test_pool);

    if (status == APR_SUCCESS)
        return client->id;
    return status == DS_EDENIED ? (expired ? "expired" : "nobody") : "an error";
}

static void test_tokens(ds_db_t *db)
{
    ds_db_t *other = database_open(0);
    apr_array_header_t *objects = apr_array_make(test_pool, 1, sizeof(const char *)), *list;
    ds_client_t *client;
    const char *secret, *first, *second;

    APR_ARRAY_PUSH(objects, const char *) = "car";
    APR_ARRAY_PUSH(objects, const char *) = "truck";
    ds_client_create(&client, &secret, db, "a partner", DS_ROLE_READ_ONLY, objects, test_pool);
    first = token_get(db, client->id, secret);
    tap_ok(first != NULL, "a client gets a token");
    tap_is_text(token_get(other, client->id, secret), first, "the same one from everywhere");
    tap_is_text(owner_of(other, first), client->id, "it is known whose it is");
    tap_is_text(token_get(db, client->id, "wrong"), NULL, "another secret gets none");
    tap_is_text(token_get(db, "nobody", secret), NULL, "nor does another id");
    tap_is_number(outside_number("SELECT count(*) FROM ds_access"), 1, "one token is kept");
    outside_number("UPDATE ds_access SET expires_at = 5; SELECT 1");
    tap_is_text(owner_of(db, first), "expired", "a token ends");
    second = token_get(other, client->id, secret);
    tap_ok(second && strcmp(first, second) != 0, "the next one is another one");
    tap_is_text(owner_of(db, second), client->id, "which is good");
    tap_is_text(owner_of(db, first), "expired", "the one before is still known");
    tap_is_text(owner_of(db, "x"), "nobody", "what is none is nobody's");
    ds_client_list(&list, db, test_pool);
    client = APR_ARRAY_IDX(list, 0, ds_client_t *);
    tap_ok(client->role == DS_ROLE_READ_ONLY && client->objects->nelts == 2 &&
               ds_client_has_object(client, "truck"),
           "the list knows role and objects");
    tap_is_number(ds_client_revoke(db, client->id), APR_SUCCESS, "a client is revoked");
    tap_is_text(owner_of(other, second), "nobody", "and its token with it");
    tap_is_text(token_get(db, client->id, secret), NULL, "it gets no other");
    tap_is_number(ds_client_revoke(db, client->id), DS_ENOTFOUND, "once");
    ds_db_close(other);
}

/* A client of the configuration whose secret is changed. */
static void test_configured(ds_db_t *db)
{
    apr_hash_t *configured = apr_hash_make(test_pool);
    ds_client_t *client = ds_client_make("portal", test_pool), *found;
    char *old = apr_palloc(test_pool, DS_SHA256_HEX_SIZE);
    char *new = apr_palloc(test_pool, DS_SHA256_HEX_SIZE);
    ds_access_t before, after;
    int expired;

    ds_digest_sha256(old, "old", 3);
    ds_digest_sha256(new, "new", 3);
    client->secret_sha256 = old;
    apr_hash_set(configured, client->id, APR_HASH_KEY_STRING, client);
    ds_access_get(&before, db, configured, "portal", "old", HOUR, test_pool);
    client->secret_sha256 = new;
    tap_is_number(ds_access_check(&found, &expired, db, configured, before.token, test_pool),
                  DS_EDENIED, "with another secret the token of the old one is dead");
    tap_is_number(ds_access_get(&after, db, configured, "portal", "new", HOUR, test_pool),
                  APR_SUCCESS, "the new secret gets a token");
    tap_ok(strcmp(before.token, after.token) != 0, "of its own");
    tap_is_number(ds_access_check(&found, &expired, db, configured, after.token, test_pool),
                  APR_SUCCESS, "which is good");
    tap_is_number(ds_access_check(&found, &expired, db, NULL, after.token, test_pool), DS_EDENIED,
                  "while the configuration knows the client");
}

/* --- families --- */

static ds_launch_t *family_accept(apr_status_t *status, ds_db_t *db, const char *object)
{
    ds_launch_request_t request = {.sync = sync_make(object, object), .family = {"x", 2, 4}};
    ds_launch_t *launch = NULL;
    ds_file_writer_t *writer;
    int repeated;

    ds_file_writer_begin(&writer, db, "input", "a.csv", "text/csv", test_pool);
    ds_file_writer_append(writer, "a", 1);
    *status = ds_launch_accept(&launch, &repeated, db, &request, writer, test_pool);
    return launch;
}

static void test_family(ds_db_t *db)
{
    static const char *const objects[] = {"o1", "o2", "o3", "o4", "o5"};
    ds_claim_t *claims[3];
    apr_status_t status;
    int i;

    for (i = 0; i < 4; i++)
        family_accept(&status, db, objects[i]);
    tap_is_number(status, APR_SUCCESS, "a family has room for so many launches");
    family_accept(&status, db, objects[4]);
    tap_is_number(status, DS_ELIMIT, "and for no more");
    claims[0] = claim_take(db);
    claims[1] = claim_take(db);
    claims[2] = claim_take(db);
    tap_ok(claims[0] && claims[1], "two of them run at a time");
    tap_ok(!claims[2], "a third one waits");
    launch_accept(db, sync_make("other", "other"), "a");
    claims[2] = claim_take(db);
    tap_ok(claims[2] && !strcmp(claims[2]->launch->object, "other"),
           "a launch of no family passes by");
    ds_queue_finish(db, claims[2], DS_LAUNCH_FINISHED, "done");
    ds_queue_finish(db, claims[0], DS_LAUNCH_FINISHED, "done");
    claims[0] = claim_take(db);
    tap_ok(claims[0] && !strcmp(claims[0]->launch->object, "o3"),
           "when one ends the next one begins");
    family_accept(&status, db, objects[4]);
    tap_is_number(status, APR_SUCCESS, "and there is room for one more");
}

/* A launch that is made first, and put into the queue later. */
static void test_waiting(ds_db_t *db)
{
    ds_sync_t *sync = sync_make("later", "later");
    ds_launch_request_t request = {.sync = sync, .state = DS_LAUNCH_SCHEDULED, .client_id = "c"};
    ds_launch_t *launch, *found;
    apr_array_header_t *list;

    sync->kind = DS_KIND_EXPORT;
    outside_number("UPDATE ds_launch SET state = 'cancelled', finished_at = 5, owner = NULL,"
                   " lease_until = NULL WHERE finished_at IS NULL; SELECT 1");
    ds_launch_start(&launch, db, &request, apr_time_now(), 0, test_pool);
    tap_ok(!claim_take(db), "a launch that waits is not run");
    tap_ok(ds_launch_find(&found, db, launch->uuid, test_pool) == APR_SUCCESS &&
               found->id == launch->id && found->state == DS_LAUNCH_SCHEDULED,
           "it is found by its UUID");
    tap_is_number(ds_launch_queue(db, &request, launch->id, test_pool), APR_SUCCESS, "queued");
    tap_is_number(ds_launch_queue(db, &request, launch->id, test_pool), DS_ESTATE, "once");
    ds_launch_find(&found, db, launch->uuid, test_pool);
    tap_ok(found->queued_at >= found->scheduled_at, "with its time");
    ds_launch_list_of_client(&list, db, "c", DS_KIND_EXPORT, "later", "queued,failed,", launch->id,
                             10, test_pool);
    tap_is_number(list->nelts, 0, "a list begins below an id");
    ds_launch_list_of_client(&list, db, "c", DS_KIND_EXPORT, "later", "queued,failed,",
                             launch->id + 1, 10, test_pool);
    tap_is_number(list->nelts, 1, "and has the launches of a client");
    ds_launch_list_of_client(&list, db, "c", DS_KIND_EXPORT, "later", "failed,", APR_INT64_MAX, 10,
                             test_pool);
    tap_is_number(list->nelts, 0, "in the wanted states");
    ds_launch_start(&launch, db, &request, 1000, 0, test_pool);
    ds_launch_expire(db, apr_time_now(), 2000);
    ds_launch_find(&found, db, launch->uuid, test_pool);
    tap_ok(found->state == DS_LAUNCH_CANCELLED && found->finished_at,
           "one that nobody queues is given up");
    tap_is_number(claim_take(db) != NULL, 1, "and the other one is run");
    outside_number("UPDATE ds_launch SET state = 'cancelled', finished_at = 5, owner = NULL,"
                   " lease_until = NULL WHERE finished_at IS NULL; SELECT 1");
}

/* --- records --- */

static void test_records(ds_db_t *db)
{
    ds_object_t *car = car_make(db, 0);
    ds_records_t *records = ds_records_make(db, car, test_pool);
    const char *values[] = {"V1", "4", "1.5", "1", "2022-01-14T20:00:00Z", NULL};
    const char *const *key;
    char guid[DS_GUID_SIZE];
    ds_record_t *record;
    int found = 0;

    tap_is_number(ds_record_get(&record, records, values, 0, test_pool), DS_ENOTFOUND,
                  "a record that is not there");
    ds_db_begin(db);
    ds_record_put(records, values, 7, "2022-02-02T00:00:00Z");
    tap_is_number(ds_record_get(&record, records, values, 1, test_pool), APR_SUCCESS,
                  "one that was written");
    tap_is_number(ds_db_commit(db), APR_SUCCESS, "is kept");
    tap_ok(!strcmp(record->values[1], "4") && !strcmp(record->values[2], "1.5") &&
               !strcmp(record->values[3], "1") &&
               !strcmp(record->values[4], "2022-01-14T20:00:00Z") && !record->values[5],
           "with its values as they were");
    tap_is_text(record->updated_at, "2022-02-02T00:00:00Z", "and its time");
    tap_is_text(record->created_at, "2022-02-02T00:00:00Z", "which is when it came");
    values[1] = "5";
    ds_db_begin(db);
    ds_record_put(records, values, 7, "2022-02-03T00:00:00Z");
    ds_record_put(records, values, 7, "2022-02-04T00:00:00Z");
    values[1] = "6";
    ds_record_put(records, values, 7, "2022-02-05T00:00:00Z");
    ds_db_commit(db);
    ds_record_get(&record, records, values, 0, test_pool);
    tap_ok(!strcmp(record->created_at, "2022-02-02T00:00:00Z") &&
               !strcmp(record->updated_at, "2022-02-05T00:00:00Z"),
           "a change moves the one time and not the other");
    ds_record_guid(guid, records, values, test_pool);
    tap_is_number(ds_record_guid_find(&key, records, guid, test_pool), DS_ENOTFOUND,
                  "an id that nobody was told");
    ds_record_guid_store(records, guid, values, test_pool);
    ds_record_guid_store(records, guid, values, test_pool);
    tap_ok(ds_record_guid_find(&key, records, guid, test_pool) == APR_SUCCESS &&
               !strcmp(key[0], "V1") && !key[1],
           "leads to its key when somebody was");
    ds_db_begin(db);
    ds_record_remove(&found, records, values, 8, "2022-02-03T00:00:00Z");
    ds_db_commit(db);
    tap_ok(found && ds_record_get(&record, records, values, 0, test_pool) == DS_ENOTFOUND,
           "a record that was removed is gone");
}

int main(void)
{
    ds_db_t *db = database_make();

    test_tokens(db);
    test_configured(db);
    test_family(db);
    test_waiting(db);
    test_records(db);
    return database_end(db);
}
