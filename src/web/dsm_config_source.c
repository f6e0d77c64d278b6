#include "dsm_config_source.h"

#include <http_log.h>

#include <apr_strings.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "ds_fmt_calendar.h"
#include "ds_log.h"
#include "ds_secret.h"
#include "ds_src_egress.h"
#include "ds_src_map.h"
#include "ds_src_spec.h"
#include "dsm_config.h"
#include "dsm_config_section.h"
#include "dsm_config_value.h"

APLOG_USE_MODULE(datasync);

const char *const dsm_source_words[] = {"SourceSpec", "SourceHost",   "SourceParam", "SourceAuth",
                                        "Map",        "BackfillFrom", "LookBack",    NULL};

static ds_source_t *source_get(void *target, apr_pool_t *pool)
{
    ds_sync_t *sync = target;

    if (!sync->source) {
        sync->source = ds_source_make(pool);
    }
    return sync->source;
}

/* --- SourceSpec --- */

static const char *file_read(const char **text, const char *path, apr_pool_t *pool)
{
    char *room = apr_palloc(pool, DS_SOURCE_SPEC_MAX + 2);
    apr_size_t size = 0;
    apr_file_t *file;
    apr_status_t status = apr_file_open(&file, path, APR_FOPEN_READ, 0, pool);

    if (status == APR_SUCCESS) {
        status = apr_file_read_full(file, room, DS_SOURCE_SPEC_MAX + 1, &size);
        apr_file_close(file);
    }
    if (status != APR_SUCCESS && status != APR_EOF) {
        return apr_psprintf(pool, "cannot read it: %s", ds_problem_status_text(status, pool));
    }
    if (size > DS_SOURCE_SPEC_MAX) {
        return apr_psprintf(pool, "it is longer than %d bytes", DS_SOURCE_SPEC_MAX);
    }
    room[size] = '\0';
    *text = room;
    return strlen(room) == size ? NULL : "this is not text: there is a NUL in it";
}

const char *dsm_source_spec_set(cmd_parms *cmd, void *target, int argc, const char *const *argv)
{
    ds_source_t *source = source_get(target, cmd->pool);
    const char *path = ap_server_root_relative(cmd->pool, argv[0]);

    return path ? file_read(&source->spec, path, cmd->pool)
                : "this is no path: write a path below ServerRoot or a whole one";
}

/* --- the other words --- */

const char *dsm_source_host_set(cmd_parms *cmd, void *target, int argc, const char *const *argv)
{
    ds_source_t *source = source_get(target, cmd->pool);

    source->host = argv[0];
    return strpbrk(argv[0], "{}") ? "write the host without braces" : ds_src_host_fault(argv[0]);
}

const char *dsm_source_param_add(cmd_parms *cmd, void *target, int argc, const char *const *argv)
{
    ds_source_t *source = source_get(target, cmd->pool);

    if (ds_source_param_get(source->params, argv[0])) {
        return "it was already given: write it once";
    }
    APR_ARRAY_PUSH(source->params, ds_source_param_t) = (ds_source_param_t){argv[0], argv[1]};
    return NULL;
}

const char *dsm_source_map_add(cmd_parms *cmd, void *target, int argc, const char *const *argv)
{
    ds_source_t *source = source_get(target, cmd->pool);

    APR_ARRAY_PUSH(source->maps, ds_source_map_t) = (ds_source_map_t){argv[0], argv[1]};
    return NULL;
}

const char *dsm_source_backfill_set(cmd_parms *cmd, void *target, int argc, const char *const *argv)
{
    ds_source_t *source = source_get(target, cmd->pool);
    char normal[DS_VALUE_NORMAL_SIZE];
    const char *why, *day;
    ds_fmt_date_t date;

    day = ds_value_check(normal, &why, DS_TYPE_DATE, 0, apr_pstrdup(cmd->pool, argv[0]),
                         strlen(argv[0]), strlen(argv[0]));
    if (!day || strcmp(day, "1970-01-02") < 0) {
        return "write a day after 1970-01-01, for example 2024-01-31";
    }
    date = (ds_fmt_date_t){(int)strtol(day, NULL, 10), (int)strtol(day + 5, NULL, 10),
                           (int)strtol(day + 8, NULL, 10)};
    source->backfill_from = apr_time_from_sec(ds_fmt_calendar_day(&date) * 86400);
    return NULL;
}

const char *dsm_source_look_back_set(cmd_parms *cmd, void *target, int argc,
                                     const char *const *argv)
{
    return dsm_config_duration_read(&source_get(target, cmd->pool)->look_back, argv[0], cmd->pool);
}

/* --- SourceAuth --- */

/* What each kind needs, and what it may have besides. */
typedef struct auth_option_t {
    const char *name;
    size_t offset; /* in ds_source_auth_t */
    unsigned needs;
    unsigned takes;
} auth_option_t;

#define OF(kind) (1u << (kind))
#define OAUTH2 (OF(DS_SOURCE_OAUTH2_CLIENT) | OF(DS_SOURCE_OAUTH2_REFRESH))
#define SECRET (OAUTH2 | OF(DS_SOURCE_BASIC) | OF(DS_SOURCE_BEARER) | OF(DS_SOURCE_HEADER))

static const auth_option_t auth_options[] = {
    {"user", offsetof(ds_source_auth_t, user), OF(DS_SOURCE_BASIC), 0},
    {"name", offsetof(ds_source_auth_t, header), OF(DS_SOURCE_HEADER), 0},
    {"secret", offsetof(ds_source_auth_t, secret), SECRET, 0},
    {"client", offsetof(ds_source_auth_t, client), OAUTH2, 0},
    {"token-url", offsetof(ds_source_auth_t, token_url), OAUTH2, 0},
    {"scope", offsetof(ds_source_auth_t, scope), 0, OAUTH2},
    {"refresh", offsetof(ds_source_auth_t, refresh), OF(DS_SOURCE_OAUTH2_REFRESH), 0},
};
#define AUTH_OPTIONS (sizeof(auth_options) / sizeof(*auth_options))

static const char **auth_member(ds_source_auth_t *auth, const auth_option_t *option)
{
    return (const char **)((char *)auth + option->offset);
}

static const char *auth_value_fault(const char *name, const char *value)
{
    int is_secret = !strcmp(name, "secret") || !strcmp(name, "refresh");

    if (is_secret && !ds_secret_is_kept(value)) {
        return "a secret here would be shown by mod_info: write it into a file and "
               "file:/path/of/the/file here, or env:NAME, or exec:/path/of/a/program";
    }
    if (!strcmp(name, "token-url") && strncmp(value, "https://", 8) &&
        strncmp(value, "http://", 7)) {
        return "token-url begins with https://";
    }
    return *value ? NULL : "the value is empty";
}

static const char *auth_option_set(ds_source_auth_t *auth, const char *name, const char *value)
{
    size_t i;

    if (!strcmp(name, "send") && (OAUTH2 & OF(auth->kind))) {
        auth->in_body = !strcmp(value, "body");
        return auth->in_body || !strcmp(value, "basic") ? NULL : "write send=basic or send=body";
    }
    for (i = 0; i < AUTH_OPTIONS; ++i) {
        if (!strcmp(name, auth_options[i].name) &&
            ((auth_options[i].needs | auth_options[i].takes) & OF(auth->kind))) {
            *auth_member(auth, &auth_options[i]) = value;
            return auth_value_fault(name, value);
        }
    }
    return "it does not take this option";
}

static const char *auth_missing(ds_source_auth_t *auth, apr_pool_t *pool)
{
    size_t i;

    for (i = 0; i < AUTH_OPTIONS; ++i) {
        if ((auth_options[i].needs & OF(auth->kind)) && !*auth_member(auth, &auth_options[i])) {
            return apr_psprintf(pool, "%s needs %s=", ds_source_auth_name(auth->kind),
                                auth_options[i].name);
        }
    }
    return NULL;
}

const char *dsm_source_auth_set(cmd_parms *cmd, void *target, int argc, const char *const *argv)
{
    ds_source_auth_t *auth = &source_get(target, cmd->pool)->auth;
    const char *equals, *name, *fault = NULL;
    int i;

    if (!ds_source_auth_find(&auth->kind, argv[0])) {
        return "write none, basic, bearer, header, oauth2-client or oauth2-refresh first";
    }
    for (i = 1; i < argc && !fault; ++i) {
        equals = strchr(argv[i], '=');
        if (!equals) {
            return "after the kind an option is NAME=VALUE, for example secret=file:/path";
        }
        name = apr_pstrmemdup(cmd->temp_pool, argv[i], (apr_size_t)(equals - argv[i]));
        fault = auth_option_set(auth, name, equals + 1);
        if (fault) {
            fault = apr_psprintf(cmd->pool, "%s: %s", name, fault);
        }
    }
    return fault ? fault : auth_missing(auth, cmd->pool);
}

/* --- the whole --- */

/* What is said of one source: counted, and logged with the line it is about. */
typedef struct check_t {
    const ds_sync_t *sync;
    const ap_directive_t *section;
    apr_pool_t *pool;
    server_rec *s;
    int faults;
} check_t;

static const ap_directive_t *line_get(const check_t *check, const char *word)
{
    const char *words[] = {word, NULL};
    const ap_directive_t *line = dsm_section_line_find(check->section, words);

    return line ? line : check->section;
}

static void fault_add(check_t *check, const char *word, const char *text)
{
    dsm_config_fault_log(DSLOGNO(0190), line_get(check, word),
                         apr_psprintf(check->pool, "sync \"%s\": %s", check->sync->id, text),
                         check->s);
    ++check->faults;
}

static void report_log(check_t *check, const ds_src_report_t *report)
{
    const ap_directive_t *line = line_get(check, dsm_source_words[0]);
    int i;

    for (i = 0; i < report->mistakes->nelts; ++i) {
        const char *text = APR_ARRAY_IDX(report->mistakes, i, const char *);
        const char *word = strncmp(text, "SourceParam", 11) ? "SourceSpec" : "SourceParam";

        fault_add(check, word, text);
    }
    for (i = 0; i < report->warnings->nelts; ++i) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, check->s,
                     DSLOGNO(0191) "line %d of %s: sync \"%s\": %s", line->line_num, line->filename,
                     check->sync->id, APR_ARRAY_IDX(report->warnings, i, const char *));
    }
}

static void secret_check(check_t *check, const char *kept)
{
    const char *value, *fault = kept ? ds_secret_read(&value, kept, check->pool) : NULL;

    if (fault) {
        fault_add(check, "SourceAuth", apr_pstrcat(check->pool, "SourceAuth: ", fault, NULL));
    }
}

static void spec_check(check_t *check)
{
    const ds_source_t *source = check->sync->source;
    apr_array_header_t *values;
    ds_src_report_t report;
    ds_problem_t *problem;
    ds_src_spec_t *spec;
    ds_src_map_t *map;

    ds_src_spec_read(&spec, &report, source->spec, strlen(source->spec), check->pool);
    if (spec) {
        ds_src_params_check(&values, &report, spec, source->params, check->pool);
    }
    report_log(check, &report);
    if (spec && !spec->host && !source->host) {
        fault_add(check, "SourceSpec", "the source spec names no host: write SourceHost");
    }
    problem = spec ? ds_src_map_make(&map, source, spec, check->sync->object, check->pool) : NULL;
    if (problem) {
        fault_add(check, "Map", problem->text);
    }
}

int dsm_config_source_check(const ds_sync_t *sync, const ap_directive_t *section, int has_worker,
                            apr_pool_t *pool, server_rec *s)
{
    check_t check = {sync, section, pool, s, 0};

    if (sync->kind != DS_KIND_PULL) {
        return 0;
    }
    spec_check(&check);
    if (has_worker) {
        secret_check(&check, sync->source->auth.secret);
        secret_check(&check, sync->source->auth.refresh);
    }
    return check.faults;
}

/* --- DataSyncEgressAllow --- */

/* The file of authorities; the run-time user must be able to read it, too. */
static const char *authorities_take(ds_egress_t *egress, cmd_parms *cmd, const char *text)
{
    const char *path = ap_server_root_relative(cmd->pool, text);
    apr_file_t *file = NULL;
    apr_status_t status =
        path ? apr_file_open(&file, path, APR_FOPEN_READ, 0, cmd->temp_pool) : APR_EPATHWILD;

    if (status != APR_SUCCESS) {
        return apr_psprintf(cmd->pool, "DataSyncEgressAllow: ca=%s: cannot read it: %s", text,
                            ds_problem_status_text(status, cmd->temp_pool));
    }
    egress->ca = path;
    return NULL;
}

static const char *egress_word_take(ds_egress_t *egress, cmd_parms *cmd, const char *word)
{
    if (!strcmp(word, "http")) {
        egress->http = 1;
    }
    else if (!strncmp(word, "ca=", 3)) {
        return authorities_take(egress, cmd, word + 3);
    }
    else {
        APR_ARRAY_PUSH(egress->allow, const char *) = word;
    }
    return NULL;
}

const char *dsm_config_egress_read(cmd_parms *cmd, void *unused, int argc, char *const argv[])
{
    dsm_config_t *config = dsm_config_get(cmd->server);
    const char *fault = dsm_config_global_check(&config->egress_place, cmd);
    ds_src_egress_t *egress;
    ds_problem_t *problem;
    int i;

    if (fault) {
        return fault;
    }
    for (i = 0; i < argc && !fault; ++i) {
        fault = egress_word_take(&config->def->egress, cmd, argv[i]);
    }
    if (fault) {
        return fault;
    }
    problem = ds_src_egress_make(&egress, config->def->egress.allow, cmd->pool);
    if (problem) {
        return apr_psprintf(cmd->pool, "DataSyncEgressAllow: %s", problem->text);
    }
    return argc ? NULL : "DataSyncEgressAllow: write http, ca=FILE, or what may be reached";
}
