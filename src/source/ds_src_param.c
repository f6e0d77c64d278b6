/* User parameters: what a source spec says of them, and whether values are as it says. The part of
 * JSON Schema (draft 7) that is supported stands in docs/sources.md. */
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "ds_source.h"
#include "ds_src_path.h"
#include "ds_src_pattern.h"
#include "ds_src_read.h"
#include "ds_value.h"

static const char *const type_names[] = {"string", "integer", "number", "boolean"};

static int word_find(const char *const *words, const char *word)
{
    int i;

    for (i = 0; words[i]; i++) {
        if (!strcmp(words[i], word)) {
            return i;
        }
    }
    return -1;
}

ds_src_param_t *ds_src_param_find(const ds_src_spec_t *spec, const char *name)
{
    int i;

    for (i = 0; i < spec->params->nelts; i++) {
        ds_src_param_t *param = &APR_ARRAY_IDX(spec->params, i, ds_src_param_t);

        if (!strcmp(param->name, name)) {
            return param;
        }
    }
    return NULL;
}

/* --- reading the schema --- */

/* Words that say something about values, and are not understood, are mistakes: a value that they
 * forbid would pass. */
static void words_check(const ds_src_reader_t *reader, const ds_src_node_t *node,
                        const char *const *known)
{
    static const char *const forbidding[] = {"allOf",
                                             "anyOf",
                                             "oneOf",
                                             "not",
                                             "if",
                                             "$ref",
                                             "const",
                                             "multipleOf",
                                             "exclusiveMinimum",
                                             "exclusiveMaximum",
                                             "dependencies",
                                             "propertyNames",
                                             "minProperties",
                                             "maxProperties",
                                             NULL};
    static const char *const notes[] = {
        "title",   "description", "example",  "examples",  "default",     "$comment",
        "$schema", "$id",         "readOnly", "writeOnly", "definitions", "additionalProperties",
        NULL};
    const char *name;
    json_t *value;

    json_object_foreach(node->json, name, value)
    {
        ds_src_node_t member = ds_src_member_get(reader, node, name);

        if (word_find(forbidding, name) >= 0) {
            ds_src_mistake_add(reader, member.place,
                               "this word of JSON Schema is not supported: remove it");
        }
        else if (word_find(known, name) < 0 && word_find(notes, name) < 0) {
            ds_src_warning_add(reader, member.place, "it is not checked");
        }
    }
}

/* Returns 0 when parameters of this type cannot be given. */
static int type_read(ds_src_type_e *type, const ds_src_reader_t *reader, const ds_src_node_t *node)
{
    ds_src_node_t member = ds_src_member_get(reader, node, "type");
    const char *text = json_string_value(member.json);
    int i;

    if (!member.json) {
        return 1;
    }
    for (i = 0; text && i < 4; i++) {
        if (!strcmp(type_names[i], text)) {
            *type = (ds_src_type_e)i;
            return 1;
        }
    }
    ds_src_warning_add(reader, member.place,
                       "only string, integer, number and boolean can be given: the parameter is "
                       "not looked at");
    return 0;
}

static int bound_read(double *bound, const ds_src_reader_t *reader, const ds_src_node_t *node,
                      const char *name)
{
    ds_src_node_t member = ds_src_member_get(reader, node, name);

    if (member.json && !json_is_number(member.json)) {
        ds_src_mistake_add(reader, member.place, "write a number");
    }
    *bound = json_number_value(member.json);
    return json_is_number(member.json);
}

static void allowed_read(ds_src_param_t *param, const ds_src_reader_t *reader,
                         const ds_src_node_t *node)
{
    ds_src_node_t list = ds_src_member_get(reader, node, "enum");
    size_t i;

    if (!list.json) {
        return;
    }
    if (!json_is_array(list.json) || !json_array_size(list.json)) {
        ds_src_mistake_add(reader, list.place, "write an array of values");
        return;
    }
    param->allowed = apr_array_make(reader->pool, 8, sizeof(const char *));
    for (i = 0; i < json_array_size(list.json); i++) {
        const char *text = ds_src_value_text(json_array_get(list.json, i), reader->pool);

        APR_ARRAY_PUSH(param->allowed, const char *) = apr_pstrdup(reader->pool, text ? text : "");
    }
}

/* One that PCRE2 does not understand is passed over: it may be good for others. */
static const char *pattern_read(const ds_src_reader_t *reader, const ds_src_node_t *node)
{
    const char *pattern = ds_src_text_read(reader, node, "pattern");
    const char *fault = pattern ? ds_src_pattern_fault(pattern, reader->pool) : NULL;

    if (!fault)
        return pattern;
    ds_src_warning_add(reader, ds_src_member_get(reader, node, "pattern").place,
                       "it is not checked: %s", fault);
    return NULL;
}

static void param_read(ds_src_spec_t *spec, const ds_src_reader_t *reader,
                       const ds_src_node_t *node, const char *name)
{
    static const char *const known[] = {"type",    "enum",   "minLength", "maxLength", "minimum",
                                        "maximum", "format", "pattern",   NULL};
    ds_src_param_t param = {.name = apr_pstrdup(reader->pool, name), .max_length = -1};
    json_t *preset;

    if (!ds_src_object_check(reader, node) || !type_read(&param.type, reader, node)) {
        return;
    }
    words_check(reader, node, known);
    allowed_read(&param, reader, node);
    ds_src_number_read(&param.min_length, reader, node, "minLength", 0, APR_INT32_MAX);
    ds_src_number_read(&param.max_length, reader, node, "maxLength", 0, APR_INT32_MAX);
    param.has_minimum = bound_read(&param.minimum, reader, node, "minimum");
    param.has_maximum = bound_read(&param.maximum, reader, node, "maximum");
    param.format = ds_src_text_read(reader, node, "format");
    param.pattern = pattern_read(reader, node);
    preset = json_object_get(node->json, "default");
    if (preset && ds_src_value_text(preset, reader->pool)) {
        param.preset = apr_pstrdup(reader->pool, ds_src_value_text(preset, reader->pool));
    }
    if (ds_src_param_find(spec, name)) {
        ds_src_mistake_add(reader, node->place, "the parameter is described twice");
        return;
    }
    if (spec->params->nelts == DS_SRC_LIST_MAX) {
        ds_src_mistake_add(reader, node->place, "there are more than %d parameters",
                           DS_SRC_LIST_MAX);
        return;
    }
    APR_ARRAY_PUSH(spec->params, ds_src_param_t) = param;
}

static void required_read(ds_src_spec_t *spec, const ds_src_reader_t *reader,
                          const ds_src_node_t *node)
{
    const apr_array_header_t *names = ds_src_texts_read(reader, node, "required");
    ds_src_param_t *param;
    int i;

    for (i = 0; names && i < names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(names, i, const char *);

        param = ds_src_param_find(spec, name);
        if (param) {
            param->required = 1;
        }
        else if (!ds_src_name_is_part(name)) {
            ds_src_mistake_add(reader, ds_src_member_get(reader, node, "required").place,
                               "\"%s\" is not among the properties", name);
        }
    }
}

void ds_src_params_read(ds_src_spec_t *spec, const ds_src_reader_t *reader,
                        const ds_src_node_t *node)
{
    static const char *const known[] = {"type", "properties", "required", NULL};
    ds_src_node_t properties = ds_src_member_get(reader, node, "properties");
    const char *name;
    json_t *value;

    if (!ds_src_object_check(reader, node)) {
        return;
    }
    words_check(reader, node, known);
    if (ds_src_object_check(reader, &properties)) {
        json_object_foreach(properties.json, name, value)
        {
            ds_src_node_t member = ds_src_member_get(reader, &properties, name);

            if (!ds_src_name_is_part(name)) {
                param_read(spec, reader, &member, name);
            }
        }
    }
    required_read(spec, reader, node);
}

/* --- values --- */

static int type_fits(ds_src_type_e type, const char *value)
{
    json_t *json;
    int fits;

    if (type == DS_SRC_TYPE_STRING) {
        return 1;
    }
    json = json_loads(value, JSON_DECODE_ANY, NULL);
    fits = type == DS_SRC_TYPE_BOOLEAN   ? json_is_boolean(json)
           : type == DS_SRC_TYPE_INTEGER ? json_is_integer(json)
                                         : json_is_number(json);
    json_decref(json);
    return fits;
}

static int format_fits(const char *format, const char *value, apr_size_t chars, apr_pool_t *pool)
{
    static const struct {
        const char *name;
        ds_value_type_e type;
    } formats[] = {{"date", DS_TYPE_DATE},
                   {"date-time", DS_TYPE_DATETIME},
                   {"email", DS_TYPE_EMAIL},
                   {"uri", DS_TYPE_URL}};
    char normal[DS_VALUE_NORMAL_SIZE];
    const char *why;
    size_t i;

    for (i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
        if (!strcmp(formats[i].name, format)) {
            return ds_value_check(normal, &why, formats[i].type, 0, apr_pstrdup(pool, value),
                                  strlen(value), chars) != NULL;
        }
    }
    return 1;
}

static const char *pattern_fault(const char *pattern, const char *value, apr_pool_t *pool)
{
    switch (ds_src_pattern_matches(pattern, value)) {
    case 1: return NULL;
    case 0: return apr_psprintf(pool, "the source spec wants a text that matches %s", pattern);
    default:
        return apr_psprintf(pool, "nobody can tell in time whether it matches the source spec's %s",
                            pattern);
    }
}

/* NULL, or what the value must be. */
static const char *value_fault(const ds_src_param_t *param, const char *value, apr_pool_t *pool)
{
    apr_size_t chars = 0, bad;
    double number = strtod(value, NULL);

    if (!ds_value_utf8(&chars, &bad, value, strlen(value))) {
        return "it is not UTF-8";
    }
    if (!type_fits(param->type, value)) {
        return apr_psprintf(pool, "the source spec wants a value of type %s",
                            type_names[param->type]);
    }
    if (param->allowed && !ds_src_name_is_in(param->allowed, value)) {
        return apr_psprintf(pool, "the source spec allows: %s",
                            apr_array_pstrcat(pool, param->allowed, ' '));
    }
    if ((apr_int64_t)chars < param->min_length ||
        (param->max_length >= 0 && (apr_int64_t)chars > param->max_length)) {
        return "the source spec wants a text of another length";
    }
    if ((param->has_minimum && number < param->minimum) ||
        (param->has_maximum && number > param->maximum)) {
        return "the number is outside of the range of the source spec";
    }
    if (param->format && *value && !format_fits(param->format, value, chars, pool)) {
        return apr_psprintf(pool, "the source spec wants the format %s", param->format);
    }
    if (param->pattern && param->type == DS_SRC_TYPE_STRING) {
        return pattern_fault(param->pattern, value, pool);
    }
    return NULL;
}

static void given_check(const ds_src_reader_t *reader, const ds_src_spec_t *spec,
                        const apr_array_header_t *given)
{
    int i;

    for (i = 0; given && i < given->nelts; i++) {
        const char *name = APR_ARRAY_IDX(given, i, ds_source_param_t).name;

        if (!ds_src_param_find(spec, name)) {
            ds_src_mistake_add(reader, apr_pstrcat(reader->pool, "SourceParam ", name, NULL),
                               "the source spec has no such parameter");
        }
    }
}

void ds_src_params_check(apr_array_header_t **values, ds_src_report_t *report,
                         const ds_src_spec_t *spec, const apr_array_header_t *given,
                         apr_pool_t *pool)
{
    ds_src_reader_t reader = {report, pool};
    const char *value, *fault;
    int i;

    *values = apr_array_make(pool, 8, sizeof(ds_source_param_t));
    given_check(&reader, spec, given);
    for (i = 0; i < spec->params->nelts; i++) {
        const ds_src_param_t *param = &APR_ARRAY_IDX(spec->params, i, ds_src_param_t);
        const char *place = apr_pstrcat(pool, "SourceParam ", param->name, NULL);

        value = ds_source_param_get(given, param->name);
        if (!value) {
            value = param->preset;
        }
        if (!value && param->required) {
            ds_src_mistake_add(&reader, place, "is missing: write SourceParam %s VALUE",
                               param->name);
        }
        fault = value ? value_fault(param, value, pool) : NULL;
        if (fault) {
            ds_src_mistake_add(&reader, place, "%s", fault);
        }
        else if (value) {
            APR_ARRAY_PUSH(*values, ds_source_param_t) = (ds_source_param_t){param->name, value};
        }
    }
}
