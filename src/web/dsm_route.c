#include "dsm_route.h"

#include <http_config.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>

#include <apr_strings.h>

#include <string.h>

#include "dsm_auth.h"
#include "dsm_config.h"

extern module AP_MODULE_DECLARE_DATA datasync_module;

/* What a path holds at the places of a pattern. */
typedef struct holes_t {
    const char *sync;
    const char *object;
    const char *launch;
    const char *integration;
    const char *spec;
} holes_t;

static const char REST[] = "/{rest}";

/* Length of the segment at the beginning of path. */
static apr_size_t segment_length(const char *path)
{
    return strcspn(path, "/");
}

/* The hole at the beginning of a pattern's segment, or NULL; *length is that of its name. */
static const char **hole_find(apr_size_t *length, holes_t *holes, const char *pattern)
{
    const struct {
        const char *name;
        const char **text;
    } known[] = {{"{sync}", &holes->sync},
                 {"{object}", &holes->object},
                 {"{launch}", &holes->launch},
                 {"{integration}", &holes->integration},
                 {"{spec}", &holes->spec}};
    size_t i;

    for (i = 0; i < sizeof(known) / sizeof(known[0]); ++i) {
        *length = strlen(known[i].name);
        if (!strncmp(pattern, known[i].name, *length)) {
            return known[i].text;
        }
    }
    return NULL;
}

static int segment_matches(holes_t *holes, const char *pattern, apr_size_t pattern_length,
                           const char *path, apr_size_t length, apr_pool_t *pool)
{
    apr_size_t name_length, ending;
    const char **hole = hole_find(&name_length, holes, pattern);

    if (!hole) {
        return length == pattern_length && !memcmp(pattern, path, length);
    }
    ending = pattern_length - name_length;
    if (length <= ending || memcmp(pattern + name_length, path + length - ending, ending)) {
        return 0;
    }
    *hole = apr_pstrmemdup(pool, path, length - ending);
    return 1;
}

static int path_matches(holes_t *holes, const char *pattern, const char *path, apr_pool_t *pool)
{
    apr_size_t pattern_length, length;

    memset(holes, 0, sizeof(*holes));
    while (*pattern == '/' && *path == '/') {
        if (!strcmp(pattern, REST)) {
            return 1;
        }
        pattern_length = segment_length(++pattern);
        length = segment_length(++path);
        if (!segment_matches(holes, pattern, pattern_length, path, length, pool)) {
            return 0;
        }
        pattern += pattern_length;
        path += length;
    }
    return !*pattern && !*path;
}

/* The path below the prefix, or NULL. */
static const char *prefix_skip(const char *uri, const char *prefix)
{
    apr_size_t length = strlen(prefix);

    return strncmp(uri, prefix, length) ? NULL : uri + length;
}

/* Of all endpoints whose pattern the path has, the one that takes the method; else the first one.
 * Those for any rest stand last, and do not count beside others. */
static int endpoint_find(dsm_request_t *request, holes_t *holes, const dsm_api_t *api,
                         const char *path, const request_rec *r)
{
    int method = api->method ? api->method(r) : r->method_number;
    const dsm_endpoint_t *endpoint;
    holes_t found;

    for (endpoint = api->endpoints; endpoint->pattern; ++endpoint) {
        if (request->methods && strstr(endpoint->pattern, REST)) {
            break;
        }
        if (!path_matches(&found, endpoint->pattern, path, r->pool)) {
            continue;
        }
        if (!request->methods) {
            *holes = found;
        }
        request->api = api;
        request->methods |= endpoint->methods;
        if (endpoint->methods & (AP_METHOD_BIT << method)) {
            request->endpoint = endpoint;
            *holes = found;
            return 1;
        }
    }
    return request->methods != 0;
}

static dsm_request_t *request_find(request_rec *r)
{
    const dsm_config_t *config = dsm_config_get(r->server);
    dsm_request_t *request = apr_pcalloc(r->pool, sizeof(*request));
    const dsm_api_use_t *use;
    const dsm_api_t *api;
    const char *path;
    holes_t holes = {NULL, NULL, NULL, NULL, NULL};
    int i;

    for (i = 0; config->apis && i < config->apis->nelts; ++i) {
        use = &APR_ARRAY_IDX(config->apis, i, dsm_api_use_t);
        api = use->api;
        path = prefix_skip(r->uri, use->prefix);
        if (path && api->path) {
            path = api->path(path);
        }
        if (path && endpoint_find(request, &holes, api, path, r)) {
            request->sync = holes.sync ? ds_def_sync_get(config->def, holes.sync) : NULL;
            request->object_name = holes.object;
            request->launch = holes.launch;
            request->integration = holes.integration;
            request->spec = holes.spec;
            if (api->find) {
                api->find(r, request);
            }
            return request;
        }
    }
    return NULL;
}

dsm_request_t *dsm_route_get(const request_rec *r)
{
    return ap_get_module_config(r->request_config, &datasync_module);
}

int dsm_route_claim(request_rec *r)
{
    dsm_request_t *request;

    if (!r->uri || r->proxyreq == PROXYREQ_PROXY || !(request = request_find(r))) {
        return DECLINED;
    }
    ap_set_module_config(r->request_config, &datasync_module, request);
    /* A ProxyPass or an alias of the whole site must not take our paths away. */
    r->proxyreq = PROXYREQ_NONE;
    r->handler = DSM_HANDLER;
    return OK;
}

int dsm_route_type(request_rec *r)
{
    return dsm_route_get(r) ? OK : DECLINED;
}

int dsm_route_keep(request_rec *r)
{
    if (dsm_route_get(r)) {
        r->handler = DSM_HANDLER;
    }
    return DECLINED;
}

static const char *methods_text(apr_int64_t methods)
{
    int get = (methods & (AP_METHOD_BIT << M_GET)) != 0;
    int post = (methods & (AP_METHOD_BIT << M_POST)) != 0;
    int put = (methods & (AP_METHOD_BIT << M_PUT)) != 0;

    if (put) {
        return "GET, HEAD, PUT";
    }
    return get ? (post ? "GET, HEAD, POST" : "GET, HEAD") : "POST";
}

static int method_refuse(request_rec *r, const dsm_request_t *request)
{
    const char *allowed = methods_text(request->methods);

    apr_table_setn(r->headers_out, "Allow", allowed);
    return request->api->problem(
        r, HTTP_METHOD_NOT_ALLOWED,
        apr_pstrcat(r->pool, "This address takes ", allowed, " only.", NULL));
}

static int endpoint_run(request_rec *r, dsm_request_t *request)
{
    int answer = HTTP_OK;

    if (!request->sync && !request->api->judge) {
        return request->api->problem(r, HTTP_NOT_FOUND, "There is no such data sync.");
    }
    if (!request->endpoint) {
        return method_refuse(r, request);
    }
    if (!dsm_auth_is_granted(r, request)) {
        return dsm_auth_refuse(r, request);
    }
    if (request->api->admit && request->verdict != DSM_VERDICT_BODY) {
        answer = request->api->admit(r, request);
    }
    return answer == HTTP_OK ? request->endpoint->run(r, request) : answer;
}

int dsm_route_run(request_rec *r)
{
    dsm_request_t *request = dsm_route_get(r);

    if (!r->handler || strcmp(r->handler, DSM_HANDLER)) {
        return DECLINED;
    }
    if (request) {
        return endpoint_run(r, request);
    }
    /* No hook of ours saw a request that came by a fast internal redirect. */
    request = request_find(r);
    if (!request) {
        return HTTP_NOT_FOUND;
    }
    ap_set_module_config(r->request_config, &datasync_module, request);
    return endpoint_run(r, request);
}
