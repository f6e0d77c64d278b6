#include "ds_source.h"

#include <jansson.h>
#include <string.h>

#include <apr_strings.h>

static const char *const auth_names[] = {"none",   "basic",         "bearer",
                                         "header", "oauth2-client", "oauth2-refresh"};
#define AUTHS ((int)(sizeof(auth_names) / sizeof(*auth_names)))

ds_source_t *ds_source_make(apr_pool_t *pool)
{
    ds_source_t *source = apr_pcalloc(pool, sizeof(*source));

    source->params = apr_array_make(pool, 4, sizeof(ds_source_param_t));
    source->maps = apr_array_make(pool, 8, sizeof(ds_source_map_t));
    return source;
}

const char *ds_source_param_get(const apr_array_header_t *params, const char *name)
{
    int i;

    for (i = 0; params && i < params->nelts; i++) {
        const ds_source_param_t *param = &APR_ARRAY_IDX(params, i, ds_source_param_t);

        if (!strcmp(param->name, name)) {
            return param->value;
        }
    }
    return NULL;
}

const char *ds_source_auth_name(ds_source_auth_e kind)
{
    return auth_names[kind];
}

int ds_source_auth_find(ds_source_auth_e *kind, const char *name)
{
    int i;

    for (i = 0; i < AUTHS; i++) {
        if (!strcmp(auth_names[i], name)) {
            *kind = (ds_source_auth_e)i;
            return 1;
        }
    }
    return 0;
}

/* --- as JSON --- */

static json_t *auth_to_json(const ds_source_auth_t *auth)
{
    return json_pack("{s:s, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*, s:b}", "kind",
                     ds_source_auth_name(auth->kind), "user", auth->user, "header", auth->header,
                     "secret", auth->secret, "refresh", auth->refresh, "client", auth->client,
                     "token_url", auth->token_url, "scope", auth->scope, "in_body", auth->in_body);
}

json_t *ds_source_to_json(const ds_source_t *source)
{
    json_t *params = json_array(), *maps = json_array();
    int i;

    for (i = 0; i < source->params->nelts; i++) {
        const ds_source_param_t *param = &APR_ARRAY_IDX(source->params, i, ds_source_param_t);

        json_array_append_new(params, json_pack("[s, s]", param->name, param->value));
    }
    for (i = 0; i < source->maps->nelts; i++) {
        const ds_source_map_t *map = &APR_ARRAY_IDX(source->maps, i, ds_source_map_t);

        json_array_append_new(maps, json_pack("[s, s]", map->field, map->path));
    }
    return json_pack("{s:s, s:s*, s:o, s:o, s:o, s:I, s:I}", "spec", source->spec, "host",
                     source->host, "params", params, "auth", auth_to_json(&source->auth), "maps",
                     maps, "backfill_from", (json_int_t)source->backfill_from, "look_back_seconds",
                     (json_int_t)apr_time_sec(source->look_back));
}

json_t *ds_egress_to_json(const ds_egress_t *egress)
{
    json_t *allow;
    int i;

    if (!egress->http && !egress->allow->nelts && !egress->ca) {
        return NULL;
    }
    allow = json_array();
    for (i = 0; i < egress->allow->nelts; i++) {
        json_array_append_new(allow, json_string(APR_ARRAY_IDX(egress->allow, i, const char *)));
    }
    return json_pack("{s:o, s:b, s:s*}", "allow", allow, "http", egress->http, "ca", egress->ca);
}

static ds_problem_t *shape_problem(const char *text, apr_pool_t *pool)
{
    return ds_problem_make(pool, DS_EINPUT, "the source is not readable: %s", text);
}

static const char *text_copy(const char *text, apr_pool_t *pool)
{
    return text ? apr_pstrdup(pool, text) : NULL;
}

static ds_problem_t *auth_from_json(ds_source_auth_t *auth, json_t *json, apr_pool_t *pool)
{
    const char *kind;
    json_error_t error;

    if (json_unpack_ex(json, &error, 0, "{s:s, s?:s, s?:s, s?:s, s?:s, s?:s, s?:s, s?:s, s:b}",
                       "kind", &kind, "user", &auth->user, "header", &auth->header, "secret",
                       &auth->secret, "refresh", &auth->refresh, "client", &auth->client,
                       "token_url", &auth->token_url, "scope", &auth->scope, "in_body",
                       &auth->in_body)) {
        return shape_problem(error.text, pool);
    }
    if (!ds_source_auth_find(&auth->kind, kind)) {
        return shape_problem("there is no such kind of SourceAuth", pool);
    }
    auth->user = text_copy(auth->user, pool);
    auth->header = text_copy(auth->header, pool);
    auth->secret = text_copy(auth->secret, pool);
    auth->refresh = text_copy(auth->refresh, pool);
    auth->client = text_copy(auth->client, pool);
    auth->token_url = text_copy(auth->token_url, pool);
    auth->scope = text_copy(auth->scope, pool);
    return NULL;
}

/* One pair of texts. Returns 0 when it is none. */
static int pair_read(const char **name, const char **value, json_t *json, apr_pool_t *pool)
{
    if (json_unpack(json, "[s, s]", name, value)) {
        return 0;
    }
    *name = apr_pstrdup(pool, *name);
    *value = apr_pstrdup(pool, *value);
    return 1;
}

static ds_problem_t *lists_from_json(ds_source_t *source, json_t *params, json_t *maps,
                                     apr_pool_t *pool)
{
    size_t i;

    for (i = 0; i < json_array_size(params); i++) {
        ds_source_param_t *param = apr_array_push(source->params);

        if (!pair_read(&param->name, &param->value, json_array_get(params, i), pool)) {
            return shape_problem("a parameter is no pair", pool);
        }
    }
    for (i = 0; i < json_array_size(maps); i++) {
        ds_source_map_t *map = apr_array_push(source->maps);

        if (!pair_read(&map->field, &map->path, json_array_get(maps, i), pool)) {
            return shape_problem("a mapping is no pair", pool);
        }
    }
    return NULL;
}

ds_problem_t *ds_source_from_json(ds_source_t **made, json_t *json, apr_pool_t *pool)
{
    ds_source_t *source = *made = ds_source_make(pool);
    const char *spec, *host = NULL;
    json_t *params, *auth, *maps;
    json_int_t backfill_from, look_back;
    json_error_t error;
    ds_problem_t *problem;

    if (json_unpack_ex(json, &error, 0, "{s:s, s?:s, s:o, s:o, s:o, s:I, s:I}", "spec", &spec,
                       "host", &host, "params", &params, "auth", &auth, "maps", &maps,
                       "backfill_from", &backfill_from, "look_back_seconds", &look_back)) {
        return shape_problem(error.text, pool);
    }
    source->spec = apr_pstrdup(pool, spec);
    source->host = text_copy(host, pool);
    source->backfill_from = backfill_from;
    source->look_back = apr_time_from_sec(look_back);
    problem = auth_from_json(&source->auth, auth, pool);
    return problem ? problem : lists_from_json(source, params, maps, pool);
}

ds_problem_t *ds_egress_from_json(ds_egress_t *egress, json_t *json, apr_pool_t *pool)
{
    json_error_t error;
    json_t *allow;
    size_t i;

    if (json_unpack_ex(json, &error, 0, "{s:o, s:b, s?:s}", "allow", &allow, "http", &egress->http,
                       "ca", &egress->ca)) {
        return shape_problem(error.text, pool);
    }
    egress->ca = text_copy(egress->ca, pool);
    egress->allow = apr_array_make(pool, 4, sizeof(const char *));
    for (i = 0; i < json_array_size(allow); i++) {
        const char *text = json_string_value(json_array_get(allow, i));

        if (!text) {
            return shape_problem("an address is no text", pool);
        }
        APR_ARRAY_PUSH(egress->allow, const char *) = apr_pstrdup(pool, text);
    }
    return NULL;
}
