/* Adobe: the connection specs, each the source spec of one pull with what belongs around it. */
#include "dsm_api_adobe.h"

#include <http_protocol.h>

#include <apr_strings.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "ds_src_document.h"
#include "dsm_config.h"

/* What Adobe's own specs of this type have. */
#define SPEC_TYPE "generic-rest"
#define PROVIDER_ID "0ed90a81-07f4-4586-8190-b40eccef1c5a"
#define SPEC_VERSION "1.0"

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
    member_set(spec, document, "description", NULL);
    member_set(spec, document, "providerId", json_string(PROVIDER_ID));
    member_set(spec, document, "version", json_string(SPEC_VERSION));
    member_set(spec, document, "type", json_string(SPEC_TYPE));
    member_set(spec, document, "authSpec", json_array());
    member_set(spec, document, "sourceSpec", json_object());
    member_set(spec, document, "exploreSpec",
               json_pack("{s:s, s:s, s:{}, s:{}}", "name", "Resource", "type", "Resource",
                         "requestSpec", "responseSpec"));
    member_set(spec, document, "attributes", json_object());
}

/* That of a pull of the configuration: nobody has made it at a time. A new reference. */
static json_t *spec_make(const char *id, const ds_sync_t *sync, apr_pool_t *scratch)
{
    const char *text = sync->source->spec;
    json_t *document = ds_src_document_read(text, strlen(text), scratch);
    json_t *spec = json_pack("{s:s, s:i, s:i, s:s, s:s}", "id", id, "createdAt", 0, "updatedAt", 0,
                             "createdBy", "configuration", "updatedBy", "configuration");

    ds_src_document_mask(document);
    member_set(spec, document, "name", json_string(sync->id));
    if (!json_object_get(document, "authSpec")) {
        json_object_set_new(document, "authSpec", auth_make(&sync->source->auth));
    }
    members_set(spec, document);
    json_decref(document);
    return spec;
}

/* --- answers --- */

/* Takes over the reference. */
static int json_send(request_rec *r, int status, json_t *root)
{
    char *text = json_dumps(root, JSON_COMPACT);
    int answer;

    json_decref(root);
    if (!text) {
        return dsm_adobe_error(r, HTTP_INTERNAL_SERVER_ERROR, "The answer could not be made.");
    }
    answer = dsm_adobe_body_send(r, status, text, strlen(text));
    free(text);
    return answer;
}

/* False when it is none that the list takes. */
static int property_is_known(const dsm_adobe_property_t *property)
{
    return !strcmp(property->op, "==") &&
           (!strcmp(property->path, "id") || !strcmp(property->path, "name"));
}

static int spec_is_wanted(const json_t *spec, const dsm_adobe_list_t *list)
{
    int i;

    for (i = 0; i < list->properties->nelts; ++i) {
        const dsm_adobe_property_t *property =
            &APR_ARRAY_IDX(list->properties, i, dsm_adobe_property_t);
        const char *text = json_string_value(json_object_get(spec, property->path));

        if (!text || strcmp(text, property->value)) {
            return 0;
        }
    }
    return 1;
}

/* A page that is being filled. */
typedef struct page_t {
    const dsm_adobe_list_t *list;
    json_t *items;
    apr_int64_t seen; /* specs that are wanted, those of earlier pages counted */
    int has_more;
} page_t;

/* Takes over the reference. */
static void spec_add(page_t *page, json_t *spec)
{
    if (!page->has_more && spec_is_wanted(spec, page->list) && page->seen++ >= page->list->at) {
        page->has_more = json_array_size(page->items) == (size_t)page->list->limit;
        if (!page->has_more) {
            json_array_append(page->items, spec);
        }
    }
    json_decref(spec);
}

static void configured_add(page_t *page, request_rec *r, const dsm_request_t *request)
{
    const ds_def_t *def = dsm_config_get(r->server)->def;
    char id[DS_UUID_SIZE];
    int i;

    for (i = 0; i < def->syncs->nelts && !page->has_more; ++i) {
        const ds_sync_t *sync = APR_ARRAY_IDX(def->syncs, i, const ds_sync_t *);

        if (dsm_adobe_has_flow(request, sync) &&
            dsm_adobe_spec_id(id, sync, r->pool) == APR_SUCCESS) {
            spec_add(page, spec_make(id, sync, r->pool));
        }
    }
}

static int page_send(request_rec *r, const page_t *page)
{
    json_t *links = json_object();

    if (page->has_more) {
        const char *next = dsm_adobe_next_make(page->list, "/connectionSpecs",
                                               page->list->at + page->list->limit, r->pool);

        json_object_set_new(links, "next", json_pack("{s:s}", "href", next));
    }
    return json_send(r, HTTP_OK, json_pack("{s:o, s:o}", "items", page->items, "_links", links));
}

int dsm_adobe_specs(request_rec *r, const dsm_request_t *request)
{
    dsm_adobe_list_t list;
    page_t page = {.list = &list};
    int answer, i;

    if (!dsm_adobe_list_read(&answer, &list, r, DSM_ADOBE_PAGE_MAX)) {
        return answer;
    }
    for (i = 0; i < list.properties->nelts; ++i) {
        const dsm_adobe_property_t *property =
            &APR_ARRAY_IDX(list.properties, i, dsm_adobe_property_t);

        if (!property_is_known(property)) {
            return dsm_adobe_property_refuse(r, property, KNOWN_PROPERTIES);
        }
    }
    page.items = json_array();
    configured_add(&page, r, request);
    return page_send(r, &page);
}

/* The pull whose spec has this id, of those that the key may see. */
static const ds_sync_t *configured_find(request_rec *r, const dsm_request_t *request,
                                        const char *id)
{
    const ds_def_t *def = dsm_config_get(r->server)->def;
    char known[DS_UUID_SIZE];
    int i;

    for (i = 0; i < def->syncs->nelts; ++i) {
        const ds_sync_t *sync = APR_ARRAY_IDX(def->syncs, i, const ds_sync_t *);

        if (dsm_adobe_has_flow(request, sync) &&
            dsm_adobe_spec_id(known, sync, r->pool) == APR_SUCCESS && !strcmp(known, id)) {
            return sync;
        }
    }
    return NULL;
}

int dsm_adobe_spec(request_rec *r, const dsm_request_t *request)
{
    char id[DS_UUID_SIZE];
    const ds_sync_t *sync = NULL;

    if (ds_digest_uuid_read(id, request->spec)) {
        sync = configured_find(r, request, id);
    }
    if (!sync) {
        return dsm_adobe_error(r, HTTP_NOT_FOUND, "There is no such connection spec.");
    }
    return json_send(r, HTTP_OK,
                     json_pack("{s:[o], s:{}}", "items", spec_make(id, sync, r->pool), "_links"));
}
