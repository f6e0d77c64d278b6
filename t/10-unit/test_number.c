/* Numbers of JSON: a price or an id that is rounded on its way into a field is a wrong one, and
 * nobody sees it. */
#include <stdio.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "ds_fmt_number.h"
#include "ds_json.h"
#include "tap.h"

static apr_pool_t *pool;

static json_t *json_of(const char *text)
{
    return ds_json_load(text, strlen(text), JSON_DECODE_ANY, NULL, pool);
}

static void text_is(const char *json, const char *wanted)
{
    json_t *value = json_of(json);
    const char *text = ds_json_text(value, pool);

    tap_is_text(text ? text : "(none)", wanted, apr_psprintf(pool, "%.60s as a cell", json));
    json_decref(value);
}

static void test_texts(void)
{
    text_is("12", "12");
    text_is("-9223372036854775808", "-9223372036854775808");
    text_is("18446744073709551616", "18446744073709551616");
    text_is("1.10", "1.10");
    text_is("0.30000000000000004", "0.30000000000000004");
    text_is("-1234567890123456789.123456789", "-1234567890123456789.123456789");
    text_is("1.5E-7", "0.00000015");
    text_is("-2.5e-10", "-0.00000000025");
    text_is("1.25e1", "12.5");
    text_is("120e-1", "12.0");
    text_is("12.34e+4", "123400");
    text_is("0e5", "0");
    text_is("0.5e1", "5");
    text_is("1e400", "1e400");
    text_is("1e-99999999999999999999", "1e-99999999999999999999");
    text_is("\"1.10\"", "1.10");
    text_is("\"\"", "");
    text_is("true", "true");
    text_is("null", "(none)");
    text_is("[1.5]", "(none)");
}

static void print_is(const char *json, const char *wanted)
{
    json_t *value = json_of(json);

    tap_is_text(ds_json_print(value, pool), wanted, apr_psprintf(pool, "%.60s printed", json));
    json_decref(value);
}

static void test_prints(void)
{
    static const char odd[] = "{\"a\\\"\\\\u0000\":[1.10,{\"b\":-0.0,\"c\":\"\\\"\\\\u00001.5\"}],"
                              "\"1.50\":\"2.50\",\"e\":[1e3,12345678901234567890]}";

    print_is("[1.10, 2, \"1.10\", 1E5]", "[1.10,2,\"1.10\",1E5]");
    print_is("1.10", "1.10");
    print_is(odd, odd);
    print_is("{\"a\": \"\\u0001\", \"b\": 1.0}", "{\"a\":\"\\u0001\",\"b\":1.0}");
}

static void none_is(const char *json)
{
    json_t *value = json_of(json);

    tap_ok(!value, apr_psprintf(pool, "%.60s is no JSON", json));
    json_decref(value);
}

/* A text of a stranger is never taken for a number, nor a broken number for a text. */
static void test_harm(void)
{
    json_t *value = json_of("[\"\\\\u00001.5\", 1.5]");

    tap_is_text(ds_json_text(json_array_get(value, 0), pool), "\\u00001.5", "a text stays one");
    json_decref(value);
    none_is("\"\\u00001.5\"");
    none_is("[1.5, \"\\u00001.5\"]");
    none_is("{\"\\u0000a\": 1.5}");
    none_is("[1.5, 01.5]");
    none_is("[1.5, 1.]");
    none_is("[1.5, .5]");
    none_is("[1.5, 1e]");
    none_is("[1.5, +1]");
    none_is("[1.5, 1-1]");
    none_is("[1.5, -]");
    none_is("[1.5, \"");
    none_is("[1.5, \"\\");
    none_is("1.5 2.5");
}

static void test_equal(void)
{
    json_t *value = json_of("[0.0, 10, 9007199254740993.0, \"0\"]");

    tap_ok(ds_fmt_number_equal("1.50", "15e-1", pool), "the same number, spelled otherwise");
    tap_ok(ds_fmt_number_equal("-0.0", "0", pool), "a zero has no sign");
    tap_ok(!ds_fmt_number_equal("9007199254740992", "9007199254740993", pool), "all digits count");
    tap_ok(!ds_fmt_number_equal("x", "x", pool), "a text is no number");
    tap_ok(ds_json_number_is(json_array_get(value, 0), "0", pool), "0.0 is 0");
    tap_ok(ds_json_number_is(json_array_get(value, 1), "1e1", pool), "10 is 1e1");
    tap_ok(!ds_json_number_is(json_array_get(value, 2), "9007199254740992", pool),
           "a number is not the one beside it");
    tap_ok(!ds_json_number_is(json_array_get(value, 3), "0", pool), "a text is not asked");
    json_decref(value);
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_texts();
    test_prints();
    test_harm();
    test_equal();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_end();
}
