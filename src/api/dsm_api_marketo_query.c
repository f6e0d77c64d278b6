/* Marketo's query of custom objects: records by their keys or ids, in the order in which they are
 * asked for. */
#include "dsm_api_marketo.h"

#include <apr_strings.h>

#include <string.h>
#include <strings.h>

#include "ds_record.h"
#include "dsm_query.h"

#define VALUES_MAX 300 /* of one call, and records of one page */

typedef struct query_t {
    dsm_marketo_call_t call;
    int by_id;
    apr_array_header_t *fields; /* of const char *: as they are asked for; empty: the usual ones */
    dsm_marketo_record_t *wanted;
    int count;
    apr_int64_t first;         /* of this page */
    apr_int64_t page;          /* records of a page */
    apr_array_header_t *found; /* of found_t */
} query_t;

typedef struct found_t {
    const ds_record_t *record;
    char guid[DS_GUID_SIZE];
} found_t;

static const ds_object_t *object_of(const query_t *query)
{
    return query->call.request->object;
}

/* --- what is asked for --- */

/* The parameters as one JSON object, wherever they stand. */
static int root_read(int *answer, json_t **root, query_t *query)
{
    static const char *const lists[] = {"filterValues", "fields"};
    static const char *const texts[] = {"filterType", "batchSize", "nextPageToken"};
    const apr_table_t *parameters = query->call.parameters;
    size_t i;

    if (query->call.r->method_number == M_POST &&
        dsm_query_type_is(query->call.r, "application/json")) {
        return dsm_marketo_json_read(answer, root, &query->call);
    }
    *root = json_object();
    for (i = 0; i < 2; ++i) {
        const char *value = apr_table_get(parameters, lists[i]);
        char *state, *one, *list = apr_pstrdup(query->call.r->pool, value ? value : "");
        json_t *array = json_array();

        for (one = apr_strtok(list, ",", &state); one; one = apr_strtok(NULL, ",", &state)) {
            json_array_append_new(array, json_string(one));
        }
        json_object_set_new(*root, lists[i], array);
    }
    for (i = 0; i < 3; ++i) {
        const char *value = apr_table_get(parameters, texts[i]);

        if (value) {
            json_object_set_new(*root, texts[i], json_string(value));
        }
    }
    return 1;
}

/* The name by which a single value finds a record; NULL when none does. */
static const char *name_of_filter(query_t *query, const char *type)
{
    const ds_object_t *object = object_of(query);
    const ds_field_t *key =
        &APR_ARRAY_IDX(object->fields, APR_ARRAY_IDX(object->keys, 0, int), ds_field_t);

    query->by_id = !strcasecmp(type, "idField") || !strcasecmp(type, "marketoGUID");
    if (query->by_id) {
        return "marketoGUID";
    }
    if (!strcasecmp(type, "dedupeFields") || !strcasecmp(type, key->name)) {
        return key->name;
    }
    return NULL;
}

/* A number, or digits in quotes, as text; NULL where there is none. */
static const char *digits_of(const json_t *value, apr_pool_t *pool)
{
    if (!value) {
        return NULL;
    }
    if (json_is_integer(value)) {
        return apr_psprintf(pool, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    }
    return json_is_string(value) ? json_string_value(value) : "";
}

static int page_read(query_t *query, const json_t *root)
{
    request_rec *r = query->call.r;
    const char *page = digits_of(json_object_get(root, "batchSize"), r->pool);
    const char *first = digits_of(json_object_get(root, "nextPageToken"), r->pool);
    int answer;

    query->page = VALUES_MAX;
    answer = dsm_marketo_number_read(&query->page, r, page, 1, VALUES_MAX, "1 to 300");
    return answer == HTTP_OK
               ? dsm_marketo_number_read(&query->first, r, first, 0, VALUES_MAX, "nextPageToken")
               : answer;
}

static int fields_read(query_t *query, const json_t *root)
{
    const json_t *fields = json_object_get(root, "fields");
    request_rec *r = query->call.r;
    size_t i;

    query->fields = apr_array_make(r->pool, 8, sizeof(const char *));
    for (i = 0; i < json_array_size(fields); ++i) {
        const char *name = json_string_value(json_array_get(fields, i));

        if (!name ||
            (ds_object_field_find(object_of(query), name) < 0 && !dsm_marketo_is_read_only(name))) {
            return dsm_marketo_error(r, "1006", "Field '%s' not found", name ? name : "");
        }
        APR_ARRAY_PUSH(query->fields, const char *) = apr_pstrdup(r->pool, name);
    }
    return HTTP_OK;
}

/* Each value, or each object of several, as a record. */
static int values_read(query_t *query, const json_t *root)
{
    request_rec *r = query->call.r;
    const json_t *values = json_object_get(root, "filterValues");
    const json_t *input = json_object_get(root, "input");
    const char *type = json_string_value(json_object_get(root, "filterType"));
    const char *name = type ? name_of_filter(query, type) : NULL;
    int i;

    if (!type) {
        return dsm_marketo_error(r, "1002",
                                 "Missing value for the required parameter 'filterType'");
    }
    if (!name || (!input && !query->by_id && object_of(query)->keys->nelts > 1)) {
        return dsm_marketo_error(r, "1035", "Unsupported filter type '%s'", type);
    }
    query->count = (int)json_array_size(input ? input : values);
    if (query->count < 1 || query->count > VALUES_MAX) {
        return dsm_marketo_error(r, "1003", "Invalid data: write 1 to 300 values");
    }
    query->wanted = apr_palloc(r->pool, sizeof(*query->wanted) * (apr_size_t)query->count);
    for (i = 0; i < query->count; ++i) {
        json_t *record = input ? json_incref(json_array_get(input, (size_t)i))
                               : json_pack("{s:O}", name, json_array_get(values, (size_t)i));

        dsm_marketo_record_read(&query->wanted[i], object_of(query), record, query->by_id, r->pool);
        json_decref(record);
    }
    return HTTP_OK;
}

/* --- records --- */

static apr_status_t one_find(query_t *query, ds_records_t *table,
                             const dsm_marketo_record_t *wanted, apr_pool_t *pool)
{
    const char *const *values = wanted->values;
    ds_record_t *record = NULL;
    apr_status_t status = APR_SUCCESS;
    found_t *found;

    if (query->by_id) {
        status = ds_record_guid_find(&values, table, wanted->guid, pool);
    }
    if (status == APR_SUCCESS) {
        status = ds_record_get(&record, table, values, 0, pool);
    }
    if (status != APR_SUCCESS) {
        return status == DS_ENOTFOUND ? APR_SUCCESS : status;
    }
    found = &APR_ARRAY_PUSH(query->found, found_t);
    found->record = record;
    return ds_record_guid(found->guid, table, record->values, pool);
}

/* Keep the ids that nobody was told before, in one transaction. */
static apr_status_t guids_keep(const query_t *query, ds_records_t *table, ds_db_t *db,
                               apr_pool_t *pool)
{
    const char *const *values;
    apr_status_t status = APR_SUCCESS;
    int begun = 0, i;

    for (i = 0; i < query->found->nelts && status == APR_SUCCESS; ++i) {
        const found_t *found = &APR_ARRAY_IDX(query->found, i, found_t);

        status = ds_record_guid_find(&values, table, found->guid, pool);
        if (status != DS_ENOTFOUND) {
            continue;
        }
        status = begun ? APR_SUCCESS : ds_db_begin(db);
        if (status == APR_SUCCESS) {
            begun = 1;
            status = ds_record_guid_store(table, found->guid, found->record->values, pool);
        }
    }
    if (begun && status == APR_SUCCESS) {
        return ds_db_commit(db);
    }
    if (begun) {
        ds_db_rollback(db);
    }
    return status;
}

static apr_status_t query_run(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    query_t *query = baton;
    ds_records_t *table = dsm_db_records_get(connection, object_of(query));
    apr_hash_t *seen = apr_hash_make(pool);
    apr_status_t status = APR_SUCCESS;
    int i;

    query->found = apr_array_make(pool, 16, sizeof(found_t));
    for (i = (int)query->first; i < query->count && i < query->first + query->page; ++i) {
        const dsm_marketo_record_t *wanted = &query->wanted[i];

        if (wanted->code || (!query->by_id &&
                             !dsm_marketo_key_take(seen, object_of(query), wanted->values, pool))) {
            continue;
        }
        status = one_find(query, table, wanted, pool);
        if (status != APR_SUCCESS) {
            return status;
        }
    }
    return query->by_id ? status : guids_keep(query, table, connection->db, pool);
}

/* --- the answer --- */

static void named_write(ds_fmt_doc_t *doc, const query_t *query, const found_t *found,
                        const char *name)
{
    int position = ds_object_field_find(object_of(query), name);

    if (position >= 0) {
        dsm_marketo_value_write(doc, &APR_ARRAY_IDX(object_of(query)->fields, position, ds_field_t),
                                found->record->values[position]);
    }
    else if (!strcasecmp(name, "createdAt")) {
        dsm_marketo_text_write(doc, "createdAt", found->record->created_at);
    }
    else if (!strcasecmp(name, "updatedAt")) {
        dsm_marketo_text_write(doc, "updatedAt", found->record->updated_at);
    }
}

static void found_write(ds_fmt_doc_t *doc, const query_t *query, const found_t *found, int seq)
{
    const ds_object_t *object = object_of(query);
    int i;

    ds_fmt_doc_map_begin(doc);
    dsm_marketo_number_write(doc, "seq", seq);
    dsm_marketo_text_write(doc, "marketoGUID", found->guid);
    for (i = 0; i < query->fields->nelts; ++i) {
        named_write(doc, query, found, APR_ARRAY_IDX(query->fields, i, const char *));
    }
    if (!query->fields->nelts) {
        for (i = 0; i < object->keys->nelts; ++i) {
            int position = APR_ARRAY_IDX(object->keys, i, int);

            named_write(doc, query, found,
                        APR_ARRAY_IDX(object->fields, position, ds_field_t).name);
        }
        named_write(doc, query, found, "createdAt");
        named_write(doc, query, found, "updatedAt");
    }
    ds_fmt_doc_map_end(doc);
}

static int query_answer(const query_t *query)
{
    request_rec *r = query->call.r;
    ds_fmt_doc_t *doc = dsm_marketo_result_begin(r);
    apr_int64_t next = query->first + query->page;
    int i;

    for (i = 0; i < query->found->nelts; ++i) {
        found_write(doc, query, &APR_ARRAY_IDX(query->found, i, found_t), i);
    }
    return dsm_marketo_page_send(
        r, doc, next < query->count ? apr_psprintf(r->pool, "%" APR_INT64_T_FMT, next) : NULL);
}

int dsm_marketo_records_query(request_rec *r, const dsm_request_t *request)
{
    query_t query = {0};
    apr_status_t status;
    json_t *root;
    int answer;

    if (!dsm_marketo_begin(&answer, &query.call, r, request) ||
        !root_read(&answer, &root, &query)) {
        return answer;
    }
    answer = page_read(&query, root);
    if (answer == HTTP_OK) {
        answer = fields_read(&query, root);
    }
    if (answer == HTTP_OK) {
        answer = values_read(&query, root);
    }
    json_decref(root);
    if (answer != HTTP_OK || !dsm_marketo_db_use(&answer, &status, r, request, query_run, &query)) {
        return answer;
    }
    return query_answer(&query);
}
