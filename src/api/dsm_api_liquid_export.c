/* Liquid's batch export: a job that writes items into a file, and the file itself. */
#include "dsm_api_liquid.h"

#include <http_log.h>

#include <apr_strings.h>

#include <string.h>

#include "dsm_db.h"
#include "dsm_download.h"
#include "dsm_launch.h"
#include "dsm_reply.h"

/* --- a job --- */

static apr_status_t order_reject(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    dsm_liquid_rejection_t *rejection = baton;

    return dsm_liquid_job_keep(rejection, connection->db, pool);
}

static int export_reject(request_rec *r, const dsm_request_t *request,
                         const dsm_liquid_order_t *order)
{
    dsm_liquid_rejection_t rejection = {.order = order, .client_id = request->client->id};
    const char *cause;
    apr_status_t status = dsm_db_use(&cause, order_reject, &rejection, r->pool);

    return status == APR_SUCCESS
               ? dsm_liquid_rejection_send(r, &rejection)
               : dsm_reply_failure(r, request, status, "The job could not be kept.", cause);
}

int dsm_liquid_export(request_rec *r, const dsm_request_t *request)
{
    dsm_liquid_order_t order;
    ds_launch_request_t wanted;
    ds_launch_t *launch;
    apr_table_t *fields;
    int answer = dsm_liquid_form_read(&fields, r);

    if (answer != HTTP_OK) {
        return answer;
    }
    dsm_liquid_export_read(&order, r, request, fields);
    if (order.fault) {
        return export_reject(r, request, &order);
    }
    dsm_route_get(r)->sync = order.sync;
    wanted = dsm_launch_request(r, request);
    wanted.client_id = request->client->id;
    wanted.options = order.options;
    answer = dsm_launch_start(&launch, r, request, &wanted);
    return answer == HTTP_OK ? dsm_liquid_job_send(r, launch) : answer;
}

/* --- its file --- */

typedef struct result_t {
    const dsm_request_t *request;
    char uuid[DS_UUID_SIZE];
    ds_launch_t *launch;
    ds_file_t *file;
} result_t;

/* Another client's object's launch looks like one that does not exist. */
static apr_status_t result_find(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    result_t *result = baton;
    const ds_client_t *client = result->request->client; /* NULL: it comes by a signed address */
    apr_status_t status = ds_launch_find(&result->launch, connection->db, result->uuid, pool);

    if (status == APR_SUCCESS &&
        (result->launch->state != DS_LAUNCH_FINISHED ||
         (client && !ds_client_has_object(client, result->launch->object)))) {
        return DS_ENOTFOUND;
    }
    return status == APR_SUCCESS
               ? ds_file_get(&result->file, connection->db, result->launch->id, "output", pool)
               : status;
}

int dsm_liquid_result(request_rec *r, const dsm_request_t *request)
{
    result_t result = {.request = request};
    dsm_download_t download = {.content_type = "text/csv"};
    const char *cause = NULL;
    apr_status_t status = DS_ENOTFOUND;

    if (ds_digest_uuid_read(result.uuid, request->launch)) {
        status = dsm_db_use(&cause, result_find, &result, r->pool);
    }
    if (status == DS_ENOTFOUND) {
        return dsm_liquid_error(r, HTTP_NOT_FOUND, "not_found", "There is no such file");
    }
    if (status != APR_SUCCESS) {
        return dsm_reply_failure(r, request, status, "The file could not be looked up.", cause);
    }
    download.file = result.file;
    download.modified_at = result.launch->finished_at;
    download.name = result.launch->object;
    if (result.file->content_type) {
        download.content_type = result.file->content_type;
    }
    return dsm_download_send(r, request, &download);
}
