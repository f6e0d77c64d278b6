/* Liquid's batch import: a file becomes a job. The item type stands in the body, before the file or
 * behind it, so the sync is known when the body has been read. */
#include "dsm_api_liquid.h"

#include <http_log.h>

#include <apr_strings.h>

#include "dsm_config.h"
#include "dsm_reply.h"
#include "dsm_upload.h"

static int import_reject(request_rec *r, const dsm_liquid_order_t *order, ds_db_t *db)
{
    const dsm_request_t *request = dsm_route_get(r);
    dsm_liquid_rejection_t rejection = {.order = order, .client_id = request->client->id};
    apr_status_t status = dsm_liquid_job_keep(&rejection, db, r->pool);

    return status == APR_SUCCESS ? dsm_liquid_rejection_send(r, &rejection)
                                 : dsm_reply_failure(r, request, status,
                                                     "The job could not be kept.", ds_db_error(db));
}

static int import_approve(ds_launch_request_t *wanted, request_rec *r, const apr_table_t *fields,
                          apr_int64_t size, ds_db_t *db)
{
    dsm_request_t *request = dsm_route_get(r);
    dsm_liquid_order_t order;

    dsm_liquid_import_read(&order, r, request, fields);
    if (!order.fault && size < 0) {
        order.fault = "There is no file: send it as the part named file of multipart/form-data";
    }
    if (!order.fault && size > order.sync->limits.upload) {
        order.fault = apr_psprintf(r->pool, "The file is larger than %" APR_INT64_T_FMT " bytes",
                                   order.sync->limits.upload);
    }
    if (order.fault) {
        return import_reject(r, &order, db);
    }
    request->sync = wanted->sync = order.sync;
    wanted->client_id = request->client->id;
    wanted->options = order.options;
    return HTTP_OK;
}

/* The largest file that any of the client's imports takes. */
static apr_int64_t largest_find(const ds_def_t *def, const ds_client_t *client)
{
    apr_int64_t largest = 1;
    int i;

    for (i = 0; i < def->syncs->nelts; ++i) {
        const ds_sync_t *sync = APR_ARRAY_IDX(def->syncs, i, const ds_sync_t *);

        if (sync->kind == DS_KIND_IMPORT && sync->limits.upload > largest &&
            ds_client_has_object(client, sync->object_name)) {
            largest = sync->limits.upload;
        }
    }
    return largest;
}

int dsm_liquid_import(request_rec *r, const dsm_request_t *request)
{
    dsm_upload_t upload = {
        .file_max = largest_find(dsm_config_get(r->server)->def, request->client),
        .is_sync_in_form = 1,
        .keep_fields = 1,
        .approve = import_approve,
    };
    int answer;

    if (request->client->role != DS_ROLE_READ_WRITE) {
        return dsm_liquid_error(r, HTTP_FORBIDDEN, "access_denied",
                                "The client may only read: it has the role read-only");
    }
    answer = dsm_upload_receive(r, request, &upload);
    return answer == HTTP_OK ? dsm_liquid_job_send(r, upload.launch) : answer;
}
