/* The splitter of JSON texts on any bytes. The first byte chooses the path and the limits, the
 * second the pieces.
 *
 * What must hold: the pieces make no difference; elements are bytes of the text, in their order and
 * within the limits; going on at a checkpoint gives what is left; what jansson reads has the
 * elements that jansson finds, and a text that is read to its end, of good elements and a good
 * rest, is read by jansson. */
#include <string.h>

#include <apr_general.h>
#include <jansson.h>

#include "ds_fmt_split.h"
#include "fuzz.h"

static const ds_fmt_jsonpath_step_t ways[][2] = {
    {{DS_JSONPATH_NAME, "a", 0}, {DS_JSONPATH_NAME, "b", 0}},
    {{DS_JSONPATH_NAME, "a", 0}, {DS_JSONPATH_INDEX, NULL, 1}},
    {{DS_JSONPATH_INDEX, NULL, 1}, {DS_JSONPATH_NAME, "b", 0}}};
static const ds_fmt_split_limits_t wide = {1 << 24, 1 << 24, 3000}, narrow = {8, 16, 3};

typedef struct input_t {
    const char *data;
    size_t size;
    const ds_fmt_jsonpath_step_t *path;
    int path_count;
    const ds_fmt_split_limits_t *limits;
} input_t;

/* What reading gave. */
typedef struct outcome_t {
    fuzz_text_t log;  /* everything, to be compared */
    json_t *elements; /* NULL: one of them is no JSON */
    size_t count;
    ds_fmt_split_next_e next;
    json_t *rest;               /* NULL: none, or it is no JSON */
    size_t middle, middle_line; /* the checkpoint behind an element in the middle; 0: none */
    size_t middle_log;          /* and the log by then */
} outcome_t;

static void number_add(fuzz_text_t *log, int64_t number)
{
    fuzz_text_add(log, &number, sizeof(number));
}

static void element_take(outcome_t *outcome, const input_t *input, const ds_fmt_split_t *split,
                         const ds_fmt_split_element_t *element)
{
    json_t *value;

    MUST(element->length > 0 && element->length <= input->limits->element);
    MUST(element->offset >= 0 && (size_t)element->offset + element->length <= input->size);
    MUST(memcmp(element->text, input->data + element->offset, element->length) == 0);
    MUST(ds_fmt_split_offset(split) == element->offset + (int64_t)element->length);
    number_add(&outcome->log, element->offset);
    number_add(&outcome->log, element->line);
    number_add(&outcome->log, (int64_t)element->length);
    outcome->count++;
    if (outcome->middle == 0 && (size_t)element->offset >= input->size / 2) {
        outcome->middle = (size_t)ds_fmt_split_offset(split);
        outcome->middle_line = (size_t)ds_fmt_split_line(split);
        outcome->middle_log = outcome->log.size;
    }
    value =
        json_loadb(element->text, element->length, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    if (outcome->elements != NULL && value != NULL) {
        json_array_append_new(outcome->elements, value);
        return;
    }
    json_decref(value);
    json_decref(outcome->elements);
    outcome->elements = NULL;
}

static void end_take(outcome_t *outcome, const input_t *input, ds_fmt_split_t *split)
{
    const ds_fmt_split_fault_t *fault = ds_fmt_split_fault(split);
    apr_size_t size;
    const char *rest;

    number_add(&outcome->log, outcome->next);
    number_add(&outcome->log, ds_fmt_split_is_found(split));
    if (outcome->next == DS_SPLIT_FAULT) {
        MUST(fault->kind != DS_SPLIT_GOOD && fault->text != NULL);
        MUST(fault->offset >= 0 && (size_t)fault->offset <= input->size);
        number_add(&outcome->log, fault->kind);
        number_add(&outcome->log, fault->offset);
        number_add(&outcome->log, fault->line);
        return;
    }
    rest = ds_fmt_split_rest(&size, split);
    MUST(size <= input->limits->rest && rest[size] == '\0');
    fuzz_text_add(&outcome->log, rest, size);
    outcome->rest = json_loadb(rest, size, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
}

/* Read from `at` on, in pieces: `first` bytes, then as picked, or all when seed is 0. Each is a
 * piece of memory of its own, so that a sanitizer sees what stands beside it. */
static void input_read(outcome_t *outcome, ds_fmt_split_t *split, const input_t *input, size_t at,
                       size_t first, uint32_t seed)
{
    ds_fmt_split_element_t element;
    char *piece = NULL;

    while ((outcome->next = ds_fmt_split_next(&element, split)) <= DS_SPLIT_MORE) {
        if (outcome->next == DS_SPLIT_ELEMENT) {
            element_take(outcome, input, split, &element);
            continue;
        }
        free(piece);
        piece = NULL;
        if (at == input->size) {
            ds_fmt_split_end(split);
            continue;
        }
        first = first < input->size - at ? first : input->size - at;
        piece = malloc(first + 1);
        MUST(piece != NULL);
        memcpy(piece + 1, input->data + at, first);
        ds_fmt_split_feed(split, piece + 1, first);
        at += first;
        first = seed == 0 ? input->size : fuzz_piece_pick(&seed);
    }
    end_take(outcome, input, split);
    free(piece);
}

static ds_fmt_split_t *reader_make(const input_t *input, apr_pool_t *pool)
{
    return ds_fmt_split_make(input->path, input->path_count, input->limits, pool);
}

static void outcome_free(outcome_t *outcome)
{
    free(outcome->log.data);
    json_decref(outcome->elements);
    json_decref(outcome->rest);
}

/* The array that the path leads to; NULL: there is none. */
static json_t *array_find(json_t *root, const input_t *input)
{
    int i;

    for (i = 0; i < input->path_count; i++) {
        const ds_fmt_jsonpath_step_t *step = &input->path[i];

        root = step->kind == DS_JSONPATH_NAME ? json_object_get(root, step->name)
                                              : json_array_get(root, step->index);
    }
    return json_is_array(root) ? root : NULL;
}

static void parsed_check(const outcome_t *outcome, const input_t *input,
                         const ds_fmt_split_t *split)
{
    size_t bom = input->size >= 3 && memcmp(input->data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    json_t *root = json_loadb(input->data + bom, input->size - bom,
                              JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    json_t *array = array_find(root, input);

    if (memchr(input->data, '\0', input->size) != NULL) { /* jansson takes it for the end */
        json_decref(root);
        return;
    }
    if (root != NULL) {
        MUST(outcome->next == DS_SPLIT_END);
        MUST(input->path_count == 0 || ds_fmt_split_is_found(split) == (array != NULL));
    }
    if (array != NULL) {
        MUST(json_equal(outcome->elements, array));
        json_array_clear(array);
        MUST(json_equal(outcome->rest, root));
    }
    else if (root != NULL && input->path_count > 0) {
        MUST(outcome->count == 0 && json_equal(outcome->rest, root));
    }
    else if (root != NULL) {
        MUST(outcome->count == 1 && json_equal(json_array_get(outcome->elements, 0), root));
    }
    else if (outcome->next == DS_SPLIT_END && outcome->elements != NULL) {
        MUST(outcome->rest == NULL);
    }
    json_decref(root);
}

static void pieces_check(const outcome_t *whole, const input_t *input, size_t first, uint32_t seed,
                         apr_pool_t *pool)
{
    outcome_t pieces = {.elements = json_array()};

    input_read(&pieces, reader_make(input, pool), input, 0, first, seed);
    MUST(whole->log.size == pieces.log.size);
    MUST(memcmp(whole->log.data, pieces.log.data, whole->log.size) == 0);
    outcome_free(&pieces);
}

/* Elements from the checkpoint on; what stands in the log behind them is of the rest. */
static void resume_check(const outcome_t *whole, const input_t *input, uint32_t seed,
                         apr_pool_t *pool)
{
    outcome_t first = {.elements = json_array()}, again = {.elements = json_array()};
    ds_fmt_split_t *split = reader_make(input, pool);

    if (input->path_count > 0 || whole->middle == 0) {
        outcome_free(&first);
        outcome_free(&again);
        return;
    }
    input_read(&first, split, input, 0, input->size, 0);
    ds_fmt_split_seek(split, (int64_t)whole->middle, (int64_t)whole->middle_line);
    input_read(&again, split, input, whole->middle, 1, seed);
    MUST(again.next == whole->next && again.count <= whole->count);
    MUST(whole->middle_log + again.count * 3 * sizeof(int64_t) <= whole->log.size);
    MUST(again.count == 0 || memcmp(whole->log.data + whole->middle_log, again.log.data,
                                    again.count * 3 * sizeof(int64_t)) == 0);
    outcome_free(&first);
    outcome_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static apr_pool_t *pool;
    outcome_t whole = {.elements = json_array()};
    ds_fmt_split_t *split;
    input_t input;

    if (size < 2 || size > 100000) {
        json_decref(whole.elements);
        return 0;
    }
    if (pool == NULL) {
        apr_initialize();
        apr_pool_create(&pool, NULL);
    }
    input.data = (const char *)data + 2;
    input.size = size - 2;
    input.path = ways[(data[0] >> 3) % 3];
    input.path_count = (data[0] & 3) % 3;
    input.limits = data[0] & 4 ? &narrow : &wide;
    split = reader_make(&input, pool);
    input_read(&whole, split, &input, 0, input.size, 0);
    if (input.limits == &wide) {
        parsed_check(&whole, &input, split);
    }
    pieces_check(&whole, &input, 1, 1 + (uint32_t)data[1], pool);
    pieces_check(&whole, &input, 1 + (input.size * data[1]) / 256, 0, pool);
    resume_check(&whole, &input, 1 + (uint32_t)data[1], pool);
    outcome_free(&whole);
    apr_pool_clear(pool);
    return 0;
}
