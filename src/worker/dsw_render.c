#include "dsw_render.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ds_template.h"

#define ITEMS "items"

struct dsw_render_t {
    ds_fmt_velocity_t *template;
    ds_fmt_velocity_write_cb write;
    void *baton;
};

typedef struct {
    const dsw_render_row_t *row;
    apr_pool_t *pool;
} view_t;

static void value_set(ds_fmt_velocity_value_t *value, char type, const char *text)
{
    *value = (ds_fmt_velocity_value_t){.type = DS_VELOCITY_NULL};
    if (!text)
        return;
    value->type = DS_VELOCITY_TEXT;
    value->text = text;
    value->length = strlen(text);
    if (type == 'b') {
        value->type = DS_VELOCITY_BOOLEAN;
        value->integer = *text == 't';
    }
    else if (type == 'i') {
        value->type = DS_VELOCITY_INTEGER;
        value->integer = strtoll(text, NULL, 10);
    }
    else if (type == 'd') {
        value->type = DS_VELOCITY_DOUBLE;
        value->number = strtod(text, NULL);
    }
}

static apr_status_t field_find(ds_fmt_velocity_value_t *value, void *baton, const char *name,
                               apr_size_t length)
{
    const view_t *view = baton;
    int i;

    for (i = 0; i < view->row->count; i++)
        if (strlen(view->row->titles[i]) == length && !strcasecmp(view->row->titles[i], name)) {
            char type = 's';
            const char *text = view->row->value(&type, view->row->baton, i, view->pool);

            value_set(value, type, text);
            return APR_SUCCESS;
        }
    return APR_NOTFOUND;
}

static const ds_fmt_velocity_map_t fields = {field_find};

/* A field of this name goes before the whole. */
static apr_status_t variable_find(ds_fmt_velocity_value_t *value, void *baton, const char *name,
                                  apr_size_t length)
{
    apr_status_t status = field_find(value, baton, name, length);

    if (status == APR_NOTFOUND && (!strcmp(name, "item") || !strcmp(name, "data"))) {
        *value = (ds_fmt_velocity_value_t){.type = DS_VELOCITY_MAP, .map = &fields, .baton = baton};
        return APR_SUCCESS;
    }
    return status;
}

static const ds_fmt_velocity_map_t variables = {variable_find};

ds_problem_t *dsw_render_make(dsw_render_t **render, const char *text,
                              apr_status_t (*write)(void *baton, const char *data, apr_size_t size),
                              void *baton, apr_pool_t *pool)
{
    *render = apr_pcalloc(pool, sizeof(**render));
    (*render)->write = write;
    (*render)->baton = baton;
    return ds_template_parse(&(*render)->template, text, pool);
}

ds_problem_t *dsw_render_row(dsw_render_t *render, const dsw_render_row_t *row, apr_pool_t *scratch)
{
    view_t view = {row, scratch};
    ds_fmt_velocity_value_t context = {.type = DS_VELOCITY_MAP, .map = &variables, .baton = &view};
    ds_fmt_velocity_fault_t fault;
    apr_status_t status = ds_fmt_velocity_render(&fault, render->template, &context, render->write,
                                                 render->baton, scratch);

    return status == APR_SUCCESS ? NULL : ds_template_problem(&fault, scratch);
}

/* --- all rows --- */

typedef struct {
    apr_status_t (*next)(dsw_render_row_t *row, void *baton, apr_pool_t *pool);
    void *baton;
} walk_t;

static apr_status_t item_next(ds_fmt_velocity_value_t *element, void *baton, apr_pool_t *pool)
{
    const walk_t *walk = baton;
    dsw_render_row_t *row = apr_pcalloc(pool, sizeof(*row));
    view_t *view = apr_palloc(pool, sizeof(*view));

    *view = (view_t){row, pool};
    *element = (ds_fmt_velocity_value_t){.type = DS_VELOCITY_MAP, .map = &variables, .baton = view};
    return walk->next(row, walk->baton, pool);
}

static apr_status_t items_find(ds_fmt_velocity_value_t *value, void *baton, const char *name,
                               apr_size_t length)
{
    static const ds_fmt_velocity_list_t items = {.next = item_next, .renews = 1};

    if (length != strlen(ITEMS) || strcmp(name, ITEMS) != 0)
        return APR_NOTFOUND;
    *value = (ds_fmt_velocity_value_t){.type = DS_VELOCITY_LIST, .list = &items, .baton = baton};
    return APR_SUCCESS;
}

int dsw_render_walks(const dsw_render_t *render)
{
    return ds_fmt_velocity_has(render->template, ITEMS);
}

apr_status_t dsw_render_rows(ds_problem_t **problem, dsw_render_t *render,
                             apr_status_t (*next)(dsw_render_row_t *row, void *baton,
                                                  apr_pool_t *pool),
                             void *baton, apr_pool_t *pool)
{
    static const ds_fmt_velocity_map_t map = {items_find};
    walk_t walk = {next, baton};
    ds_fmt_velocity_value_t context = {.type = DS_VELOCITY_MAP, .map = &map, .baton = &walk};
    ds_fmt_velocity_fault_t fault;
    apr_status_t status = ds_fmt_velocity_render(&fault, render->template, &context, render->write,
                                                 render->baton, pool);

    *problem = status == APR_EINVAL ? ds_template_problem(&fault, pool) : NULL;
    return *problem ? DS_EINPUT : status;
}
