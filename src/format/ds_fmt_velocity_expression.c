#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "ds_fmt_velocity_private.h"

#define LEVEL_HIGHEST 6 /* of precedence: what binds strongest */

/* --- references --- */

static int name_begins(const char *at, const char *end)
{
    return at < end && (apr_isalpha(*at) || *at == '_');
}

int ds_fmt_vel_reference_begins(const char *at, const char *end)
{
    return name_begins(at, end) || (at < end && *at == '{' && name_begins(at + 1, end));
}

/* A name at the parser's place. */
static apr_status_t name_take(const char **name, apr_size_t *length, vel_parser_t *parser)
{
    const char *at = parser->at;

    while (at < parser->end && (apr_isalnum(*at) || *at == '_' || *at == '-')) {
        at++;
    }
    *name = parser->at;
    *length = (apr_size_t)(at - parser->at);
    if ((*length == 4 && memcmp(*name, "true", 4) == 0) ||
        (*length == 5 && memcmp(*name, "false", 5) == 0)) {
        return ds_fmt_vel_fail(parser, "true and false are no names");
    }
    parser->at = at;
    return APR_SUCCESS;
}

static int word_stands(const vel_parser_t *parser, const char *word)
{
    apr_size_t length = strlen(word);
    const char *behind = parser->at + length;

    return (apr_size_t)(parser->end - parser->at) >= length &&
           memcmp(parser->at, word, length) == 0 &&
           (behind == parser->end || !(apr_isalnum(*behind) || *behind == '_' || *behind == '@'));
}

/* A boolean. Returns 0 when there is none. */
static int boolean_parse(vel_node_t **node, vel_parser_t *parser)
{
    int is_true = word_stands(parser, "true");

    if (!is_true && !word_stands(parser, "false")) {
        return 0;
    }
    *node = ds_fmt_vel_node_make(parser, VEL_BOOLEAN);
    (*node)->integer = is_true;
    parser->at += is_true ? 4 : 5;
    return 1;
}

/* What may stand in [ ] behind a reference. */
static apr_status_t key_parse(vel_node_t **node, vel_parser_t *parser)
{
    apr_status_t rv = APR_SUCCESS;
    char c;

    ds_fmt_vel_space_skip(parser);
    c = parser->at < parser->end ? *parser->at : '\0';
    if (c == '"' || c == '\'') {
        rv = ds_fmt_vel_string_parse(node, parser);
    }
    else if (c == '$') {
        rv = ds_fmt_vel_reference_parse(node, parser);
    }
    else if (c == '-' || apr_isdigit(c)) {
        rv = ds_fmt_vel_number_parse(node, parser);
    }
    else if (!boolean_parse(node, parser)) {
        return ds_fmt_vel_fail(parser, "a text, an integer or a reference must stand here");
    }
    if (rv == APR_SUCCESS && (*node)->kind == VEL_DOUBLE) {
        return ds_fmt_vel_fail(parser, "a text, an integer or a reference must stand before here");
    }
    ds_fmt_vel_space_skip(parser);
    return rv;
}

/* [key] */
static apr_status_t index_parse(vel_step_t *step, vel_parser_t *parser)
{
    apr_status_t rv = ds_fmt_vel_depth_enter(parser);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    parser->at++;
    step->place = parser->template->buffer_count++;
    if ((rv = key_parse(&step->key, parser)) != APR_SUCCESS) {
        return rv;
    }
    if (parser->at == parser->end || *parser->at != ']') {
        return ds_fmt_vel_fail(parser, "a ] must stand here");
    }
    parser->at++;
    parser->depth--;
    return APR_SUCCESS;
}

/* .name */
static apr_status_t field_parse(vel_step_t *step, vel_parser_t *parser)
{
    apr_status_t rv;

    parser->at++;
    if ((rv = name_take(&step->name, &step->length, parser)) != APR_SUCCESS) {
        return rv;
    }
    if (parser->at < parser->end && *parser->at == '(') {
        return ds_fmt_vel_fail(parser, "methods cannot be called");
    }
    step->name = apr_pstrmemdup(parser->pool, step->name, step->length);
    return APR_SUCCESS;
}

static apr_status_t steps_parse(vel_step_t **steps, vel_parser_t *parser)
{
    const char *end = parser->end;
    apr_status_t rv = APR_SUCCESS;

    while (rv == APR_SUCCESS && parser->at < end) {
        int is_index = *parser->at == '[';

        if (!is_index &&
            (*parser->at != '.' || parser->at + 1 == end || !apr_isalpha(parser->at[1]))) {
            break;
        }
        *steps = apr_pcalloc(parser->pool, sizeof(**steps));
        rv = is_index ? index_parse(*steps, parser) : field_parse(*steps, parser);
        steps = &(*steps)->next;
    }
    return rv;
}

apr_status_t ds_fmt_vel_reference_parse(vel_node_t **node, vel_parser_t *parser)
{
    const char *name = parser->at + 1;
    vel_node_t *reference = *node = ds_fmt_vel_node_make(parser, VEL_REFERENCE);
    apr_size_t length;
    apr_status_t rv;
    int is_formal;

    if (parser->at < parser->end && *parser->at == '$' && name < parser->end && *name == '!') {
        reference->is_quiet = 1;
        name++;
    }
    if (parser->at == parser->end || *parser->at != '$' ||
        !ds_fmt_vel_reference_begins(name, parser->end)) {
        return ds_fmt_vel_fail(parser, "a reference must stand here");
    }
    is_formal = *name == '{';
    parser->at = name + is_formal;
    if ((rv = name_take(&name, &length, parser)) != APR_SUCCESS ||
        (rv = steps_parse(&reference->steps, parser)) != APR_SUCCESS) {
        return rv;
    }
    if (is_formal && (parser->at == parser->end || *parser->at != '}')) {
        return ds_fmt_vel_fail(parser, "a } must stand here");
    }
    parser->at += is_formal;
    reference->variable = ds_fmt_vel_variable_number(parser, name, length);
    reference->source_length = (apr_size_t)(parser->at - reference->source);
    return APR_SUCCESS;
}

/* --- ranges and brackets --- */

static apr_status_t bound_parse(vel_node_t **node, vel_parser_t *parser)
{
    apr_status_t rv;

    ds_fmt_vel_space_skip(parser);
    rv = parser->at < parser->end && *parser->at == '$' ? ds_fmt_vel_reference_parse(node, parser)
                                                        : ds_fmt_vel_number_parse(node, parser);
    if (rv == APR_SUCCESS && (*node)->kind == VEL_DOUBLE) {
        return ds_fmt_vel_fail(parser, "a range has integers: [1..3]");
    }
    ds_fmt_vel_space_skip(parser);
    return rv;
}

static apr_status_t range_parse(vel_node_t **node, vel_parser_t *parser)
{
    vel_node_t *range = *node = ds_fmt_vel_node_make(parser, VEL_RANGE);
    apr_status_t rv;

    parser->at++;
    ds_fmt_vel_space_skip(parser);
    if (parser->at < parser->end && strchr("$-0123456789", *parser->at) == NULL) {
        return ds_fmt_vel_fail(parser, "lists cannot be written, only ranges: [1..3]");
    }
    if ((rv = bound_parse(&range->left, parser)) != APR_SUCCESS) {
        return rv;
    }
    if (parser->end - parser->at < 2 || parser->at[0] != '.' || parser->at[1] != '.') {
        return ds_fmt_vel_fail(parser, "lists cannot be written, only ranges: [1..3]");
    }
    parser->at += 2;
    if ((rv = bound_parse(&range->right, parser)) != APR_SUCCESS) {
        return rv;
    }
    if (parser->at == parser->end || *parser->at != ']') {
        return ds_fmt_vel_fail(parser, "a ] must stand here");
    }
    parser->at++;
    range->source_length = (apr_size_t)(parser->at - range->source);
    return APR_SUCCESS;
}

static apr_status_t brackets_parse(vel_node_t **node, vel_parser_t *parser)
{
    vel_node_t *brackets = *node = ds_fmt_vel_node_make(parser, VEL_BRACKETS);
    apr_status_t rv = ds_fmt_vel_depth_enter(parser);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    parser->at++;
    brackets->source = parser->at;
    if ((rv = ds_fmt_vel_expression_parse(&brackets->left, parser)) != APR_SUCCESS) {
        return rv;
    }
    if (parser->at == parser->end || *parser->at != ')') {
        return ds_fmt_vel_fail(parser, "an operator or a ) must stand here");
    }
    brackets->source_length = (apr_size_t)(parser->at - brackets->source);
    parser->at++;
    parser->depth--;
    return APR_SUCCESS;
}

/* --- expressions --- */

apr_status_t ds_fmt_vel_operand_parse(vel_node_t **node, vel_parser_t *parser)
{
    char c = parser->at < parser->end ? *parser->at : '\0';

    switch (c) {
    case '"':
    case '\'': return ds_fmt_vel_string_parse(node, parser);
    case '$': return ds_fmt_vel_reference_parse(node, parser);
    case '[': return range_parse(node, parser);
    case '{': return ds_fmt_vel_fail(parser, "maps cannot be written");
    default:
        return boolean_parse(node, parser) ? APR_SUCCESS : ds_fmt_vel_number_parse(node, parser);
    }
}

/* ! or not. Returns 0 when none of them stands there. */
static int not_take(vel_parser_t *parser)
{
    ds_fmt_vel_space_skip(parser);
    if (parser->at < parser->end && *parser->at == '!' &&
        !(parser->at + 1 < parser->end && parser->at[1] == '=')) {
        parser->at++;
        return 1;
    }
    if (word_stands(parser, "not")) {
        parser->at += 3;
        return 1;
    }
    return 0;
}

static apr_status_t unary_parse(vel_node_t **node, vel_parser_t *parser)
{
    vel_node_t *inverted = NULL;
    apr_status_t rv;

    while (not_take(parser)) {
        if (inverted == NULL) {
            *node = inverted = ds_fmt_vel_node_make(parser, VEL_NOT);
            node = &inverted->left;
        }
        inverted->integer++;
    }
    rv = parser->at < parser->end && *parser->at == '(' ? brackets_parse(node, parser)
                                                        : ds_fmt_vel_operand_parse(node, parser);
    ds_fmt_vel_space_skip(parser);
    return rv;
}

typedef struct operator_t {
    const char *text;
    vel_kind_e kind;
    int level;
} operator_t;

/* Longer ones before their beginnings. */
static const operator_t operators[] = {
    {"||", VEL_OR, 1},    {"or", VEL_OR, 1},      {"&&", VEL_AND, 2},     {"and", VEL_AND, 2},
    {"==", VEL_EQ, 3},    {"eq", VEL_EQ, 3},      {"!=", VEL_NE, 3},      {"ne", VEL_NE, 3},
    {"<=", VEL_LE, 4},    {"le", VEL_LE, 4},      {"<", VEL_LT, 4},       {"lt", VEL_LT, 4},
    {">=", VEL_GE, 4},    {"ge", VEL_GE, 4},      {">", VEL_GT, 4},       {"gt", VEL_GT, 4},
    {"+", VEL_ADD, 5},    {"-", VEL_SUBTRACT, 5}, {"*", VEL_MULTIPLY, 6}, {"/", VEL_DIVIDE, 6},
    {"%", VEL_MODULO, 6},
};

/* The operator at the parser's place, or NULL. A minus right before a digit is a sign. */
static const operator_t *operator_find(const vel_parser_t *parser)
{
    apr_size_t left = (apr_size_t)(parser->end - parser->at), length, i;
    int is_double;

    if (ds_fmt_vel_number_find(&is_double, parser->at, parser->end) > parser->at) {
        return NULL;
    }
    for (i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
        length = strlen(operators[i].text);
        if (apr_isalpha(operators[i].text[0])
                ? word_stands(parser, operators[i].text)
                : left >= length && memcmp(parser->at, operators[i].text, length) == 0) {
            return &operators[i];
        }
    }
    return NULL;
}

/* Operands with operators of one level of precedence between them. */
static apr_status_t chain_parse(vel_node_t **node, vel_parser_t *parser, int level)
{
    vel_node_t *chain = NULL, *item, **tail = NULL;
    const operator_t *found;
    apr_status_t rv;

    if (level > LEVEL_HIGHEST) {
        return unary_parse(node, parser);
    }
    rv = chain_parse(node, parser, level + 1);
    while (rv == APR_SUCCESS && (found = operator_find(parser)) != NULL && found->level == level) {
        if (chain == NULL) {
            chain = ds_fmt_vel_node_make(parser, VEL_CHAIN);
            chain->place = parser->template->buffer_count++;
            chain->left = *node;
            *node = chain;
            tail = &chain->right;
        }
        item = *tail = ds_fmt_vel_node_make(parser, found->kind);
        tail = &item->next;
        parser->at += strlen(found->text);
        item->source = parser->at;
        rv = chain_parse(&item->left, parser, level + 1);
        item->source_length = (apr_size_t)(parser->at - item->source);
        chain->source = item->source;
        chain->source_length = item->source_length;
    }
    return rv;
}

apr_status_t ds_fmt_vel_expression_parse(vel_node_t **node, vel_parser_t *parser)
{
    return chain_parse(node, parser, 1);
}
