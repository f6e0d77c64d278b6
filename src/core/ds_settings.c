#include "ds_settings.h"

#include <stddef.h>
#include <string.h>

#include <jansson.h>

#include <apr_strings.h>

#include "ds_syntax.h"

#define LEVEL_FIRST DS_LOG_CRIT

static const char *const level_names[] = {"crit", "error", "warn",  "notice",
                                          "info", "debug", "trace1"};

#define LEVELS ((int)(sizeof(level_names) / sizeof(*level_names)))

typedef enum member_kind_e {
    MEMBER_TEXT,
    MEMBER_NUMBER,
    MEMBER_SECONDS,
    MEMBER_LEVEL,
    MEMBER_DEFINITIONS,
    MEMBER_MAIL,
    MEMBER_WEBHOOKS
} member_kind_e;

typedef struct member_t {
    const char *name;
    member_kind_e kind;
    size_t offset; /* in ds_settings_t */
    int least;     /* of a number */
    int most;
} member_t;

#define AT(field) offsetof(ds_settings_t, field)

static const member_t members[] = {
    {"db_driver", MEMBER_TEXT, AT(db_driver), 0, 0},
    {"db_params", MEMBER_TEXT, AT(db_params), 0, 0},
    {"runners", MEMBER_NUMBER, AT(runners), 0, 64},
    {"lease_seconds", MEMBER_SECONDS, AT(lease), 5, 3600},
    {"cache_mb", MEMBER_NUMBER, AT(cache_mb), 1, 16384},
    {"log_level", MEMBER_LEVEL, AT(log_level), 0, 0},
    {"user", MEMBER_TEXT, AT(user), 0, 0},
    {"group", MEMBER_TEXT, AT(group), 0, 0},
    {"wake_fd", MEMBER_NUMBER, AT(wake_fd), -1, 65535},
    {"definitions", MEMBER_DEFINITIONS, AT(def), 0, 0},
    {"mail", MEMBER_MAIL, AT(mail), 0, 0},
    {"webhooks", MEMBER_WEBHOOKS, AT(webhooks), 0, 0},
};

#define MEMBERS (sizeof(members) / sizeof(*members))

ds_settings_t *ds_settings_make(apr_pool_t *pool)
{
    ds_settings_t *settings = apr_pcalloc(pool, sizeof(*settings));

    settings->db_driver = "sqlite3";
    settings->runners = 2;
    settings->lease = apr_time_from_sec(30);
    settings->cache_mb = 64;
    settings->log_level = DS_LOG_WARNING;
    settings->wake_fd = -1;
    settings->webhooks = apr_array_make(pool, 2, sizeof(ds_webhook_t *));
    return settings;
}

/* httpd knows more levels than are told apart here. */
static const char *level_name(ds_log_level_e level)
{
    int i = (int)level - LEVEL_FIRST;

    return level_names[i < 0 ? 0 : i < LEVELS ? i : LEVELS - 1];
}

const char *ds_settings_to_json(const ds_settings_t *settings, apr_pool_t *pool)
{
    json_t *root =
        json_pack("{s:s, s:s, s:i, s:I, s:i, s:s, s:s*, s:s*, s:i}", "db_driver",
                  settings->db_driver, "db_params", settings->db_params, "runners",
                  settings->runners, "lease_seconds", (json_int_t)apr_time_sec(settings->lease),
                  "cache_mb", settings->cache_mb, "log_level", level_name(settings->log_level),
                  "user", settings->user, "group", settings->group, "wake_fd", settings->wake_fd);
    const char *copy;
    char *text;

    if (settings->def)
        json_object_set_new(root, "definitions",
                            json_loads(ds_def_to_json(settings->def, pool), 0, NULL));
    if (settings->mail)
        json_object_set_new(root, "mail", ds_mail_to_json(settings->mail, pool));
    json_object_set_new(root, "webhooks", ds_webhooks_to_json(settings->webhooks));
    text = json_dumps(root, JSON_COMPACT);
    copy = apr_pstrdup(pool, text ? text : "");
    free(text);
    json_decref(root);
    return copy;
}

/* --- where a member stands --- */

/* The end of the string that begins at a quote: its closing quote, or the end of the text. */
static const char *string_end(const char *quote)
{
    const char *p = quote + 1;

    while (*p && *p != '"')
        p += *p == '\\' && p[1] ? 2 : 1;
    return p;
}

static int is_key(const char *quote, const char *end, const char *name)
{
    apr_size_t length = strlen(name);

    return (apr_size_t)(end - quote) == length + 1 && !strncmp(quote + 1, name, length) &&
           end[1 + strspn(end + 1, " \t\r\n")] == ':';
}

/* The quote before the member's name, or NULL when it is not there, or written with escapes. */
static const char *member_find(const char *json, const char *name)
{
    const char *p, *end;
    int depth = 0;

    for (p = json; *p; p++) {
        if (*p == '{' || *p == '[')
            depth++;
        else if (*p == '}' || *p == ']')
            depth--;
        if (*p != '"')
            continue;
        end = string_end(p);
        if (!*end)
            return NULL;
        if (depth == 1 && is_key(p, end, name))
            return p;
        p = end;
    }
    return NULL;
}

ds_problem_t *ds_settings_problem(const char *json, const char *member, const char *fault,
                                  apr_pool_t *pool)
{
    const char *found = member_find(json, member), *p;
    int line = 1, column = 1;

    if (!found)
        return ds_problem_make(pool, DS_EINPUT, "%s: %s", member, fault);
    for (p = json; p < found; p++) {
        if (*p == '\n') {
            line++;
            column = 1;
        }
        else if ((*p & 0xC0) != 0x80) /* a character, not a later byte of one */
            column++;
    }
    return ds_problem_make(pool, DS_EINPUT, "line %d, column %d: %s: %s", line, column, member,
                           fault);
}

/* --- reading --- */

static const char *number_read(int *number, json_t *value, const member_t *member, apr_pool_t *pool)
{
    json_int_t given = json_integer_value(value);

    if (!json_is_integer(value) || given < member->least || given > member->most)
        return apr_psprintf(pool, "write a whole number from %d to %d, without quotes",
                            member->least, member->most);
    *number = (int)given;
    return NULL;
}

static const char *level_read(ds_log_level_e *level, json_t *value)
{
    const char *name = json_is_string(value) ? json_string_value(value) : "";
    int i;

    for (i = 0; i < LEVELS; i++)
        if (!strcmp(level_names[i], name)) {
            *level = (ds_log_level_e)(LEVEL_FIRST + i);
            return NULL;
        }
    return "write \"crit\", \"error\", \"warn\", \"notice\", \"info\", \"debug\" or \"trace1\"";
}

static const char *text_read(const char **text, json_t *value, apr_pool_t *pool)
{
    if (!json_is_string(value) || !json_string_length(value))
        return "write a text in double quotes, which is not empty";
    *text = apr_pstrdup(pool, json_string_value(value));
    return NULL;
}

static const char *definitions_read(ds_def_t **def, json_t *value, apr_pool_t *pool)
{
    char *dump = json_dumps(value, JSON_COMPACT | JSON_PRESERVE_ORDER);
    ds_problem_t *problem = ds_def_from_json(def, dump ? dump : "", pool);

    free(dump);
    return problem ? problem->text : NULL;
}

/* NULL, or what to write. */
static const char *member_read(ds_settings_t *settings, const member_t *member, json_t *value,
                               apr_pool_t *pool)
{
    void *field = (char *)settings + member->offset;
    const char *fault;
    int number = 0;

    switch (member->kind) {
    case MEMBER_NUMBER: return number_read(field, value, member, pool);
    case MEMBER_LEVEL: return level_read(field, value);
    case MEMBER_DEFINITIONS: return definitions_read(field, value, pool);
    case MEMBER_MAIL: return ds_mail_from_json(field, value, pool);
    case MEMBER_WEBHOOKS: return ds_webhooks_from_json(field, value, pool);
    case MEMBER_SECONDS:
        fault = number_read(&number, value, member, pool);
        *(apr_interval_time_t *)field = apr_time_from_sec(number);
        return fault;
    default: return text_read(field, value, pool);
    }
}

static const member_t *member_get(const char *name)
{
    size_t i;

    for (i = 0; i < MEMBERS; i++)
        if (!strcmp(members[i].name, name))
            return &members[i];
    return NULL;
}

static ds_problem_t *members_read(ds_settings_t *settings, json_t *root, const char *json,
                                  apr_pool_t *pool)
{
    const member_t *member;
    const char *name, *fault;
    json_t *value;

    json_object_foreach(root, name, value)
    {
        member = member_get(name);
        fault = member ? member_read(settings, member, value, pool)
                       : "there is no such member: see datasync-worker(8) for those there are";
        if (fault)
            return ds_settings_problem(json, name, fault, pool);
    }
    if (!json_object_get(root, "db_driver"))
        return ds_problem_make(pool, DS_EINPUT,
                               "db_driver is missing: write \"sqlite3\" or \"pgsql\"");
    if (!json_object_get(root, "db_params"))
        return ds_problem_make(pool, DS_EINPUT,
                               "db_params is missing: write the path of the SQLite file, or the "
                               "connection string of PostgreSQL");
    return NULL;
}

ds_problem_t *ds_settings_from_json(ds_settings_t **settings, const char *text, apr_pool_t *pool)
{
    json_error_t error;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    ds_problem_t *problem;

    if (!root)
        return ds_problem_make(pool, DS_EINPUT, "line %d, column %d: %s", error.line, error.column,
                               ds_syntax_fault(&error));
    *settings = ds_settings_make(pool);
    problem = json_is_object(root)
                  ? members_read(*settings, root, text, pool)
                  : ds_problem_make(pool, DS_EINPUT, "write { first and } last, members between");
    json_decref(root);
    return problem;
}
