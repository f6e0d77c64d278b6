#include "ds_settings.h"

#include <jansson.h>

#include <apr_strings.h>

ds_settings_t *ds_settings_make(apr_pool_t *pool)
{
    ds_settings_t *settings = apr_pcalloc(pool, sizeof(*settings));

    settings->db_driver = "sqlite3";
    settings->runners = 2;
    settings->lease = apr_time_from_sec(30);
    settings->cache_mb = 64;
    settings->log_level = DS_LOG_WARNING;
    settings->wake_fd = -1;
    return settings;
}

const char *ds_settings_to_json(const ds_settings_t *settings, apr_pool_t *pool)
{
    json_t *root =
        json_pack("{s:s, s:s, s:i, s:I, s:i, s:i, s:s*, s:s*, s:i}", "db_driver",
                  settings->db_driver, "db_params", settings->db_params, "runners",
                  settings->runners, "lease_seconds", (json_int_t)apr_time_sec(settings->lease),
                  "cache_mb", settings->cache_mb, "log_level", (int)settings->log_level, "user",
                  settings->user, "group", settings->group, "wake_fd", settings->wake_fd);
    const char *copy;
    char *text;

    if (settings->def)
        json_object_set_new(root, "definitions",
                            json_loads(ds_def_to_json(settings->def, pool), 0, NULL));
    text = json_dumps(root, JSON_COMPACT);
    copy = apr_pstrdup(pool, text ? text : "");
    free(text);
    json_decref(root);
    return copy;
}

static ds_problem_t *range_check(const char *member, apr_int64_t value, apr_int64_t least,
                                 apr_int64_t most, apr_pool_t *pool)
{
    if (value >= least && value <= most)
        return NULL;
    return ds_problem_make(pool, DS_EINPUT,
                           "settings: %s is %" APR_INT64_T_FMT ", it must be %" APR_INT64_T_FMT
                           " to %" APR_INT64_T_FMT,
                           member, value, least, most);
}

static ds_problem_t *members_check(const ds_settings_t *settings, apr_pool_t *pool)
{
    ds_problem_t *problem = range_check("runners", settings->runners, 1, 64, pool);

    if (!problem)
        problem = range_check("lease_seconds", apr_time_sec(settings->lease), 2, 3600, pool);
    if (!problem)
        problem = range_check("cache_mb", settings->cache_mb, 1, 4096, pool);
    return problem;
}

static const char *text_copy(const char *text, apr_pool_t *pool)
{
    return text ? apr_pstrdup(pool, text) : NULL;
}

static ds_problem_t *members_read(ds_settings_t *settings, json_t *root, json_t **definitions,
                                  apr_pool_t *pool)
{
    const char *driver, *params, *user = NULL, *group = NULL;
    json_int_t lease = apr_time_sec(settings->lease);
    int level = settings->log_level;
    json_error_t error;

    if (json_unpack_ex(
            root, &error, 0, "{s:s, s:s, s?:i, s?:I, s?:i, s?:i, s?:s, s?:s, s?:i, s?:o}",
            "db_driver", &driver, "db_params", &params, "runners", &settings->runners,
            "lease_seconds", &lease, "cache_mb", &settings->cache_mb, "log_level", &level, "user",
            &user, "group", &group, "wake_fd", &settings->wake_fd, "definitions", definitions))
        return ds_problem_make(pool, DS_EINPUT, "settings: %s", error.text);
    settings->db_driver = apr_pstrdup(pool, driver);
    settings->db_params = apr_pstrdup(pool, params);
    settings->user = text_copy(user, pool);
    settings->group = text_copy(group, pool);
    settings->lease = apr_time_from_sec(lease);
    settings->log_level = (ds_log_level_e)level;
    return members_check(settings, pool);
}

ds_problem_t *ds_settings_from_json(ds_settings_t **settings, const char *text, apr_pool_t *pool)
{
    json_error_t error;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error), *definitions = NULL;
    ds_problem_t *problem;
    char *dump;

    if (!root)
        return ds_problem_make(pool, DS_EINPUT, "settings: line %d: %s", error.line, error.text);
    *settings = ds_settings_make(pool);
    problem = members_read(*settings, root, &definitions, pool);
    if (!problem && definitions) {
        dump = json_dumps(definitions, JSON_COMPACT | JSON_PRESERVE_ORDER);
        problem = ds_def_from_json(&(*settings)->def, dump ? dump : "", pool);
        free(dump);
    }
    json_decref(root);
    return problem;
}
