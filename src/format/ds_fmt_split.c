#include "ds_fmt_split.h"

#include <stdlib.h>
#include <string.h>

#include "ds_fmt_utf8.h"

#define BOM "\xEF\xBB\xBF"
#define BOM_SIZE 3

/* What may stand at the next byte that is no space. */
typedef enum place_e {
    AT_START,      /* the byte order mark or the root */
    AT_STREAM,     /* a value of the stream, or its end */
    AT_FIRST_NAME, /* of an object on the path; or its end */
    AT_NAME,
    AT_COLON,
    AT_MEMBER,      /* the value of a member */
    AT_FIRST_PLACE, /* of an array on the path; or its end */
    AT_PLACE,
    BEHIND_MEMBER, /* or behind such a place */
    AT_FIRST_ITEM, /* of the array; or its end */
    AT_ITEM,
    BEHIND_ITEM,
    BEHIND_ROOT,
    IN_VALUE
} place_e;

/* Bytes that were put together. */
typedef struct text_t {
    char *data;
    apr_size_t size, room;
} text_t;

struct ds_fmt_split_t {
    const ds_fmt_jsonpath_step_t *path;
    int path_count;
    ds_fmt_split_limits_t limits;

    const char *data; /* the piece: the caller's */
    apr_size_t size;
    apr_size_t at;
    apr_int64_t offset; /* of the piece's first byte */
    apr_int64_t line;
    apr_int64_t next_offset, next_line; /* behind the last element */
    int ended;

    place_e place;
    int bom;          /* bytes of the byte order mark */
    int level;        /* objects and arrays on the path that are open */
    int matched;      /* steps of the path that were met */
    apr_size_t index; /* of the next place of an array on the path, until that step was met */
    int is_on_path;   /* the member at hand leads to the array */
    int is_found;
    int is_stream;
    apr_size_t name; /* where in the rest the name of the member at hand begins */

    /* the value that is being read */
    place_e behind; /* and what comes behind it */
    char *stack;    /* the closing brackets that are due */
    int depth;
    int in_string, is_escaped, is_scalar;
    apr_int64_t value_offset, value_line;

    text_t *target; /* what the bytes from mark to `at` belong to: rest, kept, or NULL */
    apr_size_t mark;
    text_t rest;
    text_t kept; /* of an element: what came with earlier pieces */
    apr_int64_t elements;
    ds_fmt_split_fault_t fault;
};

/* --- faults, and what is kept --- */

static void fault_set(ds_fmt_split_t *split, ds_fmt_split_fault_e kind, const char *text,
                      apr_int64_t offset, apr_int64_t line)
{
    split->fault = (ds_fmt_split_fault_t){kind, text, offset, line, split->elements};
}

static int is_good(const ds_fmt_split_t *split)
{
    return split->fault.kind == DS_SPLIT_GOOD;
}

/* Is there room for the bytes from mark on, by the limits? */
static int target_check(ds_fmt_split_t *split)
{
    apr_size_t size = split->at - split->mark;

    if (split->target == &split->kept && split->kept.size + size > split->limits.element) {
        fault_set(split, DS_SPLIT_ELEMENT_TOO_LONG, "the element is longer than the limit",
                  split->value_offset, split->value_line);
    }
    else if (split->target == &split->rest && split->rest.size + size > split->limits.rest) {
        fault_set(split, DS_SPLIT_REST_TOO_LONG,
                  "what stands around the elements is longer than the limit",
                  split->offset + (apr_int64_t)(split->mark + split->limits.rest) -
                      (apr_int64_t)split->rest.size,
                  0);
    }
    return is_good(split);
}

/* Something is wrong at this byte. What is over a limit before it is wrong earlier, however the
 * text is divided into pieces. */
static void fault_raise(ds_fmt_split_t *split, ds_fmt_split_fault_e kind, const char *text)
{
    if (target_check(split)) {
        fault_set(split, kind, text, split->offset + (apr_int64_t)split->at, split->line);
    }
}

static apr_status_t texts_free(void *data)
{
    ds_fmt_split_t *split = data;

    free(split->rest.data);
    free(split->kept.data);
    return APR_SUCCESS;
}

/* Room for so many bytes more, and a NUL. Like apr_palloc in a process without an abort function of
 * its own: there is no way on. */
static void text_room_make(text_t *text, apr_size_t size)
{
    if (text->size + size < text->room) {
        return;
    }
    text->room = 2 * (text->size + size) + 1;
    text->data = realloc(text->data, text->room);
    if (text->data == NULL) {
        abort();
    }
}

/* The bytes from mark on go to their target. */
static void target_add(ds_fmt_split_t *split)
{
    text_t *text = split->target;
    apr_size_t size = split->at - split->mark;

    if (text == NULL || size == 0 || !target_check(split)) {
        return;
    }
    text_room_make(text, size);
    memcpy(text->data + text->size, split->data + split->mark, size);
    text->size += size;
    split->mark = split->at;
}

static void target_begin(ds_fmt_split_t *split, text_t *target)
{
    split->target = target;
    split->mark = split->at;
}

/* --- values --- */

/* Numbers and words; whether they are right is their parser's business. */
static int is_scalar_byte(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' ||
           c == '+' || c == '.';
}

static void bracket_open(ds_fmt_split_t *split, char c)
{
    if (split->depth == split->limits.depth) {
        fault_raise(split, DS_SPLIT_TOO_DEEP, "too many brackets stand inside each other");
        return;
    }
    split->stack[split->depth++] = c == '{' ? '}' : ']';
}

/* Past the quote that closes a string; false: it goes on in the next piece. A quote is looked for
 * once, however many escapes stand before it. */
static int string_pass(ds_fmt_split_t *split)
{
    const char *at = split->data + split->at, *end = split->data + split->size;
    const char *quote = NULL, *escape;

    while (at < end) {
        if (split->is_escaped) {
            split->is_escaped = 0;
            at++;
            continue;
        }
        if (quote == NULL || quote < at) {
            quote = memchr(at, '"', (apr_size_t)(end - at));
            quote = quote == NULL ? end : quote;
        }
        escape = memchr(at, '\\', (apr_size_t)(quote - at));
        if (escape == NULL) {
            at = quote;
            break;
        }
        split->is_escaped = 1;
        at = escape + 1;
    }
    split->in_string = at == end;
    split->at = (apr_size_t)(at - split->data) + !split->in_string;
    return !split->in_string;
}

/* The next byte outside of strings that means something. */
static apr_size_t mark_find(const ds_fmt_split_t *split)
{
    static const char marks[256] = {
        ['"'] = 1, ['{'] = 1, ['}'] = 1, ['['] = 1, [']'] = 1, ['\n'] = 1};
    apr_size_t at = split->at;

    while (at < split->size && !marks[(unsigned char)split->data[at]]) {
        at++;
    }
    return at;
}

static void mark_take(ds_fmt_split_t *split, char c)
{
    if (c == '\n') {
        split->line++;
    }
    else if (c == '{' || c == '[') {
        bracket_open(split, c);
    }
    else if (c != split->stack[--split->depth]) {
        fault_raise(split, DS_SPLIT_BROKEN, "this bracket does not close the one that is open");
    }
}

/* Past the next quote, or past the last closing bracket; false also where brackets do not fit. */
static int brackets_pass(ds_fmt_split_t *split)
{
    while ((split->at = mark_find(split)) < split->size) {
        char c = split->data[split->at];

        if (c == '"') {
            split->at++;
            split->in_string = 1;
            return 1;
        }
        mark_take(split, c);
        if (!is_good(split)) {
            return 0;
        }
        split->at++;
        if (split->depth == 0) {
            return 1;
        }
    }
    return 0;
}

/* To what is no part of it any more. At the end of the text only a value of its own is whole: an
 * element of an array may have been cut off. */
static int scalar_pass(ds_fmt_split_t *split)
{
    while (split->at < split->size && is_scalar_byte(split->data[split->at])) {
        split->at++;
    }
    return split->at < split->size ||
           (split->ended && (split->behind == AT_STREAM || split->behind == BEHIND_ROOT));
}

/* To the end of the value; false: it goes on in the next piece, or is wrong. */
static int value_pass(ds_fmt_split_t *split)
{
    if (split->is_scalar) {
        return scalar_pass(split);
    }
    for (;;) {
        if (split->in_string && !string_pass(split)) {
            return 0;
        }
        if (split->depth == 0) {
            return 1;
        }
        if (!brackets_pass(split)) {
            return 0;
        }
    }
}

static void value_begin(ds_fmt_split_t *split, place_e behind)
{
    char c = split->data[split->at];

    split->value_offset = split->offset + (apr_int64_t)split->at;
    split->value_line = split->line;
    split->behind = behind;
    split->depth = 0;
    split->in_string = c == '"';
    split->is_scalar = is_scalar_byte(c);
    if (c == '{' || c == '[') {
        bracket_open(split, c);
    }
    else if (!split->in_string && !split->is_scalar) {
        fault_raise(split, DS_SPLIT_BROKEN, "a value is missing");
        return;
    }
    split->place = IN_VALUE;
    split->at++;
}

static void item_begin(ds_fmt_split_t *split, place_e behind)
{
    split->kept.size = 0;
    target_begin(split, &split->kept);
    value_begin(split, behind);
}

/* Spaces behind the root are no part of the rest. */
static void root_end(ds_fmt_split_t *split)
{
    target_add(split);
    split->target = NULL;
    split->place = BEHIND_ROOT;
}

/* True when the value that has ended is an element. */
static int value_end(ds_fmt_split_element_t *element, ds_fmt_split_t *split)
{
    split->place = split->behind;
    if (split->place == BEHIND_ROOT) {
        root_end(split);
    }
    if (split->target != &split->kept || !target_check(split)) {
        return 0;
    }
    element->text = split->data + split->mark;
    element->length = split->at - split->mark;
    if (split->kept.size > 0) {
        target_add(split);
        element->text = split->kept.data;
        element->length = split->kept.size;
    }
    element->offset = split->value_offset;
    element->line = split->value_line;
    split->target = NULL;
    split->elements++;
    split->next_offset = split->offset + (apr_int64_t)split->at;
    split->next_line = split->line;
    return 1;
}

/* --- what stands around elements --- */

static void array_begin(ds_fmt_split_t *split)
{
    split->at++;
    target_add(split);
    split->target = NULL;
    split->is_found = is_good(split);
    split->place = AT_FIRST_ITEM;
}

/* Behind the array, or an object on the path. */
static void container_end(ds_fmt_split_t *split)
{
    split->at++;
    split->place = BEHIND_MEMBER;
    if (split->level == 0) {
        root_end(split);
    }
}

/* Is what the next step of the path is made in an array, and no object? */
static int is_index(const ds_fmt_split_t *split, int level)
{
    return split->path[level].kind == DS_JSONPATH_INDEX;
}

/* Is this the bracket of what the next step of the path is made in? */
static int is_way(const ds_fmt_split_t *split, char c)
{
    return split->level < split->path_count && c == (is_index(split, split->level) ? '[' : '{');
}

static void way_begin(ds_fmt_split_t *split)
{
    split->at++;
    split->place = is_index(split, split->level) ? AT_FIRST_PLACE : AT_FIRST_NAME;
    split->level++;
    split->index = 0;
}

static void root_begin(ds_fmt_split_t *split, char c)
{
    if (split->path_count == 0 && c != '[') {
        split->is_found = split->is_stream = 1;
        split->place = AT_STREAM;
        return;
    }
    target_begin(split, &split->rest);
    if (split->path_count == 0) {
        array_begin(split);
    }
    else if (is_way(split, c)) {
        way_begin(split);
    }
    else {
        value_begin(split, BEHIND_ROOT);
    }
}

static void start_take(ds_fmt_split_t *split, char c)
{
    if (split->offset + (apr_int64_t)split->at == split->bom && split->bom < BOM_SIZE &&
        c == BOM[split->bom]) {
        split->bom++;
        split->at++;
    }
    else if (split->bom % BOM_SIZE != 0) {
        fault_raise(split, DS_SPLIT_BROKEN, "a value is missing");
    }
    else {
        root_begin(split, c);
    }
}

static void name_take(ds_fmt_split_t *split, char c)
{
    if (c == '}' && split->place == AT_FIRST_NAME) {
        split->level--;
        container_end(split);
    }
    else if (c == '"') {
        target_add(split);
        split->name = split->rest.size;
        value_begin(split, AT_COLON);
    }
    else {
        fault_raise(split, DS_SPLIT_BROKEN, "a name is missing");
    }
}

/* Is this text of JSON, from its quote on, the name? */
static int is_name(const char *at, const char *end, const char *name)
{
    static const char escapes[] = "bfnrt", meant[] = "\b\f\n\r\t";
    const char *found;
    char bytes[4], *last;
    int character;

    for (at++; at < end && *at != '"'; name += last - bytes) {
        last = bytes;
        if (*at != '\\') {
            *last++ = *at++;
        }
        else if (at[1] == 'u') {
            at = ds_fmt_utf8_escape_read(&character, at, end);
            if (at == NULL) {
                return 0;
            }
            last = ds_fmt_utf8_write(bytes, character);
        }
        else {
            found = strchr(escapes, at[1]);
            *last++ = found == NULL ? at[1] : meant[found - escapes];
            at += 2;
        }
        if (*bytes == '\0' || strncmp(name, bytes, (apr_size_t)(last - bytes)) != 0) {
            return 0;
        }
    }
    return *name == '\0';
}

/* The name before it is whole, and in the rest. */
static void colon_take(ds_fmt_split_t *split, char c)
{
    if (c != ':') {
        fault_raise(split, DS_SPLIT_BROKEN, "a colon is missing");
        return;
    }
    target_add(split);
    split->at++;
    split->place = AT_MEMBER;
    split->is_on_path = is_good(split) && split->matched == split->level - 1 &&
                        split->matched < split->path_count &&
                        is_name(split->rest.data + split->name, split->rest.data + split->rest.size,
                                split->path[split->matched].name);
    split->matched += split->is_on_path;
}

static void member_take(ds_fmt_split_t *split, char c)
{
    if (split->is_on_path && split->level == split->path_count && c == '[') {
        array_begin(split);
    }
    else if (split->is_on_path && is_way(split, c)) {
        way_begin(split);
    }
    else {
        value_begin(split, BEHIND_MEMBER);
    }
}

static void place_take(ds_fmt_split_t *split, char c)
{
    if (c == ']' && split->place == AT_FIRST_PLACE) {
        split->level--;
        container_end(split);
        return;
    }
    split->is_on_path =
        split->matched == split->level - 1 && split->index++ == split->path[split->matched].index;
    split->matched += split->is_on_path;
    member_take(split, c);
}

static void behind_member_take(ds_fmt_split_t *split, char c)
{
    int in_array = is_index(split, split->level - 1);

    if (c == ',') {
        split->at++;
        split->place = in_array ? AT_PLACE : AT_NAME;
    }
    else if (c == (in_array ? ']' : '}')) {
        split->level--;
        container_end(split);
    }
    else {
        fault_raise(split, DS_SPLIT_BROKEN,
                    in_array ? "a comma or ] is missing" : "a comma or } is missing");
    }
}

static void behind_item_take(ds_fmt_split_t *split, char c)
{
    if (c == ',') {
        split->at++;
        split->place = AT_ITEM;
    }
    else if (c == ']') {
        target_begin(split, &split->rest);
        container_end(split);
    }
    else {
        fault_raise(split, DS_SPLIT_BROKEN, "a comma or ] is missing");
    }
}

/* One byte that is no space, outside of values. */
static void byte_take(ds_fmt_split_t *split)
{
    char c = split->data[split->at];

    switch (split->place) {
    case AT_START: start_take(split, c); break;
    case AT_STREAM: item_begin(split, AT_STREAM); break;
    case AT_FIRST_NAME:
    case AT_NAME: name_take(split, c); break;
    case AT_COLON: colon_take(split, c); break;
    case AT_MEMBER: member_take(split, c); break;
    case AT_FIRST_PLACE:
    case AT_PLACE: place_take(split, c); break;
    case BEHIND_MEMBER: behind_member_take(split, c); break;
    case AT_FIRST_ITEM:
        if (c == ']') {
            behind_item_take(split, c);
            break;
        }
        /* fall through */
    case AT_ITEM: item_begin(split, BEHIND_ITEM); break;
    case BEHIND_ITEM: behind_item_take(split, c); break;
    default: fault_raise(split, DS_SPLIT_BROKEN, "there is more behind the end");
    }
}

/* To the next byte that is no space; false: there is none in the piece. */
static int spaces_pass(ds_fmt_split_t *split)
{
    for (; split->at < split->size; split->at++) {
        char c = split->data[split->at];

        if (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
            return 1;
        }
        split->line += c == '\n';
    }
    return 0;
}

/* --- */

ds_fmt_split_t *ds_fmt_split_make(const ds_fmt_jsonpath_step_t *path, int count,
                                  const ds_fmt_split_limits_t *limits, apr_pool_t *pool)
{
    ds_fmt_split_t *split = apr_pcalloc(pool, sizeof(*split));

    split->path = path;
    split->path_count = count;
    split->limits = *limits;
    split->line = split->next_line = 1;
    split->stack = apr_palloc(pool, (apr_size_t)limits->depth);
    apr_pool_cleanup_register(pool, split, texts_free, apr_pool_cleanup_null);
    return split;
}

void ds_fmt_split_feed(ds_fmt_split_t *split, const char *data, apr_size_t size)
{
    split->offset += (apr_int64_t)split->size;
    split->data = data;
    split->size = size;
    split->at = split->mark = 0;
}

void ds_fmt_split_end(ds_fmt_split_t *split)
{
    split->ended = 1;
}

static int may_end(const ds_fmt_split_t *split)
{
    return split->place == AT_STREAM || split->place == BEHIND_ROOT ||
           (split->place == AT_START && split->bom % BOM_SIZE == 0);
}

/* The piece is used up. */
static ds_fmt_split_next_e piece_end(ds_fmt_split_t *split)
{
    target_add(split);
    if (is_good(split) && split->ended && !may_end(split)) {
        fault_raise(split, DS_SPLIT_CUT_OFF, "the text ends too early");
    }
    if (!is_good(split)) {
        return DS_SPLIT_FAULT;
    }
    return split->ended ? DS_SPLIT_END : DS_SPLIT_MORE;
}

ds_fmt_split_next_e ds_fmt_split_next(ds_fmt_split_element_t *element, ds_fmt_split_t *split)
{
    while (is_good(split)) {
        int in_value = split->place == IN_VALUE;

        if (in_value ? value_pass(split) : spaces_pass(split)) {
            if (!in_value) {
                byte_take(split);
            }
            else if (value_end(element, split)) {
                return DS_SPLIT_ELEMENT;
            }
        }
        else if (is_good(split)) {
            return piece_end(split);
        }
    }
    return DS_SPLIT_FAULT;
}

apr_int64_t ds_fmt_split_offset(const ds_fmt_split_t *split)
{
    return split->next_offset;
}

apr_int64_t ds_fmt_split_line(const ds_fmt_split_t *split)
{
    return split->next_line;
}

void ds_fmt_split_seek(ds_fmt_split_t *split, apr_int64_t offset, apr_int64_t line)
{
    split->place = offset == 0 ? AT_START : split->is_stream ? AT_STREAM : BEHIND_ITEM;
    split->offset = split->next_offset = offset;
    split->line = split->next_line = line;
    split->data = "";
    split->size = split->at = split->mark = 0;
    split->target = NULL;
    split->rest.size = 0;
    split->bom = split->ended = split->is_escaped = 0;
    split->elements = 0;
    split->fault = (ds_fmt_split_fault_t){DS_SPLIT_GOOD};
}

int ds_fmt_split_is_found(const ds_fmt_split_t *split)
{
    return split->is_found;
}

const char *ds_fmt_split_rest(apr_size_t *size, ds_fmt_split_t *split)
{
    text_room_make(&split->rest, 0);
    split->rest.data[split->rest.size] = '\0';
    *size = split->rest.size;
    return split->rest.data;
}

const ds_fmt_split_fault_t *ds_fmt_split_fault(const ds_fmt_split_t *split)
{
    return &split->fault;
}
