#include "ds_src_read.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "ds_src_path.h"

#define SENTENCE_MAX 400 /* bytes */

static const char HEADERS[] = "headers.";

/* --- the report --- */

void ds_src_report_init(ds_src_report_t *report, apr_pool_t *pool)
{
    report->mistakes = apr_array_make(pool, 4, sizeof(const char *));
    report->warnings = apr_array_make(pool, 4, sizeof(const char *));
}

/* Names of a spec may hold anything; a sentence is one line. */
static void sentence_add(apr_array_header_t *sentences, const char *place, const char *format,
                         va_list args, apr_pool_t *pool)
{
    char *text, *c, *cut;

    if (sentences->nelts == DS_SRC_REPORT_MAX) {
        return;
    }
    text = apr_pstrcat(pool, place, ": ", apr_pvsprintf(pool, format, args), NULL);
    if (strlen(text) > SENTENCE_MAX) {
        for (cut = text + SENTENCE_MAX - 3; (*cut & 0xC0) == 0x80; cut--) /* inside a character */
            ;
        apr_cpystrn(cut, "...", 4);
    }
    for (c = text; *c; c++) {
        if (apr_iscntrl(*c)) {
            *c = '?';
        }
    }
    APR_ARRAY_PUSH(sentences, const char *) = text;
}

void ds_src_mistake_add(const ds_src_reader_t *reader, const char *place, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    sentence_add(reader->report->mistakes, place, format, args, reader->pool);
    va_end(args);
}

void ds_src_warning_add(const ds_src_reader_t *reader, const char *place, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    sentence_add(reader->report->warnings, place, format, args, reader->pool);
    va_end(args);
}

/* --- members --- */

ds_src_node_t ds_src_member_get(const ds_src_reader_t *reader, const ds_src_node_t *node,
                                const char *name)
{
    ds_fmt_jsonpath_step_t step = {DS_JSONPATH_NAME, name, 0};
    ds_fmt_jsonpath_t path = {1, &step};
    ds_src_node_t member = {json_object_get(node->json, name), NULL};

    member.place = apr_pstrcat(reader->pool, node->place,
                               ds_fmt_jsonpath_print(&path, reader->pool) + 1, NULL);
    return member;
}

ds_src_node_t ds_src_element_get(const ds_src_reader_t *reader, const ds_src_node_t *node,
                                 size_t index)
{
    ds_src_node_t element = {json_array_get(node->json, index), NULL};

    element.place =
        apr_psprintf(reader->pool, "%s[%" APR_SIZE_T_FMT "]", node->place, (apr_size_t)index);
    return element;
}

int ds_src_object_check(const ds_src_reader_t *reader, const ds_src_node_t *node)
{
    if (node->json && !json_is_object(node->json)) {
        ds_src_mistake_add(reader, node->place, "write an object: { and members");
    }
    return json_is_object(node->json);
}

void ds_src_members_check(const ds_src_reader_t *reader, const ds_src_node_t *node,
                          const char *const *known)
{
    const char *name, *const *one;
    json_t *value;

    json_object_foreach(node->json, name, value)
    {
        for (one = known; *one && strcmp(*one, name); one++) {
        }
        if (!*one) {
            ds_src_warning_add(reader, ds_src_member_get(reader, node, name).place,
                               "there is no such member: it is not looked at");
        }
    }
}

const char *ds_src_text_read(const ds_src_reader_t *reader, const ds_src_node_t *node,
                             const char *name)
{
    ds_src_node_t member = ds_src_member_get(reader, node, name);
    const char *text;

    if (!member.json) {
        return NULL;
    }
    text = json_is_object(member.json) || json_is_array(member.json)
               ? NULL
               : ds_src_value_text(member.json, reader->pool);
    if (!text || !*text) {
        ds_src_mistake_add(reader, member.place, "write a text in double quotes");
        return NULL;
    }
    return apr_pstrdup(reader->pool, text);
}

const char *ds_src_text_need(const ds_src_reader_t *reader, const ds_src_node_t *node,
                             const char *name, const char *remedy)
{
    ds_src_node_t member = ds_src_member_get(reader, node, name);

    if (!member.json) {
        ds_src_mistake_add(reader, member.place, "is missing: %s", remedy);
    }
    return ds_src_text_read(reader, node, name);
}

int ds_src_number_read(apr_int64_t *value, const ds_src_reader_t *reader, const ds_src_node_t *node,
                       const char *name, apr_int64_t least, apr_int64_t most)
{
    ds_src_node_t member = ds_src_member_get(reader, node, name);
    const char *text;
    char *end = NULL;
    apr_int64_t number = 0;

    if (!member.json) {
        return 0;
    }
    text = json_is_string(member.json) || json_is_integer(member.json)
               ? ds_src_value_text(member.json, reader->pool)
               : "";
    if (strlen(text) < 19) {
        number = apr_strtoi64(text, &end, 10);
    }
    if (!end || end == text || *end || apr_isspace(*text) || number < least || number > most) {
        ds_src_mistake_add(reader, member.place,
                           "write a whole number from %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT,
                           least, most);
        return 0;
    }
    *value = number;
    return 1;
}

apr_array_header_t *ds_src_texts_read(const ds_src_reader_t *reader, const ds_src_node_t *node,
                                      const char *name)
{
    ds_src_node_t list = ds_src_member_get(reader, node, name), element;
    apr_array_header_t *texts = apr_array_make(reader->pool, 8, sizeof(const char *));
    size_t i;

    if (!list.json) {
        return NULL;
    }
    if (!json_is_array(list.json) || json_array_size(list.json) > DS_SRC_LIST_MAX) {
        ds_src_mistake_add(reader, list.place, "write an array of at most %d texts",
                           DS_SRC_LIST_MAX);
        return NULL;
    }
    for (i = 0; i < json_array_size(list.json); i++) {
        element = ds_src_element_get(reader, &list, i);
        if (json_is_string(element.json)) {
            APR_ARRAY_PUSH(texts, const char *) =
                apr_pstrdup(reader->pool, json_string_value(element.json));
        }
        else {
            ds_src_mistake_add(reader, element.place, "write a text in double quotes");
        }
    }
    return texts;
}

int ds_src_name_is_in(const apr_array_header_t *names, const char *name)
{
    int i;

    for (i = 0; names && i < names->nelts; i++) {
        if (!strcmp(APR_ARRAY_IDX(names, i, const char *), name)) {
            return 1;
        }
    }
    return 0;
}

/* --- paths --- */

const ds_fmt_jsonpath_t *ds_src_path_read(const ds_src_reader_t *reader, const char *place,
                                          const char *text)
{
    ds_fmt_jsonpath_t *path = NULL;
    int at;
    const char *fault = ds_fmt_jsonpath_parse(&path, &at, text, reader->pool);

    if (fault) {
        ds_src_mistake_add(reader, place, "\"%s\", character %d: %s", text, at, fault);
    }
    return path;
}

int ds_src_place_read(ds_src_place_t *found, const ds_src_reader_t *reader, const char *place,
                      const char *text)
{
    if (!strncasecmp(text, HEADERS, sizeof(HEADERS) - 1) && text[sizeof(HEADERS) - 1]) {
        found->header = text + sizeof(HEADERS) - 1;
        return 1;
    }
    found->path = ds_src_path_read(reader, place, text);
    if (found->path && !ds_fmt_jsonpath_is_single(found->path)) {
        ds_src_mistake_add(reader, place, "\"%s\": write the path of one value, without [*]", text);
        return 0;
    }
    return found->path != NULL;
}
