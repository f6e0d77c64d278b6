/* Adobe: the connection specs as they are shown: the source spec of each pull of the configuration
 * with what belongs around it, and those that clients have sent. */
#include "dsm_api_adobe.h"

#include <http_protocol.h>

#include <apr_strings.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "ds_src_document.h"
#include "dsm_db.h"
#include "dsm_reply.h"

/* What Adobe's own specs of this type have. */
#define PROVIDER_ID "0ed90a81-07f4-4586-8190-b40eccef1c5a"
#define SPEC_VERSION "1.0"

#define PAGE_SIZE_MAX (1024 * 1024) /* bytes: who has them is the last one of its page */

#define KNOWN_PROPERTIES "id==ID and name==NAME"

apr_status_t dsm_adobe_spec_id(char uuid[DS_UUID_SIZE], const ds_sync_t *sync, apr_pool_t *scratch)
{
    return ds_digest_name_uuid(uuid, apr_pstrcat(scratch, "connectionSpec:", sync->id, NULL),
                               scratch);
}

/* --- one spec --- */

/* How the pull logs in, by Adobe's names; never with what. */
static json_t *auth_make(const ds_source_auth_t *auth)
{
    static const struct {
        ds_source_auth_e kind;
        const char *name;
        const char *type;
    } known[] = {{DS_SOURCE_BASIC, "Basic Authentication", "BasicAuthentication"},
                 {DS_SOURCE_BEARER, "Access Token", "BearerToken"},
                 {DS_SOURCE_HEADER, "API Key", "KeyBased"},
                 {DS_SOURCE_OAUTH2_CLIENT, "OAuth 2 Client Credential", "OAuth2ClientCredential"},
                 {DS_SOURCE_OAUTH2_REFRESH, "OAuth 2 Refresh Code", "OAuth2RefreshCode"}};
    size_t i;

    for (i = 0; i < sizeof(known) / sizeof(*known); ++i) {
        if (known[i].kind == auth->kind) {
            return json_pack("[{s:s, s:s}]", "name", known[i].name, "type", known[i].type);
        }
    }
    return json_array();
}

/* A member of the document, else what stands for it. Takes over the reference to `usual`. */
static void member_set(json_t *spec, const json_t *document, const char *name, json_t *usual)
{
    json_t *given = json_object_get(document, name);

    if (given) {
        json_object_set(spec, name, given);
    }
    else if (usual) {
        json_object_set(spec, name, usual);
    }
    json_decref(usual);
}

static void members_set(json_t *spec, const json_t *document)
{
    member_set(spec, document, "name", json_string(""));
    member_set(spec, document, "description", NULL);
    member_set(spec, document, "providerId", json_string(PROVIDER_ID));
    member_set(spec, document, "version", json_string(SPEC_VERSION));
    member_set(spec, document, "type", json_string(DSM_ADOBE_SPEC_TYPE));
    member_set(spec, document, "authSpec", json_array());
    member_set(spec, document, "sourceSpec", json_object());
    member_set(spec, document, "exploreSpec",
               json_pack("{s:s, s:s, s:{}, s:{}}", "name", "Resource", "type", "Resource",
                         "requestSpec", "responseSpec"));
    member_set(spec, document, "attributes", json_object());
}

/* --- those of the configuration --- */

/* What is shown of a pull: read once, because a source spec is much more work than its answer. */
typedef struct configured_t {
    const ds_sync_t *sync;
    char id[DS_UUID_SIZE];
    const char *name;
    const char *text; /* JSON */
} configured_t;

/* Made in post_config, inherited by the children: of configured_t. In pconf. */
static apr_array_header_t *configured;

/* Nobody has made it at a time. A new reference. */
static json_t *configured_read(const char *id, const ds_sync_t *sync, apr_pool_t *scratch)
{
    const char *text = sync->source->spec;
    json_t *document = ds_src_document_read(text, strlen(text), scratch);
    json_t *spec = json_pack("{s:s, s:i, s:i, s:s, s:s}", "id", id, "createdAt", 0, "updatedAt", 0,
                             "createdBy", "configuration", "updatedBy", "configuration");

    ds_src_document_mask(document);
    if (!json_object_get(document, "name")) {
        json_object_set_new(document, "name", json_string(sync->id));
    }
    if (!json_object_get(document, "authSpec")) {
        json_object_set_new(document, "authSpec", auth_make(&sync->source->auth));
    }
    members_set(spec, document);
    json_decref(document);
    return spec;
}

static void configured_make(const ds_sync_t *sync, apr_pool_t *pconf, apr_pool_t *scratch)
{
    configured_t made = {.sync = sync};
    const char *name;
    json_t *spec;
    char *text;

    if (sync->kind != DS_KIND_PULL || dsm_adobe_spec_id(made.id, sync, scratch) != APR_SUCCESS) {
        return;
    }
    spec = configured_read(made.id, sync, scratch);
    name = json_string_value(json_object_get(spec, "name"));
    text = json_dumps(spec, JSON_COMPACT);
    if (text) {
        made.name = name ? apr_pstrdup(pconf, name) : "";
        made.text = apr_pstrdup(pconf, text);
        APR_ARRAY_PUSH(configured, configured_t) = made;
    }
    free(text);
    json_decref(spec);
}

void dsm_adobe_specs_prepare(const ds_def_t *def, apr_pool_t *pconf, apr_pool_t *ptemp)
{
    apr_pool_t *scratch;
    int i;

    configured = apr_array_make(pconf, 4, sizeof(configured_t));
    apr_pool_create(&scratch, ptemp);
    for (i = 0; def && i < def->syncs->nelts; ++i) {
        configured_make(APR_ARRAY_IDX(def->syncs, i, const ds_sync_t *), pconf, scratch);
        apr_pool_clear(scratch);
    }
    apr_pool_destroy(scratch);
}

/* One that the key may see, or NULL. */
static const configured_t *configured_find(const dsm_request_t *request, const char *id)
{
    int i;

    for (i = 0; i < configured->nelts; ++i) {
        const configured_t *spec = &APR_ARRAY_IDX(configured, i, configured_t);

        if (!strcmp(spec->id, id) && dsm_adobe_has_flow(request, spec->sync)) {
            return spec;
        }
    }
    return NULL;
}

int dsm_adobe_spec_is_configured(const dsm_request_t *request, const char *id)
{
    return configured_find(request, id) != NULL;
}

/* --- those that were sent --- */

const char *dsm_adobe_spec_etag(const ds_connection_spec_t *kept, apr_pool_t *pool)
{
    return apr_psprintf(pool, "\"%" APR_INT64_T_FMT "\"", kept->version);
}

json_t *dsm_adobe_spec_make(const ds_connection_spec_t *kept, apr_pool_t *scratch)
{
    json_t *document = json_loads(kept->body, 0, NULL);
    json_t *spec =
        json_pack("{s:s, s:I, s:I, s:s, s:s, s:s}", "id", kept->id, "createdAt",
                  (json_int_t)apr_time_as_msec(kept->created_at), "updatedAt",
                  (json_int_t)apr_time_as_msec(kept->updated_at), "createdBy", kept->created_by,
                  "updatedBy", kept->updated_by, "etag", dsm_adobe_spec_etag(kept, scratch));

    members_set(spec, document);
    json_decref(document);
    return spec;
}

/* --- a page of them --- */

typedef struct page_t {
    const dsm_request_t *request;
    dsm_adobe_list_t list;
    apr_array_header_t *items; /* of const char *: JSON */
    apr_size_t size;           /* bytes of them */
    apr_int64_t seen;          /* specs that are wanted, those of earlier pages counted */
    int has_more;
    request_rec *r;
} page_t;

/* False when it is none that the list takes. */
static int property_is_known(const dsm_adobe_property_t *property)
{
    return !strcmp(property->op, "==") &&
           (!strcmp(property->path, "id") || !strcmp(property->path, "name"));
}

/* Is it wanted, and on this page? */
static int page_takes(page_t *page, const char *id, const char *name)
{
    int i;

    for (i = 0; i < page->list.properties->nelts; ++i) {
        const dsm_adobe_property_t *property =
            &APR_ARRAY_IDX(page->list.properties, i, dsm_adobe_property_t);

        if (strcmp(strcmp(property->path, "id") ? name : id, property->value)) {
            return 0;
        }
    }
    if (page->seen++ < page->list.at) {
        return 0;
    }
    page->has_more = page->items->nelts == page->list.limit || page->size >= PAGE_SIZE_MAX;
    return !page->has_more;
}

static void page_add(page_t *page, const char *text)
{
    APR_ARRAY_PUSH(page->items, const char *) = text;
    page->size += strlen(text);
}

static void configured_add(page_t *page)
{
    int i;

    for (i = 0; i < configured->nelts && !page->has_more; ++i) {
        const configured_t *spec = &APR_ARRAY_IDX(configured, i, configured_t);

        if (dsm_adobe_has_flow(page->request, spec->sync) &&
            page_takes(page, spec->id, spec->name)) {
            page_add(page, spec->text);
        }
    }
}

/* A tree is much larger than its text, which lives in pool. */
static apr_status_t text_make(const char **made, const ds_connection_spec_t *kept, apr_pool_t *pool,
                              apr_pool_t *scratch)
{
    json_t *spec = dsm_adobe_spec_make(kept, scratch);
    char *text = json_dumps(spec, JSON_COMPACT);

    *made = text ? apr_pstrdup(pool, text) : NULL;
    free(text);
    json_decref(spec);
    return *made ? APR_SUCCESS : APR_ENOMEM;
}

static apr_status_t kept_add(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    page_t *page = baton;
    ds_connection_spec_t *spec;
    apr_array_header_t *specs;
    apr_pool_t *scratch;
    const char *text;
    apr_status_t status = ds_connection_spec_list(&specs, connection->db, pool);
    int i;

    apr_pool_create(&scratch, pool);
    for (i = 0; status == APR_SUCCESS && i < specs->nelts && !page->has_more; ++i) {
        spec = APR_ARRAY_IDX(specs, i, ds_connection_spec_t *);
        if (!page_takes(page, spec->id, spec->name)) {
            continue;
        }
        apr_pool_clear(scratch);
        status = ds_connection_spec_get(&spec, connection->db, spec->id, scratch);
        if (status == APR_SUCCESS) {
            status = text_make(&text, spec, page->r->pool, scratch);
        }
        if (status == APR_SUCCESS) {
            page_add(page, text);
        }
        else if (status == DS_ENOTFOUND) { /* somebody has just removed it */
            status = APR_SUCCESS;
        }
    }
    return status;
}

static int page_send(const page_t *page)
{
    const char *link = "", *body;
    apr_pool_t *pool = page->r->pool;

    if (page->has_more) {
        link = apr_pstrcat(pool, "\"next\":{\"href\":\"",
                           dsm_adobe_next_make(&page->list, "/connectionSpecs",
                                               page->list.at + page->items->nelts, pool),
                           "\"}", NULL);
    }
    body = apr_pstrcat(pool, "{\"items\":[", apr_array_pstrcat(pool, page->items, ','),
                       "],\"_links\":{", link, "}}", NULL);
    return dsm_adobe_body_send(page->r, HTTP_OK, body, strlen(body));
}

int dsm_adobe_specs(request_rec *r, const dsm_request_t *request)
{
    page_t page = {.request = request, .r = r};
    apr_status_t status = APR_SUCCESS;
    const char *cause = NULL;
    int answer, i;

    if (!dsm_adobe_list_read(&answer, &page.list, r, DSM_ADOBE_PAGE_MAX)) {
        return answer;
    }
    for (i = 0; i < page.list.properties->nelts; ++i) {
        const dsm_adobe_property_t *property =
            &APR_ARRAY_IDX(page.list.properties, i, dsm_adobe_property_t);

        if (!property_is_known(property)) {
            return dsm_adobe_property_refuse(r, property, KNOWN_PROPERTIES);
        }
    }
    page.items = apr_array_make(r->pool, 16, sizeof(const char *));
    configured_add(&page);
    if (dsm_adobe_has_all(request)) {
        status = dsm_db_use(&cause, kept_add, &page, r->pool);
    }
    if (status != APR_SUCCESS) {
        return dsm_reply_failure(r, request, status, "The connection specs could not be read.",
                                 cause);
    }
    return page_send(&page);
}

/* --- one --- */

int dsm_adobe_spec_missing(request_rec *r)
{
    return dsm_adobe_error(r, HTTP_NOT_FOUND, "There is no such connection spec.");
}

typedef struct search_t {
    const char *id;
    const char *text;
} search_t;

static apr_status_t kept_find(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    search_t *search = baton;
    ds_connection_spec_t *spec;
    apr_status_t status = ds_connection_spec_get(&spec, connection->db, search->id, pool);

    return status == APR_SUCCESS ? text_make(&search->text, spec, pool, pool) : status;
}

int dsm_adobe_spec(request_rec *r, const dsm_request_t *request)
{
    char id[DS_UUID_SIZE];
    search_t search = {.id = id};
    const configured_t *spec = NULL;
    const char *cause = NULL, *body;
    apr_status_t status = DS_ENOTFOUND;

    if (ds_digest_uuid_read(id, request->spec)) {
        spec = configured_find(request, id);
        if (spec) {
            search.text = spec->text;
            status = APR_SUCCESS;
        }
        else if (dsm_adobe_has_all(request)) {
            status = dsm_db_use(&cause, kept_find, &search, r->pool);
        }
    }
    if (status == DS_ENOTFOUND) {
        return dsm_adobe_spec_missing(r);
    }
    if (status != APR_SUCCESS) {
        return dsm_reply_failure(r, request, status, "The connection spec could not be read.",
                                 cause);
    }
    body = apr_pstrcat(r->pool, "{\"items\":[", search.text, "],\"_links\":{}}", NULL);
    return dsm_adobe_body_send(r, HTTP_OK, body, strlen(body));
}
