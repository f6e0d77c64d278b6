#include "ds_src_spec.h"

#include <string.h>

#include <apr_strings.h>

#include "ds_src_read.h"

/* The parts of a spec. */
typedef struct parts_t {
    ds_src_node_t attributes;
    ds_src_node_t placed; /* attributes.spec.properties, the other place of the parts */
} parts_t;

static const char *const part_names[] = {"urlParams",     "headerParams",      "bodyParams",
                                         "contentPath",   "explodeEntityPath", "paginationParams",
                                         "scheduleParams"};
#define PARTS (sizeof(part_names) / sizeof(*part_names))

int ds_src_name_is_part(const char *name)
{
    size_t i;

    for (i = 0; i < PARTS; i++) {
        if (!strcmp(part_names[i], name)) {
            return 1;
        }
    }
    return 0;
}

/* A template describes its parts by a schema instead of giving them. */
static int is_description(const json_t *part)
{
    static const char *const words[] = {"type",    "title",    "description", "properties",
                                        "example", "required", "default"};
    const char *type = json_string_value(json_object_get(part, "type"));
    size_t i, known = 0;

    for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
        known += json_object_get(part, words[i]) != NULL;
    }
    return type && !strcmp(type, "object") && known > 1 && known == json_object_size(part);
}

static ds_src_node_t part_get(const ds_src_reader_t *reader, const parts_t *parts, const char *name)
{
    ds_src_node_t part = ds_src_member_get(reader, &parts->attributes, name);
    ds_src_node_t other = ds_src_member_get(reader, &parts->placed, name);

    return part.json || !other.json ? part : other;
}

/* Each part stands in one place, and has values. Returns 0 when there is nothing to read. */
static int parts_check(const ds_src_reader_t *reader, const parts_t *parts)
{
    int descriptions = 0;
    size_t i;

    for (i = 0; i < PARTS; i++) {
        ds_src_node_t part = part_get(reader, parts, part_names[i]);
        ds_src_node_t other = ds_src_member_get(reader, &parts->placed, part_names[i]);

        if (other.json && part.json != other.json) {
            ds_src_mistake_add(reader, other.place, "it also stands at %s: write it once",
                               part.place);
        }
        if (is_description(part.json)) {
            ds_src_mistake_add(reader, part.place,
                               "this describes the member, as the empty template does: write its "
                               "values instead");
            descriptions++;
        }
    }
    return !descriptions;
}

/* --- contentPath and explodeEntityPath --- */

/* The path of one array: [*] at its end means the same. The way to an array that splits records
 * goes through names alone. */
static const ds_fmt_jsonpath_t *array_path_read(const ds_src_reader_t *reader, const char *place,
                                                const char *text, int names_only)
{
    const ds_fmt_jsonpath_t *path = ds_src_path_read(reader, place, text);
    ds_fmt_jsonpath_t *plain;
    int i;

    if (!path) {
        return NULL;
    }
    plain = apr_pmemdup(reader->pool, path, sizeof(*path));
    if (plain->count > 0 && plain->steps[plain->count - 1].kind == DS_JSONPATH_ALL) {
        plain->count--;
    }
    for (i = 0; i < plain->count; i++) {
        if (plain->steps[i].kind == DS_JSONPATH_ALL) {
            ds_src_mistake_add(reader, place,
                               "\"%s\": it leads to one array: [*] stands at its end alone, "
                               "explodeEntityPath splits records further",
                               text);
            return NULL;
        }
        if (names_only && plain->steps[i].kind != DS_JSONPATH_NAME) {
            ds_src_mistake_add(reader, place, "\"%s\": only names lead to this array, not [n]",
                               text);
            return NULL;
        }
    }
    return plain;
}

/* The last name on the way to the array. */
static const char *wrapper_find(const ds_fmt_jsonpath_t *path)
{
    int i = path->count;

    while (i > 0 && path->steps[i - 1].kind != DS_JSONPATH_NAME) {
        i--;
    }
    return i > 0 ? path->steps[i - 1].name : DS_SRC_WRAPPER_DEFAULT;
}

static int content_read(ds_src_content_t *content, const ds_src_reader_t *reader,
                        const ds_src_node_t *node, int names_only)
{
    static const char *const known[] = {"path", "skipAttributes", "keepAttributes",
                                        "overrideWrapperAttribute", NULL};
    const char *place = node->place, *text;

    if (json_is_string(node->json)) {
        text = apr_pstrdup(reader->pool, json_string_value(node->json));
    }
    else if (ds_src_object_check(reader, node)) {
        ds_src_members_check(reader, node, known);
        place = ds_src_member_get(reader, node, "path").place;
        text =
            ds_src_text_need(reader, node, "path", "write the path of the array, such as $.data");
        content->skip = ds_src_texts_read(reader, node, "skipAttributes");
        content->keep = ds_src_texts_read(reader, node, "keepAttributes");
        content->wrapper = ds_src_text_read(reader, node, "overrideWrapperAttribute");
    }
    else {
        return 0;
    }
    content->path = text ? array_path_read(reader, place, text, names_only) : NULL;
    if (content->path && !content->wrapper) {
        content->wrapper = wrapper_find(content->path);
    }
    return content->path != NULL;
}

static void explode_read(ds_src_spec_t *spec, const ds_src_reader_t *reader,
                         const ds_src_node_t *node)
{
    ds_src_content_t *explode = apr_pcalloc(reader->pool, sizeof(*explode));

    if (!content_read(explode, reader, node, 1)) {
        return;
    }
    if (explode->path->count < 2 || !spec->content.wrapper ||
        strcmp(explode->path->steps[0].name, spec->content.wrapper)) {
        ds_src_mistake_add(reader, node->place,
                           "its path begins with the name that each record has: $.%s. and the way "
                           "from there",
                           spec->content.wrapper ? spec->content.wrapper : "NAME");
        return;
    }
    spec->explode = explode;
}

/* --- the whole --- */

static ds_src_node_t root_find(const ds_src_reader_t *reader, json_t *root)
{
    ds_src_node_t top = {root, "$"}, spec = ds_src_member_get(reader, &top, "sourceSpec");

    if (!spec.json && json_object_get(root, "attributes")) {
        return top;
    }
    if (!spec.json) {
        ds_src_mistake_add(reader, spec.place, "is missing: this is no source spec");
    }
    return spec;
}

static void attributes_check(const ds_src_reader_t *reader, const parts_t *parts)
{
    static const char *const others[] = {"uiAttributes", "spec", "schema", NULL};
    const char *name;
    json_t *value;

    json_object_foreach(parts->attributes.json, name, value)
    {
        if (!ds_src_name_is_part(name) && strcmp(name, others[0]) && strcmp(name, others[1]) &&
            strcmp(name, others[2])) {
            ds_src_warning_add(reader, ds_src_member_get(reader, &parts->attributes, name).place,
                               "there is no such member: it is not looked at");
        }
    }
}

/* In their order: holes need to know the parameters and the schedule. */
static void parts_read(ds_src_spec_t *spec, const ds_src_reader_t *reader, const parts_t *parts)
{
    ds_src_node_t node = part_get(reader, parts, "scheduleParams");

    ds_src_schedule_read(spec, reader, &node);
    node = part_get(reader, parts, "urlParams");
    ds_src_resource_read(spec, reader, &node);
    node = part_get(reader, parts, "headerParams");
    ds_src_headers_read(spec, reader, &node);
    node = part_get(reader, parts, "bodyParams");
    ds_src_body_read(spec, reader, &node);
    node = part_get(reader, parts, "contentPath");
    if (!node.json) {
        ds_src_mistake_add(reader, node.place,
                           "is missing: write the path of the array of records, such as "
                           "{\"path\": \"$.data\"}");
    }
    content_read(&spec->content, reader, &node, 0);
    node = part_get(reader, parts, "explodeEntityPath");
    if (node.json) {
        explode_read(spec, reader, &node);
    }
    node = part_get(reader, parts, "paginationParams");
    ds_src_paging_read(&spec->paging, reader, &node);
    if (spec->schedule.kind == DS_SRC_SCHEDULE_ADVANCE && !spec->schedule.is_placed) {
        ds_src_warning_add(reader, part_get(reader, parts, "scheduleParams").place,
                           "{SCHEDULE_QUERY} stands nowhere: each run fetches everything");
    }
}

static void root_read(ds_src_spec_t *spec, const ds_src_reader_t *reader, json_t *root)
{
    ds_src_node_t top = root_find(reader, root), described, user;
    parts_t parts;

    if (!ds_src_object_check(reader, &top)) {
        return;
    }
    parts.attributes = ds_src_member_get(reader, &top, "attributes");
    if (!parts.attributes.json) {
        ds_src_mistake_add(reader, parts.attributes.place, "is missing: write it");
    }
    if (!ds_src_object_check(reader, &parts.attributes)) {
        return;
    }
    described = ds_src_member_get(reader, &parts.attributes, "spec");
    parts.placed = ds_src_member_get(reader, &described, "properties");
    attributes_check(reader, &parts);
    user = ds_src_member_get(reader, &top, "spec");
    ds_src_params_read(spec, reader, &described);
    ds_src_params_read(spec, reader, &user);
    if (parts_check(reader, &parts)) {
        parts_read(spec, reader, &parts);
    }
}

void ds_src_spec_read(ds_src_spec_t **spec, ds_src_report_t *report, const char *text,
                      apr_size_t size, apr_pool_t *pool)
{
    ds_src_reader_t reader = {report, pool};
    ds_src_spec_t *made = apr_pcalloc(pool, sizeof(*made));
    json_t *root;

    ds_src_report_init(report, pool);
    made->query = apr_array_make(pool, 8, sizeof(ds_src_pair_t));
    made->headers = apr_array_make(pool, 8, sizeof(ds_src_pair_t));
    made->params = apr_array_make(pool, 8, sizeof(ds_src_param_t));
    made->method = "GET";
    root = ds_src_json_load(&reader, text, size);
    if (root) {
        root_read(made, &reader, root);
        json_decref(root);
    }
    *spec = report->mistakes->nelts ? NULL : made;
}
