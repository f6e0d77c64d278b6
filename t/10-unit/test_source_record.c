/* Records come out of answers as source specs say it, and their values into the right fields: else
 * columns are lost, or somebody else's value stands in them. */
#include "source.h"

#include "ds_def.h"
#include "ds_src_flatten.h"
#include "ds_src_map.h"
#include "ds_src_path.h"

static const char ANSWER[] =
    "{\"campaign_id\": \"c1\", \"total_items\": 2, \"_links\": [1],"
    " \"emails\": [{\"email_id\": \"e1\", \"_links\": [2], \"activity\": [{\"action\": \"open\","
    " \"ip\": \"x\"}, {\"action\": \"click\", \"ip\": null}]},"
    " {\"email_id\": \"e2\", \"activity\": []}, {\"email_id\": \"e3\"}]}";

static json_t *answer;

static const char *record_text(json_t *record)
{
    char *text = json_dumps(record, JSON_COMPACT | JSON_SORT_KEYS);
    const char *copy = apr_pstrdup(pool, text);

    free(text);
    return copy;
}

/* All records of the answer, one a line. */
static const char *records_text(const ds_src_spec_t *spec)
{
    json_t *elements = json_object_get(answer, "emails"), *record;
    ds_src_records_t *records = ds_src_records_make(spec, answer, pool);
    const char *text = "";
    size_t i;

    for (i = 0; i < json_array_size(elements); i++) {
        ds_src_records_begin(records, json_array_get(elements, i));
        while ((record = ds_src_records_next(records)) != NULL) {
            text = apr_pstrcat(pool, text, record_text(record), "\n", NULL);
        }
    }
    return text;
}

/* The first record of the answer. */
static json_t *record_first(const ds_src_spec_t *spec)
{
    ds_src_records_t *records = ds_src_records_make(spec, answer, pool);

    ds_src_records_begin(records, json_array_get(json_object_get(answer, "emails"), 0));
    return ds_src_records_next(records);
}

static ds_src_spec_t *emails_spec(const char *content, const char *explode)
{
    const char *text = spec_text(
        "contentPath", apr_pstrcat(pool, "{\"path\": \"$.emails\"", content, "}",
                                   *explode ? ", \"explodeEntityPath\": " : "", explode, NULL));

    return spec_make(text);
}

static void test_wrapping(void)
{
    tap_is_text(records_text(emails_spec(", \"skipAttributes\": [\"_links\", \"activity\"]", "")),
                "{\"campaign_id\":\"c1\",\"emails\":{\"email_id\":\"e1\"},\"total_items\":2}\n"
                "{\"campaign_id\":\"c1\",\"emails\":{\"email_id\":\"e2\"},\"total_items\":2}\n"
                "{\"campaign_id\":\"c1\",\"emails\":{\"email_id\":\"e3\"},\"total_items\":2}\n",
                "what is skipped is left out beside the array and in its elements");
    tap_is_text(records_text(emails_spec(", \"keepAttributes\": [\"campaign_id\"], "
                                         "\"skipAttributes\": [\"_links\", \"activity\"], "
                                         "\"overrideWrapperAttribute\": \"email\"",
                                         "")),
                "{\"campaign_id\":\"c1\",\"email\":{\"email_id\":\"e1\"}}\n"
                "{\"campaign_id\":\"c1\",\"email\":{\"email_id\":\"e2\"}}\n"
                "{\"campaign_id\":\"c1\",\"email\":{\"email_id\":\"e3\"}}\n",
                "of what stands beside the array only what is kept stays");
}

static const char CONTENT[] = ", \"keepAttributes\": [], \"overrideWrapperAttribute\": \"email\"";

static void test_explode(void)
{
    tap_is_text(records_text(emails_spec(CONTENT, "{\"path\": \"$.email.activity[*]\", "
                                                  "\"skipAttributes\": [\"_links\", \"ip\"]}")),
                "{\"email\":{\"activity\":{\"action\":\"open\"},\"email_id\":\"e1\"}}\n"
                "{\"email\":{\"activity\":{\"action\":\"click\"},\"email_id\":\"e1\"}}\n"
                "{\"email\":{\"email_id\":\"e2\"}}\n{\"email\":{\"email_id\":\"e3\"}}\n",
                "each element of the second array makes a record, an empty one keeps its own");
    tap_is_text(records_text(emails_spec(CONTENT, "{\"path\": \"$.email.activity\", "
                                                  "\"keepAttributes\": [], "
                                                  "\"overrideWrapperAttribute\": \"act\"}")),
                "{\"email\":{\"act\":{\"action\":\"open\",\"ip\":\"x\"}}}\n"
                "{\"email\":{\"act\":{\"action\":\"click\",\"ip\":null}}}\n"
                "{\"email\":{}}\n{\"email\":{}}\n",
                "it may have another name, and what stands beside it may be left out");
    tap_is_number((apr_int64_t)json_array_size(json_object_get(
                      json_array_get(json_object_get(answer, "emails"), 0), "activity")),
                  2, "the answer itself stays as it was");
}

/* --- what records cost --- */

#define COST_RECORDS 2000
#define COST_SIBLINGS 500

static struct {
    size_t bytes, peak, calls;
} cost;

/* The size stands before the memory. */
static void *counted_malloc(size_t size)
{
    size_t *memory = malloc(2 * sizeof(size_t) + size);

    memory[0] = size;
    cost.calls++;
    cost.bytes += size;
    cost.peak = cost.bytes > cost.peak ? cost.bytes : cost.peak;
    return memory + 2;
}

static void counted_free(void *memory)
{
    size_t *start = memory;

    if (!memory)
        return;
    cost.bytes -= start[-2];
    free(start - 2);
}

static json_t *attributes_make(int count)
{
    json_t *object = json_object();
    int i;

    for (i = 0; i < count; i++) {
        json_object_set_new(object, apr_psprintf(pool, "attribute-%d", i), json_integer(i));
    }
    return object;
}

/* Many siblings beside the array, and beside the exploded one; many records, each filtered. */
static void cost_take(const ds_src_spec_t *spec)
{
    json_t *parent = attributes_make(COST_SIBLINGS), *element = attributes_make(COST_SIBLINGS);
    json_t *events = json_array();
    ds_src_records_t *records;
    apr_pool_t *cost_pool;
    size_t before;
    int i, count = 0;

    for (i = 0; i < COST_RECORDS; i++) {
        json_array_append_new(events, json_pack("{s:i, s:s}", "id", i, "_links", "x"));
    }
    json_object_set_new(element, "activity", events);
    apr_pool_create(&cost_pool, pool);
    records = ds_src_records_make(spec, parent, cost_pool);
    before = cost.bytes;
    cost.peak = cost.bytes;
    cost.calls = 0;
    ds_src_records_begin(records, element);
    while (ds_src_records_next(records) != NULL) {
        count++;
    }
    tap_is_number(count, COST_RECORDS, "an element of many records");
    tap_ok(cost.peak - before < 200 * COST_SIBLINGS, "none of which is kept behind the next one");
    tap_ok(cost.calls < 10 * (COST_RECORDS + COST_SIBLINGS),
           "nor copies what stands beside the array");
    tap_ok(cost.bytes <= before, "at the end nothing of it is kept");
    apr_pool_destroy(cost_pool);
    json_decref(element);
    json_decref(parent);
}

static void test_cost(void)
{
    const ds_src_spec_t *spec = emails_spec(", \"overrideWrapperAttribute\": \"email\"",
                                            "{\"path\": \"$.email.activity\", "
                                            "\"skipAttributes\": [\"_links\"]}");

    json_set_alloc_funcs(counted_malloc, counted_free);
    cost_take(spec);
    tap_is_number((apr_int64_t)cost.bytes, 0, "nor anything at all");
    json_set_alloc_funcs(malloc, free);
}

static void test_columns(void)
{
    const ds_src_spec_t *spec = emails_spec(CONTENT, "{\"path\": \"$.email.activity\"}");
    apr_array_header_t *columns;
    const char *text = "";
    int i;

    tap_ok(ds_src_columns_list(&columns, record_first(spec), pool), "the columns of a record");
    for (i = 0; i < columns->nelts; i++) {
        const ds_src_column_t *column = &APR_ARRAY_IDX(columns, i, ds_src_column_t);

        text = apr_pstrcat(pool, text, column->name, "=", column->text, "\n", NULL);
    }
    tap_is_text(text,
                "email.email_id=e1\nemail._links=[2]\nemail.activity.action=open\n"
                "email.activity.ip=x\n",
                "are the names joined by points");
}

/* A name of a megabyte would stand in the name of each column below it. */
static void test_long_names(void)
{
    json_t *record = json_object(), *inner = json_object();
    char *name = apr_pcalloc(pool, 1000001);
    apr_array_header_t *columns;
    apr_size_t longest = 0;
    int i;

    memset(name, 'n', 1000000);
    for (i = 0; i < DS_SRC_COLUMNS_MAX + 5; i++) {
        json_object_set_new(inner, apr_psprintf(pool, "c%d", i), json_integer(i));
    }
    json_object_set(record, "a", inner);
    tap_ok(!ds_src_columns_list(&columns, record, pool), "a record may have too many columns");
    tap_is_number(columns->nelts, DS_SRC_COLUMNS_MAX, "the first ones are there");
    json_object_set(record, name, inner);
    json_object_del(record, "a");
    tap_ok(ds_src_columns_list(&columns, record, pool), "a long name makes one column");
    for (i = 0; i < columns->nelts; i++) {
        apr_size_t length = strlen(APR_ARRAY_IDX(columns, i, ds_src_column_t).name);

        longest = length > longest ? length : longest;
    }
    tap_is_number((apr_int64_t)longest, DS_SRC_NAME_MAX, "whose name is cut off");
    json_decref(inner);
    json_decref(record);
}

/* --- values --- */

static const char *value_text(const char *json)
{
    json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
    const char *text = ds_src_value_text(value, pool);

    text = text ? apr_pstrdup(pool, text) : NULL;
    json_decref(value);
    return text;
}

static void test_values(void)
{
    static const char *const same[] = {"12",
                                       "-1",
                                       "true",
                                       "19.99",
                                       "0.1",
                                       "-0.001",
                                       "9007199254740993",
                                       "[1,{\"a\":\"b\"}]",
                                       "{}",
                                       "1234567.891"};
    size_t i;

    for (i = 0; i < sizeof(same) / sizeof(*same); i++) {
        tap_is_text(value_text(same[i]), same[i], apr_psprintf(pool, "the text of %s", same[i]));
    }
    tap_is_text(value_text("\"a \\u00fc\""), "a ü", "the text of a text is itself");
    tap_is_text(value_text("null"), NULL, "null is no value");
    tap_is_text(value_text("1.5e-7"), "0.00000015", "small numbers have no exponent");
    tap_is_text(value_text("-2.5E+20"), "-250000000000000000000", "and large ones neither");
    tap_is_text(value_text("0.30000000000000004"), "0.30000000000000004", "all digits that count");
}

static int ends(const char *condition, const char *json)
{
    ds_src_paging_t *paging =
        &spec_make(spec_text("paginationParams",
                             apr_psprintf(pool,
                                          "{\"type\": \"NONE\", \"endConditionName\": "
                                          "\"$.a\", \"endConditionValue\": \"%s\"}",
                                          condition)))
             ->paging;
    json_t *root = json_loads(json, 0, NULL);
    int met = ds_src_end_is_met(paging, ds_src_path_get(root, paging->end_at.path), pool);

    json_decref(root);
    return met;
}

static void test_ends(void)
{
    tap_ok(ends("Const:false", "{\"a\": false}"), "Const:false is false");
    tap_ok(ends("Const:false", "{\"a\": \"false\"}"), "and \"false\"");
    tap_ok(!ends("Const:false", "{\"a\": true}"), "but not true");
    tap_ok(!ends("Const:false", "{}"), "and not nothing");
    tap_ok(ends("Const:0", "{\"a\": 0}"), "numbers too");
    tap_ok(ends("Empty", "{\"a\": []}") && ends("Empty", "{\"a\": null}"), "Empty is [] and null");
    tap_ok(!ends("Empty", "{\"a\": 0}") && !ends("Empty", "{}"), "but not 0, and not nothing");
    tap_ok(ends("NonExist", "{}") && !ends("NonExist", "{\"a\": null}"), "NonExist is not null");
    tap_ok(ends("Exist", "{\"a\": null}") && !ends("Exist", "{}"), "and Exist its opposite");
}

/* --- fields --- */

static ds_object_t *object_make(void)
{
    ds_object_t *object = ds_object_make("mail", pool);

    ds_object_field_add(object, "email_id", "string", NULL, pool);
    ds_object_field_add(object, "action", "string", NULL, pool);
    ds_object_field_add(object, "campaign_id", "string", NULL, pool);
    ds_object_field_add(object, "email", "text", NULL, pool);
    return object;
}

static void map_is(ds_source_t *source, const ds_src_spec_t *spec, const char *wanted,
                   const char *name)
{
    ds_src_map_t *map;
    ds_problem_t *problem = ds_src_map_make(&map, source, spec, object_make(), pool);
    const char *texts[4], *text = "";
    int i;

    if (problem) {
        tap_is_text(problem->text, wanted, name);
        return;
    }
    ds_src_map_apply(texts, map, record_first(spec), pool);
    for (i = 0; i < 4; i++) {
        text = apr_pstrcat(pool, text, i ? "|" : "", texts[i] ? texts[i] : "-", NULL);
    }
    tap_is_text(text, wanted, name);
}

static void test_map(void)
{
    static const char explode[] = "{\"path\": \"$.email.activity\"}";
    static const char content[] = ", \"overrideWrapperAttribute\": \"email\"";
    ds_source_t *source = ds_source_make(pool);

    map_is(source, emails_spec(content, explode), "e1|open|c1|-",
           "fields without a Map line are found by their names");
    map_is(source, emails_spec(CONTENT, explode), "e1|open|-|-", "but not what is not kept");
    APR_ARRAY_PUSH(source->maps, ds_source_map_t) =
        (ds_source_map_t){"campaign_id", "$.email.activity.ip"};
    APR_ARRAY_PUSH(source->maps, ds_source_map_t) = (ds_source_map_t){"EMAIL", "email._links[0]"};
    map_is(source, emails_spec(content, explode), "e1|open|x|2", "Map lines say it otherwise");
    APR_ARRAY_PUSH(source->maps, ds_source_map_t) = (ds_source_map_t){"email", "$.a"};
    map_is(source, emails_spec(content, ""), "Map email: the field stands twice",
           "a field stands once");
    source->maps->nelts = 0;
    APR_ARRAY_PUSH(source->maps, ds_source_map_t) = (ds_source_map_t){"colour", "$.a"};
    map_is(source, emails_spec(content, ""), "Map colour: the object \"mail\" has no such field",
           "and must be one of the object");
    source->maps->nelts = 0;
    APR_ARRAY_PUSH(source->maps, ds_source_map_t) = (ds_source_map_t){"email", "$.a..b"};
    map_is(source, emails_spec(content, ""),
           "Map email $.a..b: character 5: a search at every depth (..) is not supported: write "
           "each name of the way",
           "a path that is wrong is named with its place");
}

/* --- definitions --- */

static ds_source_t *source_make(void)
{
    ds_source_t *source = ds_source_make(pool);

    source->spec = "{\"a\": \"\\u00fc\"}";
    source->host = "https://a";
    source->backfill_from = apr_time_from_sec(86400);
    source->look_back = apr_time_from_sec(600);
    source->auth = (ds_source_auth_t){.kind = DS_SOURCE_OAUTH2_REFRESH,
                                      .secret = "file:/a",
                                      .refresh = "env:B",
                                      .client = "c",
                                      .token_url = "https://d",
                                      .in_body = 1};
    APR_ARRAY_PUSH(source->params, ds_source_param_t) = (ds_source_param_t){"p", "v w"};
    APR_ARRAY_PUSH(source->maps, ds_source_map_t) = (ds_source_map_t){"email", "$.a['b']"};
    return source;
}

static void test_definition(void)
{
    ds_def_t *def = ds_def_make(pool), *again = NULL;
    ds_sync_t *sync = ds_sync_make("mails", pool);
    ds_object_t *object = object_make();
    const ds_source_t *source;
    const char *json;

    ds_object_key_add(object, "email_id", pool);
    ds_def_object_add(def, object, pool);
    sync->kind = DS_KIND_PULL;
    sync->object_name = "mail";
    sync->source = source_make();
    ds_def_sync_add(def, sync, pool);
    tap_ok(strstr(ds_def_to_json(def, pool), "egress") == NULL,
           "definitions without exceptions for addresses stay as they were");
    APR_ARRAY_PUSH(def->egress.allow, const char *) = "10.0.0.0/8";
    def->egress.http = 1;
    json = ds_def_to_json(def, pool);
    tap_ok(!ds_def_from_json(&again, json, pool), "the definition of a pull is read back");
    tap_is_text(ds_def_to_json(again, pool), json, "with everything that stands in it");
    source = ds_def_sync_get(again, "mails")->source;
    tap_is_number(source->auth.kind, DS_SOURCE_OAUTH2_REFRESH, "the kind of its credential");
    tap_is_text(source->auth.refresh, "env:B", "where its secret stands");
    tap_is_number(source->look_back, apr_time_from_sec(600), "its look-back");
    tap_is_text(APR_ARRAY_IDX(again->egress.allow, 0, const char *), "10.0.0.0/8",
                "and what may be reached");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    answer = json_loads(ANSWER, 0, NULL);
    test_wrapping();
    test_explode();
    test_columns();
    test_cost();
    test_long_names();
    test_values();
    test_ends();
    test_map();
    test_definition();
    json_decref(answer);
    apr_terminate();
    return tap_end();
}
