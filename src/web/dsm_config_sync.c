/* <DataSync ID>: a flow, its object, who may use it, what it accepts or writes, and when it runs.
 */
#include "dsm_config.h"
#include "dsm_config_export.h"
#include "dsm_config_section.h"
#include "dsm_config_source.h"
#include "dsm_config_value.h"

#include <apr_strings.h>

#include "ds_schedule.h"

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

    return ds_sync_kind_find(&sync->kind, argv[0])
               ? NULL
               : "there is no such kind: write import, delete, export or pull";
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

static const char *sync_queue_limit_set(cmd_parms *cmd, void *target, int argc,
                                        const char *const *argv)
{
    ds_sync_t *sync = target;
    apr_int64_t number = 0;
    const char *fault = dsm_config_number_read(&number, argv[0], 0, DSM_QUEUE_MAX, cmd->pool);

    sync->queue_limit = (int)number;
    return fault;
}

static const char *sync_integration_id_set(cmd_parms *cmd, void *target, int argc,
                                           const char *const *argv)
{
    ds_sync_t *sync = target;
    char *uuid = apr_palloc(cmd->pool, DS_UUID_SIZE);

    sync->integration_id = uuid;
    return ds_digest_uuid_read(uuid, argv[0])
               ? NULL
               : "this is no UUID: write 32 hex digits as 8-4-4-4-12, as uuidgen prints it";
}

/* --- of exports --- */

/* Names of fields are looked up when the object is known (dsm_config_export.c). */
static const char *sync_line_keep(cmd_parms *cmd, void *target, int argc, const char *const *argv)
{
    return NULL;
}

static const char *sync_order_keep(cmd_parms *cmd, void *target, int argc, const char *const *argv)
{
    return argc == 1 || !ap_cstr_casecmp(argv[1], "asc") || !ap_cstr_casecmp(argv[1], "desc")
               ? NULL
               : "write asc or desc after the field";
}

static const char *sync_header_set(cmd_parms *cmd, void *target, int argc, const char *const *argv)
{
    ds_sync_t *sync = target;

    sync->export.header = !ap_cstr_casecmp(argv[0], "On");
    return sync->export.header || !ap_cstr_casecmp(argv[0], "Off") ? NULL : "write On or Off";
}

static const char *sync_format_set(cmd_parms *cmd, void *target, int argc, const char *const *argv)
{
    ds_sync_t *sync = target;

    return ds_sync_format_find(&sync->export.format, argv[0]) ? NULL : "write csv, ndjson or json";
}

static const char *sync_schedule_set(cmd_parms *cmd, void *target, int argc,
                                     const char *const *argv)
{
    ds_sync_t *sync = target;
    ds_schedule_t *schedule;
    ds_problem_t *problem;

    sync->schedule = argv[0];
    if (argc > 1) {
        sync->zone = argv[1];
    }
    problem = ds_schedule_parse(&schedule, sync->schedule, sync->zone, cmd->pool);
    return problem ? problem->text : NULL;
}

static const dsm_word_t sync_words[] = {
    {"Name", 1, 1, 0, "Name \"Name for people\"", sync_name_set},
    {"Kind", 1, 1, 0, "Kind import, Kind delete, Kind export or Kind pull", sync_kind_set},
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
    {"QueueLimit", 1, 1, 0, "QueueLimit NUMBER", sync_queue_limit_set},
    {"IntegrationId", 1, 1, 0, "IntegrationId UUID", sync_integration_id_set},
    {"Fields", 1, DSM_WORD_ARGS_MAX, 1, "Fields FIELD, or Fields FIELD FIELD ...", sync_line_keep},
    {"Filter", 3, 3, 1, "Filter FIELD COMPARISON VALUE, for example Filter doors >= 4",
     sync_line_keep},
    {"Order", 1, 2, 1, "Order FIELD, Order FIELD asc or Order FIELD desc", sync_order_keep},
    {"Header", 1, 1, 0, "Header On or Header Off", sync_header_set},
    {"Format", 1, 1, 0, "Format csv or Format ndjson", sync_format_set},
    {"DataSyncSQLQuery", 1, 5, 0, "DataSyncSQLQuery On, or DataSyncSQLQuery Off",
     dsm_config_query_set},
    {"Schedule", 1, 2, 0, "Schedule \"0 3 * * *\", or Schedule \"0 3 * * *\" Europe/Vienna",
     sync_schedule_set},
    {"SourceSpec", 1, 1, 0, "SourceSpec FILE, a source spec in JSON", dsm_source_spec_set},
    {"SourceHost", 1, 1, 0, "SourceHost https://HOST, or https://HOST:PORT", dsm_source_host_set},
    {"SourceParam", 2, 2, DSM_WORD_REPEATED, "SourceParam NAME VALUE", dsm_source_param_add},
    {"SourceAuth", 1, DSM_WORD_ARGS_MAX, DSM_WORD_SECRET,
     "SourceAuth KIND OPTION=VALUE ..., for example SourceAuth bearer secret=file:/path",
     dsm_source_auth_set},
    {"Map", 2, 2, DSM_WORD_REPEATED, "Map FIELD PATH, for example Map email $.member.email",
     dsm_source_map_add},
    {"BackfillFrom", 1, 1, 0, "BackfillFrom DAY, for example BackfillFrom 2024-01-31",
     dsm_source_backfill_set},
    {"LookBack", 1, 1, 0, "LookBack TIME, for example LookBack 10min", dsm_source_look_back_set},
    {NULL, 0, 0, 0, NULL, NULL},
};

/* Refuse the first of these words that stands in the section. */
static const char *words_refuse(cmd_parms *cmd, const char *const *words, const char *why)
{
    const ap_directive_t *line = dsm_section_line_find(cmd->directive, words);

    if (!line) {
        return NULL;
    }
    cmd->err_directive = line;
    return apr_psprintf(cmd->pool, "%s %s: %s", line->directive, line->args, why);
}

static const char *const of_exports[] = {"Fields", "Filter",           "Order", "Header",
                                         "Format", "DataSyncSQLQuery", NULL};
static const char *const of_starts[] = {"Schedule", NULL};
static const char *const of_files[] = {"MaxUpload",      "MaxRows",   "MaxRowLength",
                                       "MaxFieldLength", "MaxFields", NULL};
static const char *const of_uploads[] = {"MaxUpload", "MaxFields", "Delimiter", NULL};
static const char *const of_csv[] = {"Header", "Delimiter", NULL};

static const char *export_check(cmd_parms *cmd, const ds_sync_t *sync)
{
    const char *fault = words_refuse(cmd, of_files, "an export reads no file: remove it");

    return fault || sync->export.format == DS_FORMAT_CSV
               ? fault
               : words_refuse(cmd, of_csv, "only csv has that: remove it, or write Format csv");
}

static const char *pull_check(cmd_parms *cmd, const ds_sync_t *sync)
{
    const char *fault = words_refuse(cmd, of_uploads, "a pull reads no file: remove it");

    return fault || (sync->source && sync->source->spec)
               ? fault
               : "it has no source spec: write SourceSpec FILE";
}

/* Words that say nothing about a sync of this kind. */
static const char *words_check(cmd_parms *cmd, const ds_sync_t *sync)
{
    int is_export = sync->kind == DS_KIND_EXPORT, is_pull = sync->kind == DS_KIND_PULL;
    const char *fault = NULL;

    if (!is_pull) {
        fault =
            words_refuse(cmd, dsm_source_words, "this is for pulls: remove it, or write Kind pull");
    }
    if (!fault && !is_export && !is_pull) {
        fault = words_refuse(cmd, of_starts,
                             "an import or delete runs when its file arrives: remove it, or write "
                             "Kind export");
    }
    if (!fault && !is_export) {
        fault =
            words_refuse(cmd, of_exports, "this is for exports: remove it, or write Kind export");
    }
    if (fault) {
        return fault;
    }
    return is_export ? export_check(cmd, sync) : is_pull ? pull_check(cmd, sync) : NULL;
}

static const char *sync_add(cmd_parms *cmd, dsm_config_t *config, ds_sync_t *sync)
{
    ds_problem_t *problem;
    const char *fault = words_check(cmd, sync);

    if (fault) {
        return fault;
    }
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
        sync->queue_limit = DSM_SYNC_QUEUE_LIMIT;
        fault = dsm_section_read(cmd, id, sync_words, sync);
        if (fault) {
            return fault;
        }
        fault = sync_add(cmd, config, sync);
    }
    return fault ? apr_psprintf(cmd->pool, "%s %s>: %s", cmd->cmd->name, id, fault) : NULL;
}
