/* Liquid's links to results: signed addresses that mail brings to people who have no token. */
#include "dsm_api_liquid.h"

#include <http_log.h>

#include <string.h>

#include "ds_link.h"
#include "ds_log.h"
#include "dsm_db.h"
#include "dsm_query.h"

APLOG_USE_MODULE(datasync);

typedef struct link_t {
    char uuid[DS_UUID_SIZE];
    const char *expires;
    const char *signature;
    int is_expired;
} link_t;

/* False when the address has no signature. */
static int link_read(link_t *link, const request_rec *r)
{
    apr_table_t *parameters = apr_table_make(r->pool, 4);

    dsm_query_parameters_add(parameters, r->args, r->pool);
    link->expires = apr_table_get(parameters, "expires");
    link->signature = apr_table_get(parameters, "signature");
    return link->expires && link->signature;
}

int dsm_liquid_link_is_there(const request_rec *r)
{
    link_t link;

    return link_read(&link, r);
}

static apr_status_t link_check(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    link_t *link = baton;

    return ds_link_check(&link->is_expired, connection->db, link->uuid, link->expires,
                         link->signature, pool);
}

dsm_verdict_e dsm_liquid_link_judge(request_rec *r, dsm_request_t *request)
{
    link_t link = {.is_expired = 0};
    const char *cause = NULL;
    apr_status_t status = DS_EDENIED;

    if (link_read(&link, r) && ds_digest_uuid_read(link.uuid, request->launch)) {
        status = dsm_db_use(&cause, link_check, &link, r->pool);
    }
    if (status == APR_SUCCESS) {
        return DSM_VERDICT_GRANTED;
    }
    if (status != DS_EDENIED) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, DSLOGNO(0280) "a link cannot be checked: %s",
                      cause ? cause : "there is no database connection");
        return DSM_VERDICT_AWAY;
    }
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, DSLOGNO(0281) "protocol liquid: a link %s",
                  link.is_expired ? "has expired" : "is not one of ours");
    request->refusal = link.is_expired ? "The link has expired" : "The link is not valid";
    return DSM_VERDICT_REFUSED;
}
