#include <string.h>

#include <apr_strings.h>

#include "ds_fmt_velocity_private.h"

#define BUFFER_START 64

static apr_status_t block_render(vel_rendering_t *rendering, const vel_node_t *node);

/* --- limits, texts and output --- */

apr_status_t ds_fmt_vel_render_fail(vel_rendering_t *rendering, const vel_node_t *node,
                                    const char *text)
{
    rendering->fault->line = node->line;
    rendering->fault->column = node->column;
    rendering->fault->text = text;
    return APR_EINVAL;
}

static apr_status_t limit_fail(vel_rendering_t *rendering, const vel_node_t *node, const char *what,
                               apr_int64_t limit, const char *unit)
{
    return ds_fmt_vel_render_fail(
        rendering, node,
        apr_psprintf(rendering->pool, "%s more than %" APR_INT64_T_FMT " %s", what, limit, unit));
}

apr_status_t ds_fmt_vel_step_count(vel_rendering_t *rendering, const vel_node_t *node)
{
    apr_int64_t limit = rendering->template->limits.steps;

    if (rendering->steps >= limit) {
        return limit_fail(rendering, node, "the template takes", limit, "steps");
    }
    rendering->steps++;
    return APR_SUCCESS;
}

/* Room for `size` more bytes. */
static apr_status_t buffer_grow(vel_rendering_t *rendering, const vel_node_t *node,
                                vel_buffer_t *buffer, apr_size_t size)
{
    apr_size_t limit = rendering->template->limits.memory_bytes, room = buffer->room;
    apr_size_t left = limit - rendering->memory;
    char *data;

    if (room == 0) {
        room = BUFFER_START;
    }
    while (room <= left && room - buffer->size < size) {
        room *= 2;
    }
    if (room > left) {
        return limit_fail(rendering, node, "texts that are kept or put together have",
                          (apr_int64_t)limit, "bytes");
    }
    rendering->memory += room;
    data = apr_palloc(rendering->pool, room);
    if (buffer->size > 0) {
        memcpy(data, buffer->data, buffer->size);
    }
    buffer->data = data;
    buffer->room = room;
    return APR_SUCCESS;
}

apr_status_t ds_fmt_vel_buffer_append(vel_rendering_t *rendering, const vel_node_t *node,
                                      vel_buffer_t *buffer, const char *data, apr_size_t size)
{
    apr_status_t rv;

    if (size > buffer->room - buffer->size &&
        (rv = buffer_grow(rendering, node, buffer, size)) != APR_SUCCESS) {
        return rv;
    }
    if (size > 0) {
        memmove(buffer->data + buffer->size, data, size);
        buffer->size += size;
    }
    return APR_SUCCESS;
}

apr_status_t ds_fmt_vel_buffer_render(vel_buffer_t *buffer, vel_rendering_t *rendering,
                                      const vel_node_t *block)
{
    vel_buffer_t *target = rendering->target;
    apr_status_t rv;

    buffer->size = 0;
    rendering->target = buffer;
    rv = block_render(rendering, block);
    rendering->target = target;
    return rv;
}

static apr_status_t output_write(vel_rendering_t *rendering, const vel_node_t *node,
                                 const char *data, apr_size_t size)
{
    apr_int64_t limit = rendering->template->limits.output_bytes;

    if (rendering->target != NULL) {
        return ds_fmt_vel_buffer_append(rendering, node, rendering->target, data, size);
    }
    if (size == 0) {
        return APR_SUCCESS;
    }
    if (size > (apr_uint64_t)(limit - rendering->output)) {
        return limit_fail(rendering, node, "the output has", limit, "bytes");
    }
    rendering->output += (apr_int64_t)size;
    return rendering->write(rendering->baton, data, size);
}

/* --- references --- */

static apr_status_t backslashes_write(vel_rendering_t *rendering, const vel_node_t *node, int count)
{
    apr_status_t rv = APR_SUCCESS;

    for (; rv == APR_SUCCESS && count > 0; count--) {
        rv = output_write(rendering, node, "\\", 1);
    }
    return rv;
}

/* An odd number of backslashes before it: the reference as it stands in the template. */
static apr_status_t escaped_render(vel_rendering_t *rendering, const vel_node_t *node, int is_null)
{
    apr_status_t rv = backslashes_write(rendering, node, node->backslashes / 2 + is_null);

    return rv == APR_SUCCESS ? output_write(rendering, node, node->source, node->source_length)
                             : rv;
}

static apr_status_t reference_render(vel_rendering_t *rendering, const vel_node_t *node)
{
    const char *text = node->source;
    apr_size_t length = node->is_quiet ? 0 : node->source_length;
    char room[VEL_NUMBER_ROOM];
    vel_held_t held;
    apr_status_t rv = ds_fmt_vel_value_get(&held, rendering, node);
    int is_null = rv != APR_SUCCESS || held.value.type == DS_VELOCITY_NULL;

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (node->backslashes % 2 == 1) {
        return escaped_render(rendering, node, is_null);
    }
    if (!is_null) {
        rv = ds_fmt_vel_text_get(&text, &length, room, rendering, node, &held.value);
    }
    if (rv == APR_SUCCESS) {
        rv =
            backslashes_write(rendering, node, is_null ? node->backslashes : node->backslashes / 2);
    }
    if (rv == APR_SUCCESS) {
        rv = output_write(rendering, node, node->text, node->length);
    }
    return rv == APR_SUCCESS ? output_write(rendering, node, text, length) : rv;
}

/* --- #set and #if --- */

/* A value that is not there changes nothing: Velocity's rule. */
static apr_status_t set_render(vel_rendering_t *rendering, const vel_node_t *node)
{
    vel_variable_t *variable = &rendering->variables[node->variable];
    vel_held_t held;
    apr_status_t rv = ds_fmt_vel_value_get(&held, rendering, node->left);

    if (rv != APR_SUCCESS || held.value.type == DS_VELOCITY_NULL) {
        return rv;
    }
    if (held.value.type == DS_VELOCITY_TEXT) {
        variable->text.size = 0;
        rv = ds_fmt_vel_buffer_append(rendering, node, &variable->text, held.value.text,
                                      held.value.length);
        held.value.text = variable->text.data;
    }
    else if (held.loop > 0 && ds_fmt_vel_is_composite(&held.value)) {
        rendering->has_kept = 1;
    }
    variable->state = VEL_HELD;
    variable->held = held;
    return rv;
}

static apr_status_t if_render(vel_rendering_t *rendering, const vel_node_t *node)
{
    apr_status_t rv = APR_SUCCESS;
    int truth = 0;

    for (; node != NULL && !truth; node = node->other) {
        truth = 1;
        if (node->left != NULL) {
            rv = ds_fmt_vel_truth_get(&truth, rendering, node->left);
        }
        if (rv != APR_SUCCESS) {
            return rv;
        }
        if (truth) {
            return block_render(rendering, node->right);
        }
    }
    return APR_SUCCESS;
}

/* --- #foreach --- */

static apr_status_t frame_find(ds_fmt_velocity_value_t *value, void *baton, const char *name,
                               apr_size_t length);

static const ds_fmt_velocity_map_t frame_map = {frame_find};

static void frame_value_set(ds_fmt_velocity_value_t *value, const vel_frame_t *frame)
{
    memset(value, 0, sizeof(*value));
    value->type = DS_VELOCITY_MAP;
    value->map = &frame_map;
    value->baton = (void *)frame;
}

/* The fields of $foreach. */
static apr_status_t frame_find(ds_fmt_velocity_value_t *value, void *baton, const char *name,
                               apr_size_t length)
{
    const vel_frame_t *frame = baton;

    (void)length;
    value->type = DS_VELOCITY_BOOLEAN;
    if (strcmp(name, "count") == 0 || strcmp(name, "index") == 0) {
        value->type = DS_VELOCITY_INTEGER;
        value->integer = frame->index + (*name == 'c');
    }
    else if (strcmp(name, "hasNext") == 0) {
        value->integer = frame->has_next;
    }
    else if (strcmp(name, "first") == 0) {
        value->integer = frame->index == 0;
    }
    else if (strcmp(name, "last") == 0) {
        value->integer = !frame->has_next;
    }
    else if (strcmp(name, "parent") == 0 && frame->outer != NULL) {
        frame_value_set(value, frame->outer);
    }
    else {
        value->type = DS_VELOCITY_NULL;
        return APR_NOTFOUND;
    }
    return APR_SUCCESS;
}

/* The variables that a loop sets: those of every loop, and its own. */
static vel_variable_t *frame_variable(vel_rendering_t *rendering, const vel_node_t *node, int i)
{
    return &rendering->variables[i < VEL_OWN_VARIABLES ? i : node->variable];
}

static apr_status_t frame_enter(vel_frame_t *frame, vel_rendering_t *rendering,
                                const vel_node_t *node)
{
    const ds_fmt_velocity_list_t *list = frame->list.list;
    int i;

    frame->outer = rendering->frame;
    frame->loop = frame->outer != NULL ? frame->outer->loop + 1 : 1;
    frame->index = 0;
    rendering->frame = frame;
    for (i = 0; i <= VEL_OWN_VARIABLES; i++) {
        vel_variable_t *variable = frame_variable(rendering, node, i);

        frame->before[i] = *variable;
        variable->text = frame->texts[i];
    }
    frame->walk = frame->list.baton;
    if (list == NULL) {
        return APR_SUCCESS;
    }
    apr_pool_create(&frame->pool, rendering->pool);
    apr_pool_create(&frame->pools[0], frame->pool);
    apr_pool_create(&frame->pools[1], frame->pool);
    return list->begin != NULL ? list->begin(&frame->walk, frame->list.baton, frame->pool)
                               : APR_SUCCESS;
}

static void frame_leave(vel_frame_t *frame, vel_rendering_t *rendering, const vel_node_t *node)
{
    int i;

    for (i = VEL_OWN_VARIABLES; i >= 0; i--) {
        vel_variable_t *variable = frame_variable(rendering, node, i);

        frame->texts[i] = variable->text;
        *variable = frame->before[i];
    }
    rendering->frame = frame->outer;
    if (frame->list.list != NULL) {
        apr_pool_destroy(frame->pool);
    }
}

/* Element number index, into the pool of its turn. APR_EOF: there is none. */
static apr_status_t element_get(ds_fmt_velocity_value_t *element, const vel_frame_t *frame,
                                apr_int64_t index)
{
    apr_pool_t *pool = frame->pools[index % 2];
    apr_int64_t from = frame->list.integer, to = (apr_int64_t)frame->list.number;

    memset(element, 0, sizeof(*element));
    if (frame->list.list != NULL) {
        apr_pool_clear(pool);
        return frame->list.list->next(element, frame->walk, pool);
    }
    element->type = DS_VELOCITY_INTEGER;
    element->integer = from <= to ? from + index : from - index;
    return index <= (from <= to ? to - from : from - to) ? APR_SUCCESS : APR_EOF;
}

static void variable_set(vel_variable_t *variable, const ds_fmt_velocity_value_t *value, int loop)
{
    variable->state = VEL_HELD;
    variable->held.value = *value;
    variable->held.loop = loop;
}

static void frame_variables_set(vel_rendering_t *rendering, const vel_node_t *node,
                                const vel_frame_t *frame, const ds_fmt_velocity_value_t *element)
{
    ds_fmt_velocity_value_t value;

    frame_value_set(&value, frame);
    variable_set(&rendering->variables[VEL_FOREACH_SCOPE], &value, frame->loop);
    memset(&value, 0, sizeof(value));
    value.type = DS_VELOCITY_INTEGER;
    value.integer = frame->index + 1;
    variable_set(&rendering->variables[VEL_COUNT], &value, 0);
    value.type = DS_VELOCITY_BOOLEAN;
    value.integer = frame->has_next;
    variable_set(&rendering->variables[VEL_HAS_NEXT], &value, 0);
    variable_set(&rendering->variables[node->variable], element, frame->loop);
}

/* What was found in an element is not kept longer than that. */
static void element_forget(vel_rendering_t *rendering, const vel_frame_t *frame)
{
    int i;

    if (!rendering->has_kept) {
        return;
    }
    rendering->steps += rendering->template->variable_count;
    for (i = 0; i < rendering->template->variable_count; i++) {
        vel_variable_t *variable = &rendering->variables[i];

        if (variable->state == VEL_HELD && variable->held.loop >= frame->loop &&
            ds_fmt_vel_is_composite(&variable->held.value)) {
            variable->state = VEL_GONE;
        }
    }
}

static apr_status_t elements_render(vel_rendering_t *rendering, const vel_node_t *node,
                                    vel_frame_t *frame)
{
    ds_fmt_velocity_value_t element, next;
    apr_status_t rv = element_get(&element, frame, 0);

    while (rv == APR_SUCCESS) {
        rv = element_get(&next, frame, frame->index + 1);
        if (rv != APR_SUCCESS && rv != APR_EOF) {
            return rv;
        }
        if (frame->list.list != NULL && frame->list.list->renews) {
            rendering->steps = rendering->output = 0;
        }
        frame->has_next = rv == APR_SUCCESS;
        frame_variables_set(rendering, node, frame, &element);
        if ((rv = ds_fmt_vel_step_count(rendering, node)) != APR_SUCCESS ||
            (rv = block_render(rendering, node->right)) != APR_SUCCESS) {
            return rv;
        }
        element_forget(rendering, frame);
        rv = frame->has_next ? APR_SUCCESS : APR_EOF;
        element = next;
        frame->index++;
    }
    return rv == APR_EOF ? APR_SUCCESS : rv;
}

static apr_status_t foreach_render(vel_rendering_t *rendering, const vel_node_t *node)
{
    vel_frame_t *frame = &rendering->frames[node->place];
    vel_held_t held;
    apr_status_t rv = ds_fmt_vel_value_get(&held, rendering, node->left);

    if (rv == APR_SUCCESS && held.value.type == DS_VELOCITY_MAP) {
        return ds_fmt_vel_render_fail(rendering, node,
                                      "a record cannot be walked: #foreach wants a list");
    }
    if (rv != APR_SUCCESS || held.value.type != DS_VELOCITY_LIST) {
        return rv;
    }
    frame->list = held.value;
    rv = frame_enter(frame, rendering, node);
    if (rv == APR_SUCCESS) {
        rv = elements_render(rendering, node, frame);
    }
    frame_leave(frame, rendering, node);
    return rv;
}

/* --- the whole --- */

static apr_status_t statement_render(vel_rendering_t *rendering, const vel_node_t *node)
{
    apr_status_t rv = ds_fmt_vel_step_count(rendering, node);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    switch (node->kind) {
    case VEL_TEXT: return output_write(rendering, node, node->text, node->length);
    case VEL_REFERENCE: return reference_render(rendering, node);
    case VEL_SET: return set_render(rendering, node);
    case VEL_IF: return if_render(rendering, node);
    default: return foreach_render(rendering, node);
    }
}

static apr_status_t block_render(vel_rendering_t *rendering, const vel_node_t *node)
{
    apr_status_t rv = APR_SUCCESS;

    for (; rv == APR_SUCCESS && node != NULL; node = node->next) {
        rv = statement_render(rendering, node);
    }
    return rv;
}

int ds_fmt_velocity_has(const ds_fmt_velocity_t *template, const char *name)
{
    int i;

    for (i = 0; i < template->variable_count; i++) {
        if (strcmp(template->variables[i], name) == 0) {
            return 1;
        }
    }
    return 0;
}

static void *zeros_make(int count, apr_size_t size, apr_pool_t *pool)
{
    return apr_pcalloc(pool, size * (apr_size_t)(count > 0 ? count : 1));
}

apr_status_t ds_fmt_velocity_render(ds_fmt_velocity_fault_t *fault,
                                    const ds_fmt_velocity_t *template,
                                    const ds_fmt_velocity_value_t *context,
                                    ds_fmt_velocity_write_cb write, void *baton, apr_pool_t *pool)
{
    vel_rendering_t rendering = {.template = template,
                                 .context = context,
                                 .fault = fault,
                                 .write = write,
                                 .baton = baton,
                                 .pool = pool};

    fault->text = NULL;
    rendering.variables = zeros_make(template->variable_count, sizeof(vel_variable_t), pool);
    rendering.buffers = zeros_make(template->buffer_count, sizeof(vel_buffer_t), pool);
    rendering.frames = zeros_make(template->frame_count, sizeof(vel_frame_t), pool);
    return block_render(&rendering, template->block);
}
