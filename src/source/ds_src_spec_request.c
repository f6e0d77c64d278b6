/* What a source spec says of its request: urlParams, headerParams and bodyParams. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "ds_src_header.h"
#include "ds_src_hole.h"
#include "ds_src_read.h"

/* --- holes --- */

static ds_src_param_t *param_imply(ds_src_spec_t *spec, const char *name, apr_pool_t *pool)
{
    ds_src_param_t *param = apr_array_push(spec->params);

    memset(param, 0, sizeof(*param));
    param->name = apr_pstrdup(pool, name);
    param->max_length = -1;
    return param;
}

static void hole_check(ds_src_spec_t *spec, const ds_src_reader_t *reader, const char *place,
                       const ds_src_piece_t *piece, int is_host)
{
    const char *name = piece->name;
    ds_src_param_t *param;

    if (!strcmp(name, DS_SRC_HOLE_START) || !strcmp(name, DS_SRC_HOLE_END)) {
        return;
    }
    if (!strcmp(name, DS_SRC_HOLE_SCHEDULE)) {
        if (spec->schedule.kind != DS_SRC_SCHEDULE_ADVANCE) {
            ds_src_mistake_add(reader, place,
                               "{SCHEDULE_QUERY} needs scheduleParams of type ADVANCE");
        }
        spec->schedule.is_placed = 1;
        return;
    }
    if (piece->kind == DS_SRC_CHOICE && !strcmp(name, DS_SRC_CHOICE_START)) {
        return;
    }
    param = ds_src_param_find(spec, name);
    if (!param && spec->params->nelts == DS_SRC_LIST_MAX) {
        ds_src_mistake_add(reader, place, "there are more than %d parameters", DS_SRC_LIST_MAX);
        return;
    }
    if (!param) {
        if (!is_host) {
            ds_src_warning_add(reader, place,
                               "spec.properties does not describe \"%s\": it is taken for a text "
                               "that must be given",
                               name);
        }
        param = param_imply(spec, name, reader->pool);
    }
    param->required |= piece->kind == DS_SRC_HOLE;
}

void ds_src_holes_check(ds_src_spec_t *spec, const ds_src_reader_t *reader, const char *place,
                        const char *text, int is_host)
{
    const char *cursor = text, *fault = NULL;
    ds_src_piece_t piece;
    int found;

    if (!text) {
        return;
    }
    while ((found = ds_src_piece_next(&piece, &fault, &cursor, reader->pool)) > 0) {
        if (piece.kind != DS_SRC_LITERAL) {
            hole_check(spec, reader, place, &piece, is_host);
        }
    }
    if (found < 0) {
        ds_src_mistake_add(reader, place, "%s", fault);
    }
}

/* --- names and values --- */

int ds_src_header_check(const ds_src_reader_t *reader, const char *place, const char *name,
                        const char *value)
{
    const char *fault = ds_src_header_fault(name, value);

    if (fault) {
        ds_src_mistake_add(reader, place, "this is no header that can be sent: %s", fault);
    }
    return !fault;
}

static void pair_add(apr_array_header_t *pairs, ds_src_spec_t *spec, const ds_src_reader_t *reader,
                     const char *place, const char *name, const char *value)
{
    if (pairs == spec->headers && !ds_src_header_check(reader, place, name, value)) {
        return;
    }
    if (pairs->nelts == DS_SRC_LIST_MAX) {
        ds_src_mistake_add(reader, place, "there are more than %d", DS_SRC_LIST_MAX);
        return;
    }
    ds_src_holes_check(spec, reader, place, value, 0);
    APR_ARRAY_PUSH(pairs, ds_src_pair_t) = (ds_src_pair_t){name, value};
}

/* The members of an object as names and values; a value may be empty. */
static void pairs_read(apr_array_header_t *pairs, ds_src_spec_t *spec,
                       const ds_src_reader_t *reader, const ds_src_node_t *node)
{
    const char *name;
    json_t *value;

    if (!ds_src_object_check(reader, node)) {
        return;
    }
    json_object_foreach(node->json, name, value)
    {
        ds_src_node_t member = ds_src_member_get(reader, node, name);
        const char *text = json_is_string(value)
                               ? apr_pstrdup(reader->pool, json_string_value(value))
                               : ds_src_text_read(reader, node, name);

        if (text) {
            pair_add(pairs, spec, reader, member.place, apr_pstrdup(reader->pool, name), text);
        }
    }
}

/* Older specs have queryParams as one text: k=v,k=v, or k=v&k=v. */
static void query_text_read(ds_src_spec_t *spec, const ds_src_reader_t *reader,
                            const ds_src_node_t *node)
{
    char *rest = apr_pstrdup(reader->pool, json_string_value(node->json)), *word, *equals;
    const char *between = strchr(rest, '&') ? "&" : ",";

    for (word = apr_strtok(rest, between, &rest); word; word = apr_strtok(NULL, between, &rest)) {
        while (apr_isspace(*word)) {
            word++;
        }
        equals = strchr(word, '=');
        if (!equals || equals == word) {
            ds_src_mistake_add(reader, node->place,
                               "write NAME=VALUE with commas between, or an object");
            return;
        }
        *equals = '\0';
        pair_add(spec->query, spec, reader, node->place, word, equals + 1);
    }
}

/* --- urlParams, headerParams, bodyParams --- */

const char *ds_src_host_fault(const char *host)
{
    const char *name = !strncasecmp(host, "https://", 8)  ? host + 8
                       : !strncasecmp(host, "http://", 7) ? host + 7
                                                          : NULL;
    const char *p;

    if (!name) {
        return "a host begins with https:// or http://";
    }
    for (p = name; *p; p++) {
        if (!apr_isalnum(*p) && !strchr("-._:[]{}$", *p)) {
            return "this is no host: write https://NAME or https://NAME:PORT";
        }
    }
    return *name ? NULL : "the name of the host is missing";
}

/* A host may have a path behind it, which then goes before that of the spec. */
static void host_read(ds_src_spec_t *spec, const ds_src_reader_t *reader, const ds_src_node_t *url)
{
    ds_src_node_t node = ds_src_member_get(reader, url, "host");
    const char *text = ds_src_text_read(reader, url, "host"), *slashes, *path, *fault;

    if (!node.json) {
        ds_src_warning_add(reader, node.place,
                           "is missing: write SourceHost into the <DataSync> section");
    }
    if (!text) {
        return;
    }
    slashes = strstr(text, "://");
    path = slashes ? slashes + 3 + strcspn(slashes + 3, "/") : text + strlen(text);
    spec->host = apr_pstrmemdup(reader->pool, text, (apr_size_t)(path - text));
    if (path[0] && path[1]) {
        spec->path =
            apr_pstrmemdup(reader->pool, path, strlen(path) - (path[strlen(path) - 1] == '/'));
    }
    fault = ds_src_host_fault(spec->host);
    if (fault) {
        ds_src_mistake_add(reader, node.place, "%s", fault);
    }
    if (!strncasecmp(spec->host, "http:", 5)) {
        ds_src_warning_add(reader, node.place,
                           "http is not encrypted: it needs the word http in DataSyncEgressAllow");
    }
    ds_src_holes_check(spec, reader, node.place, spec->host, 1);
}

void ds_src_resource_read(ds_src_spec_t *spec, const ds_src_reader_t *reader,
                          const ds_src_node_t *url)
{
    static const char *const known[] = {"host", "path", "method", "queryParams", NULL};
    ds_src_node_t query = ds_src_member_get(reader, url, "queryParams");
    const char *path, *method;

    if (!url->json) {
        ds_src_mistake_add(reader, url->place, "is missing: write host, path and method into it");
    }
    if (!ds_src_object_check(reader, url)) {
        return;
    }
    ds_src_members_check(reader, url, known);
    host_read(spec, reader, url);
    path = ds_src_text_need(reader, url, "path", "write the path of the resource");
    method = ds_src_text_need(reader, url, "method", "write GET or POST");
    if (path) {
        spec->path = apr_pstrcat(reader->pool, spec->path ? spec->path : "",
                                 *path == '/' ? "" : "/", path, NULL);
        ds_src_holes_check(spec, reader, ds_src_member_get(reader, url, "path").place, spec->path,
                           0);
    }
    if (method && strcmp(method, "GET") && strcmp(method, "POST")) {
        ds_src_mistake_add(reader, ds_src_member_get(reader, url, "method").place,
                           "write GET or POST");
    }
    spec->method = method && !strcmp(method, "POST") ? "POST" : "GET";
    if (json_is_string(query.json)) {
        query_text_read(spec, reader, &query);
    }
    else {
        pairs_read(spec->query, spec, reader, &query);
    }
}

void ds_src_body_read(ds_src_spec_t *spec, const ds_src_reader_t *reader, const ds_src_node_t *node)
{
    char *text;

    if (!ds_src_object_check(reader, node) || !json_object_size(node->json)) {
        return;
    }
    if (!strcmp(spec->method, "GET")) {
        ds_src_mistake_add(reader, node->place,
                           "a GET has no body: remove it, or write POST as the method");
    }
    text = json_dumps(node->json, JSON_COMPACT);
    spec->body = apr_pstrdup(reader->pool, text ? text : "{}");
    free(text);
    ds_src_holes_check(spec, reader, node->place, spec->body, 0);
}

void ds_src_headers_read(ds_src_spec_t *spec, const ds_src_reader_t *reader,
                         const ds_src_node_t *node)
{
    pairs_read(spec->headers, spec, reader, node);
}
