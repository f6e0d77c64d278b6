#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "ds_fmt_velocity_private.h"

#define NAME_SHOWN 64 /* bytes of an unknown name in a message */

/* --- directives --- */

/* Is there a #set( at `at`, with spaces and tabs before it? Its whole beginning belongs to it. */
const char *ds_fmt_vel_set_find(const char *at, const char *end)
{
    vel_word_t word;

    while (at < end && (*at == ' ' || *at == '\t')) {
        at++;
    }
    if (at == end || *at != '#' || !ds_fmt_vel_word_read(&word, at + 1, end) ||
        !ds_fmt_vel_word_is(&word, "set")) {
        return NULL;
    }
    for (at = word.end; at < end && *at == ' '; at++) {
    }
    return at < end && *at == '(' ? at + 1 : NULL;
}

/* The ) of a directive, with what it takes away behind it. */
static apr_status_t close_take(vel_parser_t *parser)
{
    if (parser->at == parser->end || *parser->at != ')') {
        return ds_fmt_vel_fail(parser, "an operator or a ) must stand here");
    }
    parser->at = ds_fmt_vel_line_end_skip(parser->at + 1, parser->end);
    return APR_SUCCESS;
}

static apr_status_t open_take(vel_parser_t *parser)
{
    ds_fmt_vel_space_skip(parser);
    if (parser->at == parser->end || *parser->at != '(') {
        return ds_fmt_vel_fail(parser, "a ( must stand here");
    }
    parser->at++;
    return APR_SUCCESS;
}

/* The variable that #set or #foreach changes. */
static apr_status_t target_parse(vel_node_t *node, vel_parser_t *parser)
{
    vel_node_t *target;
    apr_status_t rv;

    ds_fmt_vel_space_skip(parser);
    if ((rv = ds_fmt_vel_reference_parse(&target, parser)) != APR_SUCCESS) {
        return rv;
    }
    if (target->steps != NULL) {
        return ds_fmt_vel_fail(parser, "only a variable can be set, not a field of one");
    }
    node->variable = target->variable;
    ds_fmt_vel_space_skip(parser);
    return APR_SUCCESS;
}

apr_status_t ds_fmt_vel_set_parse(vel_node_t **node, vel_parser_t *parser, const char *inside)
{
    apr_status_t rv;

    *node = ds_fmt_vel_node_make(parser, VEL_SET);
    parser->at = inside;
    ds_fmt_vel_space_skip(parser);
    /* Velocity would set another variable: $!x sets one whose name is !x */
    if (parser->end - parser->at >= 2 && strchr("!{", parser->at[1]) != NULL) {
        return ds_fmt_vel_fail(parser, "write #set($x = ...), without ! and curly brackets");
    }
    if ((rv = target_parse(*node, parser)) != APR_SUCCESS) {
        return rv;
    }
    if (parser->at == parser->end || *parser->at != '=') {
        return ds_fmt_vel_fail(parser, "a = must stand here");
    }
    parser->at++;
    rv = ds_fmt_vel_expression_parse(&(*node)->left, parser);
    return rv == APR_SUCCESS ? close_take(parser) : rv;
}

/* The condition of #if and #elseif, and the block behind it. */
static apr_status_t branch_parse(vel_node_t *node, vel_ending_e *ending, vel_parser_t *parser)
{
    apr_status_t rv;

    if ((rv = open_take(parser)) != APR_SUCCESS ||
        (rv = ds_fmt_vel_expression_parse(&node->left, parser)) != APR_SUCCESS ||
        (rv = close_take(parser)) != APR_SUCCESS) {
        return rv;
    }
    return ds_fmt_vel_block_parse(&node->right, ending, parser);
}

/* What a block that began at node ended with must be #end; complaint: of any other directive. */
static apr_status_t end_check(vel_parser_t *parser, vel_ending_e ending, const vel_node_t *node,
                              const char *name, const char *complaint)
{
    if (ending == VEL_END_DIRECTIVE) {
        return APR_SUCCESS;
    }
    if (ending != VEL_END_OF_TEXT) {
        return ds_fmt_vel_ending_fail(parser, complaint);
    }
    parser->fault->line = node->line;
    parser->fault->column = node->column;
    parser->fault->text = apr_psprintf(parser->pool, "the #%s that begins here has no #end", name);
    return APR_EINVAL;
}

static apr_status_t if_parse(vel_node_t **node, vel_parser_t *parser, const char *inside)
{
    vel_node_t *first = ds_fmt_vel_node_make(parser, VEL_IF), *branch = first;
    vel_ending_e ending;
    apr_status_t rv;

    *node = first;
    parser->at = inside;
    rv = branch_parse(branch, &ending, parser);
    while (rv == APR_SUCCESS && ending == VEL_ELSEIF_DIRECTIVE) {
        branch->other = ds_fmt_vel_node_make(parser, VEL_IF);
        branch = branch->other;
        rv = branch_parse(branch, &ending, parser);
    }
    if (rv == APR_SUCCESS && ending == VEL_ELSE_DIRECTIVE) {
        branch->other = ds_fmt_vel_node_make(parser, VEL_IF);
        rv = ds_fmt_vel_block_parse(&branch->other->right, &ending, parser);
    }
    return rv == APR_SUCCESS
               ? end_check(parser, ending, first, "if", "nothing but #end may follow #else")
               : rv;
}

static apr_status_t in_take(vel_parser_t *parser)
{
    vel_word_t word;

    ds_fmt_vel_space_skip(parser);
    if (!ds_fmt_vel_word_read(&word, parser->at, parser->end) || !ds_fmt_vel_word_is(&word, "in")) {
        return ds_fmt_vel_fail(parser, "the word in must stand here: #foreach($x in $list)");
    }
    parser->at = word.end;
    ds_fmt_vel_space_skip(parser);
    return APR_SUCCESS;
}

static apr_status_t foreach_parse(vel_node_t **node, vel_parser_t *parser, const char *inside)
{
    vel_node_t *loop = ds_fmt_vel_node_make(parser, VEL_FOREACH);
    vel_ending_e ending;
    apr_status_t rv;

    *node = loop;
    loop->place = parser->template->frame_count++;
    parser->at = inside;
    if ((rv = open_take(parser)) != APR_SUCCESS ||
        (rv = target_parse(loop, parser)) != APR_SUCCESS || (rv = in_take(parser)) != APR_SUCCESS ||
        (rv = ds_fmt_vel_operand_parse(&loop->left, parser)) != APR_SUCCESS) {
        return rv;
    }
    ds_fmt_vel_space_skip(parser);
    if ((rv = close_take(parser)) != APR_SUCCESS ||
        (rv = ds_fmt_vel_block_parse(&loop->right, &ending, parser)) != APR_SUCCESS) {
        return rv;
    }
    return end_check(parser, ending, loop, "foreach", "#else without #if before it");
}

static apr_status_t unknown_fail(vel_parser_t *parser, const vel_word_t *word)
{
    const char *name = apr_pstrmemdup(parser->pool, word->text,
                                      word->length < NAME_SHOWN ? word->length : NAME_SHOWN);

    if (ds_fmt_vel_word_is(word, "set")) {
        return ds_fmt_vel_fail(parser, "a ( must stand behind #set");
    }
    if (ds_fmt_vel_word_is_directive(word)) {
        return ds_fmt_vel_fail(
            parser, apr_psprintf(parser->pool, "the directive #%s is not allowed", name));
    }
    return ds_fmt_vel_fail(
        parser, apr_psprintf(parser->pool, "there is no directive #%s; for text write #[[#%s]]#",
                             name, name));
}

/* A directive by its name. *ending is set for those that end a block. */
apr_status_t ds_fmt_vel_word_take(vel_block_t *block, vel_ending_e *ending, vel_parser_t *parser,
                                  const vel_word_t *word)
{
    apr_status_t (*parse)(vel_node_t **, vel_parser_t *, const char *) =
        ds_fmt_vel_word_is(word, "if")        ? if_parse
        : ds_fmt_vel_word_is(word, "foreach") ? foreach_parse
                                              : NULL;
    vel_node_t *node;
    apr_status_t rv;

    if (parse != NULL) {
        if ((rv = parse(&node, parser, word->end)) == APR_SUCCESS) {
            ds_fmt_vel_statement_add(block, node);
        }
        return rv;
    }
    *ending = ds_fmt_vel_word_is(word, "end")      ? VEL_END_DIRECTIVE
              : ds_fmt_vel_word_is(word, "else")   ? VEL_ELSE_DIRECTIVE
              : ds_fmt_vel_word_is(word, "elseif") ? VEL_ELSEIF_DIRECTIVE
                                                   : VEL_END_OF_TEXT;
    if (*ending == VEL_END_OF_TEXT) {
        return unknown_fail(parser, word);
    }
    parser->ending = parser->at;
    parser->at = *ending == VEL_ELSEIF_DIRECTIVE ? word->end
                                                 : ds_fmt_vel_line_end_skip(word->end, parser->end);
    return APR_SUCCESS;
}
