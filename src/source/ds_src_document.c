#include "ds_src_document.h"

#include <string.h>
#include <strings.h>

#include "ds_src_read.h"

json_t *ds_src_document_read(const char *text, apr_size_t size, apr_pool_t *scratch)
{
    ds_src_report_t report;
    ds_src_reader_t reader = {&report, scratch};
    json_t *root;

    ds_src_report_init(&report, scratch);
    root = ds_src_json_load(&reader, text, size);
    if (json_is_object(root) && !json_object_get(root, "sourceSpec")) {
        root = json_pack("{s:o}", "sourceSpec", root);
    }
    if (!json_is_object(root)) {
        json_decref(root);
        return NULL;
    }
    return root;
}

/* --- what may be a credential: any value that is written down where a request takes it from --- */

static int is_plain_header(const char *name)
{
    return !strcasecmp(name, "Accept") || !strcasecmp(name, "Accept-Language") ||
           !strcasecmp(name, "Content-Type");
}

/* Is the whole text filled in, ${name} or {NAME}? */
static int is_hole(const char *text)
{
    const char *name = text + (*text == '$');

    return *name == '{' && name[1 + strcspn(name + 1, "{}")] == '}' && !strchr(name, '}')[1];
}

/* What is shown in the place of a value, at every depth. */
static json_t *value_mask(json_t *value)
{
    const char *name;
    json_t *member;
    void *next;
    size_t i;

    if (json_is_boolean(value) || json_is_null(value) ||
        (json_is_string(value) && is_hole(json_string_value(value)))) {
        return json_incref(value);
    }
    if (!json_is_array(value) && !json_is_object(value)) {
        return json_string(DS_SRC_MASK);
    }
    json_array_foreach(value, i, member)
    {
        json_array_set_new(value, i, value_mask(member));
    }
    json_object_foreach_safe(value, next, name, member)
    {
        json_object_set_new(value, name, value_mask(member));
    }
    return json_incref(value);
}

static void member_mask(json_t *part, const char *name)
{
    json_t *value = json_object_get(part, name);

    if (value) {
        json_object_set_new(part, name, value_mask(value));
    }
}

static void headers_mask(json_t *headers)
{
    const char *name;
    json_t *value;
    void *next;

    json_object_foreach_safe(headers, next, name, value)
    {
        if (!is_plain_header(name)) {
            member_mask(headers, name);
        }
    }
}

/* Of an address that is written down: what stands behind its path, and before its host. */
static void address_mask(json_t *address)
{
    const char *text = json_string_value(address);

    if (text && (strchr(text, '?') || strchr(text, '@'))) {
        json_string_set(address, DS_SRC_MASK);
    }
}

static void parts_mask(json_t *parts)
{
    json_t *url = json_object_get(parts, "urlParams");

    headers_mask(json_object_get(parts, "headerParams"));
    member_mask(parts, "bodyParams");
    member_mask(url, "queryParams");
    address_mask(json_object_get(url, "host"));
    address_mask(json_object_get(url, "path"));
}

/* Parameters that the administrator need not give. */
static void defaults_mask(json_t *part)
{
    const char *name;
    json_t *value;
    size_t i;

    json_array_foreach(part, i, value)
    {
        defaults_mask(value);
    }
    json_object_foreach(part, name, value)
    {
        defaults_mask(value);
    }
    member_mask(part, "default");
}

void ds_src_document_mask(json_t *document)
{
    json_t *attributes = json_object_get(json_object_get(document, "sourceSpec"), "attributes");

    parts_mask(attributes);
    parts_mask(json_object_get(json_object_get(attributes, "spec"), "properties"));
    defaults_mask(document);
}
