/* Python's literals as JSON, against a list written by hand. */
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "ds_fmt_literal.h"
#include "tap.h"

static apr_pool_t *pool;

static void json_is(const char *text, const char *wanted)
{
    const char *json = ds_fmt_literal_to_json(text, pool);

    tap_ok(json && !strcmp(json, wanted), apr_psprintf(pool, "%.60s", text));
}

static void none_is(const char *text)
{
    tap_ok(!ds_fmt_literal_to_json(text, pool), apr_psprintf(pool, "refused: %.60s", text));
}

static void test_python(void)
{
    json_is("{}", "{}");
    json_is("{'userId': 'a@example.com', 'processStatus': '/Workflow/processStatus[Editing]'}",
            "{\"userId\": \"a@example.com\", \"processStatus\": "
            "\"/Workflow/processStatus[Editing]\"}");
    json_is("{'a': True, 'b': False, 'c': None}", "{\"a\": true, \"b\": false, \"c\": null}");
    json_is("{\"it's\": 'so \"called\"'}", "{\"it's\": \"so \\\"called\\\"\"}");
    json_is("'don\\'t'", "\"don't\"");
    json_is("{'a': {'b': [1, -2.5, 1e5]}, 'c': (1, 2,)}",
            "{\"a\": {\"b\": [1, -2.5, 1e5]}, \"c\": [1, 2]}");
    json_is("{u'a': u'b',}", "{\"a\": \"b\"}");
    json_is("'\\x41\\u00e9\\U0001f600'", "\"\\u0041\\u00e9\\ud83d\\ude00\"");
    json_is("'\\a\\v\\n\\t\\\\ \\d'", "\"\\u0007\\u000b\\n\\t\\\\ \\\\d\"");
    json_is("'tab\there'", "\"tab\\u0009here\"");
}

static void test_json(void)
{
    json_is("{\"a\": \"b\\\"c\", \"d\": true, \"e\": null, \"f\": [1, 2]}",
            "{\"a\": \"b\\\"c\", \"d\": true, \"e\": null, \"f\": [1, 2]}");
    json_is("\"\\u00e9\\/\"", "\"\\u00e9\\/\"");
}

static void test_wrong(void)
{
    none_is("'");
    none_is("{'a': 'b}");
    none_is("'\\");
    none_is("'\\x4'");
    none_is("'\\U00110000'");
    none_is("{a: 1}");
    none_is("{'a': Truth}");
    none_is("__import__('os')");
    none_is("u");
}

/* Any text: no byte behind the buffer, and an end. For memory checkers. */
static void test_longest(void)
{
    char text[300];

    memset(text, 1, sizeof(text) - 1);
    text[0] = text[sizeof(text) - 2] = '\'';
    text[sizeof(text) - 1] = '\0';
    tap_ok(strlen(ds_fmt_literal_to_json(text, pool)) == 2 + 6 * (sizeof(text) - 3),
           "a text of control characters takes six bytes for each");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_python();
    test_json();
    test_wrong();
    test_longest();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_end();
}
