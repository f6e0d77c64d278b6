/* datasyncctl run ..., launch retry ...: what makes launches. */
#include "ctl.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

#include "ds_launch.h"
#include "ds_options.h"

#define READ_SIZE (64 * 1024)

/* Scripts read the number alone. */
static int made_print(const ctl_t *ctl, const ds_launch_t *launch)
{
    return ctl_result_print(
        ctl,
        json_pack("{sI ss ss ss sb so}", "id", (json_int_t)launch->id, "uuid", launch->uuid, "sync",
                  launch->sync_id, "state", ds_launch_state_name(launch->state), "dry_run",
                  launch->dry_run, "retry_of", ctl_json_id(launch->input_launch_id)),
        "%" APR_INT64_T_FMT, launch->id);
}

static int made_fail(const ctl_t *ctl, apr_status_t status, const ds_sync_t *sync)
{
    if (status == DS_ELIMIT) {
        return ctl_fail(CTL_REFUSED,
                        "too many launches wait already: %d are allowed of %s, %d of all syncs "
                        "(0: any number)",
                        sync->queue_limit, sync->id, ctl->def->queue_limit);
    }
    if (status == DS_EDISABLED) {
        return ctl_fail(CTL_REFUSED, "%s is disabled; \"datasyncctl sync enable %s\" changes that",
                        sync->id, sync->id);
    }
    return ctl_fail_status(ctl, status, "make the launch");
}

/* --- run --- */

/* What the file is called with the launch; NULL when its name is no text. */
static const char *name_find(const char *path, apr_pool_t *pool)
{
    const char *name = apr_filepath_name_get(path), *c;
    apr_size_t chars, bad;

    for (c = name; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            return NULL;
        }
    }
    return ds_value_utf8(&chars, &bad, name, strlen(name)) ? apr_pstrdup(pool, name) : NULL;
}

/* The exit code; the message is printed. */
static int input_copy(ds_file_writer_t *writer, const ctl_t *ctl, const ds_sync_t *sync,
                      const char *path)
{
    char *buffer = apr_palloc(ctl->pool, READ_SIZE);

    for (;;) {
        apr_size_t size = READ_SIZE;
        apr_status_t status = apr_file_read(ctl->input, buffer, &size);

        if (APR_STATUS_IS_EOF(status)) {
            return CTL_OK;
        }
        if (status != APR_SUCCESS) {
            return ctl_fail(CTL_REFUSED, "%s: %s", path, ds_problem_status_text(status, ctl->pool));
        }
        if (ds_file_writer_size(writer) + (apr_int64_t)size > sync->limits.upload) {
            return ctl_fail(CTL_REFUSED,
                            "%s is larger than %" APR_INT64_T_FMT " bytes, the limit of %s", path,
                            sync->limits.upload, sync->id);
        }
        status = ds_file_writer_append(writer, buffer, size);
        if (status != APR_SUCCESS) {
            return ctl_fail_status(ctl, status, "store the file");
        }
    }
}

static int upload_run(const ctl_t *ctl, const ds_launch_request_t *request, const char *path)
{
    ds_file_writer_t *writer;
    ds_launch_t *launch;
    apr_status_t status = ds_launch_admission_check(ctl->db, request, ctl->pool);
    int code, repeated;

    if (status != APR_SUCCESS) {
        return made_fail(ctl, status, request->sync);
    }
    status = ds_file_writer_begin(&writer, ctl->db, "input", name_find(path, ctl->pool), "text/csv",
                                  ctl->pool);
    if (status != APR_SUCCESS) {
        return ctl_fail_status(ctl, status, "store the file");
    }
    code = input_copy(writer, ctl, request->sync, path);
    if (code != CTL_OK) {
        return code;
    }
    status = ds_launch_accept(&launch, &repeated, ctl->db, request, writer, ctl->pool);
    return status == APR_SUCCESS ? made_print(ctl, launch) : made_fail(ctl, status, request->sync);
}

static int export_run(const ctl_t *ctl, const ds_launch_request_t *request)
{
    ds_launch_t *launch;
    apr_time_t now;
    apr_status_t status = ds_db_now(&now, ctl->db);

    if (status == APR_SUCCESS) {
        status = ds_launch_start(&launch, ctl->db, request, now, 0, ctl->pool);
    }
    return status == APR_SUCCESS ? made_print(ctl, launch) : made_fail(ctl, status, request->sync);
}

int ctl_run(ctl_t *ctl, const char *const *arguments)
{
    const ds_sync_t *sync = ctl_sync_find(ctl, arguments[0]);
    ds_launch_request_t request = {.sync = sync, .dry_run = ctl->dry_run};
    const char *kind;
    int reads;

    if (!sync) {
        return CTL_REFUSED;
    }
    kind = ds_sync_kind_name(sync->kind);
    reads = sync->kind == DS_KIND_IMPORT || sync->kind == DS_KIND_DELETE;
    if (reads != (arguments[1] != NULL)) {
        return ctl_fail(CTL_USAGE,
                        reads ? "%s is of kind %s, which needs a file: run %s FILE"
                              : "%s is of kind %s, which takes no file: run %s",
                        sync->id, kind, sync->id);
    }
    if (!reads && ctl->dry_run) {
        return ctl_fail(CTL_USAGE, "%s is of kind %s: only imports and deletes have a dry run",
                        sync->id, kind);
    }
    if (ctl->backfill && sync->kind != DS_KIND_PULL) {
        return ctl_fail(CTL_USAGE, "%s is of kind %s: only pulls have a past to fetch", sync->id,
                        kind);
    }
    request.options = ctl->backfill ? DS_OPTIONS_BACKFILL : NULL;
    request.queue_limit = ctl->def->queue_limit;
    return reads ? upload_run(ctl, &request, arguments[1]) : export_run(ctl, &request);
}

/* --- retry --- */

static int retry_fail(const ctl_t *ctl, apr_status_t status, const ds_launch_t *old,
                      const ds_sync_t *sync)
{
    if (status == DS_ENOTFOUND) {
        return ctl_fail(CTL_REFUSED,
                        "the file of launch %" APR_INT64_T_FMT " has been removed: send it anew",
                        old->id);
    }
    if (status == DS_ESTATE && old->kind != sync->kind) {
        return ctl_fail(CTL_REFUSED,
                        "launch %" APR_INT64_T_FMT " is of kind %s, %s is now of kind %s", old->id,
                        ds_sync_kind_name(old->kind), sync->id, ds_sync_kind_name(sync->kind));
    }
    if (status == DS_ESTATE) {
        return ctl_fail(CTL_REFUSED,
                        "launch %" APR_INT64_T_FMT " is %s: only one that failed or was cancelled "
                        "can be run again",
                        old->id, ds_launch_state_name(old->state));
    }
    return made_fail(ctl, status, sync);
}

int ctl_launch_retry(ctl_t *ctl, const char *const *arguments)
{
    ds_launch_request_t request = {0};
    ds_launch_t *old, *launch;
    apr_status_t status;
    int code = ctl_launch_find(&old, ctl, arguments[0]);

    if (code != CTL_OK) {
        return code;
    }
    request.sync = ctl_sync_find(ctl, old->sync_id);
    request.queue_limit = ctl->def->queue_limit;
    if (!request.sync) {
        return CTL_REFUSED;
    }
    status = ds_launch_retry(&launch, ctl->db, &request, old->id, ctl->pool);
    return status == APR_SUCCESS ? made_print(ctl, launch)
                                 : retry_fail(ctl, status, old, request.sync);
}
