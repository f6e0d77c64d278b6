/* Marketo's calls that write or remove records of a custom object at once, and answer about each of
 * them in the order of the input. What one call does is one launch of the object's sync. */
#include "dsm_api_marketo.h"

#include <http_log.h>

#include <apr_hash.h>
#include <apr_strings.h>

#include <string.h>
#include <strings.h>

#include "ds_clock.h"
#include "ds_log.h"
#include "ds_record.h"
#include "dsm_launch.h"

APLOG_USE_MODULE(datasync);

typedef enum action_e { CREATE_OR_UPDATE, CREATE_ONLY, UPDATE_ONLY, DELETE } action_e;

/* One call. */
typedef struct sync_t {
    dsm_marketo_call_t call;
    action_e action;
    int by_id; /* records are named by marketoGUID, not by their key */
    dsm_marketo_record_t *records;
    int count;
    apr_hash_t *seen; /* keys of the call so far */
    ds_records_t *table;
    ds_db_t *db;
    ds_launch_t *launch;
    ds_counters_t rows;
    const char *now;
} sync_t;

static const ds_object_t *object_of(const sync_t *sync)
{
    return sync->call.request->object;
}

/* --- the body --- */

/* One of two or three words; -1 for another one. */
static int word_find(const json_t *root, const char *member, const char *const *words)
{
    const json_t *value = json_object_get(root, member);
    const char *given = value ? json_string_value(value) : words[0];
    int i;

    for (i = 0; given && words[i]; ++i) {
        if (!strcasecmp(words[i], given)) {
            return i;
        }
    }
    return -1;
}

static int words_read(sync_t *sync, const json_t *root)
{
    static const char *const actions[] = {"createOrUpdate", "createOnly", "updateOnly", NULL};
    static const char *const ways[] = {"dedupeFields", "idField", NULL};
    request_rec *r = sync->call.r;
    const char *by = sync->action == DELETE ? "deleteBy" : "dedupeBy";
    int action = sync->action == DELETE ? DELETE : word_find(root, "action", actions);

    sync->by_id = word_find(root, by, ways);
    if (action < 0) {
        return dsm_marketo_error(r, "1001", "Invalid value '%s'. Required of type '%s'", "action",
                                 "createOrUpdate, createOnly, updateOnly");
    }
    if (sync->by_id < 0 || (sync->by_id && action == CREATE_ONLY)) {
        return dsm_marketo_error(r, "1001", "Invalid value '%s'. Required of type '%s'", by,
                                 "dedupeFields, idField");
    }
    sync->action = (action_e)action;
    return HTTP_OK;
}

static int input_read(sync_t *sync, const json_t *root)
{
    request_rec *r = sync->call.r;
    const json_t *input = json_object_get(root, "input");
    int i;

    sync->count = (int)json_array_size(input);
    if (sync->count == 0) {
        return dsm_marketo_error(r, "1002", "Missing value for the required parameter 'input'");
    }
    if (sync->count > sync->call.rules->records) {
        return dsm_marketo_error(r, "1003", "Invalid data: more than %d records",
                                 sync->call.rules->records);
    }
    sync->records = apr_palloc(r->pool, sizeof(*sync->records) * (apr_size_t)sync->count);
    for (i = 0; i < sync->count; ++i) {
        dsm_marketo_record_read(&sync->records[i], object_of(sync),
                                json_array_get(input, (size_t)i), sync->by_id, r->pool);
    }
    return HTTP_OK;
}

/* --- one record, inside the transaction --- */

/* Fill in the key of a record that is named by its id. */
static apr_status_t id_resolve(sync_t *sync, dsm_marketo_record_t *record, apr_pool_t *pool)
{
    const char *const *key;
    apr_status_t status = ds_record_guid_find(&key, sync->table, record->guid, pool);
    int i;

    for (i = 0; status == APR_SUCCESS && i < object_of(sync)->fields->nelts; ++i) {
        if (!key[i]) {
            continue;
        }
        if (record->given[i] && (!record->values[i] || strcmp(record->values[i], key[i]))) {
            dsm_marketo_record_skip(record, "1003", "Invalid data: the key cannot be changed");
        }
        record->values[i] = key[i];
        record->given[i] = 1;
    }
    if (status == DS_ENOTFOUND) {
        dsm_marketo_record_skip(record, "1013", "Object not found");
        status = APR_SUCCESS;
    }
    return status;
}

/* Values that the record does not name stay what they are. */
static void values_merge(dsm_marketo_record_t *record, const ds_record_t *old, int count)
{
    int i;

    for (i = 0; i < count; ++i) {
        if (!record->given[i]) {
            record->values[i] = old->values[i];
        }
    }
}

/* What there is against it, beside its values. */
static void action_check(const sync_t *sync, dsm_marketo_record_t *record, const ds_record_t *old)
{
    if (old && sync->action == CREATE_ONLY) {
        dsm_marketo_record_skip(record, "1017", "Object already exists");
    }
    else if (!old && (sync->action != CREATE_OR_UPDATE || sync->by_id) &&
             sync->action != CREATE_ONLY) {
        dsm_marketo_record_skip(record, "1013", "Object not found");
    }
}

static apr_status_t change_write(sync_t *sync, dsm_marketo_record_t *record, int is_old,
                                 apr_pool_t *pool)
{
    apr_int64_t id = sync->launch->id;
    apr_status_t status;
    int found;

    if (sync->action == DELETE) {
        record->status = "deleted";
        status = ds_record_remove(&found, sync->table, record->values, id, sync->now);
    }
    else {
        record->status = is_old ? "updated" : "created";
        status = ds_record_put(sync->table, record->values, id, sync->now);
    }
    if (status == APR_SUCCESS) {
        status = ds_record_guid(record->told, sync->table, record->values, pool);
    }
    if (status == APR_SUCCESS && sync->action != DELETE) {
        status = ds_record_guid_store(sync->table, record->told, record->values, pool);
    }
    return status;
}

/* Something of the table itself, a constraint or a trigger, is against a record. */
static apr_status_t refusal_take(sync_t *sync, dsm_marketo_record_t *record)
{
    *record->told = '\0';
    dsm_marketo_record_skip(record, "1003", "Invalid data: the database refused it");
    return ds_db_forgive(sync->db);
}

static apr_status_t record_run(sync_t *sync, dsm_marketo_record_t *record, apr_pool_t *pool)
{
    ds_record_t *old = NULL;
    apr_status_t status = APR_SUCCESS;

    if (sync->by_id && !record->code) {
        status = id_resolve(sync, record, pool);
    }
    if (status == APR_SUCCESS && !record->code &&
        !dsm_marketo_key_take(sync->seen, object_of(sync), record->values, pool)) {
        dsm_marketo_record_skip(record, "1036", "Duplicate object found in input");
    }
    if (status == APR_SUCCESS && !record->code) {
        status = ds_record_get(&old, sync->table, record->values, 1, pool);
        old = status == APR_SUCCESS ? old : NULL;
        status = status == DS_ENOTFOUND ? APR_SUCCESS : status;
        action_check(sync, record, old);
    }
    if (status != APR_SUCCESS || record->code) {
        record->status = "skipped";
        return status;
    }
    if (old) {
        values_merge(record, old, object_of(sync)->fields->nelts);
    }
    status = change_write(sync, record, old != NULL, pool);
    return status == DS_ECONSTRAINT ? refusal_take(sync, record) : status;
}

/* --- the transaction --- */

static apr_status_t records_run(sync_t *sync, apr_pool_t *pool)
{
    apr_status_t status = APR_SUCCESS;
    int i;

    sync->seen = apr_hash_make(pool);
    for (i = 0; i < sync->count && status == APR_SUCCESS; ++i) {
        status = record_run(sync, &sync->records[i], pool);
        ++sync->rows.read;
        if (sync->records[i].code) {
            ++sync->rows.failed;
        }
        else {
            ++sync->rows.ok;
        }
    }
    return status;
}

static apr_status_t sync_write(sync_t *sync, const ds_launch_request_t *wanted, apr_pool_t *pool)
{
    const char *message;
    apr_status_t status = ds_record_launch_begin(&sync->launch, sync->db, wanted, pool);

    if (status == APR_SUCCESS) {
        status = records_run(sync, pool);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    message = apr_psprintf(
        pool,
        "%" APR_INT64_T_FMT " records %s, %" APR_INT64_T_FMT " skipped: told to the client at once",
        sync->rows.ok, sync->action == DELETE ? "deleted" : "written", sync->rows.failed);
    return ds_record_launch_end(sync->db, sync->launch, &sync->rows, message);
}

/* A call that changes nothing leaves no launch. */
static apr_status_t sync_run(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    sync_t *sync = baton;
    const dsm_request_t *request = sync->call.request;
    ds_launch_request_t wanted = dsm_launch_request(sync->call.r, request);
    ds_sync_status_t known;
    apr_time_t now;
    apr_status_t status;

    sync->db = connection->db;
    sync->table = dsm_db_records_get(connection, request->object);
    wanted.client_id = request->client->id;
    status = ds_sync_status_get(&known, sync->db, request->sync->id, pool);
    if (status == APR_SUCCESS && !known.enabled) {
        return DS_EDISABLED;
    }
    if (status == APR_SUCCESS) {
        status = ds_db_now(&now, sync->db);
    }
    if (status == APR_SUCCESS) {
        status = ds_db_begin_tolerant(sync->db);
    }
    if (status != APR_SUCCESS) {
        return status;
    }
    sync->now = ds_clock_rfc3339(now, pool);
    status = sync_write(sync, &wanted, pool);
    if (status == APR_SUCCESS && sync->rows.ok) {
        return ds_db_commit(sync->db);
    }
    ds_db_rollback(sync->db);
    return status;
}

/* --- the call --- */

static int sync_answer(const sync_t *sync)
{
    request_rec *r = sync->call.r;
    const dsm_request_t *request = sync->call.request;
    ds_fmt_doc_t *doc = dsm_marketo_result_begin(r);
    int i;

    for (i = 0; i < sync->count; ++i) {
        dsm_marketo_record_write(doc, &sync->records[i], i);
    }
    if (sync->rows.ok) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                      DSLOGNO(0206) "sync %s: launch %" APR_INT64_T_FMT " of client %s: %d records "
                                    "at once",
                      request->sync->id, sync->launch->id, request->client->id, sync->count);
    }
    return dsm_marketo_result_send(r, doc);
}

static int call_run(request_rec *r, const dsm_request_t *request, action_e action)
{
    sync_t sync = {.action = action};
    apr_status_t status;
    json_t *root;
    int answer;

    if (!dsm_marketo_begin(&answer, &sync.call, r, request) ||
        !dsm_marketo_json_read(&answer, &root, &sync.call)) {
        return answer;
    }
    answer = words_read(&sync, root);
    if (answer == HTTP_OK) {
        answer = input_read(&sync, root);
    }
    json_decref(root);
    if (answer == HTTP_OK && !request->sync) {
        answer = dsm_marketo_error(r, action == DELETE ? "703" : "1026", "%s",
                                   action == DELETE ? "Feature not enabled"
                                                    : "Custom object not enabled");
    }
    if (answer != HTTP_OK || !dsm_marketo_db_use(&answer, &status, r, request, sync_run, &sync)) {
        return answer;
    }
    return status == APR_SUCCESS ? sync_answer(&sync)
                                 : dsm_marketo_error(r, "1026", "Custom object not enabled");
}

int dsm_marketo_records_sync(request_rec *r, const dsm_request_t *request)
{
    return call_run(r, request, CREATE_OR_UPDATE);
}

int dsm_marketo_records_delete(request_rec *r, const dsm_request_t *request)
{
    return call_run(r, request, DELETE);
}
