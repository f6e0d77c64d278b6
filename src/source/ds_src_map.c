#include "ds_src_map.h"

#include <string.h>

#include <apr_strings.h>

#include "ds_src_path.h"

#define PLACES_MAX 3

/* Where the value of a field is looked for, in this order; the rest NULL. */
typedef struct places_t {
    const ds_fmt_jsonpath_t *paths[PLACES_MAX];
} places_t;

struct ds_src_map_t {
    int count; /* fields of the object */
    places_t *fields;
};

/* The path of a name below the wrapper's steps. */
static const ds_fmt_jsonpath_t *path_extend(const ds_fmt_jsonpath_step_t *steps, int count,
                                            const char *name, apr_pool_t *pool)
{
    ds_fmt_jsonpath_t *path = apr_palloc(pool, sizeof(*path));

    path->count = count + 1;
    path->steps = apr_palloc(pool, sizeof(*path->steps) * (apr_size_t)path->count);
    if (count > 0) {
        memcpy(path->steps, steps, sizeof(*steps) * (apr_size_t)count);
    }
    path->steps[count] = (ds_fmt_jsonpath_step_t){DS_JSONPATH_NAME, name, 0};
    return path;
}

static int parent_counts(const ds_src_spec_t *spec)
{
    return spec->content.path->count > 0 && (!spec->content.keep || spec->content.keep->nelts > 0);
}

static void name_places(places_t *places, const ds_src_spec_t *spec, const char *name,
                        apr_pool_t *pool)
{
    ds_fmt_jsonpath_step_t wrapper = {DS_JSONPATH_NAME, spec->content.wrapper, 0};
    const ds_fmt_jsonpath_t *split;
    int next = 0;

    if (spec->explode) {
        split = path_extend(spec->explode->path->steps, spec->explode->path->count - 1,
                            spec->explode->wrapper, pool);
        places->paths[next++] = path_extend(split->steps, split->count, name, pool);
    }
    places->paths[next++] = path_extend(&wrapper, 1, name, pool);
    if (parent_counts(spec) && strcmp(name, spec->content.wrapper)) {
        places->paths[next] = path_extend(NULL, 0, name, pool);
    }
}

static ds_problem_t *line_read(ds_src_map_t *map, const ds_source_map_t *line,
                               const ds_object_t *object, apr_pool_t *pool)
{
    int position = ds_object_field_find(object, line->field), at;
    ds_fmt_jsonpath_t *path = NULL;
    const char *fault = ds_fmt_jsonpath_parse(&path, &at, line->path, pool);

    if (position < 0) {
        return ds_problem_make(pool, DS_EINPUT, "Map %s: the object \"%s\" has no such field",
                               line->field, object->name);
    }
    if (map->fields[position].paths[0]) {
        return ds_problem_make(pool, DS_EINPUT, "Map %s: the field stands twice", line->field);
    }
    if (fault) {
        return ds_problem_make(pool, DS_EINPUT, "Map %s %s: character %d: %s", line->field,
                               line->path, at, fault);
    }
    map->fields[position].paths[0] = path;
    return NULL;
}

ds_problem_t *ds_src_map_make(ds_src_map_t **made, const ds_source_t *source,
                              const ds_src_spec_t *spec, const ds_object_t *object,
                              apr_pool_t *pool)
{
    ds_src_map_t *map = *made = apr_pcalloc(pool, sizeof(*map));
    ds_problem_t *problem = NULL;
    int i;

    map->count = object->fields->nelts;
    map->fields = apr_pcalloc(pool, sizeof(*map->fields) * (apr_size_t)map->count);
    for (i = 0; i < source->maps->nelts && !problem; i++) {
        problem = line_read(map, &APR_ARRAY_IDX(source->maps, i, ds_source_map_t), object, pool);
    }
    for (i = 0; i < map->count && !problem; i++) {
        if (!map->fields[i].paths[0]) {
            name_places(&map->fields[i], spec, APR_ARRAY_IDX(object->fields, i, ds_field_t).name,
                        pool);
        }
    }
    return problem;
}

void ds_src_map_apply(const char **texts, const ds_src_map_t *map, json_t *record, apr_pool_t *pool)
{
    json_t *found;
    int i, j;

    for (i = 0; i < map->count; i++) {
        found = NULL;
        for (j = 0; j < PLACES_MAX && !found && map->fields[i].paths[j]; j++) {
            found = ds_src_path_get(record, map->fields[i].paths[j]);
        }
        texts[i] = ds_src_value_text(found, pool);
    }
}
