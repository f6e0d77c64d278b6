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

/* --- what may be a credential --- */

static int is_plain_header(const char *name)
{
    return !strcasecmp(name, "Accept") || !strcasecmp(name, "Accept-Language") ||
           !strcasecmp(name, "Content-Type");
}

static int is_plain_parameter(const char *name)
{
    static const char *const words[] = {"key",  "token", "secret", "password",
                                        "pass", "auth",  "sign",   "credential"};
    size_t i;

    for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
        if (strcasestr(name, words[i])) {
            return 0;
        }
    }
    return 1;
}

static int is_secret(const char *name, const json_t *value, int (*is_plain)(const char *))
{
    const char *text = json_string_value(value);

    return text && !strchr(text, '{') && !is_plain(name);
}

/* Members of members too: a body has them. */
static void values_mask(json_t *part, int (*is_plain)(const char *))
{
    const char *name;
    json_t *value;
    size_t i;

    json_array_foreach(part, i, value)
    {
        values_mask(value, is_plain);
    }
    json_object_foreach(part, name, value)
    {
        if (is_secret(name, value, is_plain)) {
            json_string_set(value, DS_SRC_MASK);
        }
        values_mask(value, is_plain);
    }
}

/* A list of parameters may be one text. */
static void query_mask(json_t *query)
{
    if (is_secret(json_is_string(query) ? json_string_value(query) : "", query,
                  is_plain_parameter)) {
        json_string_set(query, DS_SRC_MASK);
    }
    values_mask(query, is_plain_parameter);
}

static void parts_mask(json_t *parts)
{
    values_mask(json_object_get(parts, "headerParams"), is_plain_header);
    values_mask(json_object_get(parts, "bodyParams"), is_plain_parameter);
    query_mask(json_object_get(json_object_get(parts, "urlParams"), "queryParams"));
}

void ds_src_document_mask(json_t *document)
{
    json_t *attributes = json_object_get(json_object_get(document, "sourceSpec"), "attributes");

    parts_mask(attributes);
    parts_mask(json_object_get(json_object_get(attributes, "spec"), "properties"));
}
