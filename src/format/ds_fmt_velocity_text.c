#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "ds_fmt_velocity_private.h"

/* Spaces and tabs up to a line end, with it; nothing when something else comes first. */
const char *ds_fmt_vel_line_end_skip(const char *at, const char *end)
{
    const char *start = at;

    while (at < end && (*at == ' ' || *at == '\t')) {
        at++;
    }
    if (at == end || (*at != '\n' && *at != '\r')) {
        return start;
    }
    return at + 1 < end && at[0] == '\r' && at[1] == '\n' ? at + 2 : at + 1;
}

int ds_fmt_vel_word_is(const vel_word_t *word, const char *text)
{
    return word->length == strlen(text) && memcmp(word->text, text, word->length) == 0;
}

/* The name of a directive behind #, perhaps in curly brackets. Returns 0 when there is none. */
int ds_fmt_vel_word_read(vel_word_t *word, const char *at, const char *end)
{
    int in_brackets = at < end && *at == '{';

    at += in_brackets;
    word->text = at;
    if (at == end || !(apr_isalpha(*at) || *at == '_' || (*at == '@' && !in_brackets))) {
        return 0;
    }
    while (at < end && (apr_isalnum(*at) || *at == '_' || *at == '@')) {
        at++;
    }
    word->length = (apr_size_t)(at - word->text);
    word->end = at + in_brackets;
    return !in_brackets || (at < end && *at == '}');
}

void ds_fmt_vel_statement_add(vel_block_t *block, vel_node_t *node)
{
    *block->tail = node;
    block->tail = &node->next;
    block->last = node;
}

/* Bytes of the template as they are. */
static void text_add(vel_block_t *block, vel_parser_t *parser, const char *text, apr_size_t length)
{
    vel_node_t *last = block->last;

    if (length == 0) {
        return;
    }
    if (last != NULL && last->kind == VEL_TEXT && last->text + last->length == text) {
        last->length += length;
        return;
    }
    last = ds_fmt_vel_node_make(parser, VEL_TEXT);
    last->text = text;
    last->length = length;
    ds_fmt_vel_statement_add(block, last);
}

/* Everything up to `to` is text. */
void ds_fmt_vel_text_take(vel_block_t *block, vel_parser_t *parser, const char *to)
{
    text_add(block, parser, parser->at, (apr_size_t)(to - parser->at));
    parser->at = to;
}

/* --- references and backslashes --- */

const char *ds_fmt_vel_backslashes_skip(const char *at, const char *end)
{
    while (at < end && *at == '\\') {
        at++;
    }
    return at;
}

/* The last $ of several, with backslashes between them; behind each may stand a !. */
static const char *last_dollar_find(const char *dollar, const char *end)
{
    const char *next;

    for (;;) {
        next = dollar + 1;
        if (next < end && *next == '!') {
            next++;
        }
        next = ds_fmt_vel_backslashes_skip(next, end);
        if (next == end || *next != '$') {
            return dollar;
        }
        dollar = next;
    }
}

/* $\!name prints $!name, whatever name is. Returns 0 when that is not what stands there. */
static int bang_escape_take(vel_block_t *block, vel_parser_t *parser, const char *dollar)
{
    const char *slash = dollar + 1, *bang = ds_fmt_vel_backslashes_skip(slash, parser->end);

    if (bang == slash || bang == parser->end || *bang != '!' ||
        !ds_fmt_vel_reference_begins(bang + 1, parser->end)) {
        return 0;
    }
    ds_fmt_vel_text_take(block, parser, slash);
    parser->at++;
    ds_fmt_vel_text_take(block, parser, bang + 1);
    return 1;
}

/* A $ without a name. A bracket or point is one piece with it; else an ! behind it is lost: that
 * is Velocity's way. */
static apr_status_t no_reference_take(vel_block_t *block, vel_parser_t *parser, const char *behind)
{
    int has_bang = behind < parser->end && *behind == '!';
    const char *next = behind + has_bang;
    char c = next < parser->end ? *next : '\0';

    if (c == '[' || c == '{' || c == '}' || (c == '.' && !has_bang)) {
        ds_fmt_vel_text_take(block, parser, next + 1);
        return APR_SUCCESS;
    }
    ds_fmt_vel_text_take(block, parser, behind);
    parser->at = next;
    return APR_SUCCESS;
}

/* From backslashes or a $ on. */
apr_status_t ds_fmt_vel_dollar_take(vel_block_t *block, vel_parser_t *parser)
{
    const char *start = parser->at, *first = ds_fmt_vel_backslashes_skip(start, parser->end);
    const char *dollar = last_dollar_find(first, parser->end), *name = dollar + 1;
    int is_quiet = name < parser->end && *name == '!';
    vel_node_t *node;
    apr_status_t rv;

    if (bang_escape_take(block, parser, dollar)) {
        return APR_SUCCESS;
    }
    if (!ds_fmt_vel_reference_begins(name + is_quiet, parser->end)) {
        return no_reference_take(block, parser, name);
    }
    parser->at = dollar;
    if ((rv = ds_fmt_vel_reference_parse(&node, parser)) != APR_SUCCESS) {
        return rv;
    }
    node->backslashes = (int)(first - start);
    node->text = first;
    node->length = (apr_size_t)(dollar - first);
    ds_fmt_vel_statement_add(block, node);
    return APR_SUCCESS;
}

/* Directives that a backslash keeps from being one. */
int ds_fmt_vel_word_is_directive(const vel_word_t *word)
{
    static const char *const directives[] = {"if",      "else",  "elseif", "end",      "set",
                                             "foreach", "break", "define", "evaluate", "include",
                                             "literal", "macro", "parse",  "stop"};
    apr_size_t i;

    for (i = 0; i < sizeof(directives) / sizeof(directives[0]); i++) {
        if (ds_fmt_vel_word_is(word, directives[i])) {
            return 1;
        }
    }
    return 0;
}

/* Does an even number of backslashes before this directive become half of it? Velocity's rule. */
static int word_halves(const vel_word_t *word)
{
    return ds_fmt_vel_word_is(word, "if") || ds_fmt_vel_word_is(word, "else") ||
           ds_fmt_vel_word_is(word, "elseif") || ds_fmt_vel_word_is(word, "end") ||
           (ds_fmt_vel_word_is(word, "foreach") && word->end[-1] != '}');
}

/* Backslashes that no $ follows. Before the name of a directive two stand for one; an odd one
 * makes the directive text. */
apr_status_t ds_fmt_vel_backslashes_take(vel_block_t *block, vel_parser_t *parser)
{
    const char *hash = ds_fmt_vel_backslashes_skip(parser->at, parser->end);
    apr_size_t count = (apr_size_t)(hash - parser->at);
    vel_word_t word;

    if (hash == parser->end || *hash != '#' ||
        !ds_fmt_vel_word_read(&word, hash + 1, parser->end)) {
        ds_fmt_vel_text_take(block, parser, hash);
        return APR_SUCCESS;
    }
    if (count % 2 == 1 ? ds_fmt_vel_word_is_directive(&word) : word_halves(&word)) {
        parser->at += count - count / 2;
    }
    ds_fmt_vel_text_take(block, parser, count % 2 == 1 ? word.end : hash);
    return APR_SUCCESS;
}

/* --- comments --- */

static const char *text_find(const char *at, const char *end, const char *wanted)
{
    apr_size_t length = strlen(wanted);

    for (; (apr_size_t)(end - at) >= length; at++) {
        if (memcmp(at, wanted, length) == 0) {
            return at;
        }
    }
    return NULL;
}

static int text_begins(const vel_parser_t *parser, const char *wanted)
{
    apr_size_t length = strlen(wanted);

    return (apr_size_t)(parser->end - parser->at) >= length &&
           memcmp(parser->at, wanted, length) == 0;
}

/* #[[ text ]]# */
static apr_status_t verbatim_take(vel_block_t *block, vel_parser_t *parser)
{
    const char *close = text_find(parser->at + 3, parser->end, "]]#");

    if (close == NULL) {
        return ds_fmt_vel_fail(parser, "the #[[ that begins here has no ]]#");
    }
    parser->at += 3;
    ds_fmt_vel_text_take(block, parser, close);
    parser->at += 3;
    return APR_SUCCESS;
}

/* The comments ## and #* *#, and #[[. Returns 0 when none of them stands there. */
int ds_fmt_vel_comment_take(apr_status_t *rv, vel_block_t *block, vel_parser_t *parser)
{
    const char *close;

    *rv = APR_SUCCESS;
    if (text_begins(parser, "#[[")) {
        *rv = verbatim_take(block, parser);
    }
    else if (text_begins(parser, "#*")) {
        if ((close = text_find(parser->at + 2, parser->end, "*#")) == NULL) {
            *rv = ds_fmt_vel_fail(parser, "the comment that begins here has no *#");
        }
        else {
            parser->at = close + 2;
        }
    }
    else if (text_begins(parser, "##")) {
        while (parser->at < parser->end && *parser->at != '\n' && *parser->at != '\r') {
            parser->at++;
        }
        parser->at = ds_fmt_vel_line_end_skip(parser->at, parser->end);
    }
    else {
        return 0;
    }
    return 1;
}
