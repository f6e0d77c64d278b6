/* The table of types: what is stored for a cell, and what is refused. */
#include <apr_general.h>
#include <apr_strings.h>

#include "ds_value.h"
#include "tap.h"

static apr_pool_t *pool;

typedef struct case_t {
    ds_value_type_e type;
    const char *cell;
    const char *stored; /* NULL: refused */
} case_t;

static const case_t cases[] = {
    {DS_TYPE_STRING, "12345", "12345"},
    {DS_TYPE_STRING, " a b ", " a b "},
    {DS_TYPE_STRING, "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9",
     "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9"},
    {DS_TYPE_STRING, "123456", NULL},
    {DS_TYPE_TEXT, " longer than any field ", " longer than any field "},

    {DS_TYPE_INTEGER, "0", "0"},
    {DS_TYPE_INTEGER, "+0012", "12"},
    {DS_TYPE_INTEGER, "-0012", "-12"},
    {DS_TYPE_INTEGER, "-000", "0"},
    {DS_TYPE_INTEGER, " \t7 ", "7"},
    {DS_TYPE_INTEGER, "9223372036854775807", "9223372036854775807"},
    {DS_TYPE_INTEGER, "-9223372036854775808", "-9223372036854775808"},
    {DS_TYPE_INTEGER, "0000000000000000000000009223372036854775807", "9223372036854775807"},
    {DS_TYPE_INTEGER, "9223372036854775808", NULL},
    {DS_TYPE_INTEGER, "-9223372036854775809", NULL},
    {DS_TYPE_INTEGER, "10000000000000000000", NULL},
    {DS_TYPE_INTEGER, "1.0", "1"},
    {DS_TYPE_INTEGER, "-9223372036854775808.000", "-9223372036854775808"},
    {DS_TYPE_INTEGER, "9223372036854775808.0", NULL},
    {DS_TYPE_INTEGER, "1.", NULL},
    {DS_TYPE_INTEGER, ".0", NULL},
    {DS_TYPE_INTEGER, "1.01", NULL},
    {DS_TYPE_INTEGER, "1.0x", NULL},
    {DS_TYPE_INTEGER, "1e3", NULL},
    {DS_TYPE_INTEGER, "1,000", NULL},
    {DS_TYPE_INTEGER, "0x10", NULL},
    {DS_TYPE_INTEGER, "--1", NULL},
    {DS_TYPE_INTEGER, "-", NULL},
    {DS_TYPE_INTEGER, "1 2", NULL},
    {DS_TYPE_INTEGER, "   ", NULL},

    {DS_TYPE_DECIMAL, "1", "1"},
    {DS_TYPE_DECIMAL, "+01.50", "1.5"},
    {DS_TYPE_DECIMAL, "-0.0", "0"},
    {DS_TYPE_DECIMAL, ".5", "0.5"},
    {DS_TYPE_DECIMAL, "-.5", "-0.5"},
    {DS_TYPE_DECIMAL, "5.", "5"},
    {DS_TYPE_DECIMAL, "00.000", "0"},
    {DS_TYPE_DECIMAL, "100", "100"},
    {DS_TYPE_DECIMAL, "123456789012345", "123456789012345"},
    {DS_TYPE_DECIMAL, "-12345678901.2345", "-12345678901.2345"},
    {DS_TYPE_DECIMAL, "0.000000000000000123456789012345", "0.000000000000000123456789012345"},
    {DS_TYPE_DECIMAL, "1.000000000000000000", "1"},
    {DS_TYPE_DECIMAL, "1234567890123456", NULL},
    {DS_TYPE_DECIMAL, "1.234567890123456", NULL},
    {DS_TYPE_DECIMAL, "0.0000000000000000000000000000001", NULL},
    {DS_TYPE_DECIMAL, "+1,5", NULL},
    {DS_TYPE_DECIMAL, "1.2.3", NULL},
    {DS_TYPE_DECIMAL, "1e5", NULL},
    {DS_TYPE_DECIMAL, ".", NULL},
    {DS_TYPE_DECIMAL, "-", NULL},
    {DS_TYPE_DECIMAL, "NaN", NULL},

    {DS_TYPE_BOOLEAN, "TRUE", "1"},
    {DS_TYPE_BOOLEAN, "false", "0"},
    {DS_TYPE_BOOLEAN, "Yes", "1"},
    {DS_TYPE_BOOLEAN, "no", "0"},
    {DS_TYPE_BOOLEAN, "1", "1"},
    {DS_TYPE_BOOLEAN, "0", "0"},
    {DS_TYPE_BOOLEAN, "on", "1"},
    {DS_TYPE_BOOLEAN, "OFF", "0"},
    {DS_TYPE_BOOLEAN, "t", "1"},
    {DS_TYPE_BOOLEAN, "F", "0"},
    {DS_TYPE_BOOLEAN, " y ", "1"},
    {DS_TYPE_BOOLEAN, "N", "0"},
    {DS_TYPE_BOOLEAN, "2", NULL},
    {DS_TYPE_BOOLEAN, "yess", NULL},
    {DS_TYPE_BOOLEAN, " ", NULL},

    {DS_TYPE_DATE, "2022-01-14", "2022-01-14"},
    {DS_TYPE_DATE, "01/14/2022", "2022-01-14"},
    {DS_TYPE_DATE, " 2024-02-29 ", "2024-02-29"},
    {DS_TYPE_DATE, "2023-02-29", NULL},
    {DS_TYPE_DATE, "14/01/2022", NULL},
    {DS_TYPE_DATE, "2022-1-4", NULL},
    {DS_TYPE_DATE, "0000-01-01", NULL},
    {DS_TYPE_DATE, "2022-01-14T00:00:00Z", NULL},
    {DS_TYPE_DATE, "20220114", NULL},

    {DS_TYPE_DATETIME, "2022-01-14T20:00:00Z", "2022-01-14T20:00:00Z"},
    {DS_TYPE_DATETIME, "2022-01-14 20:00", "2022-01-14T20:00:00Z"},
    {DS_TYPE_DATETIME, "2022-01-14t20:00:07z", "2022-01-14T20:00:07Z"},
    {DS_TYPE_DATETIME, "2022-01-14T20:00:00.5", "2022-01-14T20:00:00.500000Z"},
    {DS_TYPE_DATETIME, "2022-01-14T20:00:00,1234567", "2022-01-14T20:00:00.123456Z"},
    {DS_TYPE_DATETIME, "2022-01-14T20:00:00.000", "2022-01-14T20:00:00Z"},
    {DS_TYPE_DATETIME, "2022-01-14T20:00:00+02:30", "2022-01-14T17:30:00Z"},
    {DS_TYPE_DATETIME, "2022-01-14T20:00:00-0330", "2022-01-14T23:30:00Z"},
    {DS_TYPE_DATETIME, "2022-01-14T20:00:00-05", "2022-01-15T01:00:00Z"},
    {DS_TYPE_DATETIME, "2022-01-01T00:30:00+01:00", "2021-12-31T23:30:00Z"},
    {DS_TYPE_DATETIME, "2024-03-01T00:30:00+01:00", "2024-02-29T23:30:00Z"},
    {DS_TYPE_DATETIME, "2023-03-01T00:30:00+01:00", "2023-02-28T23:30:00Z"},
    {DS_TYPE_DATETIME, "2021-12-31T23:30:00-01:00", "2022-01-01T00:30:00Z"},
    {DS_TYPE_DATETIME, "2024-02-28T23:30:00-01:00", "2024-02-29T00:30:00Z"},
    {DS_TYPE_DATETIME, "2022-04-30T23:30:00-01:00", "2022-05-01T00:30:00Z"},
    {DS_TYPE_DATETIME, "0001-01-01T00:30:00+01:00", NULL},
    {DS_TYPE_DATETIME, "9999-12-31T23:30:00-01:00", NULL},
    {DS_TYPE_DATETIME, "2022-01-14", NULL},
    {DS_TYPE_DATETIME, "2022-01-14T24:00:00Z", NULL},
    {DS_TYPE_DATETIME, "2022-01-14T23:60:00Z", NULL},
    {DS_TYPE_DATETIME, "2022-01-14T23:00:60Z", NULL},
    {DS_TYPE_DATETIME, "2022-02-30T23:00:00Z", NULL},
    {DS_TYPE_DATETIME, "2022-01-14T20:00:00.", NULL},
    {DS_TYPE_DATETIME, "2022-01-14T20:00:00.1234567890", NULL},
    {DS_TYPE_DATETIME, "2022-01-14T20:00:00+2", NULL},
    {DS_TYPE_DATETIME, "2022-01-14T20:00:00+02:", NULL},
    {DS_TYPE_DATETIME, "2022-01-14T20:00:00+24:00", NULL},
    {DS_TYPE_DATETIME, "2022-01-14T20:00:00 UTC", NULL},
    {DS_TYPE_DATETIME, "2022-01-14T20:00:00ZZ", NULL},
    {DS_TYPE_DATETIME, "01/14/2022 20:00", NULL},

    {DS_TYPE_EMAIL, "ana@example.com", "ana@example.com"},
    {DS_TYPE_EMAIL, " Ana.B+c_d-e'f@Mail.Example.co ", "Ana.B+c_d-e'f@Mail.Example.co"},
    {DS_TYPE_EMAIL, "jos\xC3\xA9@ex\xC3\xA1mple.com", "jos\xC3\xA9@ex\xC3\xA1mple.com"},
    {DS_TYPE_EMAIL, "a@b", NULL},
    {DS_TYPE_EMAIL, "a@b@c.de", NULL},
    {DS_TYPE_EMAIL, "@c.de", NULL},
    {DS_TYPE_EMAIL, "a@", NULL},
    {DS_TYPE_EMAIL, "a b@c.de", NULL},
    {DS_TYPE_EMAIL, "a@c..de", NULL},
    {DS_TYPE_EMAIL, "a@c.de.", NULL},
    {DS_TYPE_EMAIL, "a@-c.de", NULL},
    {DS_TYPE_EMAIL, "a@c-.de", NULL},
    {DS_TYPE_EMAIL, "<a@c.de>", NULL},
    {DS_TYPE_EMAIL, "a@c.de,b@c.de", NULL},
    {DS_TYPE_EMAIL, "a@c.de\n", NULL},
    {DS_TYPE_EMAIL, "12345678901234567890123456789012345678901234567890123456789012345@c.de", NULL},

    {DS_TYPE_PHONE, "+49 (30) 123-456.7", "+49301234567"},
    {DS_TYPE_PHONE, "0049 30 1234567", "+49301234567"},
    {DS_TYPE_PHONE, "(+49) 301234567", "+49301234567"},
    {DS_TYPE_PHONE, "030 123456", "030123456"},
    {DS_TYPE_PHONE, "911", "911"},
    {DS_TYPE_PHONE, "+123456789012345", "+123456789012345"},
    {DS_TYPE_PHONE, "00123456789012345", "+123456789012345"},
    {DS_TYPE_PHONE, "1234567890123456", NULL},
    {DS_TYPE_PHONE, "+1234567890123456", NULL},
    {DS_TYPE_PHONE, "12345678901234567890", NULL},
    {DS_TYPE_PHONE, "12", NULL},
    {DS_TYPE_PHONE, "0012", NULL},
    {DS_TYPE_PHONE, "++49301234", NULL},
    {DS_TYPE_PHONE, "49+301234", NULL},
    {DS_TYPE_PHONE, "555-CALL", NULL},
    {DS_TYPE_PHONE, "+", NULL},

    {DS_TYPE_URL, "http://example.com", "http://example.com"},
    {DS_TYPE_URL, " HTTPS://user:pw@Ex-ample.com:8443/a?b=c#d ",
     "HTTPS://user:pw@Ex-ample.com:8443/a?b=c#d"},
    {DS_TYPE_URL, "http://localhost", "http://localhost"},
    {DS_TYPE_URL, "http://[::1]:80/", "http://[::1]:80/"},
    {DS_TYPE_URL, "http://127.0.0.1?x", "http://127.0.0.1?x"},
    {DS_TYPE_URL, "http://ex\xC3\xA1mple.com/\xC3\xA9", "http://ex\xC3\xA1mple.com/\xC3\xA9"},
    {DS_TYPE_URL, "http://", NULL},
    {DS_TYPE_URL, "http:///a", NULL},
    {DS_TYPE_URL, "http://user@/a", NULL},
    {DS_TYPE_URL, "http://:80/", NULL},
    {DS_TYPE_URL, "http://a:b/", NULL},
    {DS_TYPE_URL, "http://a:123456/", NULL},
    {DS_TYPE_URL, "http://a b/", NULL},
    {DS_TYPE_URL, "http://a/b c", NULL},
    {DS_TYPE_URL, "http://[::1/", NULL},
    {DS_TYPE_URL, "http://[]/", NULL},
    {DS_TYPE_URL, "http://a..b/", NULL},
    {DS_TYPE_URL, "ftp://example.com", NULL},
    {DS_TYPE_URL, "javascript:alert(1)", NULL},
    {DS_TYPE_URL, "example.com", NULL},
    {DS_TYPE_URL, "http://a/\"><script>", NULL},
};

static void cases_check(void)
{
    char normal[DS_VALUE_NORMAL_SIZE];
    apr_size_t i, chars, bad;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const case_t *c = &cases[i];
        const char *reason = NULL, *stored = "not UTF-8";
        apr_size_t length = strlen(c->cell);

        if (ds_value_utf8(&chars, &bad, c->cell, length)) {
            stored = ds_value_check(normal, &reason, c->type, 5, apr_pstrdup(pool, c->cell), length,
                                    chars);
        }
        tap_is_text(stored, c->stored,
                    apr_psprintf(pool, "%s: '%s' is %s", ds_value_type_name(c->type),
                                 strchr(c->cell, '\n') ? "a line end" : c->cell,
                                 c->stored ? "stored" : "refused"));
        if (stored == NULL && reason == NULL) {
            tap_ok(0, "a refused value has a reason");
        }
    }
}

static void long_values_check(void)
{
    char normal[DS_VALUE_NORMAL_SIZE], *digits = apr_palloc(pool, 100001), *url;
    const char *reason = NULL;

    memset(digits, '1', 100000);
    digits[100000] = '\0';
    tap_is_text(ds_value_check(normal, &reason, DS_TYPE_INTEGER, 0, digits, 100000, 100000), NULL,
                "a number of 100,000 digits is refused");
    url = apr_psprintf(pool, " http://example.com/%s ", digits);
    tap_is_text(ds_value_check(normal, &reason, DS_TYPE_URL, 0, url, strlen(url), strlen(url)),
                apr_psprintf(pool, "http://example.com/%s", digits),
                "a long address is stored whole");
}

static void utf8_check(void)
{
    static const struct {
        const char *name;
        const char *text;
        apr_size_t length;
        int chars; /* -1: not valid */
        int bad;
    } texts[] = {
        {"empty text", "", 0, 0, 0},
        {"ASCII", "abcdefghijklmnopq", 17, 17, 0},
        {"umlauts behind eight bytes", "abcdefgh\xC3\xA4", 10, 9, 0},
        {"an umlaut over eight bytes", "abcdefg\xC3\xA4xabcdefgh", 18, 17, 0},
        {"all lengths", "\xC2\x80\xE0\xA0\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", 16, 5,
         0},
        {"Latin-1", "abc\xE4xyz", 7, -1, 3},
        {"a character that is cut off", "abcdefgh\xE2\x82", 10, -1, 8},
        {"a stray continuation", "\x80", 1, -1, 0},
        {"an overlong slash", "a\xC0\xAF", 3, -1, 1},
        {"an overlong form of three", "\xE0\x9F\xBF", 3, -1, 0},
        {"an overlong form of four", "\xF0\x8F\xBF\xBF", 4, -1, 0},
        {"a surrogate", "\xED\xA0\x80", 3, -1, 0},
        {"above Unicode", "\xF4\x90\x80\x80", 4, -1, 0},
        {"a NUL among eight bytes", "abcd\0fgh", 8, -1, 4},
        {"a NUL at the end", "abcdefgh\0", 9, -1, 8},
    };
    apr_size_t i, chars, bad;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        int valid = ds_value_utf8(&chars, &bad, texts[i].text, texts[i].length);

        tap_is_number(valid ? (int)chars : -1, texts[i].chars,
                      apr_psprintf(pool, "UTF-8: %s", texts[i].name));
        if (!valid) {
            tap_is_number((int64_t)bad, texts[i].bad,
                          apr_psprintf(pool, "where: %s", texts[i].name));
        }
    }
}

static void names_check(void)
{
    ds_value_type_e type, found;
    int same = 0;

    for (type = DS_TYPE_STRING; type <= DS_TYPE_URL; type++) {
        same += ds_value_type_find(&found, ds_value_type_name(type)) && found == type;
    }
    tap_is_number(same, DS_TYPE_URL + 1, "each type is found by its name");
    tap_ok(ds_value_type_find(&found, "DateTime") && found == DS_TYPE_DATETIME, "in any case");
    tap_ok(!ds_value_type_find(&found, "int"), "a type that is none is not found");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    cases_check();
    long_values_check();
    utf8_check();
    names_check();
    apr_terminate();
    return tap_end();
}
