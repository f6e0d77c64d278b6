#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "ds_fmt_velocity_private.h"

/* --- places and faults --- */

static void place_update(vel_parser_t *parser)
{
    if (parser->is_inner) {
        return;
    }
    for (; parser->mark < parser->at; parser->mark++) {
        char c = *parser->mark;

        if (c == '\n' ||
            (c == '\r' && (parser->mark + 1 == parser->end || parser->mark[1] != '\n'))) {
            parser->line++;
            parser->column = 1;
        }
        else if ((c & 0xC0) != 0x80) {
            parser->column++;
        }
    }
}

apr_status_t ds_fmt_vel_fail(vel_parser_t *parser, const char *text)
{
    place_update(parser);
    parser->fault->line = parser->line;
    parser->fault->column = parser->column;
    parser->fault->text = text;
    return APR_EINVAL;
}

apr_status_t ds_fmt_vel_ending_fail(vel_parser_t *parser, const char *text)
{
    parser->at = parser->ending;
    return ds_fmt_vel_fail(parser, text);
}

vel_node_t *ds_fmt_vel_node_make(vel_parser_t *parser, vel_kind_e kind)
{
    vel_node_t *node = apr_pcalloc(parser->pool, sizeof(*node));

    place_update(parser);
    node->kind = kind;
    node->line = parser->line;
    node->column = parser->column;
    node->source = parser->at;
    return node;
}

apr_status_t ds_fmt_vel_depth_enter(vel_parser_t *parser)
{
    if (++parser->depth > parser->template->limits.depth) {
        return ds_fmt_vel_fail(parser, apr_psprintf(parser->pool,
                                                    "directives, brackets and texts stand more "
                                                    "than %d deep inside each other",
                                                    parser->template->limits.depth));
    }
    return APR_SUCCESS;
}

/* --- what statements and expressions share --- */

void ds_fmt_vel_space_skip(vel_parser_t *parser)
{
    while (parser->at < parser->end && memchr(" \t\r\n", *parser->at, 4) != NULL) {
        parser->at++;
    }
}

int ds_fmt_vel_variable_number(vel_parser_t *parser, const char *name, apr_size_t length)
{
    int *number = apr_hash_get(parser->names, name, (apr_ssize_t)length);

    if (number == NULL) {
        number = apr_palloc(parser->pool, sizeof(*number));
        *number = parser->template->variable_count++;
        apr_hash_set(parser->names, apr_pstrmemdup(parser->pool, name, length), (apr_ssize_t)length,
                     number);
    }
    return *number;
}

static apr_status_t hash_take(vel_block_t *block, vel_ending_e *ending, vel_parser_t *parser)
{
    const char *next;
    apr_status_t rv;
    vel_word_t word;
    int is_double;

    if (ds_fmt_vel_comment_take(&rv, block, parser)) {
        return rv;
    }
    if (ds_fmt_vel_word_read(&word, parser->at + 1, parser->end)) {
        return ds_fmt_vel_word_take(block, ending, parser, &word);
    }
    next = ds_fmt_vel_backslashes_skip(parser->at + 1, parser->end);
    /* backslashes between # and $ escape nothing; a number is one piece with its # */
    ds_fmt_vel_text_take(block, parser,
                         next < parser->end && *next == '$'
                             ? next
                             : ds_fmt_vel_number_find(&is_double, parser->at + 1, parser->end));
    return APR_SUCCESS;
}

/* --- blocks --- */

static apr_status_t statement_take(vel_block_t *block, vel_ending_e *ending, vel_parser_t *parser)
{
    const char *inside = ds_fmt_vel_set_find(parser->at, parser->end), *next;
    vel_node_t *node;
    apr_status_t rv;

    if (inside != NULL) {
        if ((rv = ds_fmt_vel_set_parse(&node, parser, inside)) == APR_SUCCESS) {
            ds_fmt_vel_statement_add(block, node);
        }
        return rv;
    }
    next = ds_fmt_vel_backslashes_skip(parser->at, parser->end);
    if (next < parser->end && *next == '$') {
        return ds_fmt_vel_dollar_take(block, parser);
    }
    if (next > parser->at) {
        return ds_fmt_vel_backslashes_take(block, parser);
    }
    if (*next == '#') {
        return hash_take(block, ending, parser);
    }
    while (next < parser->end && *next != '$' && *next != '#' && *next != '\\') {
        next++;
    }
    ds_fmt_vel_text_take(block, parser, next);
    return APR_SUCCESS;
}

apr_status_t ds_fmt_vel_block_parse(vel_node_t **first, vel_ending_e *ending, vel_parser_t *parser)
{
    vel_block_t block = {NULL, &block.first, NULL};
    apr_status_t rv = ds_fmt_vel_depth_enter(parser);

    *ending = VEL_END_OF_TEXT;
    while (rv == APR_SUCCESS && *ending == VEL_END_OF_TEXT && parser->at < parser->end) {
        rv = statement_take(&block, ending, parser);
    }
    parser->depth--;
    *first = block.first;
    return rv;
}

static apr_status_t whole_parse(vel_node_t **block, vel_parser_t *parser)
{
    vel_ending_e ending;
    apr_status_t rv = ds_fmt_vel_block_parse(block, &ending, parser);

    if (rv == APR_SUCCESS && ending != VEL_END_OF_TEXT) {
        rv = ds_fmt_vel_ending_fail(parser, "this directive has no #if or #foreach before it");
    }
    return rv;
}

apr_status_t ds_fmt_vel_inner_parse(vel_node_t **block, vel_parser_t *parser, const char *text,
                                    apr_size_t length)
{
    vel_parser_t inner = *parser;

    place_update(parser);
    inner.line = parser->line;
    inner.column = parser->column;
    inner.is_inner = 1;
    inner.text = inner.at = text;
    inner.end = text + length;
    return whole_parse(block, &inner);
}

/* --- the whole --- */

static void names_keep(vel_parser_t *parser)
{
    ds_fmt_velocity_t *template = parser->template;
    apr_hash_index_t *index;
    const void *name;
    void *number;

    template->variables =
        apr_pcalloc(parser->pool, sizeof(char *) * (apr_size_t) template->variable_count);
    for (index = apr_hash_first(parser->pool, parser->names); index != NULL;
         index = apr_hash_next(index)) {
        apr_hash_this(index, &name, NULL, &number);
        template->variables[*(int *)number] = name;
    }
}

apr_status_t ds_fmt_velocity_parse(ds_fmt_velocity_t **template, ds_fmt_velocity_fault_t *fault,
                                   const char *text, apr_size_t length,
                                   const ds_fmt_velocity_limits_t *limits, apr_pool_t *pool)
{
    static const char *const own[VEL_OWN_VARIABLES] = {"foreach", "velocityCount",
                                                       "velocityHasNext"};
    vel_parser_t parser = {.fault = fault, .pool = pool, .line = 1, .column = 1};
    apr_status_t rv;
    int i;

    parser.template = apr_pcalloc(pool, sizeof(*parser.template));
    parser.template->limits = *limits;
    parser.names = apr_hash_make(pool);
    parser.text = parser.at = parser.mark = apr_pstrmemdup(pool, text, length);
    parser.end = parser.at + length;
    for (i = 0; i < VEL_OWN_VARIABLES; i++) {
        ds_fmt_vel_variable_number(&parser, own[i], strlen(own[i]));
    }
    if (length > limits->template_bytes) {
        return ds_fmt_vel_fail(&parser, apr_psprintf(pool,
                                                     "a template may have %" APR_SIZE_T_FMT
                                                     " bytes, this one has %" APR_SIZE_T_FMT,
                                                     limits->template_bytes, length));
    }
    if ((rv = whole_parse(&parser.template->block, &parser)) == APR_SUCCESS) {
        names_keep(&parser);
        *template = parser.template;
    }
    return rv;
}
