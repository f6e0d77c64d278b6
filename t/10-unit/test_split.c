/* The splitter of JSON texts, case by case and against jansson. Each text is read in one piece, in
 * two pieces divided at every byte, and byte by byte: what is read must never depend on where the
 * network cut the text. Pieces are as large as their bytes, so that a checker sees the first byte
 * too much. */
#include <stdlib.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <jansson.h>

#include "ds_fmt_split.h"
#include "tap.h"

#define RANDOM_TEXTS 3000

static const ds_fmt_split_limits_t wide = {1000, 1000, 20};
static apr_pool_t *pool;

/* A piece of its own. */
static char *piece_make(const char *data, apr_size_t size)
{
    char *piece = malloc(size > 0 ? size : 1);

    memcpy(piece, data, size);
    return piece;
}

static const char *end_show(ds_fmt_split_t *split, ds_fmt_split_next_e next)
{
    const ds_fmt_split_fault_t *fault = ds_fmt_split_fault(split);
    apr_size_t size;
    const char *rest;

    if (next == DS_SPLIT_FAULT) {
        return apr_psprintf(pool, " %s, byte %" APR_INT64_T_FMT ", line %" APR_INT64_T_FMT,
                            fault->text, fault->offset, fault->line);
    }
    rest = ds_fmt_split_rest(&size, split);
    return apr_pstrcat(pool, ds_fmt_split_is_found(split) ? " " : " none ",
                       strlen(rest) == size ? rest : "no NUL", NULL);
}

/* What a reader makes of a text from `at` on: each element in <>, with its place where `places` is
 * true, then the rest or the fault. The first piece has `first` bytes, the others `step`. */
static const char *text_split(ds_fmt_split_t *split, const char *text, apr_size_t size,
                              apr_size_t at, apr_size_t first, apr_size_t step, int places)
{
    ds_fmt_split_element_t element;
    ds_fmt_split_next_e next;
    const char *shown = "";
    char *piece = NULL;

    while ((next = ds_fmt_split_next(&element, split)) <= DS_SPLIT_MORE) {
        if (next == DS_SPLIT_ELEMENT) {
            shown = apr_pstrcat(pool, shown, "<",
                                apr_pstrmemdup(pool, element.text, element.length), NULL);
            if (places) {
                shown = apr_psprintf(pool, "%s@%" APR_INT64_T_FMT ":%" APR_INT64_T_FMT, shown,
                                     element.offset, element.line);
            }
            shown = apr_pstrcat(pool, shown, ">", NULL);
            continue;
        }
        free(piece);
        piece = NULL;
        if (at == size) {
            ds_fmt_split_end(split);
            continue;
        }
        first = first < size - at ? first : size - at;
        piece = piece_make(text + at, first);
        ds_fmt_split_feed(split, piece, first);
        at += first;
        first = step;
    }
    shown = apr_pstrcat(pool, shown, end_show(split, next), NULL);
    free(piece);
    return shown;
}

/* path: names and #indexes with / between. */
static ds_fmt_split_t *reader_make(const char *path, const ds_fmt_split_limits_t *limits)
{
    ds_fmt_jsonpath_step_t *steps = apr_pcalloc(pool, sizeof(*steps) * 8);
    char *last, *name = apr_strtok(apr_pstrdup(pool, path), "/", &last);
    int count = 0;

    for (; name != NULL; name = apr_strtok(NULL, "/", &last), count++) {
        if (*name == '#') {
            steps[count] = (ds_fmt_jsonpath_step_t){.kind = DS_JSONPATH_INDEX,
                                                    .index = (apr_size_t)apr_atoi64(name + 1)};
        }
        else {
            steps[count].name = name;
        }
    }
    return ds_fmt_split_make(steps, count, limits, pool);
}

/* However it is divided. */
static void limited_is(const char *path, const char *text, const char *wanted,
                       const ds_fmt_split_limits_t *limits, const char *name)
{
    apr_size_t size = strlen(text), first;
    const char *got = text_split(reader_make(path, limits), text, size, 0, size, size, 1);

    for (first = 1; first < size && !strcmp(got, wanted); first++) {
        got = text_split(reader_make(path, limits), text, size, 0, first, size, 1);
    }
    if (!strcmp(got, wanted)) {
        got = text_split(reader_make(path, limits), text, size, 0, 1, 1, 1);
    }
    tap_is_text(got, wanted, name);
}

static void split_is(const char *path, const char *text, const char *wanted, const char *name)
{
    limited_is(path, text, wanted, &wide, name);
}

static void test_roots(void)
{
    split_is("", "[1, {\"a\": [2]},\n\"x\", null]",
             "<1@1:1><{\"a\": [2]}@4:1><\"x\"@16:2><null@21:2> []", "the elements of an array");
    split_is("", " [ ] ", " []", "no elements");
    split_is("", "\xEF\xBB\xBF[1]", "<1@4:1> []", "a byte order mark");
    split_is("", "{\"a\": 1}", "<{\"a\": 1}@0:1> ", "a single object");
    split_is("", "{\"a\":1}\n{\"b\":2}\r\n\n{\"c\":3}",
             "<{\"a\":1}@0:1><{\"b\":2}@8:2><{\"c\":3}@18:4> ", "lines of objects");
    split_is("", "{}{}1 2\"a\"\"b\"true",
             "<{}@0:1><{}@2:1><1@4:1><2@6:1><\"a\"@7:1><\"b\"@10:1><true@13:1> ",
             "values without spaces between");
    split_is("", "{} [1, 2]", "<{}@0:1><[1, 2]@3:1> ",
             "an array later in a stream is one of its values");
    split_is("", "-12.5e+3", "<-12.5e+3@0:1> ", "a number alone");
    split_is("", "", " none ", "nothing at all");
    split_is("", " \n ", " none ", "nothing but spaces");
    split_is("", "\xEF\xBB\xBF", " none ", "nothing but a byte order mark");
    split_is("", "[\"a]\", \"\\\"]\", \"\\\\\", \"\\\\\\\"\"]",
             "<\"a]\"@1:1><\"\\\"]\"@7:1><\"\\\\\"@14:1><\"\\\\\\\"\"@20:1> []",
             "brackets and quotes in texts");
    split_is("", "[[[]], {\"}\": {\"a\": \"[\"}}]", "<[[]]@1:1><{\"}\": {\"a\": \"[\"}}@7:1> []",
             "elements with brackets");
}

static void test_paths(void)
{
    split_is("data", "{\"a\": 1, \"data\": [1, 2], \"next\": \"t\"}",
             "<1@18:1><2@21:1> {\"a\": 1, \"data\": [], \"next\": \"t\"}",
             "a member, and what stands beside it");
    split_is("a/b", "{\"a\": {\"x\": [9], \"b\": [ 1 ], \"c\": {}}, \"b\": [3]}",
             "<1@24:1> {\"a\": {\"x\": [9], \"b\": [], \"c\": {}}, \"b\": [3]}",
             "a member of a member");
    split_is("a/b/c", "{\"a\":{\"b\":{\"c\":[{}]}}}", "<{}@16:1> {\"a\":{\"b\":{\"c\":[]}}}",
             "three names");
    split_is("data", "{\"x\": {\"data\": [1]}, \"data\": []}",
             " {\"x\": {\"data\": [1]}, \"data\": []}", "the same name elsewhere is not meant");
    split_is("a/b", "{\"b\": [1], \"a\": {\"b\": [2]}}",
             "<2@23:1> {\"b\": [1], \"a\": {\"b\": []}}", "nor is the last name alone");
    split_is("data", "{\"data\": null}", " none {\"data\": null}", "no array but null");
    split_is("data", "{\"data\": {\"data\": [1]}}", " none {\"data\": {\"data\": [1]}}",
             "no array but an object");
    split_is("a/b", "{\"a\": [{\"b\": [1]}]}", " none {\"a\": [{\"b\": [1]}]}",
             "no object but an array");
    split_is("data", "[1, 2]", " none [1, 2]", "the root is no object");
    split_is("data", "12", " none 12", "the root is a number");
    split_is("data", "\"data\" ", " none \"data\"", "the root is a text");
    split_is("data", "{}", " none {}", "an empty object");
    split_is("data", "{\"data\": [1], \"data\": [2]}", "<1@10:1> {\"data\": [], \"data\": [2]}",
             "of two members the first one counts");
    split_is("data", "{\"data\": 0, \"data\": [2]}", " none {\"data\": 0, \"data\": [2]}",
             "also when it is no array");
    split_is("a/b", "{\"a\": {\"b\": [1]}, \"a\": {\"b\": [2]}}",
             "<1@13:1> {\"a\": {\"b\": []}, \"a\": {\"b\": [2]}}", "and so on the way to it");
    split_is("a/b", "{\"a\": {}, \"a\": {\"b\": [2]}}", " none {\"a\": {}, \"a\": {\"b\": [2]}}",
             "even if it leads nowhere");
    split_is("data", "\xEF\xBB\xBF {\"data\" :\n[1] }", "<1@15:2> {\"data\" :\n[] }",
             "spaces around a name");
    split_is("", "[{\"a\": 1}]", "<{\"a\": 1}@1:1> []", "no path");
}

static void test_indexes(void)
{
    split_is("a/#1/b", "{\"a\": [{\"b\": [1]}, {\"x\": 0, \"b\": [2, 3]}, {\"b\": [4]}], \"c\": 5}",
             "<2@34:1><3@37:1> {\"a\": [{\"b\": [1]}, {\"x\": 0, \"b\": []}, {\"b\": [4]}], "
             "\"c\": 5}",
             "an array in a place of another one");
    split_is("#0/a", "[{\"a\": [1]}, {\"a\": [2]}]", "<1@8:1> [{\"a\": []}, {\"a\": [2]}]",
             "the root may be one");
    split_is("#1/#0", "[[[1]], [[2], [3]], 4]", "<2@10:1> [[[1]], [[], [3]], 4]",
             "arrays in arrays");
    split_is("a/#2", "{\"a\": [[1], [2]]}", " none {\"a\": [[1], [2]]}", "too few places");
    split_is("a/#0", "{\"a\": [ ], \"b\": 1}", " none {\"a\": [ ], \"b\": 1}", "no place");
    split_is("a/#0/b", "{\"a\": {\"b\": [1]}}", " none {\"a\": {\"b\": [1]}}",
             "no array but an object");
    split_is("#0", "{\"a\": [1]}", " none {\"a\": [1]}", "nor at the root");
    split_is("#0/b", "[[1], {\"b\": [1]}]", " none [[1], {\"b\": [1]}]",
             "another kind of value in the place");
    split_is("a/#0", "{\"a\": [[1] [2]]}", "<1@8:1> a comma or ] is missing, byte 11, line 1",
             "no comma");
    split_is("a/#0", "{\"a\": [[1],]}", "<1@8:1> a value is missing, byte 11, line 1",
             "a comma too much");
    split_is("a/#0", "{\"a\": [[1]}", "<1@8:1> a comma or ] is missing, byte 10, line 1",
             "a wrong end");
    split_is("a/#1", "{\"a\": [[1]", " the text ends too early, byte 10, line 1", "no end");
}

static void test_names(void)
{
    split_is("d\xC3\xA9", "{\"d\\u00e9\": [1]}", "<1@13:1> {\"d\\u00e9\": []}",
             "a name with an escape");
    split_is("d\xC3\xA9", "{\"d\\u00E9x\": [1]}", " none {\"d\\u00E9x\": [1]}",
             "one that is longer");
    split_is("a\tb\"c", "{\"a\\tb\\\"c\": [1]}", "<1@13:1> {\"a\\tb\\\"c\": []}", "short escapes");
    split_is("\xF0\x9F\x9A\x97", "{\"\\ud83d\\ude97\": [1]}", "<1@18:1> {\"\\ud83d\\ude97\": []}",
             "an escaped pair");
    split_is("a", "{\"\\ud83d\": [1], \"a\\u0000\": [2]}",
             " none {\"\\ud83d\": [1], \"a\\u0000\": [2]}",
             "half of a pair and a NUL are other names");
    split_is("data", "{\"Data\": [1], \"dat\": [2], \"data2\": [3]}",
             " none {\"Data\": [1], \"dat\": [2], \"data2\": [3]}",
             "names that are nearly the same");
}

static void test_broken(void)
{
    split_is("", "[1", " the text ends too early, byte 2, line 1", "an element that may go on");
    split_is("", "[1,\n", "<1@1:1> the text ends too early, byte 4, line 2",
             "an array that is not closed");
    split_is("", "[\"a", " the text ends too early, byte 3, line 1", "a text that is not closed");
    split_is("", "{\"a\": {}", " the text ends too early, byte 8, line 1",
             "an object that is not closed");
    split_is("", "\xEF\xBB", " the text ends too early, byte 2, line 1", "half a byte order mark");
    split_is("a", "{\"a\": [1]", "<1@7:1> the text ends too early, byte 9, line 1",
             "a text that ends behind its array");
    split_is("a", "{\"a\"", " the text ends too early, byte 4, line 1", "one that ends before it");
    split_is("", "[1 2]", "<1@1:1> a comma or ] is missing, byte 3, line 1", "no comma");
    split_is("", "[1,]", "<1@1:1> a value is missing, byte 3, line 1", "a comma too much");
    split_is("", "[,1]", " a value is missing, byte 1, line 1", "one at the beginning");
    split_is("", "{},\n{}", "<{}@0:1> a value is missing, byte 2, line 1", "commas in a stream");
    split_is("", "[1]\n[2]", "<1@1:1> there is more behind the end, byte 4, line 2", "two arrays");
    split_is("", "[{\"a\": [1}]",
             " this bracket does not close the one that is open, byte 9, line 1",
             "brackets that do not fit");
    split_is("", "[1}", "<1@1:1> a comma or ] is missing, byte 2, line 1", "nor at the end");
    split_is("", "\xEF\xBBx", " a value is missing, byte 2, line 1", "a broken byte order mark");
    split_is("", "\xFF[1]", " a value is missing, byte 0, line 1", "a byte that is nothing");
    split_is("a", "{a: [1]}", " a name is missing, byte 1, line 1", "a name without quotes");
    split_is("a", "{\"b\": 1,}", " a name is missing, byte 8, line 1",
             "a comma behind the last member");
    split_is("a", "{\"a\" [1]}", " a colon is missing, byte 5, line 1", "no colon");
    split_is("a", "{\"a\": [1] \"b\": 2}", "<1@7:1> a comma or } is missing, byte 10, line 1",
             "no comma behind a member");
    split_is("a", "{\"a\": }", " a value is missing, byte 6, line 1", "no value");
    split_is("a", "{\"b\": 1]", " a comma or } is missing, byte 7, line 1",
             "a wrong end of the object");
    split_is("a", "{\"a\": [1]} x", "<1@7:1> there is more behind the end, byte 11, line 1",
             "text behind the end");
}

static void test_limits(void)
{
    static const ds_fmt_split_limits_t narrow = {6, 12, 3};

    limited_is("", "[123456, \"1234\"]", "<123456@1:1><\"1234\"@9:1> []", &narrow,
               "elements as long as they may be");
    limited_is("", "[1,\n1234567]", "<1@1:1> the element is longer than the limit, byte 4, line 2",
               &narrow, "one that is longer");
    limited_is("", "\"123456", " the element is longer than the limit, byte 0, line 1", &narrow,
               "one that has no end");
    limited_is("a", "{\"a\":[12]    } ", "<12@6:1> {\"a\":[]    }", &narrow, "a rest as long");
    limited_is(
        "a", "{\"a\":[123],\"b\":123}",
        "<123@6:1> what stands around the elements is longer than the limit, byte 15, line 0",
        &narrow, "one that is longer");
    limited_is("a", "{\"123456789012\": x",
               " what stands around the elements is longer than the limit, byte 12, line 0",
               &narrow, "also before the array");
    limited_is("", "[[[[]]], {}]", "<[[[]]]@1:1><{}@9:1> []", &narrow,
               "brackets as deep as they may be");
    limited_is("", "[[[[{}]]]]", " too many brackets stand inside each other, byte 4, line 1",
               &narrow, "deeper");
}

/* Going on at each place that a checkpoint may keep gives what is left. */
static void seek_is(const char *text, const char *name)
{
    ds_fmt_split_t *split = reader_make("", &wide), *other;
    apr_size_t size = strlen(text);
    ds_fmt_split_element_t element;
    const char *shown, *got, *all;
    int good = 1, count = 0;

    all = text_split(reader_make("", &wide), text, size, 0, size, size, 0);
    shown = strchr(all, '<');
    ds_fmt_split_feed(split, text, size);
    while (good && ds_fmt_split_next(&element, split) == DS_SPLIT_ELEMENT) {
        apr_int64_t offset = ds_fmt_split_offset(split);

        shown += element.length + 2;
        count++;
        other = reader_make("", &wide);
        text_split(other, text, size, 0, 1, 1, 0);
        ds_fmt_split_seek(other, offset, ds_fmt_split_line(split));
        got = text_split(other, text, size, (apr_size_t)offset, 2, 3, 0);
        good = !strncmp(got, shown, (apr_size_t)(strrchr(shown, ' ') - shown));
        ds_fmt_split_seek(other, 0, 1);
        good = good && !strcmp(text_split(other, text, size, 0, 1, 7, 0), all);
    }
    tap_ok(good && count == 4, name);
}

/* --- against jansson --- */

static apr_uint32_t random_seed = 4711;

static int random_below(int n)
{
    random_seed = random_seed * 1103515245 + 12345;
    return (int)((random_seed >> 16) % (apr_uint32_t)n);
}

static json_t *value_make(int depth)
{
    static const char *const texts[] = {"",     "a\"b", "\\",   "]}", "d\xC3\xA9",
                                        "\n\t", "data", "\\\"", "{["};
    json_t *value;
    int count = random_below(4), i;

    switch (random_below(depth > 0 ? 8 : 6)) {
    case 0: return json_null();
    case 1: return json_boolean(random_below(2));
    case 2: return json_integer(random_below(2000) - 1000);
    case 3: return json_real(random_below(2000) / 8.0);
    case 6:
        value = json_array();
        for (i = 0; i < count; i++) {
            json_array_append_new(value, value_make(depth - 1));
        }
        return value;
    case 7:
        value = json_object();
        for (i = 0; i < count; i++) {
            json_object_set_new(value, texts[random_below(9)], value_make(depth - 1));
        }
        return value;
    default: return json_string(texts[random_below(9)]);
    }
}

/* An object with an array at data/items, perhaps, and other members. */
static json_t *text_make(json_t **items)
{
    json_t *root = json_object(), *data = json_object();
    int i;

    *items = json_array();
    for (i = random_below(6); i > 0; i--) {
        json_array_append_new(*items, value_make(3));
    }
    json_object_set_new(data, "before", value_make(2));
    json_object_set(data, "items", *items);
    json_object_set_new(data, "behind", value_make(2));
    json_object_set_new(root, "first", value_make(2));
    json_object_set_new(root, "data", data);
    json_object_set_new(root, "last", value_make(2));
    return root;
}

static int element_equals(const json_t *items, size_t i, const ds_fmt_split_element_t *element)
{
    json_t *value = json_loadb(element->text, element->length, JSON_DECODE_ANY, NULL);
    int same = value != NULL && json_equal(value, json_array_get(items, i));

    json_decref(value);
    return same;
}

/* All elements are those of jansson, and so is the rest but for the array. */
static int parsed_equals(json_t *root, const json_t *items, const char *text)
{
    static const ds_fmt_split_limits_t limits = {100000, 100000, 20};
    ds_fmt_split_t *split = reader_make("data/items", &limits);
    apr_size_t size = strlen(text), at = 0, taken;
    ds_fmt_split_element_t element;
    ds_fmt_split_next_e next;
    size_t count = 0;
    json_t *rest;
    int good = 1;

    while (good && (next = ds_fmt_split_next(&element, split)) <= DS_SPLIT_MORE) {
        taken = 1 + (apr_size_t)random_below(30);
        taken = taken < size - at ? taken : size - at;
        if (next == DS_SPLIT_ELEMENT) {
            good = element_equals(items, count++, &element);
        }
        else if (taken > 0) {
            ds_fmt_split_feed(split, text + at, taken);
            at += taken;
        }
        else {
            ds_fmt_split_end(split);
        }
    }
    rest = json_loads(ds_fmt_split_rest(&taken, split), 0, NULL);
    json_object_set_new(json_object_get(root, "data"), "items", json_array());
    good =
        good && next == DS_SPLIT_END && count == json_array_size(items) && json_equal(rest, root);
    json_decref(rest);
    return good;
}

static void test_jansson(void)
{
    static const size_t flags[] = {0, JSON_COMPACT, JSON_INDENT(2),
                                   JSON_ENSURE_ASCII | JSON_SORT_KEYS};
    json_t *root, *items;
    int good = 1, i;

    for (i = 0; i < RANDOM_TEXTS && good; i++) {
        char *text;

        root = text_make(&items);
        text = json_dumps(root, flags[i % 4]);
        good = parsed_equals(root, items, text);
        if (!good) {
            printf("# %s\n", text);
        }
        free(text);
        json_decref(items);
        json_decref(root);
        apr_pool_clear(pool);
    }
    tap_ok(good && i == RANDOM_TEXTS,
           "random texts have the elements and the rest that jansson reads");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_roots();
    test_paths();
    test_indexes();
    test_names();
    test_broken();
    test_limits();
    seek_is("[{\"a\": 1},\n2, [3], \"4\"]\n", "going on in an array");
    seek_is("{\"a\": 1}\n2 [3]\n\"4\"\n", "going on in a stream");
    test_jansson();
    apr_pool_destroy(pool);
    apr_terminate();
    return tap_end();
}
