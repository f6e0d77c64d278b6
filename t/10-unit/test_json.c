/* The JSON writer, read back by jansson. */
#include <jansson.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "ds_fmt_doc.h"
#include "tap.h"

static apr_pool_t *pool;

static const char *doc_text(ds_fmt_doc_t *doc)
{
    apr_size_t size;
    const char *text = ds_fmt_doc_result(&size, doc);

    return strlen(text) == size ? text : "the size is wrong";
}

static void shape_check(void)
{
    ds_fmt_doc_t *doc = ds_fmt_doc_make(DS_DOC_JSON, pool);

    ds_fmt_doc_map_begin(doc);
    ds_fmt_doc_key(doc, "name");
    ds_fmt_doc_text(doc, "Cars");
    ds_fmt_doc_key(doc, "latest-launch");
    ds_fmt_doc_map_begin(doc);
    ds_fmt_doc_key(doc, "id");
    ds_fmt_doc_integer(doc, APR_INT64_MIN);
    ds_fmt_doc_key(doc, "status-message");
    ds_fmt_doc_text(doc, NULL);
    ds_fmt_doc_map_end(doc);
    ds_fmt_doc_key(doc, "all");
    ds_fmt_doc_array_begin(doc);
    ds_fmt_doc_boolean(doc, 1);
    ds_fmt_doc_map_begin(doc);
    ds_fmt_doc_map_end(doc);
    ds_fmt_doc_array_begin(doc);
    ds_fmt_doc_array_end(doc);
    ds_fmt_doc_boolean(doc, 0);
    ds_fmt_doc_array_end(doc);
    ds_fmt_doc_map_end(doc);
    tap_is_text(doc_text(doc),
                "{\"name\":\"Cars\",\"latest-launch\":{\"id\":-9223372036854775808,"
                "\"status-message\":null},\"all\":[true,{},[],false]}",
                "clients see the same bytes as ever");
}

/* Write [text] and read it back. NULL when jansson does not take it. */
static const char *read_back(const char *text)
{
    ds_fmt_doc_t *doc = ds_fmt_doc_make(DS_DOC_JSON, pool);
    const char *result = NULL;
    json_t *json;

    ds_fmt_doc_array_begin(doc);
    ds_fmt_doc_text(doc, text);
    ds_fmt_doc_array_end(doc);
    json = json_loads(doc_text(doc), 0, NULL);
    if (json != NULL) {
        result = apr_pstrdup(pool, json_string_value(json_array_get(json, 0)));
        json_decref(json);
    }
    return result;
}

static void bytes_check(void)
{
    char text[4] = "a?b";
    int byte, good = 0;

    for (byte = 1; byte < 256; byte++) {
        const char *got;

        text[1] = (char)byte;
        got = read_back(text);
        good += got != NULL && strcmp(got, byte < 128 ? text
                                                      : "a\xEF\xBF\xBD"
                                                        "b") == 0;
    }
    tap_is_number(good, 255, "no byte in a name can break a client's parser");
}

static void utf8_check(void)
{
    static const char *const texts[][3] = {
        {"whole characters stay", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x9A\x97",
         "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x9A\x97"},
        {"a cut-off character is replaced", "\xE2\x82", "\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"overlong forms are replaced", "\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"surrogates are replaced", "\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"what is above Unicode is replaced", "\xF4\x90\x80\x80",
         "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"}};
    apr_size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        tap_is_text(read_back(texts[i][1]), texts[i][2], texts[i][0]);
    }
}

static void long_text_check(void)
{
    char *text = apr_palloc(pool, 100001);

    memset(text, '"', 100000);
    text[100000] = '\0';
    tap_is_text(read_back(text), text, "long messages arrive whole");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    shape_check();
    bytes_check();
    utf8_check();
    long_text_check();
    apr_terminate();
    return tap_end();
}
