/* What is filled into a request stays in its place: a parameter that could leave its path segment,
 * its header or its text of JSON would ask for something else, or ask somebody else. */
#include "source.h"

#include "ds_src_fill.h"

/* 2022-03-04T05:06:07Z */
#define MOMENT (APR_INT64_C(1646370367) * APR_USEC_PER_SEC)
#define HOUR apr_time_from_sec(3600)

static apr_array_header_t *params_make(const char *name, const char *value)
{
    apr_array_header_t *params = apr_array_make(pool, 1, sizeof(ds_source_param_t));

    APR_ARRAY_PUSH(params, ds_source_param_t) = (ds_source_param_t){name, value};
    return params;
}

static void fills(const char *text, ds_src_encoding_e encoding, const char *value,
                  const char *wanted)
{
    ds_src_values_t values = {.params = params_make("p", value), .end = "NOW", .first = 1};
    const char *filled = NULL;
    ds_problem_t *problem = ds_src_fill(&filled, text, encoding, &values, pool);

    tap_is_text(problem ? problem->text : filled, wanted,
                apr_psprintf(pool, "filled in: %s", text));
}

static void test_forms(void)
{
    fills("a${p}b", DS_SRC_IN_TEXT, "x", "axb");
    fills("a{p}b{{p}}c", DS_SRC_IN_TEXT, "x", "axbxc");
    fills("{\"a\": {\"b\": \"${p}\"}}", DS_SRC_IN_BODY, "x", "{\"a\": {\"b\": \"x\"}}");
    fills("{ p} {} { $ @ $p", DS_SRC_IN_TEXT, "x", "{ p} {} { $ @ $p");
    fills("${q}", DS_SRC_IN_TEXT, "x", "{q} has no value: write SourceParam q VALUE");
    fills("{START_TIME}", DS_SRC_IN_TEXT, "x",
          "{START_TIME} has no value in the first run: write BackfillFrom");
    fills("{END_TIME}", DS_SRC_IN_TEXT, "x", "NOW");
    fills("${p}", DS_SRC_IN_TEXT, "${p}{END_TIME}", "${p}{END_TIME}");
    fills("/a@{if(empty(coalesce(pipeline()?.parameters?.ingestionStart,'')),'?x=it''s','')}",
          DS_SRC_IN_PATH, "x", "/a?x=it's");
    fills("@{ if ( empty( coalesce(pipeline()?.parameters?.p, '' )),'A' , 'B') }", DS_SRC_IN_TEXT,
          "x", "B");
}

static void test_places(void)
{
    static const char host[] = "https://{p}.api.test", path[] = "/a/${p}/b";

    fills(host, DS_SRC_IN_HOST, "us10", "https://us10.api.test");
    fills(host, DS_SRC_IN_HOST, "a.b", "https://a.b.api.test");
    fills(host, DS_SRC_IN_HOST, "evil.test/",
          "the value of {p} may have only letters, digits, - and . in a host");
    fills(host, DS_SRC_IN_HOST, "a@b",
          "the value of {p} may have only letters, digits, - and . in a host");
    fills(host, DS_SRC_IN_HOST, "", "the value of {p} is empty");
    fills(path, DS_SRC_IN_PATH, "x", "/a/x/b");
    fills(path, DS_SRC_IN_PATH, "../x?y#z", "/a/..%2Fx%3Fy%23z/b");
    fills(path, DS_SRC_IN_PATH, "a b+c%ü", "/a/a%20b%2Bc%25%C3%BC/b");
    fills(path, DS_SRC_IN_PATH, "..", "the value of {p} is . or .., which leads to another path");
    fills(path, DS_SRC_IN_PATH, "", "the value of {p} is empty");
    fills("/a b[c]/{p}", DS_SRC_IN_PATH, "x", "/a%20b%5Bc%5D/x");
    fills("Key ${p}", DS_SRC_IN_HEADER, "a: b", "Key a: b");
    fills("Key ${p}", DS_SRC_IN_HEADER, "a\r\nX: b",
          "the value of {p} has a control character in it");
    fills("{\"a\":\"${p}\"}", DS_SRC_IN_BODY, "x\",\"b\":\"\\\n",
          "{\"a\":\"x\\\",\\\"b\\\":\\\"\\\\\\u000a\"}");
    fills("${p}", DS_SRC_IN_BODY, "\xff", "the value of {p} is not UTF-8");
}

static ds_src_request_t *request_make(const ds_src_spec_t *spec, const char *host,
                                      const apr_array_header_t *params, int first)
{
    ds_src_values_t values = {.params = params};
    ds_src_request_t *request = NULL;
    ds_problem_t *problem =
        ds_src_values_window(&values, spec, first ? 0 : MOMENT, MOMENT + HOUR, first, pool);

    if (!problem) {
        problem = ds_src_request_make(&request, spec, host, &values, pool);
    }
    if (problem) {
        printf("# %s\n", problem->text);
        exit(1);
    }
    return request;
}

static void test_mailchimp(void)
{
    const ds_src_spec_t *spec = spec_make(file_read("mailchimp-members.json"));
    apr_array_header_t *params = params_make("listId", "10c097ca71");

    APR_ARRAY_PUSH(params, ds_source_param_t) = (ds_source_param_t){"domain", "us10"};
    tap_is_text(request_make(spec, NULL, params, 0)->url,
                "https://us10.api.mailchimp.com/3.0/lists/10c097ca71/members"
                "?since_last_changed=2022-03-04T05%3A06%3A07%3A0000000Z"
                "&before_last_changed=2022-03-04T06%3A06%3A07%3A0000000Z",
                "the members that were changed in an hour");
    tap_is_text(request_make(spec, NULL, params, 1)->url,
                "https://us10.api.mailchimp.com/3.0/lists/10c097ca71/members"
                "?before_last_changed=2022-03-04T06%3A06%3A07%3A0000000Z",
                "all members in the first run");
    tap_is_text(request_make(spec, "http://127.0.0.1:8080", params, 1)->url,
                "http://127.0.0.1:8080/3.0/lists/10c097ca71/members"
                "?before_last_changed=2022-03-04T06%3A06%3A07%3A0000000Z",
                "another host takes the place of the spec's");
}

static void test_zendesk(void)
{
    const ds_src_spec_t *spec = spec_make(file_read("zendesk-users.json"));

    tap_is_text(request_make(spec, "https://z.test", NULL, 0)->url,
                "https://z.test/api/v2/search/export?query=type%3Auser%20updated%20%3E%20"
                "2022-03-04T05%3A06%3A07Z%20updated%20%3C%202022-03-04T06%3A06%3A07Z"
                "&filter%5Btype%5D=user",
                "the users that were updated in an hour");
    tap_is_text(request_make(spec, "https://z.test", NULL, 1)->url,
                "https://z.test/api/v2/search/export?query=type:user&filter%5Btype%5D=user&"
                "query=type%3Auser%20updated%20%3C%202022-03-04T06%3A06%3A07Z"
                "&filter%5Btype%5D=user",
                "in the first run the expression adds its own query");
}

static void test_post(void)
{
    static const char text[] =
        "{\"sourceSpec\": {\"attributes\": {\"urlParams\": {\"host\": \"https://a.test/base/\", "
        "\"path\": \"search\", \"method\": \"POST\", \"queryParams\": \"a=1, b=${p}\"}, "
        "\"headerParams\": {\"X-From\": \"{START_TIME}\"}, \"bodyParams\": {\"filter\": {\"q\": "
        "\"${p}\"}, \"n\": 5}, \"contentPath\": \"$.a\", \"paginationParams\": {\"type\": "
        "\"NONE\"}}}}";
    ds_src_request_t *request = request_make(spec_make(text), NULL, params_make("p", "\"x\""), 0);

    tap_is_text(request->method, "POST", "a POST");
    tap_is_text(request->url, "https://a.test/base/search?a=1&b=%22x%22",
                "a host may have a path, and the query may be one text");
    tap_is_text(request->body, "{\"filter\":{\"q\":\"\\\"x\\\"\"},\"n\":5}", "its body is JSON");
    tap_is_number(request->headers->nelts, 1, "one header");
    tap_is_text(APR_ARRAY_IDX(request->headers, 0, ds_src_pair_t).value, "2022-03-04T05:06:07Z",
                "with the start of the window");
}

static void test_window(void)
{
    static const char text[] =
        "{\"sourceSpec\": {\"attributes\": {\"urlParams\": {\"host\": \"https://a\", \"path\": "
        "\"/x\", \"method\": \"GET\", \"queryParams\": {\"since\": \"never\", \"q\": \"1\"}}, "
        "\"contentPath\": \"$.a\", \"paginationParams\": {\"type\": \"NONE\"}, "
        "\"scheduleParams\": {\"scheduleStartParamName\": \"since\", \"scheduleStartParamFormat\": "
        "\"yyyy-MM-dd\"}}}}";

    tap_is_text(request_make(spec_make(text), NULL, NULL, 0)->url,
                "https://a/x?q=1&since=2022-03-04",
                "a parameter of the window takes the place of one of the spec's");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_forms();
    test_places();
    test_mailchimp();
    test_zendesk();
    test_post();
    test_window();
    apr_terminate();
    return tap_end();
}
