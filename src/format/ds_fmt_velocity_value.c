#include <limits.h>
#include <string.h>

#include <apr_strings.h>

#include "ds_fmt_velocity_private.h"

apr_status_t ds_fmt_vel_text_get(const char **text, apr_size_t *length, char *room,
                                 vel_rendering_t *rendering, const vel_node_t *node,
                                 const ds_fmt_velocity_value_t *value)
{
    *text = room;
    switch (value->type) {
    case DS_VELOCITY_BOOLEAN:
        *text = value->integer ? "true" : "false";
        *length = strlen(*text);
        return APR_SUCCESS;
    case DS_VELOCITY_INTEGER:
        *length = ds_fmt_vel_integer_write(room, value->integer);
        return APR_SUCCESS;
    case DS_VELOCITY_DOUBLE:
        *length = ds_fmt_vel_double_write(room, value->number);
        return APR_SUCCESS;
    case DS_VELOCITY_TEXT:
        *text = value->length > 0 ? value->text : "";
        *length = value->length;
        return APR_SUCCESS;
    case DS_VELOCITY_MAP:
        return ds_fmt_vel_render_fail(rendering, node,
                                      "a record is no text: name one of its fields");
    default:
        return ds_fmt_vel_render_fail(rendering, node, "a list is no text: walk it with #foreach");
    }
}

int ds_fmt_vel_is_composite(const ds_fmt_velocity_value_t *value)
{
    return value->type == DS_VELOCITY_LIST || value->type == DS_VELOCITY_MAP;
}

static int value_is_number(const ds_fmt_velocity_value_t *value)
{
    return value->type == DS_VELOCITY_INTEGER || value->type == DS_VELOCITY_DOUBLE;
}

static void integer_set(vel_held_t *held, ds_fmt_velocity_type_e type, apr_int64_t integer)
{
    memset(held, 0, sizeof(*held));
    held->value.type = type;
    held->value.integer = integer;
}

static void text_set(vel_held_t *held, const char *text, apr_size_t length)
{
    integer_set(held, DS_VELOCITY_TEXT, 0);
    held->value.text = text;
    held->value.length = length;
}

/* --- references --- */

static apr_status_t variable_get(vel_held_t *held, vel_rendering_t *rendering,
                                 const vel_node_t *node)
{
    const vel_variable_t *variable = &rendering->variables[node->variable];
    const char *name = rendering->template->variables[node->variable];
    apr_status_t rv;

    if (variable->state == VEL_HELD) {
        *held = variable->held;
        return APR_SUCCESS;
    }
    if (variable->state == VEL_GONE) {
        return ds_fmt_vel_render_fail(
            rendering, node,
            apr_psprintf(rendering->pool,
                         "the record or list that $%.64s held went with its row; keep its fields",
                         name));
    }
    integer_set(held, DS_VELOCITY_NULL, 0);
    rv = rendering->context->map->find(&held->value, rendering->context->baton, name, strlen(name));
    return rv == APR_NOTFOUND ? APR_SUCCESS : rv;
}

/* The key in brackets as the name of a field; NULL when it is none. */
static apr_status_t key_get(const char **name, apr_size_t *length, vel_rendering_t *rendering,
                            const vel_step_t *step)
{
    vel_buffer_t *buffer = &rendering->buffers[step->place];
    vel_held_t held;
    apr_status_t rv = ds_fmt_vel_value_get(&held, rendering, step->key);

    *name = NULL;
    if (rv != APR_SUCCESS || held.value.type != DS_VELOCITY_TEXT) {
        return rv;
    }
    buffer->size = 0;
    *length = held.value.length;
    rv = ds_fmt_vel_buffer_append(rendering, step->key, buffer, held.value.text, *length);
    if (rv == APR_SUCCESS) {
        rv = ds_fmt_vel_buffer_append(rendering, step->key, buffer, "", 1);
    }
    *name = buffer->data;
    return rv;
}

static apr_status_t step_take(vel_held_t *held, vel_rendering_t *rendering, const vel_node_t *node,
                              const vel_step_t *step)
{
    vel_held_t map = *held;
    const char *name = step->name;
    apr_size_t length = step->length;
    apr_status_t rv = APR_SUCCESS;

    if (step->key != NULL) {
        rv = key_get(&name, &length, rendering, step);
        if (rv == APR_SUCCESS && map.value.type == DS_VELOCITY_LIST) {
            return ds_fmt_vel_render_fail(rendering, node,
                                          "a list has no numbers: walk it with #foreach");
        }
    }
    integer_set(held, DS_VELOCITY_NULL, 0);
    if (rv != APR_SUCCESS || name == NULL || map.value.type != DS_VELOCITY_MAP) {
        return rv;
    }
    held->loop = map.loop;
    rv = map.value.map->find(&held->value, map.value.baton, name, length);
    return rv == APR_NOTFOUND ? APR_SUCCESS : rv;
}

static apr_status_t reference_get(vel_held_t *held, vel_rendering_t *rendering,
                                  const vel_node_t *node)
{
    apr_status_t rv = variable_get(held, rendering, node);
    const vel_step_t *step;

    for (step = node->steps; rv == APR_SUCCESS && step != NULL; step = step->next) {
        if (held->value.type == DS_VELOCITY_NULL) {
            break;
        }
        rv = step_take(held, rendering, node, step);
    }
    return rv;
}

/* --- operators --- */

static apr_status_t equality_get(int *equal, vel_rendering_t *rendering, const vel_node_t *node,
                                 const ds_fmt_velocity_value_t *left,
                                 const ds_fmt_velocity_value_t *right)
{
    char left_room[VEL_NUMBER_ROOM], right_room[VEL_NUMBER_ROOM];
    const char *left_text, *right_text;
    apr_size_t left_length, right_length;
    apr_status_t rv;

    if (left->type == DS_VELOCITY_NULL || right->type == DS_VELOCITY_NULL) {
        *equal = left->type == right->type;
        return APR_SUCCESS;
    }
    if (value_is_number(left) && value_is_number(right)) {
        *equal = ds_fmt_vel_number_compare(left, right) == 0;
        return APR_SUCCESS;
    }
    rv = ds_fmt_vel_text_get(&left_text, &left_length, left_room, rendering, node, left);
    if (rv == APR_SUCCESS) {
        rv = ds_fmt_vel_text_get(&right_text, &right_length, right_room, rendering, node, right);
    }
    if (rv == APR_SUCCESS) {
        *equal = left_length == right_length && memcmp(left_text, right_text, left_length) == 0;
    }
    return rv;
}

static int order_get(vel_kind_e kind, const ds_fmt_velocity_value_t *left,
                     const ds_fmt_velocity_value_t *right)
{
    int order;

    if (!value_is_number(left) || !value_is_number(right)) {
        return 0;
    }
    order = ds_fmt_vel_number_compare(left, right);
    switch (kind) {
    case VEL_LT: return order < 0;
    case VEL_GT: return order > 0;
    case VEL_LE: return order <= 0;
    default: return order >= 0;
    }
}

/* What stands in the template takes the place of a value that is not there. */
static apr_status_t joined_append(vel_buffer_t *buffer, vel_rendering_t *rendering,
                                  const vel_node_t *node, const ds_fmt_velocity_value_t *value,
                                  const vel_node_t *source)
{
    const char *text = source->source;
    apr_size_t length = source->source_length;
    char room[VEL_NUMBER_ROOM];
    apr_status_t rv = APR_SUCCESS;

    if (value->type != DS_VELOCITY_NULL) {
        rv = ds_fmt_vel_text_get(&text, &length, room, rendering, node, value);
    }
    return rv == APR_SUCCESS ? ds_fmt_vel_buffer_append(rendering, node, buffer, text, length) : rv;
}

/* left + right, one of them a text. A left one that is in the buffer of the chain stays there. */
static apr_status_t text_join(vel_held_t *left, vel_rendering_t *rendering, const vel_node_t *chain,
                              const vel_node_t *left_source, const vel_node_t *item,
                              const ds_fmt_velocity_value_t *right)
{
    vel_buffer_t *buffer = &rendering->buffers[chain->place];
    apr_status_t rv = APR_SUCCESS;

    if (left->value.type != DS_VELOCITY_TEXT || left->value.text != buffer->data) {
        buffer->size = 0;
        rv = joined_append(buffer, rendering, chain, &left->value, left_source);
    }
    if (rv == APR_SUCCESS) {
        rv = joined_append(buffer, rendering, item, right, item->left);
    }
    text_set(left, buffer->data, buffer->size);
    return rv;
}

static apr_status_t number_compute(vel_held_t *left, vel_rendering_t *rendering,
                                   const vel_node_t *item, const ds_fmt_velocity_value_t *right)
{
    ds_fmt_velocity_value_t result = {.type = DS_VELOCITY_NULL};
    apr_status_t rv = APR_NOTFOUND;

    if (value_is_number(&left->value) && value_is_number(right)) {
        rv = ds_fmt_vel_number_compute(&result, item->kind, &left->value, right);
    }
    integer_set(left, DS_VELOCITY_NULL, 0);
    if (rv == APR_EGENERAL) {
        return ds_fmt_vel_render_fail(rendering, item, "the result has more than 64 bits");
    }
    if (rv == APR_SUCCESS) {
        left->value = result;
    }
    return APR_SUCCESS;
}

/* *left becomes left OPERATOR right; left_source is what *left comes from. */
static apr_status_t item_apply(vel_held_t *left, vel_rendering_t *rendering,
                               const vel_node_t *chain, const vel_node_t *left_source,
                               const vel_node_t *item)
{
    vel_held_t right;
    apr_status_t rv = ds_fmt_vel_value_get(&right, rendering, item->left);
    int truth = 0;

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (item->kind == VEL_ADD &&
        (left->value.type == DS_VELOCITY_TEXT || right.value.type == DS_VELOCITY_TEXT)) {
        return text_join(left, rendering, chain, left_source, item, &right.value);
    }
    if (item->kind >= VEL_ADD) {
        return number_compute(left, rendering, item, &right.value);
    }
    if (item->kind == VEL_EQ || item->kind == VEL_NE) {
        rv = equality_get(&truth, rendering, item, &left->value, &right.value);
        truth = truth == (item->kind == VEL_EQ);
    }
    else {
        truth = order_get(item->kind, &left->value, &right.value);
    }
    integer_set(left, DS_VELOCITY_BOOLEAN, truth);
    return rv;
}

/* or, and: the rest is not looked at when it cannot change the result. */
static apr_status_t logic_get(int *truth, vel_rendering_t *rendering, const vel_node_t *chain)
{
    const vel_node_t *item;
    apr_status_t rv = ds_fmt_vel_truth_get(truth, rendering, chain->left);

    for (item = chain->right; rv == APR_SUCCESS && item != NULL; item = item->next) {
        if (*truth == (item->kind == VEL_OR)) {
            break;
        }
        rv = ds_fmt_vel_truth_get(truth, rendering, item->left);
    }
    return rv;
}

static apr_status_t chain_get(vel_held_t *held, vel_rendering_t *rendering, const vel_node_t *chain)
{
    const vel_node_t *item, *source = chain->left;
    apr_status_t rv;
    int truth;

    if (chain->right->kind == VEL_OR || chain->right->kind == VEL_AND) {
        rv = logic_get(&truth, rendering, chain);
        integer_set(held, DS_VELOCITY_BOOLEAN, truth);
        return rv;
    }
    rv = ds_fmt_vel_value_get(held, rendering, chain->left);
    for (item = chain->right; rv == APR_SUCCESS && item != NULL; item = item->next) {
        rv = item_apply(held, rendering, chain, source, item);
        source = item;
    }
    return rv;
}

/* --- ranges --- */

/* Java's intValue. */
static int bound_get(const ds_fmt_velocity_value_t *value)
{
    if (value->type == DS_VELOCITY_INTEGER) {
        return (int)(apr_int32_t)(apr_uint32_t)(apr_uint64_t)value->integer;
    }
    if (value->number >= INT_MAX) {
        return INT_MAX;
    }
    if (value->number <= INT_MIN) {
        return INT_MIN;
    }
    return value->number == value->number ? (int)value->number : 0;
}

/* A list without callbacks: from integer to number. */
static apr_status_t range_get(vel_held_t *held, vel_rendering_t *rendering, const vel_node_t *node)
{
    vel_held_t to;
    apr_status_t rv = ds_fmt_vel_value_get(held, rendering, node->left);

    if (rv == APR_SUCCESS) {
        rv = ds_fmt_vel_value_get(&to, rendering, node->right);
    }
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (!value_is_number(&held->value) || !value_is_number(&to.value)) {
        integer_set(held, DS_VELOCITY_NULL, 0);
        return APR_SUCCESS;
    }
    integer_set(held, DS_VELOCITY_LIST, bound_get(&held->value));
    held->value.number = bound_get(&to.value);
    return APR_SUCCESS;
}

/* --- expressions --- */

static apr_status_t template_get(vel_held_t *held, vel_rendering_t *rendering,
                                 const vel_node_t *node)
{
    vel_buffer_t *buffer = &rendering->buffers[node->place];
    apr_status_t rv = ds_fmt_vel_buffer_render(buffer, rendering, node->right);

    text_set(held, buffer->data, buffer->size);
    return rv;
}

apr_status_t ds_fmt_vel_value_get(vel_held_t *held, vel_rendering_t *rendering,
                                  const vel_node_t *node)
{
    apr_status_t rv = ds_fmt_vel_step_count(rendering, node);
    int truth = 0;

    if (rv != APR_SUCCESS) {
        return rv;
    }
    switch (node->kind) {
    case VEL_REFERENCE: return reference_get(held, rendering, node);
    case VEL_STRING: text_set(held, node->text, node->length); return APR_SUCCESS;
    case VEL_TEMPLATE: return template_get(held, rendering, node);
    case VEL_INTEGER: integer_set(held, DS_VELOCITY_INTEGER, node->integer); return APR_SUCCESS;
    case VEL_BOOLEAN: integer_set(held, DS_VELOCITY_BOOLEAN, node->integer); return APR_SUCCESS;
    case VEL_DOUBLE:
        integer_set(held, DS_VELOCITY_DOUBLE, 0);
        held->value.number = node->number;
        return APR_SUCCESS;
    case VEL_RANGE: return range_get(held, rendering, node);
    case VEL_BRACKETS: return ds_fmt_vel_value_get(held, rendering, node->left);
    case VEL_CHAIN: return chain_get(held, rendering, node);
    default: /* VEL_NOT */
        rv = ds_fmt_vel_truth_get(&truth, rendering, node);
        integer_set(held, DS_VELOCITY_BOOLEAN, truth);
        return rv;
    }
}

/* Velocity's rule: true is what is there and not false, if it comes from a reference, a
 * comparison, a logical operator or is the word true. A text, a number or a sum that is written
 * into the condition is false. */
apr_status_t ds_fmt_vel_truth_get(int *truth, vel_rendering_t *rendering, const vel_node_t *node)
{
    vel_held_t held;
    apr_status_t rv;

    *truth = 0;
    if (node->kind == VEL_NOT) {
        rv = ds_fmt_vel_step_count(rendering, node);
        if (rv == APR_SUCCESS) {
            rv = ds_fmt_vel_truth_get(truth, rendering, node->left);
        }
        *truth = *truth == (node->integer % 2 == 0);
        return rv;
    }
    if (node->kind == VEL_BRACKETS) {
        return ds_fmt_vel_truth_get(truth, rendering, node->left);
    }
    rv = ds_fmt_vel_value_get(&held, rendering, node);
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (held.value.type == DS_VELOCITY_BOOLEAN) {
        *truth = held.value.integer != 0;
    }
    else {
        *truth = node->kind == VEL_REFERENCE && held.value.type != DS_VELOCITY_NULL;
    }
    return APR_SUCCESS;
}
