/* <DataSync ID>: a flow, its object, who may use it and what it accepts. */
#include "dsm_config.h"
#include "dsm_config_section.h"
#include "dsm_config_value.h"

#include <apr_strings.h>

/* Room for a reader's buffers: what a row may need is what a runner may need. */
#define ROW_LENGTH_MAX (64 * 1024 * 1024)

static const char *sync_name_set(cmd_parms *cmd, void *target, int argc, const char *const *argv)
{
    ds_sync_t *sync = target;

    sync->name = argv[0];
    return *argv[0] ? NULL : "the name is empty";
}

static const char *sync_kind_set(cmd_parms *cmd, void *target, int argc, const char *const *argv)
{
    ds_sync_t *sync = target;

    if (!ds_sync_kind_find(&sync->kind, argv[0])) {
        return "there is no such kind: write import";
    }
    return sync->kind == DS_KIND_IMPORT
               ? NULL
               : "this kind is not supported by this version: write import";
}

static const char *sync_object_set(cmd_parms *cmd, void *target, int argc, const char *const *argv)
{
    ds_sync_t *sync = target;

    sync->object_name = argv[0];
    return NULL;
}

static const char *sync_auth_set(cmd_parms *cmd, void *target, int argc, const char *const *argv)
{
    ds_sync_t *sync = target;

    return ds_sync_auth_find(&sync->auth, argv[0]) ? NULL : "write token, none or httpd";
}

static const char *sync_delimiter_set(cmd_parms *cmd, void *target, int argc,
                                      const char *const *argv)
{
    static const struct {
        const char *name;
        char delimiter;
    } known[] = {{"comma", ','}, {"semicolon", ';'}, {"tab", '\t'}, {"auto", '\0'}};
    ds_sync_t *sync = target;
    size_t i;

    for (i = 0; i < sizeof(known) / sizeof(known[0]); ++i) {
        if (!ap_cstr_casecmp(argv[0], known[i].name)) {
            sync->delimiter = known[i].delimiter;
            return NULL;
        }
    }
    return "write comma, semicolon, tab or auto";
}

static const char *sync_max_upload_set(cmd_parms *cmd, void *target, int argc,
                                       const char *const *argv)
{
    ds_sync_t *sync = target;

    return dsm_config_size_read(&sync->limits.upload, argv[0], 1, DSM_UPLOAD_MAX, cmd->pool);
}

static const char *sync_max_rows_set(cmd_parms *cmd, void *target, int argc,
                                     const char *const *argv)
{
    ds_sync_t *sync = target;

    return dsm_config_number_read(&sync->limits.rows, argv[0], 1, APR_INT64_C(1000000000000),
                                  cmd->pool);
}

static const char *sync_max_row_length_set(cmd_parms *cmd, void *target, int argc,
                                           const char *const *argv)
{
    ds_sync_t *sync = target;

    return dsm_config_size_read(&sync->limits.row_length, argv[0], 64, ROW_LENGTH_MAX, cmd->pool);
}

static const char *sync_max_field_length_set(cmd_parms *cmd, void *target, int argc,
                                             const char *const *argv)
{
    ds_sync_t *sync = target;

    return dsm_config_size_read(&sync->limits.field_length, argv[0], 1, ROW_LENGTH_MAX, cmd->pool);
}

static const char *sync_max_fields_set(cmd_parms *cmd, void *target, int argc,
                                       const char *const *argv)
{
    ds_sync_t *sync = target;

    return dsm_config_number_read(&sync->limits.fields, argv[0], 1, 10000, cmd->pool);
}

static const dsm_word_t sync_words[] = {
    {"Name", 1, 1, 0, "Name \"Name for people\"", sync_name_set},
    {"Kind", 1, 1, 0, "Kind import", sync_kind_set},
    {"Object", 1, 1, 0, "Object NAME, the name of a <DataSyncObject> section", sync_object_set},
    {"Auth", 1, 1, 0, "Auth token, Auth none or Auth httpd", sync_auth_set},
    {"Delimiter", 1, 1, 0, "Delimiter comma, semicolon, tab or auto", sync_delimiter_set},
    {"MaxUpload", 1, 1, 0, "MaxUpload SIZE, for example MaxUpload 500M", sync_max_upload_set},
    {"MaxRows", 1, 1, 0, "MaxRows NUMBER", sync_max_rows_set},
    {"MaxRowLength", 1, 1, 0, "MaxRowLength SIZE, for example MaxRowLength 1M",
     sync_max_row_length_set},
    {"MaxFieldLength", 1, 1, 0, "MaxFieldLength SIZE, for example MaxFieldLength 64K",
     sync_max_field_length_set},
    {"MaxFields", 1, 1, 0, "MaxFields NUMBER", sync_max_fields_set},
    {NULL, 0, 0, 0, NULL, NULL},
};

static const char *sync_add(cmd_parms *cmd, dsm_config_t *config, ds_sync_t *sync)
{
    ds_problem_t *problem;

    if (!sync->object_name) {
        return "it has no object: write Object NAME, the name of a <DataSyncObject> section";
    }
    problem = ds_def_sync_add(config->def, sync, cmd->pool);
    if (problem) {
        return problem->text;
    }
    APR_ARRAY_PUSH(config->sync_places, const ap_directive_t *) = cmd->directive;
    return NULL;
}

const char *dsm_config_sync_read(cmd_parms *cmd, void *unused, const char *args)
{
    dsm_config_t *config = dsm_config_get(cmd->server);
    const char *id;
    const char *fault = ap_check_cmd_context(cmd, GLOBAL_ONLY);
    ds_sync_t *sync;

    if (fault || (fault = dsm_section_argument_read(&id, cmd, args))) {
        return fault;
    }
    fault = ds_sync_id_fault(id);
    if (!fault) {
        sync = ds_sync_make(id, cmd->pool);
        sync->limits.upload = DSM_UNSET; /* DataSyncMaxUpload may stand further down */
        fault = dsm_section_read(cmd, id, sync_words, sync);
        if (fault) {
            return fault;
        }
        fault = sync_add(cmd, config, sync);
    }
    return fault ? apr_psprintf(cmd->pool, "%s %s>: %s", cmd->cmd->name, id, fault) : NULL;
}
