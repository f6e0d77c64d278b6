/* Source specs of any text.
 *
 * What must hold: there is a spec or there are mistakes; each sentence is one line; a request that
 * is made of a good one has a URL without spaces and control characters, no line end in a header,
 * and a body of JSON. */
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <jansson.h>

#include "ds_source.h"
#include "ds_src_fill.h"
#include "fuzz.h"

static void sentences_check(const apr_array_header_t *sentences)
{
    int i;

    for (i = 0; i < sentences->nelts; i++) {
        const char *text = APR_ARRAY_IDX(sentences, i, const char *), *c;

        MUST(*text != '\0');
        for (c = text; *c; c++) {
            MUST((unsigned char)*c >= 0x20 && *c != 0x7f);
        }
    }
}

static void request_check(const ds_src_request_t *request)
{
    const char *c;
    int i;

    for (c = request->url; *c; c++) {
        MUST((unsigned char)*c > 0x20 && (unsigned char)*c < 0x7f);
    }
    for (i = 0; i < request->headers->nelts; i++) {
        MUST(strpbrk(APR_ARRAY_IDX(request->headers, i, ds_src_pair_t).value, "\r\n") == NULL);
    }
    if (request->body != NULL) {
        json_t *body = json_loads(request->body, 0, NULL);

        MUST(body != NULL);
        json_decref(body);
    }
}

/* Each parameter gets a value that no place may take as it is. */
static void spec_check(const ds_src_spec_t *spec, apr_pool_t *pool)
{
    apr_array_header_t *params = apr_array_make(pool, 4, sizeof(ds_source_param_t));
    ds_src_values_t values = {.params = params};
    ds_src_request_t *request;
    int i;

    for (i = 0; i < spec->params->nelts; i++) {
        APR_ARRAY_PUSH(params, ds_source_param_t) = (ds_source_param_t){
            APR_ARRAY_IDX(spec->params, i, ds_src_param_t).name, i % 2 ? "x" : "a/b?\"&=#\\ "};
    }
    if (ds_src_values_window(&values, spec, apr_time_from_sec(1000), apr_time_from_sec(2000),
                             spec->params->nelts % 2, pool) == NULL &&
        ds_src_request_make(&request, spec, "https://a", &values, pool) == NULL) {
        request_check(request);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static apr_pool_t *pool;
    ds_src_report_t report;
    ds_src_spec_t *spec;

    if (pool == NULL) {
        apr_initialize();
        apr_pool_create(&pool, NULL);
    }
    ds_src_spec_read(&spec, &report, (const char *)data, size, pool);
    MUST((spec != NULL) == (report.mistakes->nelts == 0));
    sentences_check(report.mistakes);
    sentences_check(report.warnings);
    if (spec != NULL) {
        spec_check(spec, pool);
    }
    apr_pool_clear(pool);
    return 0;
}
