/* What the files of the template language share: the tree of a template, its texts and numbers.
 * For ds_fmt_velocity*.c only. */
#ifndef DS_FMT_VELOCITY_PRIVATE_H
#define DS_FMT_VELOCITY_PRIVATE_H

#include <apr_hash.h>

#include "ds_fmt_velocity.h"

typedef enum vel_kind_e {
    /* statements */
    VEL_TEXT,
    VEL_REFERENCE, /* also an expression */
    VEL_SET,
    VEL_IF,
    VEL_FOREACH,
    /* expressions */
    VEL_STRING,
    VEL_TEMPLATE, /* a string with something to fill in */
    VEL_INTEGER,
    VEL_DOUBLE,
    VEL_BOOLEAN,
    VEL_RANGE,
    VEL_NOT,
    VEL_BRACKETS,
    VEL_CHAIN, /* operands of equal precedence, from left to right */
    /* operators: each is an item of a chain */
    VEL_OR,
    VEL_AND,
    VEL_EQ,
    VEL_NE,
    VEL_LT,
    VEL_GT,
    VEL_LE,
    VEL_GE,
    VEL_ADD,
    VEL_SUBTRACT,
    VEL_MULTIPLY,
    VEL_DIVIDE,
    VEL_MODULO,
    VEL_NO_OPERATOR
} vel_kind_e;

typedef struct vel_node_t vel_node_t;

/* .name or [key] behind a reference. */
typedef struct vel_step_t {
    const char *name; /* NULL: key */
    apr_size_t length;
    vel_node_t *key;
    int place; /* of the key: the number of its buffer */
    struct vel_step_t *next;
} vel_step_t;

/* What stands in which member depends on the kind:
 *
 *            | left           | right          | text
 * text       |                |                | what is written
 * reference  |                |                | what stands between the backslashes and its $
 * set        | the value      |                |
 * if         | condition      | block          |  (other: the next branch; no condition: #else)
 * foreach    | the list       | block          |
 * string     |                |                | its text
 * template   |                | block          |
 * range      | from           | to             |
 * not, ( )   | operand        |                |
 * chain      | first operand  | first operator |
 * operator   | second operand |                |                                            */
struct vel_node_t {
    vel_kind_e kind;
    int line;
    int column;
    vel_node_t *next; /* statement of a block, operator of a chain */
    vel_node_t *left;
    vel_node_t *right;
    vel_node_t *other;
    const char *text;
    apr_size_t length;
    const char *source; /* the node as it stands in the template */
    apr_size_t source_length;
    apr_int64_t integer;
    double number;
    int variable;    /* of a reference, #set, #foreach: its number */
    int place;       /* of a template, chain, #foreach: the number of its buffer or frame */
    int backslashes; /* before a reference */
    int is_quiet;
    vel_step_t *steps;
};

/* Variables that a #foreach sets. */
enum { VEL_FOREACH_SCOPE, VEL_COUNT, VEL_HAS_NEXT, VEL_OWN_VARIABLES };

struct ds_fmt_velocity_t {
    ds_fmt_velocity_limits_t limits;
    vel_node_t *block;
    const char **variables; /* names, each ends with a NUL */
    int variable_count;
    int buffer_count;
    int frame_count;
};

/* The parser: of a template, or of a text in double quotes inside of one. */
typedef struct vel_parser_t {
    ds_fmt_velocity_t *template;
    ds_fmt_velocity_fault_t *fault;
    apr_hash_t *names; /* name -> int, shared by inner parsers */
    apr_pool_t *pool;
    const char *text;
    const char *at;
    const char *end;
    int depth;
    int is_inner;       /* places are those of the literal */
    const char *ending; /* the last directive that ended a block */
    const char *mark;   /* the place of this byte is line and column */
    int line;
    int column;
} vel_parser_t;

/* How a block ends. */
typedef enum vel_ending_e {
    VEL_END_OF_TEXT,
    VEL_END_DIRECTIVE,
    VEL_ELSE_DIRECTIVE,
    VEL_ELSEIF_DIRECTIVE
} vel_ending_e;

/* Where new statements are hung. */
typedef struct vel_block_t {
    vel_node_t *first;
    vel_node_t **tail;
    vel_node_t *last;
} vel_block_t;

typedef struct vel_word_t {
    const char *text;
    apr_size_t length;
    const char *end; /* behind the word and its brackets */
} vel_word_t;

/* ds_fmt_velocity_parse.c */

/* A new node whose place is the parser's. */
vel_node_t *ds_fmt_vel_node_make(vel_parser_t *parser, vel_kind_e kind);

/* Returns APR_EINVAL, with a fault at the parser's place. */
apr_status_t ds_fmt_vel_fail(vel_parser_t *parser, const char *text);

/* The same at the directive that ended a block, which the parser has just read. */
apr_status_t ds_fmt_vel_ending_fail(vel_parser_t *parser, const char *text);

/* Enter something that may hold another one of its kind; leave it with depth--. */
apr_status_t ds_fmt_vel_depth_enter(vel_parser_t *parser);

/* Spaces, tabs and line ends. */
void ds_fmt_vel_space_skip(vel_parser_t *parser);

/* The number of the variable of that name. */
int ds_fmt_vel_variable_number(vel_parser_t *parser, const char *name, apr_size_t length);

/* Statements up to what ends their block, with it. */
apr_status_t ds_fmt_vel_block_parse(vel_node_t **first, vel_ending_e *ending, vel_parser_t *parser);

/* Parse text up to its end as a template inside of parser's, which stands at its beginning. */
apr_status_t ds_fmt_vel_inner_parse(vel_node_t **block, vel_parser_t *parser, const char *text,
                                    apr_size_t length);

/* ds_fmt_velocity_text.c; "take" means: hang what stands at the parser's place into the block, and
 * go on behind it */

/* Spaces and tabs up to a line end, with it; nothing when something else comes first. */
const char *ds_fmt_vel_line_end_skip(const char *at, const char *end);

const char *ds_fmt_vel_backslashes_skip(const char *at, const char *end);

/* The name of a directive behind #, perhaps in curly brackets. Returns 0 when there is none. */
int ds_fmt_vel_word_read(vel_word_t *word, const char *at, const char *end);

int ds_fmt_vel_word_is(const vel_word_t *word, const char *text);

/* Is it a directive of Velocity? */
int ds_fmt_vel_word_is_directive(const vel_word_t *word);

void ds_fmt_vel_statement_add(vel_block_t *block, vel_node_t *node);

/* Everything up to `to` is text. */
void ds_fmt_vel_text_take(vel_block_t *block, vel_parser_t *parser, const char *to);

/* From a $ on, or from backslashes before one. */
apr_status_t ds_fmt_vel_dollar_take(vel_block_t *block, vel_parser_t *parser);

/* From backslashes on that no $ follows. */
apr_status_t ds_fmt_vel_backslashes_take(vel_block_t *block, vel_parser_t *parser);

/* The comments ## and #* *#, and #[[. Returns 0 when none of them stands there. */
int ds_fmt_vel_comment_take(apr_status_t *rv, vel_block_t *block, vel_parser_t *parser);

/* ds_fmt_velocity_directive.c */

/* Is there a #set( at `at`, with spaces and tabs before it? Returns what stands behind the (. */
const char *ds_fmt_vel_set_find(const char *at, const char *end);

apr_status_t ds_fmt_vel_set_parse(vel_node_t **node, vel_parser_t *parser, const char *inside);

/* A directive by its name. *ending is set for those that end a block. */
apr_status_t ds_fmt_vel_word_take(vel_block_t *block, vel_ending_e *ending, vel_parser_t *parser,
                                  const vel_word_t *word);

/* ds_fmt_velocity_literal.c */

/* The end of the number at `at`, which is `at` when there is none. Two points belong to a range. */
const char *ds_fmt_vel_number_find(int *is_double, const char *at, const char *end);

apr_status_t ds_fmt_vel_number_parse(vel_node_t **node, vel_parser_t *parser);

/* A text; the parser stands at its first quote. */
apr_status_t ds_fmt_vel_string_parse(vel_node_t **node, vel_parser_t *parser);

/* ds_fmt_velocity_expression.c */

/* A reference; the parser stands at its $. */
apr_status_t ds_fmt_vel_reference_parse(vel_node_t **node, vel_parser_t *parser);

/* Does a reference begin at `at`, behind $ or $!? */
int ds_fmt_vel_reference_begins(const char *at, const char *end);

apr_status_t ds_fmt_vel_expression_parse(vel_node_t **node, vel_parser_t *parser);

/* What may stand behind "in" of a #foreach. */
apr_status_t ds_fmt_vel_operand_parse(vel_node_t **node, vel_parser_t *parser);

/* ds_fmt_velocity_number.c */

#define VEL_NUMBER_ROOM 40

/* A number as Java prints it. Returns its length. */
apr_size_t ds_fmt_vel_integer_write(char *target, apr_int64_t integer);
apr_size_t ds_fmt_vel_double_write(char *target, double number);

/* left KIND right, both numbers. APR_NOTFOUND: there is no result (a division by zero).
 * APR_EGENERAL: it has more than 64 bits. */
apr_status_t ds_fmt_vel_number_compute(ds_fmt_velocity_value_t *result, vel_kind_e kind,
                                       const ds_fmt_velocity_value_t *left,
                                       const ds_fmt_velocity_value_t *right);

/* Less than, equal to, or greater than zero. */
int ds_fmt_vel_number_compare(const ds_fmt_velocity_value_t *left,
                              const ds_fmt_velocity_value_t *right);

/* --- a rendering --- */

/* Bytes that grow, within the limit of the rendering. */
typedef struct vel_buffer_t {
    char *data;
    apr_size_t size;
    apr_size_t room;
} vel_buffer_t;

/* A value. What is not text or a number goes with the element it was found in. */
typedef struct vel_held_t {
    ds_fmt_velocity_value_t value;
    int loop; /* how many loops are around that element; 0: it stays */
} vel_held_t;

typedef enum vel_state_e {
    VEL_UNSET, /* the caller may have one of that name */
    VEL_HELD,
    VEL_GONE /* it held something of an element that has passed */
} vel_state_e;

typedef struct vel_variable_t {
    vel_state_e state;
    vel_held_t held;
    vel_buffer_t text; /* where a text that #set gave it is kept */
} vel_variable_t;

/* A #foreach. It can be under way once only: a template does not call itself. */
typedef struct vel_frame_t {
    apr_int64_t index; /* of the element, from 0 */
    int has_next;
    int loop; /* how many are under way, with this one */
    const struct vel_frame_t *outer;
    ds_fmt_velocity_value_t list;
    void *walk;
    apr_pool_t *pool;     /* of the walk */
    apr_pool_t *pools[2]; /* of this element and of the next one, in turns */
    /* What its variables were before, and what their texts are kept in meanwhile. */
    vel_variable_t before[VEL_OWN_VARIABLES + 1];
    vel_buffer_t texts[VEL_OWN_VARIABLES + 1];
} vel_frame_t;

typedef struct vel_rendering_t {
    const ds_fmt_velocity_t *template;
    const ds_fmt_velocity_value_t *context;
    ds_fmt_velocity_fault_t *fault;
    ds_fmt_velocity_write_cb write;
    void *baton;
    apr_pool_t *pool;
    vel_variable_t *variables;
    vel_buffer_t *buffers;
    vel_frame_t *frames;
    const vel_frame_t *frame; /* the innermost one under way, or NULL */
    vel_buffer_t *target;     /* where the output goes; NULL: to the caller */
    int has_kept;             /* a variable may have what goes with an element */
    apr_int64_t steps;
    apr_int64_t output;
    apr_size_t memory;
} vel_rendering_t;

/* ds_fmt_velocity_render.c */

/* Returns APR_EINVAL, with a fault at the node's place. */
apr_status_t ds_fmt_vel_render_fail(vel_rendering_t *rendering, const vel_node_t *node,
                                    const char *text);

apr_status_t ds_fmt_vel_step_count(vel_rendering_t *rendering, const vel_node_t *node);

apr_status_t ds_fmt_vel_buffer_append(vel_rendering_t *rendering, const vel_node_t *node,
                                      vel_buffer_t *buffer, const char *data, apr_size_t size);

/* Render statements into a buffer instead of the output. */
apr_status_t ds_fmt_vel_buffer_render(vel_buffer_t *buffer, vel_rendering_t *rendering,
                                      const vel_node_t *block);

/* ds_fmt_velocity_value.c */

/* The value of an expression. A text of it lives until the same expression is valued again, or the
 * variable or the element that has it changes. */
apr_status_t ds_fmt_vel_value_get(vel_held_t *held, vel_rendering_t *rendering,
                                  const vel_node_t *node);

/* Is a condition met? */
apr_status_t ds_fmt_vel_truth_get(int *truth, vel_rendering_t *rendering, const vel_node_t *node);

/* A value as text: *text is the value's own, or stands in room (VEL_NUMBER_ROOM bytes). A list or a
 * map has none: APR_EINVAL. */
apr_status_t ds_fmt_vel_text_get(const char **text, apr_size_t *length, char *room,
                                 vel_rendering_t *rendering, const vel_node_t *node,
                                 const ds_fmt_velocity_value_t *value);

int ds_fmt_vel_is_composite(const ds_fmt_velocity_value_t *value);

#endif
