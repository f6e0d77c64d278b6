/* What a launch does otherwise than its sync says, words for reasons, and ids of records: texts
 * that are kept in the database and must mean the same when they are read. */
#include <apr_general.h>
#include <apr_strings.h>

#include "ds_client.h"
#include "ds_guid.h"
#include "ds_options.h"
#include "tap.h"

static apr_pool_t *pool;

static void reasons_check(void)
{
    char text[24];

    ds_reason_print(text, sizeof(text), "Invalid data type in {field}", "Age");
    tap_is_text(text, "Invalid data type in Ag", "a phrase is cut off where there is no more room");
    ds_reason_print(text, sizeof(text), "{field} is odd", "Age");
    tap_is_text(text, "Age is odd", "the field stands where the phrase says");
    ds_reason_print(text, sizeof(text), "odd %s %n", "Age");
    tap_is_text(text, "odd %s %n", "a phrase is no format");
    ds_reason_print(text, sizeof(text), "a {field} b", "%n%s");
    tap_is_text(text, "a %n%s b", "and neither is a field's name");
}

static void import_check(const ds_sync_t *base)
{
    ds_import_t import = {
        .phrases = {[DS_REASON_EMAIL] = "bad mail \"x\"", [DS_REASON_READ_ONLY] = "{field}: no"},
        .read_only = apr_array_make(pool, 1, sizeof(const char *))};
    const ds_sync_t *own;
    const char *json;

    APR_ARRAY_PUSH(import.read_only, const char *) = "createdAt";
    json = ds_options_import_write('\t', &import, pool);
    tap_ok(!ds_options_apply(&own, base, json, pool) && own != base, "options of an import");
    tap_is_number(own->delimiter, '\t', "its delimiter");
    tap_is_text(own->import.phrases[DS_REASON_EMAIL], "bad mail \"x\"", "its words");
    tap_is_text(own->import.phrases[DS_REASON_TYPE], NULL, "no others");
    tap_is_number(own->import.read_only->nelts, 1, "its columns that nobody fills");
    tap_is_number(base->delimiter, 0, "the sync itself stays as it is");
    tap_is_text(base->import.phrases[DS_REASON_EMAIL], NULL, "in everything");
    tap_ok(!own->import.is_json && !own->import.removes, "it reads CSV and removes nothing");
    json = ds_options_import_write('\0', &import, pool);
    tap_ok(!ds_options_apply(&own, base, json, pool) && own->delimiter == base->delimiter,
           "without a delimiter that of the sync counts");
    import.columns = import.read_only;
    import.is_json = import.removes = 1;
    json = ds_options_import_write('\0', &import, pool);
    tap_ok(!ds_options_apply(&own, base, json, pool) && own->import.is_json && own->import.removes,
           "or it reads JSON, and removes");
    import.columns = NULL;
    json = ds_options_import_write('\0', &import, pool);
    tap_ok(!ds_options_apply(&own, base, json, pool) && !own->import.is_json,
           "but never JSON without the fields that it fills");
}

static void window_check(const ds_sync_t *base)
{
    ds_sync_t *pull = apr_pmemdup(pool, base, sizeof(*base));
    const ds_sync_t *own;
    apr_time_t start, end;
    const char *options;

    pull->source = ds_source_make(pool);
    options = ds_options_window_write(DS_OPTIONS_BACKFILL, 7, apr_time_from_sec(9), pool);
    options = ds_options_window_write(options, 0, apr_time_from_sec(8), pool);
    tap_ok(ds_options_window_read(&start, &end, options) && !start && end == apr_time_from_sec(8),
           "the window of a pull is the one that was written last");
    tap_ok(!ds_options_apply(&own, pull, options, pool) && own->source->backfill,
           "what the launch was asked for stays beside it");
    tap_ok(!ds_options_window_read(&start, &end, NULL) &&
               !ds_options_window_read(&start, &end, DS_OPTIONS_BACKFILL) &&
               !ds_options_window_read(&start, &end, "{\"window\":[7]}"),
           "a launch without one has none");
}

static void export_check(const ds_sync_t *base)
{
    ds_export_t export = {.fields = apr_array_make(pool, 2, sizeof(const char *)),
                          .titles = apr_array_make(pool, 2, sizeof(const char *)),
                          .empty = "null",
                          .span_column = DS_COLUMN_UPDATED,
                          .span = {"2022-01-01T00:00:00Z", "2022-01-02T00:00:00Z"}};
    const ds_sync_t *own;

    APR_ARRAY_PUSH(export.fields, const char *) = "vin";
    APR_ARRAY_PUSH(export.titles, const char *) = "Number, of a \"car\"";
    tap_ok(!ds_options_apply(&own, base, ds_options_export_write(';', &export, pool), pool),
           "options of an export");
    tap_is_text(APR_ARRAY_IDX(own->export.fields, 0, const char *), "vin", "its fields");
    tap_is_text(APR_ARRAY_IDX(own->export.titles, 0, const char *), "Number, of a \"car\"",
                "its titles");
    tap_is_text(own->export.empty, "null", "what stands for nothing");
    tap_is_text(own->export.span_column, DS_COLUMN_UPDATED, "the time it chooses by");
    tap_is_text(own->export.span[1], "2022-01-02T00:00:00Z", "and its end");
    tap_is_text(own->export.query.text, NULL, "and no query");
    export.query = (ds_query_t){.text = "SELECT 1", .syncs = export.fields};
    tap_ok(!ds_options_apply(&own, base, ds_options_export_write(';', &export, pool), pool) &&
               own->export.query.seconds == base->export.query.seconds &&
               own->export.query.syncs->nelts == export.fields->nelts,
           "a query, what it may read, and the limits of its sync");
    tap_is_text(own->export.query.text, "SELECT 1", "as it was written");
    export.span_column = NULL;
    tap_ok(!ds_options_apply(&own, base, ds_options_export_write(';', &export, pool), pool) &&
               !own->export.span_column,
           "or no time");
    tap_ok(!ds_options_apply(&own, base, NULL, pool) && own == base,
           "without options the sync itself runs");
    tap_ok(ds_options_apply(&own, base, "{", pool) != NULL, "broken options are told");
    tap_ok(ds_options_apply(&own, base, "{\"delimiter\": 5}", pool) != NULL,
           "and so are others of a wrong type");
}

static const char *guid(const char *object, const char *a, const char *b)
{
    const char *key[] = {a, b};
    char *text = apr_palloc(pool, DS_GUID_SIZE);

    return ds_guid_make(text, object, key, b ? 2 : 1, pool) == APR_SUCCESS ? text : NULL;
}

static void guids_check(void)
{
    /* printf 'car_c\0WBA4R7C55HK895912\0' | sha256sum */
    tap_is_text(guid("car_c", "WBA4R7C55HK895912", NULL), "2048aa0c-7650-9f7b-6756-3e34218a91e2",
                "the id of a record is the same for ever");
    tap_ok(strcmp(guid("car", "a", NULL), guid("truck", "a", NULL)) != 0,
           "of another object it is another one");
    tap_ok(strcmp(guid("car", "ab", "c"), guid("car", "a", "bc")) != 0,
           "and so it is where a key is divided otherwise");
}

static void clients_check(void)
{
    ds_client_t *client = ds_client_make("x", pool);
    char id[DS_CLIENT_ID_MAX + 2];

    tap_ok(!ds_client_has_object(client, "car"), "a new client may use nothing");
    APR_ARRAY_PUSH(client->objects, const char *) = "Car";
    tap_ok(ds_client_has_object(client, "cAR"), "names of objects have no case");
    tap_ok(!ds_client_has_object(client, "cars"), "but an end");
    APR_ARRAY_PUSH(client->objects, const char *) = "*";
    tap_ok(ds_client_has_object(client, "cars"), "a star stands for all");
    memset(id, 'a', sizeof(id) - 1);
    id[sizeof(id) - 1] = '\0';
    tap_ok(ds_client_id_fault(id) != NULL, "an id may be too long");
    tap_ok(!ds_client_id_fault(id + 1), "or just not");
    tap_ok(ds_client_id_fault("") && ds_client_id_fault("a/b") && ds_client_id_fault("a b"),
           "or hold what it should not");
}

int main(void)
{
    ds_sync_t *base;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    base = ds_sync_make("cars", pool);
    reasons_check();
    import_check(base);
    window_check(base);
    export_check(base);
    guids_check();
    clients_check();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_end();
}
