/* datasyncctl launch ... */
#include "ctl.h"

#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ds_launch.h"

#define LIST_DEFAULT 20
#define LIST_MAX 10000

static const char *const roles[] = {"input", "output", "failures", "warnings"};
#define ROLES (sizeof(roles) / sizeof(roles[0]))

static json_t *launch_json(const ds_launch_t *launch, apr_pool_t *pool)
{
    return json_pack(
        "{sI ss ss ss ss ss sb so so so so so sI sI sI sI sI si}", "id", (json_int_t)launch->id,
        "uuid", launch->uuid, "sync", launch->sync_id, "object", launch->object, "kind",
        ds_sync_kind_name(launch->kind), "state", ds_launch_state_name(launch->state), "dry_run",
        launch->dry_run, "retry_of", ctl_json_id(launch->input_launch_id), "message",
        ctl_json_text(launch->message, pool), "scheduled_at",
        ctl_json_time(launch->scheduled_at, pool), "started_at",
        ctl_json_time(launch->started_at, pool), "finished_at",
        ctl_json_time(launch->finished_at, pool), "rows_read", (json_int_t)launch->rows.read,
        "rows_ok", (json_int_t)launch->rows.ok, "rows_failed", (json_int_t)launch->rows.failed,
        "rows_warned", (json_int_t)launch->rows.warned, "rows_skipped",
        (json_int_t)launch->rows.skipped, "crashes", launch->crashes);
}

static int launch_id_parse(apr_int64_t *id, const char *text)
{
    char *rest;

    *id = apr_strtoi64(text, &rest, 10);
    if (*id <= 0 || *rest) {
        return ctl_fail(CTL_USAGE,
                        "%s is not the id of a launch: a whole number, see "
                        "\"datasyncctl launch list\"",
                        text);
    }
    return CTL_OK;
}

int ctl_launch_find(ds_launch_t **launch, const ctl_t *ctl, const char *text)
{
    apr_int64_t id;
    apr_status_t status;
    int code = launch_id_parse(&id, text);

    if (code != CTL_OK) {
        return code;
    }
    status = ds_launch_get(launch, ctl->db, NULL, id, ctl->pool);
    if (status == DS_ENOTFOUND) {
        return ctl_fail(CTL_REFUSED, "there is no launch %s", text);
    }
    return status == APR_SUCCESS ? CTL_OK : ctl_fail_status(ctl, status, "read the launch");
}

int ctl_limit_read(int *limit, const ctl_t *ctl)
{
    char *rest = NULL;
    long number = ctl->limit ? strtol(ctl->limit, &rest, 10) : LIST_DEFAULT;

    if (number < 1 || number > LIST_MAX || (rest && *rest)) {
        return ctl_fail(CTL_USAGE, "--limit %s: write a number from 1 to %d", ctl->limit, LIST_MAX);
    }
    *limit = (int)number;
    return CTL_OK;
}

int ctl_launch_list(ctl_t *ctl, const char *const *arguments)
{
    static const ctl_column_t columns[] = {{"id", "ID"},
                                           {"sync", "SYNC"},
                                           {"state", "STATE"},
                                           {"scheduled_at", "SCHEDULED"},
                                           {"rows_read", "READ"},
                                           {"rows_ok", "OK"},
                                           {"rows_failed", "FAILED"},
                                           {"message", "MESSAGE"},
                                           {NULL, NULL}};
    apr_array_header_t *launches;
    int limit, code = ctl_limit_read(&limit, ctl);
    apr_status_t status;
    json_t *list;

    if (code != CTL_OK) {
        return code;
    }
    if (arguments[0] && !ctl_sync_find(ctl, arguments[0])) {
        return CTL_REFUSED;
    }
    status = ds_launch_list(&launches, ctl->db, arguments[0], limit, ctl->pool);
    if (status != APR_SUCCESS) {
        return ctl_fail_status(ctl, status, "list launches");
    }
    list = json_array();
    for (int i = 0; i < launches->nelts; i++) {
        json_array_append_new(
            list, launch_json(APR_ARRAY_IDX(launches, i, const ds_launch_t *), ctl->pool));
    }
    return ctl_rows_print(ctl, list, columns);
}

/* A launch that repeats an earlier one reads that one's input. */
static apr_status_t file_find(ds_file_t **file, const ctl_t *ctl, const ds_launch_t *launch,
                              const char *role)
{
    apr_int64_t id = strcmp(role, "input") == 0 ? ds_launch_input_id(launch) : launch->id;

    return ds_file_get(file, ctl->db, id, role, ctl->pool);
}

static int role_exists(const char *role)
{
    for (apr_size_t i = 0; i < ROLES; i++) {
        if (strcmp(roles[i], role) == 0) {
            return 1;
        }
    }
    return 0;
}

/* An array of the launch's files; *status says whether it is whole. */
static json_t *files_json(apr_status_t *status, const ctl_t *ctl, const ds_launch_t *launch)
{
    json_t *files = json_array();

    *status = APR_SUCCESS;
    for (apr_size_t i = 0; i < ROLES && *status == APR_SUCCESS; i++) {
        ds_file_t *file;

        *status = file_find(&file, ctl, launch, roles[i]);
        if (*status == DS_ENOTFOUND) {
            *status = APR_SUCCESS;
        }
        else if (*status == APR_SUCCESS) {
            json_array_append_new(files, json_pack("{ss so sI so}", "role", file->role, "name",
                                                   ctl_json_text(file->name, ctl->pool), "size",
                                                   (json_int_t)file->size, "sha256",
                                                   ctl_json_text(file->sha256, ctl->pool)));
        }
    }
    return files;
}

int ctl_launch_show(ctl_t *ctl, const char *const *arguments)
{
    static const ctl_column_t lines[] = {{"id", "Launch"},
                                         {"uuid", "UUID"},
                                         {"sync", "Sync"},
                                         {"kind", "Kind"},
                                         {"object", "Object"},
                                         {"state", "State"},
                                         {"dry_run", "Dry run"},
                                         {"retry_of", "Retry of"},
                                         {"message", "Message"},
                                         {"scheduled_at", "Scheduled"},
                                         {"started_at", "Started"},
                                         {"finished_at", "Finished"},
                                         {"rows_read", "Read"},
                                         {"rows_ok", "OK"},
                                         {"rows_failed", "Failed"},
                                         {"rows_warned", "Warned"},
                                         {"rows_skipped", "Skipped"},
                                         {"crashes", "Crashes"},
                                         {NULL, NULL}};
    static const ctl_column_t columns[] = {
        {"role", "FILE"}, {"size", "BYTES"}, {"name", "NAME"}, {NULL, NULL}};
    ds_launch_t *launch;
    apr_status_t status;
    json_t *object, *files;
    int code = ctl_launch_find(&launch, ctl, arguments[0]);

    if (code != CTL_OK) {
        return code;
    }
    files = files_json(&status, ctl, launch);
    if (status != APR_SUCCESS) {
        json_decref(files);
        return ctl_fail_status(ctl, status, "read the launch's files");
    }
    object = launch_json(launch, ctl->pool);
    if (ctl->json) {
        json_object_set_new(object, "files", files);
        return ctl_form_print(ctl, object, lines);
    }
    ctl_form_print(ctl, object, lines);
    putchar('\n');
    return ctl_rows_print(ctl, files, columns);
}

/* Chunk by chunk to stdout, so memory does not grow with the file. */
static apr_status_t file_print(const ctl_t *ctl, const ds_file_t *file)
{
    apr_pool_t *chunk_pool;
    apr_int64_t offset = 0;
    apr_status_t status = apr_pool_create(&chunk_pool, ctl->pool);

    while (status == APR_SUCCESS && offset < file->size) {
        const char *data;
        apr_size_t size;
        apr_int64_t start;

        apr_pool_clear(chunk_pool);
        status = ds_file_chunk_read(&data, &size, &start, ctl->db, file->id, offset, chunk_pool);
        if (status == APR_SUCCESS && fwrite(data, 1, size, stdout) != size) {
            return APR_SUCCESS; /* the program's end reports a failed stdout */
        }
        offset = start + (apr_int64_t)size;
    }
    return status;
}

int ctl_launch_file(ctl_t *ctl, const char *const *arguments)
{
    const char *role = arguments[1];
    ds_launch_t *launch;
    ds_file_t *file;
    apr_status_t status;
    int code;

    if (role && !role_exists(role)) {
        return ctl_fail(CTL_USAGE, "there is no file %s: write input, output, failures or warnings",
                        role);
    }
    code = ctl_launch_find(&launch, ctl, arguments[0]);
    if (code != CTL_OK) {
        return code;
    }
    if (!role) {
        role = launch->kind == DS_KIND_EXPORT ? "output" : "input";
    }
    status = file_find(&file, ctl, launch, role);
    if (status == DS_ENOTFOUND) {
        return ctl_fail(CTL_REFUSED,
                        "launch %s has no %s file; \"datasyncctl launch show %s\" "
                        "lists its files",
                        arguments[0], role, arguments[0]);
    }
    if (status == APR_SUCCESS) {
        status = file_print(ctl, file);
    }
    return status == APR_SUCCESS ? CTL_OK : ctl_fail_status(ctl, status, "read the file");
}

int ctl_launch_cancel(ctl_t *ctl, const char *const *arguments)
{
    ds_launch_state_e state;
    ds_launch_t *launch;
    apr_status_t status;
    int code = ctl_launch_find(&launch, ctl, arguments[0]);

    if (code != CTL_OK) {
        return code;
    }
    status = ds_launch_cancel(&state, ctl->db, NULL, launch->id, ctl->user, ctl->pool);
    if (status == DS_ESTATE) {
        return ctl_fail(CTL_REFUSED, "launch %s has already ended", arguments[0]);
    }
    if (status != APR_SUCCESS) {
        return ctl_fail_status(ctl, status, "cancel the launch");
    }
    return ctl_result_print(
        ctl,
        json_pack("{sI ss}", "id", (json_int_t)launch->id, "state", ds_launch_state_name(state)),
        "launch %s is %s%s", arguments[0], ds_launch_state_name(state),
        state == DS_LAUNCH_CANCELLING ? ": it stops at its next batch" : "");
}
