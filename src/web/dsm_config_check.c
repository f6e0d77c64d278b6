/* Checks of the configuration as a whole, when all of it was read. */
#include "dsm_config.h"

#include <http_log.h>

#include <apr_file_info.h>
#include <apr_strings.h>

#include <string.h>

#include "ds_log.h"
#include "dsm_config_export.h"
#include "dsm_config_source.h"

APLOG_USE_MODULE(datasync);

void dsm_config_fault_log(const char *number, const ap_directive_t *place, const char *text,
                          server_rec *s)
{
    if (place) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s, "%sline %d of %s: %s", number, place->line_num,
                     place->filename, text);
    }
    else {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, s, "%s%s", number, text);
    }
}

/* Find the object of each sync and what it exports, and set the limits that DataSyncMaxUpload
 * decides. */
static int syncs_bind(dsm_config_t *config, apr_pool_t *pconf, server_rec *s)
{
    const ap_directive_t *place;
    int faults = 0;
    int i;

    for (i = 0; i < config->def->syncs->nelts; ++i) {
        ds_sync_t *sync = APR_ARRAY_IDX(config->def->syncs, i, ds_sync_t *);
        ds_problem_t *problem = ds_def_sync_bind(config->def, sync, pconf);

        place = APR_ARRAY_IDX(config->sync_places, i, const ap_directive_t *);
        if (problem) {
            dsm_config_fault_log(DSLOGNO(0001), place, problem->text, s);
            ++faults;
        }
        else {
            faults += dsm_config_export_read(sync, place, pconf, s);
            faults += dsm_config_source_check(sync, place, config->worker_on != 0, pconf, s);
        }
        if (sync->limits.upload == DSM_UNSET) {
            sync->limits.upload = config->max_upload == DSM_UNSET
                                      ? ds_sync_make(sync->id, pconf)->limits.upload
                                      : config->max_upload;
        }
    }
    return faults;
}

/* The objects of clients may stand further down than the clients. */
static int clients_check(const dsm_config_t *config, apr_pool_t *ptemp, server_rec *s)
{
    apr_hash_index_t *at;
    int faults = 0;
    int i;

    for (at = config->clients ? apr_hash_first(ptemp, config->clients) : NULL; at;
         at = apr_hash_next(at)) {
        const ds_client_t *client = apr_hash_this_val(at);

        for (i = 0; i < client->objects->nelts; ++i) {
            const char *name = APR_ARRAY_IDX(client->objects, i, const char *);

            if (strcmp(name, "*") && !ds_def_object_get(config->def, name)) {
                dsm_config_fault_log(DSLOGNO(0111), NULL,
                                     apr_psprintf(ptemp,
                                                  "<DataSyncClient %s>: there is no object "
                                                  "\"%s\": write a <DataSyncObject %s> section",
                                                  client->id, name, name),
                                     s);
                ++faults;
            }
        }
    }
    return faults;
}

static int driver_check(const dsm_config_t *config, apr_pool_t *ptemp, server_rec *s)
{
    const char *driver = config->db_driver ? config->db_driver : "sqlite3";
    ds_problem_t *problem = ds_db_driver_check(driver, ptemp);

    if (problem) {
        dsm_config_fault_log(DSLOGNO(0002), config->db_place,
                             apr_psprintf(ptemp, "DataSyncDatabase %s: %s", driver, problem->text),
                             s);
    }
    return problem != NULL;
}

static int worker_check(const dsm_config_t *config, apr_pool_t *ptemp, server_rec *s)
{
    const char *program = config->worker_program ? config->worker_program : DATASYNC_WORKER_PROGRAM;
    apr_finfo_t info;

    if (apr_stat(&info, program, APR_FINFO_TYPE | APR_FINFO_PROT, ptemp) == APR_SUCCESS &&
        info.filetype == APR_REG && (info.protection & APR_FPROT_WEXECUTE)) {
        return 0;
    }
    dsm_config_fault_log(
        DSLOGNO(0003), config->worker_place,
        apr_psprintf(ptemp,
                     "DataSyncWorker: there is no program %s that everybody may run: install "
                     "it, or write program=/path/of/datasync-worker",
                     program),
        s);
    return 1;
}

/* Only pulls do their work unasked. */
static int is_asked_for(const dsm_config_t *config)
{
    int i;

    for (i = 0; i < config->def->syncs->nelts; ++i) {
        if (APR_ARRAY_IDX(config->def->syncs, i, ds_sync_t *)->kind != DS_KIND_PULL) {
            return 1;
        }
    }
    return 0;
}

static int any_server_has_api(server_rec *s)
{
    for (; s; s = s->next) {
        if (dsm_config_get(s)->apis) {
            return 1;
        }
    }
    return 0;
}

int dsm_config_check(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    dsm_config_t *config = dsm_config_get(s);
    int has_api = any_server_has_api(s);
    int faults;

    if (!dsm_config_has_syncs(config)) {
        if (has_api) {
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                         DSLOGNO(0004) "DataSyncAPI is given but there is no <DataSync> section: "
                                       "every request will be answered with 404");
        }
        return OK;
    }
    faults = syncs_bind(config, pconf, s);
    faults += clients_check(config, ptemp, s);
    faults += driver_check(config, ptemp, s);
    faults += worker_check(config, ptemp, s);
    dsm_config_notify_check(s);
    if (!has_api && is_asked_for(config)) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                     DSLOGNO(0005) "there are <DataSync> sections but no protocol to reach them: "
                                   "write DataSyncAPI prisma");
    }
    return faults ? HTTP_INTERNAL_SERVER_ERROR : OK;
}
