/* Liquid's identity service: access tokens for clients and users (OAuth 2.0, client_credentials and
 * password), and what a token stands for.
 *
 * What a token may do is what its client may do. A user is one that an authn provider of the server
 * knows, with the rights of the client that asks for it (or of DataSyncLiquid client=); or a client
 * itself, its id and secret taken as name and password. */
#include "dsm_api_liquid.h"

#include <ap_provider.h>
#include <http_log.h>
#include <http_protocol.h>
#include <mod_auth.h>

#include <apr_strings.h>

#include <string.h>

#include "ds_log.h"
#include "dsm_config.h"
#include "dsm_db.h"
#include "dsm_reply.h"

APLOG_USE_MODULE(datasync);

#define NAME_MAX_SIZE 255 /* bytes of a user's name, and of a community's */

typedef struct login_t {
    request_rec *r;
    const dsm_config_t *config;
    const char *client_id; /* or NULL */
    const char *secret;    /* or NULL */
    const char *user;      /* for the grant password; else NULL */
    const char *password;
    const char *scope; /* or NULL */
    ds_grant_t grant;
    int is_user_bad; /* the client is right, the user is not */
    const char *token;
} login_t;

/* --- is it right? --- */

/* What the server's own providers say: the first one that knows the user decides. */
static authn_status user_check(const login_t *login)
{
    const apr_array_header_t *names = login->config->liquid->providers;
    authn_status verdict = AUTH_USER_NOT_FOUND;
    int i;

    for (i = 0; i < names->nelts && verdict == AUTH_USER_NOT_FOUND; ++i) {
        const authn_provider *provider = ap_lookup_provider(
            AUTHN_PROVIDER_GROUP, APR_ARRAY_IDX(names, i, const char *), AUTHN_PROVIDER_VERSION);

        if (provider && provider->check_password) {
            verdict = provider->check_password(login->r, login->user, login->password);
        }
    }
    return verdict;
}

static apr_status_t client_check(login_t *login, const char *id, const char *secret, ds_db_t *db)
{
    ds_client_t *client;
    apr_status_t status =
        ds_client_check(&client, db, login->config->clients, id, secret, login->r->pool);

    login->grant.client = status == APR_SUCCESS ? client : NULL;
    return status;
}

/* The client whose rights a user of the server has. */
static apr_status_t user_client_find(login_t *login, ds_db_t *db)
{
    const char *id = login->config->liquid->client;
    ds_client_t *client;
    apr_status_t status = DS_EDENIED;

    if (login->grant.client) {
        return APR_SUCCESS;
    }
    if (id) {
        status = ds_client_get(&client, db, login->config->clients, id, login->r->pool);
        login->grant.client = status == APR_SUCCESS ? client : NULL;
    }
    return status == DS_ENOTFOUND ? DS_EDENIED : status;
}

static apr_status_t login_check(login_t *login, ds_db_t *db)
{
    apr_status_t status =
        login->client_id ? client_check(login, login->client_id, login->secret, db) : APR_SUCCESS;

    if (status != APR_SUCCESS || !login->user) {
        return status;
    }
    login->is_user_bad = 1; /* until it is known */
    switch (user_check(login)) {
    case AUTH_GRANTED: status = user_client_find(login, db); break;
    case AUTH_USER_NOT_FOUND: status = client_check(login, login->user, login->password, db); break;
    case AUTH_DENIED: status = DS_EDENIED; break;
    default: status = DS_EBUSY; break;
    }
    login->grant.user = login->user;
    return status;
}

static apr_status_t login_run(void *baton, dsm_db_t *connection, apr_pool_t *pool)
{
    login_t *login = baton;
    apr_status_t status = login_check(login, connection->db);

    return status == APR_SUCCESS ? ds_grant_create(&login->token, &login->grant, connection->db,
                                                   login->config->liquid->token, pool)
                                 : status;
}

/* --- what was asked --- */

/* NAME of community=NAME in a scope, which is a list with spaces between. */
static const char *community_find(const char *scope, apr_pool_t *pool)
{
    static const char key[] = "community=";
    char *state, *word, *list = apr_pstrdup(pool, scope ? scope : "");

    for (word = apr_strtok(list, " ", &state); word; word = apr_strtok(NULL, " ", &state)) {
        if (!strncmp(word, key, sizeof(key) - 1)) {
            return word + sizeof(key) - 1;
        }
    }
    return NULL;
}

static int is_bad_name(const char *text)
{
    apr_size_t chars, bad;

    return text &&
           (strlen(text) > NAME_MAX_SIZE || !ds_value_utf8(&chars, &bad, text, strlen(text)));
}

static void login_read(login_t *login, const apr_table_t *fields)
{
    const char *basic_id, *basic_secret;

    login->client_id = apr_table_get(fields, "client_id");
    login->secret = apr_table_get(fields, "client_secret");
    if (!login->client_id &&
        ap_get_basic_auth_components(login->r, &basic_id, &basic_secret) == APR_SUCCESS) {
        login->client_id = basic_id;
        login->secret = basic_secret;
    }
    if (login->client_id && !login->secret) {
        login->secret = "";
    }
    login->user = apr_table_get(fields, "username");
    login->password = apr_table_get(fields, "password");
    login->scope = apr_table_get(fields, "scope");
    login->grant.community = community_find(login->scope, login->r->pool);
}

/* HTTP_OK, or it was answered. */
static int login_admit(login_t *login, const char *grant)
{
    request_rec *r = login->r;

    if (grant && !strcmp(grant, "client_credentials")) {
        login->user = login->password = NULL;
    }
    else if (!grant || strcmp(grant, "password")) {
        return dsm_liquid_error(r, HTTP_BAD_REQUEST, "unsupported_grant_type",
                                "Write grant_type=password or grant_type=client_credentials");
    }
    else if (!login->user || !login->password) {
        return dsm_liquid_error(r, HTTP_BAD_REQUEST, "invalid_request",
                                "The grant password needs username and password");
    }
    if (!login->user && !login->client_id) {
        return dsm_liquid_error(r, HTTP_UNAUTHORIZED, "invalid_client",
                                "The grant client_credentials needs client_id and client_secret");
    }
    if (is_bad_name(login->user) || is_bad_name(login->client_id) || is_bad_name(login->scope)) {
        return dsm_liquid_error(r, HTTP_BAD_REQUEST, "invalid_request",
                                "A name is longer than 255 bytes, or not UTF-8");
    }
    return HTTP_OK;
}

/* Passwords cannot be tried out: so many a minute for each name. HTTP_OK, or it was answered. */
static int tries_count(request_rec *r, const dsm_liquid_t *liquid, const char *name)
{
    char hash[DS_SHA256_HEX_SIZE];
    dsm_limit_left_t left;

    if (!name || ds_digest_sha256(hash, name, strlen(name)) != APR_SUCCESS ||
        dsm_limit_take(&left, r, apr_pstrcat(r->pool, "liquid:", hash, NULL), &liquid->logins) ==
            DSM_LIMIT_FREE) {
        return HTTP_OK;
    }
    ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                  DSLOGNO(0222) "a log-in was refused: too many tries of one name");
    apr_table_setn(r->headers_out, "Retry-After", "60");
    return dsm_liquid_error(r, HTTP_TOO_MANY_REQUESTS, "too_many_requests",
                            "Too many log-ins: try again later");
}

/* --- answers --- */

static int token_send(request_rec *r, const login_t *login)
{
    ds_fmt_doc_t *doc = ds_fmt_doc_make(DS_DOC_JSON, r->pool);

    ds_fmt_doc_map_begin(doc);
    dsm_liquid_text_write(doc, "access_token", login->token);
    dsm_liquid_text_write(doc, "token_type", "bearer");
    ds_fmt_doc_key(doc, "expires_in");
    ds_fmt_doc_integer(doc, apr_time_sec(login->config->liquid->token));
    if (login->scope) {
        dsm_liquid_text_write(doc, "scope", login->scope);
    }
    ds_fmt_doc_map_end(doc);
    return dsm_liquid_document_send(r, HTTP_OK, doc);
}

static int login_refuse(request_rec *r, const login_t *login)
{
    int is_user = login->is_user_bad;

    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                  DSLOGNO(0223) "no access token was given: the %s is not right",
                  is_user ? "name or the password of a user" : "id or the secret of the client");
    return is_user ? dsm_liquid_error(r, HTTP_BAD_REQUEST, "invalid_grant",
                                      "The user name or the password is not right")
                   : dsm_liquid_error(r, HTTP_UNAUTHORIZED, "invalid_client",
                                      "The client's id or secret is not right");
}

int dsm_liquid_token(request_rec *r, const dsm_request_t *request)
{
    login_t login = {.r = r, .config = dsm_config_get(r->server)};
    const char *cause;
    apr_table_t *fields;
    apr_status_t status;
    int answer = dsm_liquid_form_read(&fields, r);

    if (answer != HTTP_OK) {
        return answer;
    }
    login_read(&login, fields);
    answer = login_admit(&login, apr_table_get(fields, "grant_type"));
    if (answer == HTTP_OK) {
        answer = tries_count(r, login.config->liquid, login.client_id);
    }
    if (answer == HTTP_OK) {
        answer = tries_count(r, login.config->liquid, login.user);
    }
    if (answer != HTTP_OK) {
        return answer;
    }
    status = dsm_db_use(&cause, login_run, &login, r->pool);
    switch (status) {
    case APR_SUCCESS: return token_send(r, &login);
    case DS_EDENIED: return login_refuse(r, &login);
    default:
        return dsm_reply_failure(r, request, status, "The log-in could not be checked.", cause);
    }
}

int dsm_liquid_validate(request_rec *r, const dsm_request_t *request)
{
    ds_fmt_doc_t *doc = ds_fmt_doc_make(DS_DOC_JSON, r->pool);

    ds_fmt_doc_map_begin(doc);
    ds_fmt_doc_key(doc, "valid");
    ds_fmt_doc_boolean(doc, 1);
    ds_fmt_doc_map_end(doc);
    return dsm_liquid_document_send(r, HTTP_OK, doc);
}

int dsm_liquid_token_info(request_rec *r, const dsm_request_t *request)
{
    const ds_grant_t *grant = request->grant;
    ds_fmt_doc_t *doc = ds_fmt_doc_make(DS_DOC_JSON, r->pool);

    ds_fmt_doc_map_begin(doc);
    dsm_liquid_text_write(doc, "userId", r->user);
    dsm_liquid_text_write(doc, "authenticatedUserId", r->user);
    dsm_liquid_text_write(doc, "community", grant->community ? grant->community : "");
    dsm_liquid_text_write(doc, "clientId", grant->client->id);
    ds_fmt_doc_map_end(doc);
    return dsm_liquid_document_send(r, HTTP_OK, doc);
}
