/* Source specs as their authors write them are understood, and each mistake is named with its JSON
 * path: else an administrator searches in the dark. */
#include "source.h"

#include "ds_fmt_jsonpath.h"
#include "ds_src_read.h"

#define AT "$.sourceSpec.attributes."

static const char *first(const apr_array_header_t *sentences)
{
    return sentences->nelts ? APR_ARRAY_IDX(sentences, 0, const char *) : NULL;
}

static const char *path_text(const ds_fmt_jsonpath_t *path)
{
    return path ? ds_fmt_jsonpath_print(path, pool) : NULL;
}

static void test_mailchimp(void)
{
    ds_src_report_t report;
    ds_src_spec_t *spec = spec_read(&report, file_read("mailchimp-members.json"));

    tap_is_text(first(report.mistakes), NULL, "the spec of Mailchimp's members has no mistake");
    tap_is_number(report.warnings->nelts, 1, "and one warning");
    tap_is_text(first(report.warnings),
                "$: the braces around the members are missing: they are thought there",
                "about its missing braces");
    if (!tap_ok(spec != NULL, "it is read")) {
        return;
    }
    tap_is_text(spec->host, "https://{domain}.api.mailchimp.com", "its host");
    tap_is_text(spec->path, "/3.0/lists/${listId}/members", "its path");
    tap_is_text(spec->method, "GET", "its method");
    tap_is_text(path_text(spec->content.path), "$.members", "its array");
    tap_is_text(spec->content.wrapper, "member", "the name of an element");
    tap_is_number(spec->content.skip->nelts, 3, "what is left out");
    tap_is_number(spec->paging.kind, DS_SRC_PAGING_OFFSET, "its paging");
    tap_is_text(spec->paging.limit_name, "count", "the name of its limit");
    tap_is_number(spec->paging.limit, 100, "its limit, which is a text in the spec");
    tap_is_text(spec->paging.name, "offset", "the name of its offset");
    tap_is_number(spec->paging.requests_max, 10000, "as many requests as the default allows");
    tap_is_text(spec->schedule.start_name, "since_last_changed", "the start of its window");
    tap_is_text(spec->schedule.end_format, "yyyy-MM-ddTHH:mm:ss:fffffffK", "in its format");
    tap_is_number(spec->params->nelts, 2, "two user parameters: listId and domain");
    tap_ok(ds_src_param_find(spec, "listId")->required, "listId is needed: the path has a hole");
    tap_ok(ds_src_param_find(spec, "domain")->required, "domain is needed: the host has one");
}

static void test_zendesk(void)
{
    ds_src_report_t report;
    ds_src_spec_t *spec = spec_read(&report, file_read("zendesk-users.json"));

    tap_is_text(first(report.mistakes), NULL, "the fragments of Zendesk have no mistake");
    tap_is_text(first(report.warnings),
                AT "urlParams.host: is missing: write SourceHost into the <DataSync> section",
                "and a warning, about the host that they do not name");
    if (!tap_ok(spec != NULL, "they are read")) {
        return;
    }
    tap_is_number(spec->query->nelts, 2, "two parameters of the query");
    tap_is_text(APR_ARRAY_IDX(spec->query, 1, ds_src_pair_t).name, "filter[type]", "the second");
    tap_is_number(spec->paging.kind, DS_SRC_PAGING_TOKEN, "a continuation token");
    tap_is_text(path_text(spec->paging.next.path), "$.meta.after_cursor", "where it stands");
    tap_is_text(spec->paging.name, "page[after]", "how it is sent");
    tap_is_number(spec->paging.delay, apr_time_from_msec(850), "the pause, a text in the spec");
    tap_is_number(spec->paging.end, DS_SRC_END_VALUE, "an end condition");
    tap_is_text(spec->paging.end_value, "false", "without Const:");
    tap_is_number(spec->schedule.kind, DS_SRC_SCHEDULE_ADVANCE, "an advanced schedule");
    tap_is_text(spec->schedule.backfill, "type:user updated < {END_TIME}", "its backfill");
    tap_is_number(spec->params->nelts, 0, "no user parameters");
}

/* The first mistake of a spec in which one part is another. */
static void mistake(const char *part, const char *json, const char *wanted)
{
    ds_src_report_t report;

    spec_read(&report, spec_text(part, json));
    tap_is_text(first(report.mistakes), wanted, apr_psprintf(pool, "%s: %s", part, json));
}

static void warning(const char *part, const char *json, const char *wanted)
{
    ds_src_report_t report;

    if (!spec_read(&report, spec_text(part, json))) {
        printf("# %s\n", first(report.mistakes));
    }
    tap_is_text(first(report.warnings), wanted, apr_psprintf(pool, "%s: %s", part, json));
}

static void test_url(void)
{
    mistake("urlParams", "", AT "urlParams: is missing: write host, path and method into it");
    mistake("urlParams", "[]", AT "urlParams: write an object: { and members");
    mistake("urlParams", "{\"host\": \"https://a\", \"method\": \"GET\"}",
            AT "urlParams.path: is missing: write the path of the resource");
    mistake("urlParams", "{\"host\": \"https://a\", \"path\": \"/x\"}",
            AT "urlParams.method: is missing: write GET or POST");
    mistake("urlParams", "{\"host\": \"https://a\", \"path\": \"/x\", \"method\": \"PUT\"}",
            AT "urlParams.method: write GET or POST");
    mistake("urlParams", "{\"host\": \"ftp://a\", \"path\": \"/x\", \"method\": \"GET\"}",
            AT "urlParams.host: a host begins with https:// or http://");
    mistake("urlParams", "{\"host\": \"https://u:p@a\", \"path\": \"/x\", \"method\": \"GET\"}",
            AT "urlParams.host: this is no host: write https://NAME or https://NAME:PORT");
    mistake("urlParams", "{\"host\": {}, \"path\": \"/x\", \"method\": \"GET\"}",
            AT "urlParams.host: write a text in double quotes");
    mistake("urlParams",
            "{\"host\": \"https://a\", \"path\": \"/x@{concat('a')}\", \"method\": \"GET\"}",
            AT "urlParams.path: this expression is not known: only "
               "@{if(empty(coalesce(pipeline()?.parameters?.NAME,'')),'A','B')} is");
    mistake("urlParams", "{\"host\": \"https://a\", \"path\": \"/${\", \"method\": \"GET\"}",
            AT "urlParams.path: after ${ a name and } must stand: letters, digits, - _ and .");
    mistake("urlParams",
            "{\"host\": \"https://a\", \"path\": \"/\", \"method\": \"GET\", \"queryParams\": "
            "{\"q\": [1]}}",
            AT "urlParams.queryParams.q: write a text in double quotes");
    mistake("urlParams",
            "{\"host\": \"https://a\", \"path\": \"/\", \"method\": \"GET\", \"queryParams\": "
            "{\"q\": \"{SCHEDULE_QUERY}\"}}",
            AT "urlParams.queryParams.q: {SCHEDULE_QUERY} needs scheduleParams of type ADVANCE");
    warning("urlParams", "{\"host\": \"https://a\", \"path\": \"/${b}\", \"method\": \"GET\"}",
            AT "urlParams.path: spec.properties does not describe \"b\": it is taken for a text "
               "that must be given");
    warning("urlParams",
            "{\"host\": \"https://a\", \"path\": \"/b\", \"method\": \"GET\", \"verb\": 1}",
            AT "urlParams.verb: there is no such member: it is not looked at");
    mistake(
        "headerParams", "{\"Host\": \"a\"}",
        AT
        "headerParams.Host: this is no header that can be sent: the connection decides about it");
    mistake(
        "headerParams", "{\"a b\": \"a\"}",
        AT "headerParams['a b']: this is no header that can be sent: its name has a letter that no "
           "header may have");
    mistake(
        "headerParams", "{\"X-A\": \"a\\r\\nX-B: c\"}",
        AT
        "headerParams.X-A: this is no header that can be sent: its value has a line end or another "
        "control character");
    mistake("bodyParams", "{\"a\": 1}",
            AT "bodyParams: a GET has no body: remove it, or write POST as the method");
}

static void test_content(void)
{
    mistake("contentPath", "",
            AT "contentPath: is missing: write the path of the array of records, such as "
               "{\"path\": \"$.data\"}");
    mistake("contentPath", "{}",
            AT "contentPath.path: is missing: write the path of the array, such as $.data");
    mistake("contentPath", "{\"path\": \"$..data\"}",
            AT "contentPath.path: \"$..data\", character 3: a search at every depth (..) is not "
               "supported: write each name of the way");
    mistake("contentPath", "{\"path\": \"$.a[*].b\"}",
            AT
            "contentPath.path: \"$.a[*].b\": it leads to one array: [*] stands at its end alone, "
            "explodeEntityPath splits records further");
    mistake("explodeEntityPath", "{\"path\": \"$.members.a[0].b\"}",
            AT "explodeEntityPath.path: \"$.members.a[0].b\": only names lead to this array, not "
               "[n]");
    tap_is_text(spec_make(spec_text("contentPath", "\"$['a b'][0]\""))->content.wrapper, "a b",
                "the wrapper is the last name on the way to the array");
    tap_is_text(spec_make(spec_text("contentPath", "\"$[0]\""))->content.wrapper, "record",
                "or the usual one");
    mistake("contentPath", "{\"path\": \"$.a\", \"skipAttributes\": \"x\"}",
            AT "contentPath.skipAttributes: write an array of at most 200 texts");
    mistake("contentPath", "{\"path\": \"$.a\", \"keepAttributes\": [\"x\", 1]}",
            AT "contentPath.keepAttributes[1]: write a text in double quotes");
    mistake("explodeEntityPath", "{\"path\": \"$.mail.events\"}",
            AT "explodeEntityPath: its path begins with the name that each record has: $.data. and "
               "the way from there");
    mistake("bodyParams", "{\"type\": \"object\", \"filter\": 1}",
            AT "bodyParams: a GET has no body: remove it, or write POST as the method");
    mistake("contentPath", "{\"type\": \"object\", \"properties\": {\"path\": {}}}",
            AT "contentPath: this describes the member, as the empty template does: write its "
               "values instead");
}

static void test_paging(void)
{
    mistake("paginationParams", "",
            AT "paginationParams: is missing: write {\"type\": \"NONE\"} where one answer has all");
    mistake("paginationParams", "{\"type\": \"SCROLL\"}",
            AT "paginationParams.type: write OFFSET, POINTER, CONTINUATION_TOKEN, PAGE or NONE");
    mistake("paginationParams",
            "{\"type\": \"OFFSET\", \"limitName\": \"n\", \"limitValue\": \"many\", "
            "\"offSetName\": \"o\"}",
            AT "paginationParams.limitValue: write a whole number from 1 to 1000000");
    mistake("paginationParams",
            "{\"type\": \"OFFSET\", \"limitName\": \"n\", \"offsetName\": \"o\"}",
            AT "paginationParams.limitValue: is missing: write how many records a page has");
    mistake("paginationParams",
            "{\"type\": \"OFFSET\", \"limitName\": \"n\", \"limitValue\": 1, \"offsetName\": "
            "\"o\", \"offSetName\": \"o\"}",
            AT "paginationParams.offsetName: it also stands at " AT
               "paginationParams.offSetName: write it once");
    mistake("paginationParams", "{\"type\": \"OFFSET\", \"limitName\": \"n\", \"limitValue\": 1}",
            AT "paginationParams.offSetName: is missing: write the name of the parameter for the "
               "offset");
    mistake("paginationParams", "{\"type\": \"POINTER\"}",
            AT "paginationParams.pointerPath: is missing: write the path of the next page's URL, "
               "such as $.paging.next");
    mistake("paginationParams", "{\"type\": \"POINTER\", \"pointerPath\": \"$.a[*]\"}",
            AT "paginationParams.pointerPath: \"$.a[*]\": write the path of one value, without "
               "[*]");
    mistake("paginationParams",
            "{\"type\": \"CONTINUATION_TOKEN\", \"continuationTokenPath\": \"$.t\", "
            "\"parameterName\": \"t\", \"parameterType\": \"COOKIE\"}",
            AT "paginationParams.parameterType: write QUERYPARAM or HEADERPARAM");
    mistake("paginationParams", "{\"type\": \"PAGE\"}",
            AT "paginationParams.pageParamName: is missing: write the name of the parameter for "
               "the page");
    mistake("paginationParams",
            "{\"type\": \"PAGE\", \"pageParamName\": \"p\", \"initialPageIndex\": 3, "
            "\"endPageIndex\": \"2\"}",
            AT "paginationParams.endPageIndex: it is less than initialPageIndex");
    mistake("paginationParams", "{\"type\": \"NONE\", \"endConditionName\": \"$.more\"}",
            AT "paginationParams.endConditionValue: is missing: write Const:VALUE, Empty, Exist or "
               "NonExist");
    mistake("paginationParams", "{\"type\": \"NONE\", \"delayRequestMillis\": -1}",
            AT "paginationParams.delayRequestMillis: write a whole number from 0 to 600000");
}

/* Each type with its properties, as its description shows them. */
static void test_paging_kinds(void)
{
    ds_src_paging_t *paging =
        &spec_make(spec_text("paginationParams",
                             "{\"type\":\"OFFSET\",\"limitName\":\"limit\",\"limitValue\":\"4\","
                             "\"offsetName\":\"offset\",\"endConditionName\":\"$.hasMore\","
                             "\"endConditionValue\":\"Const:false\"}"))
             ->paging;

    tap_is_text(paging->name, "offset", "the other spelling of offSetName");
    tap_is_text(path_text(paging->end_at.path), "$.hasMore", "the place of an end condition");
    paging = &spec_make(spec_text("paginationParams",
                                  "{\"type\":\"POINTER\",\"limitName\":\"limit\",\"limitValue\":1,"
                                  "\"pointerName\":\"paging.next\"}"))
                  ->paging;
    tap_is_text(path_text(paging->next.path), "$.paging.next", "a pointer under its old name");
    paging =
        &spec_make(spec_text("paginationParams",
                             "{\"type\":\"PAGE\",\"limitName\":\"pageSize\",\"limitValue\":100,"
                             "\"initialPageIndex\":1,\"endPageIndex\":\"headers.x-pagecount\","
                             "\"pageParamName\":\"pageNumber\",\"maximumRequest\":50}"))
             ->paging;
    tap_is_number(paging->first_page, 1, "the first page");
    tap_is_number(paging->last_page, -1, "no last page that is known before");
    tap_is_text(paging->pages_at.header, "x-pagecount", "but a header that tells it");
    tap_is_number(paging->requests_max, 50, "as many requests as the spec allows");
    paging = &spec_make(spec_text("paginationParams",
                                  "{\"type\":\"CONTINUATION_TOKEN\",\"continuationTokenPath\":"
                                  "\"headers.X-Next\",\"parameterType\":\"HEADERPARAM\","
                                  "\"parameterName\":\"X-Token\",\"endConditionName\":\"$.n\","
                                  "\"endConditionValue\":\"NonExist\"}"))
                  ->paging;
    tap_is_text(paging->next.header, "X-Next", "a token that stands in a header");
    tap_ok(paging->in_header, "and goes into one");
    tap_is_number(paging->end, DS_SRC_END_NONEXIST, "an end that is told by what is not there");
}

static void test_schedule(void)
{
    mistake("scheduleParams", "{\"type\": \"CRON\"}",
            AT "scheduleParams.type: write ADVANCE, or remove it");
    mistake("scheduleParams", "{\"scheduleEndParamName\": \"to\"}",
            AT "scheduleParams.scheduleStartParamName: is missing: write the name of the parameter "
               "for the start of the window");
    mistake("scheduleParams",
            "{\"scheduleStartParamName\": \"a\", \"scheduleEndParamName\": \"b\", "
            "\"scheduleEndParamFormat\": \"YYYY-MM\"}",
            AT "scheduleParams.scheduleEndParamFormat: \"YYYY-MM\", character 1: there is no such "
               "part of a time: put text into single quotes");
    mistake("scheduleParams", "{\"type\": \"ADVANCE\", \"incremental\": \"a\"}",
            AT "scheduleParams.backfill: is missing: write the expression, with {START_TIME} and "
               "{END_TIME}");
    mistake("scheduleParams",
            "{\"type\": \"ADVANCE\", \"incremental\": \"{SCHEDULE_QUERY}\", \"backfill\": \"b\"}",
            AT "scheduleParams.incremental: {SCHEDULE_QUERY} needs scheduleParams of type ADVANCE");
    warning("scheduleParams", "", AT "scheduleParams: is missing: each run fetches everything");
    warning("scheduleParams",
            "{\"type\": \"ADVANCE\", \"incremental\": \"a\", \"backfill\": \"b\"}",
            AT "scheduleParams: {SCHEDULE_QUERY} stands nowhere: each run fetches everything");
}

static void test_text(void)
{
    ds_src_report_t report;
    ds_src_spec_t *spec;

    spec = spec_read(&report, "{\"sourceSpec\": {\"attributes\": {\n\"urlParams\": {\"host\": "
                              "\"https://a\", \"path\": \"/,}\", \"method\": \"GET\",\n}\n,\n"
                              "\"contentPath\": \"$.members\",\n\"paginationParams\": {\"type\": "
                              "\"NONE\"}, \"scheduleParams\": {\"scheduleStartParamName\": \"a\", "
                              "\"scheduleEndParamName\": \"b\"},\n}}}");
    tap_ok(spec != NULL, "commas before closing brackets are passed over");
    tap_is_number(report.warnings->nelts, 2, "each with a warning");
    tap_is_text(first(report.warnings),
                "line 2: a comma before a closing bracket: it is passed over", "and its line");
    tap_is_text(spec ? spec->path : NULL, "/,}", "but not inside of a text");
    tap_is_text(spec ? path_text(spec->content.path) : NULL, "$.members",
                "a contentPath may be a text");
    spec_read(&report, "{\"sourceSpec\": {\"a\": 1 \"b\": \"hunter2\"}}");
    tap_is_text(first(report.mistakes),
                "line 1, column 26: this is not JSON: look for a comma, a colon or a quote that is "
                "missing or too much",
                "a missing comma is a mistake, with its place and without what stands there");
    spec_read(&report, "{\"sourceSpec\": {\"a\": 1, \"a\": 2}}");
    tap_ok(strstr(first(report.mistakes), "a member stands twice") != NULL,
           "and so is a member that stands twice");
    spec_read(&report, "[]");
    tap_is_text(first(report.mistakes), "$.sourceSpec: is missing: this is no source spec",
                "something else is no source spec");
    spec_read(&report, "{\"sourceSpec\": {\"attributes\": {\"urlParams\": {}}}}");
    tap_ok(report.mistakes->nelts >= 4, "all mistakes are told at once");
}

/* A spec that is made to take long. */
static void test_bounds(void)
{
    apr_array_header_t *pieces = apr_array_make(pool, 100000, sizeof(const char *));
    ds_src_report_t report;
    apr_time_t begun = apr_time_now();
    int i;

    for (i = 0; i < 60000; i++) {
        APR_ARRAY_PUSH(pieces, const char *) = apr_psprintf(pool, "{a%d},", i);
    }
    spec_read(&report, spec_text("urlParams",
                                 apr_pstrcat(pool,
                                             "{\"host\": \"https://a\", \"method\": \"GET\", "
                                             "\"path\": \"/",
                                             apr_array_pstrcat(pool, pieces, '\0'), "\"}", NULL)));
    tap_is_text(first(report.mistakes), AT "urlParams.path: there are more than 200 parameters",
                "a spec has no more parameters than anybody needs");
    tap_is_number(report.mistakes->nelts, DS_SRC_REPORT_MAX, "the report has a bound");
    tap_ok(apr_time_now() - begun < apr_time_from_sec(60), "and so has the time");
}

static void test_placement(void)
{
    ds_src_report_t report;
    const char *inside = "{\"sourceSpec\": {\"attributes\": {\"spec\": {\"properties\": {"
                         "\"urlParams\": {\"host\": \"https://a\", \"path\": \"/${id}\", "
                         "\"method\": \"GET\"}, \"contentPath\": {\"path\": \"$.a\"}, "
                         "\"paginationParams\": {\"type\": \"NONE\"}, \"scheduleParams\": "
                         "{\"scheduleStartParamName\": \"a\", \"scheduleEndParamName\": \"b\"}, "
                         "\"id\": {\"type\": \"integer\"}}}}}}";
    ds_src_spec_t *spec = spec_read(&report, inside);

    tap_ok(spec != NULL, "members may stand under attributes.spec.properties");
    tap_is_text(first(report.warnings), NULL, "without a warning");
    tap_ok(spec && ds_src_param_find(spec, "id")->type == DS_SRC_TYPE_INTEGER,
           "beside the user parameters");
    spec_read(&report, "{\"sourceSpec\": {\"attributes\": {\"contentPath\": \"$.a\", \"spec\": "
                       "{\"properties\": {\"contentPath\": \"$.b\"}}}}}");
    tap_is_text(first(report.mistakes),
                AT "spec.properties.contentPath: it also stands at " AT
                   "contentPath: write it once",
                "but not in both places");
}

/* --- user parameters --- */

static const char *param_fault(const char *schema, const char *value)
{
    ds_src_spec_t *spec = spec_make(
        apr_pstrcat(pool,
                    "{\"sourceSpec\": {\"attributes\": {\"urlParams\": {\"host\": "
                    "\"https://a\", \"path\": \"/a\", \"method\": \"GET\"}, \"contentPath\": "
                    "\"$.a\", \"paginationParams\": {\"type\": \"NONE\"}}, \"spec\": "
                    "{\"properties\": {\"p\": ",
                    schema, "}, \"required\": [\"p\"]}}}", NULL));
    apr_array_header_t *given = apr_array_make(pool, 1, sizeof(ds_source_param_t)), *values;
    ds_src_report_t report = {apr_array_make(pool, 1, sizeof(const char *)),
                              apr_array_make(pool, 1, sizeof(const char *))};

    if (value) {
        APR_ARRAY_PUSH(given, ds_source_param_t) = (ds_source_param_t){"p", value};
    }
    ds_src_params_check(&values, &report, spec, given, pool);
    return report.mistakes->nelts ? first(report.mistakes) : ds_source_param_get(values, "p");
}

static void test_params(void)
{
    tap_is_text(param_fault("{\"type\": \"string\"}", "x y"), "x y", "a text");
    tap_is_text(param_fault("{\"type\": \"string\"}", NULL),
                "SourceParam p: is missing: write SourceParam p VALUE", "a text that is missing");
    tap_is_text(param_fault("{\"type\": \"string\", \"default\": \"d\"}", NULL), "d",
                "its default counts");
    tap_is_text(param_fault("{\"type\": \"integer\"}", "12"), "12", "a whole number");
    tap_is_text(param_fault("{\"type\": \"integer\"}", "1.5"),
                "SourceParam p: the source spec wants a value of type integer", "one that is none");
    tap_is_text(param_fault("{\"type\": \"number\", \"maximum\": 2}", "2.5"),
                "SourceParam p: the number is outside of the range of the source spec",
                "a number that is too large");
    tap_is_text(param_fault("{\"type\": \"boolean\"}", "yes"),
                "SourceParam p: the source spec wants a value of type boolean", "yes is not true");
    tap_is_text(param_fault("{\"enum\": [\"a\", \"b\"]}", "c"),
                "SourceParam p: the source spec allows: a b", "a value that is not in the list");
    tap_is_text(param_fault("{\"minLength\": 2}", "ü"),
                "SourceParam p: the source spec wants a text of another length",
                "characters are counted, not bytes");
    tap_is_text(param_fault("{\"format\": \"date\"}", "yesterday"),
                "SourceParam p: the source spec wants the format date", "a day that is none");
    mistake("spec", "{\"properties\": {\"p\": {\"allOf\": []}}}",
            AT "spec.properties.p.allOf: this word of JSON Schema is not supported: remove it");
    mistake("spec", "{\"properties\": {}, \"required\": [\"q\"]}",
            AT "spec.required: \"q\" is not among the properties");
}

static void test_pattern(void)
{
    static const char anchored[] = "{\"pattern\": \"^[a-z]{2}[0-9]+$\"}";
    static const char endless[] = "{\"pattern\": \"^(([a-z])+.)+[A-Z]([a-z])+$\"}";
    char *text = apr_psprintf(pool, "%0*d", 5000, 0);
    apr_time_t begun = apr_time_now();

    tap_is_text(param_fault(anchored, "us10"), "us10", "a text that matches");
    tap_is_text(param_fault(anchored, "us10\n"),
                "SourceParam p: the source spec wants a text that matches ^[a-z]{2}[0-9]+$",
                "one that does not");
    tap_is_text(param_fault("{\"pattern\": \"b\"}", "abc"), "abc", "it may match anywhere");
    tap_is_text(param_fault("{\"pattern\": \"^\\\\u00fc.$\"}", "üö"), "üö",
                "characters are matched, not bytes");
    tap_is_text(param_fault("{\"pattern\": \"b\", \"type\": \"integer\"}", "12"), "12",
                "a number is not asked");
    memset(text, 'a', 5000);
    tap_ok(strstr(param_fault(endless, text), "nobody can tell in time") != NULL,
           "one that would take for ever is given up");
    tap_ok(apr_time_now() - begun < apr_time_from_sec(20), "soon");
    warning("spec", "{\"properties\": {\"p\": {\"pattern\": \"a(\"}}}",
            AT "spec.properties.p.pattern: it is not checked: at character 3: missing closing "
               "parenthesis");
    warning("spec",
            apr_psprintf(pool, "{\"properties\": {\"p\": {\"pattern\": \"%0*d\"}}}", 1001, 0),
            AT "spec.properties.p.pattern: it is not checked: at character 1: pattern string is "
               "longer than the limit set by the application");
}

static void test_unknown_param(void)
{
    apr_array_header_t *given = apr_array_make(pool, 1, sizeof(ds_source_param_t)), *values;
    ds_src_report_t report;
    ds_src_spec_t *spec = spec_read(&report, spec_text("spec", ""));

    APR_ARRAY_PUSH(given, ds_source_param_t) = (ds_source_param_t){"q", "1"};
    ds_src_params_check(&values, &report, spec, given, pool);
    tap_is_text(first(report.mistakes), "SourceParam q: the source spec has no such parameter",
                "a parameter that the spec does not know");
}

/* Sentences are cut, but not in the middle of a character: JSON would not take them. */
static void test_long_names(void)
{
    ds_src_report_t report;
    const char *name = "";
    int i, whole = 0;

    for (i = 0; i < 200; i++)
        name = apr_pstrcat(pool, name, "\xc3\xa9", NULL);
    for (i = 0; i < 2; i++) {
        const char *member = apr_psprintf(pool, "{\"path\": \"$.a\", \"%.*s%s\": 1}", i, "x", name);
        json_t *sentence;

        spec_read(&report, spec_text("contentPath", member));
        sentence = json_string(first(report.warnings));
        whole += sentence && strlen(json_string_value(sentence)) <= 400;
        json_decref(sentence);
    }
    tap_is_number(whole, 2, "a warning about a long name is text, and not longer than a line");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_mailchimp();
    test_zendesk();
    test_url();
    test_content();
    test_paging();
    test_paging_kinds();
    test_schedule();
    test_text();
    test_bounds();
    test_placement();
    test_params();
    test_pattern();
    test_unknown_param();
    test_long_names();
    apr_terminate();
    return tap_end();
}
