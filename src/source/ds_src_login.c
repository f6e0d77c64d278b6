#include "ds_src_login.h"

#include <string.h>

#include <jansson.h>

#include <apr_encode.h>
#include <apr_strings.h>

#include "ds_clock.h"
#include "ds_digest.h"
#include "ds_pull.h"
#include "ds_seal.h"
#include "ds_secret.h"
#include "ds_src_retry.h"
#include "ds_src_url.h"

#define TURN apr_time_from_sec(1)
#define CLAIM apr_time_from_sec(120)         /* a request for a token has half of it */
#define PATIENCE apr_time_from_sec(240)      /* of those who wait for one */
#define STORE_PATIENCE apr_time_from_sec(30) /* less than what is left of the claim */
#define LIFE_DEFAULT 3600                    /* seconds of a token that does not say */
#define ANSWER_MAX (64 * 1024)
#define SHORTEST_SECRET 4 /* that is masked: shorter ones are found everywhere */

struct ds_src_login_t {
    ds_db_t *db;
    const ds_source_auth_t *auth;
    ds_src_http_t *http;
    ds_src_watch_t watch;
    apr_pool_t *pool;
    const char *secret;
    const char *refresh;         /* the first one */
    const char *id;              /* in the database */
    apr_int64_t version;         /* of the token that was given last */
    apr_array_header_t *secrets; /* of const char *: to be masked */
};

/* An answer that is kept in memory. */
typedef struct {
    char *text;
    apr_size_t size;
    const ds_src_watch_t *watch;
} buffer_t;

apr_status_t ds_src_watch_wait(const ds_src_watch_t *watch, apr_interval_time_t time)
{
    apr_status_t status = APR_SUCCESS;

    while (time > 0 && status == APR_SUCCESS) {
        watch->sleep(time < TURN ? time : TURN);
        time -= TURN;
        status = watch->look(watch->baton);
    }
    return status;
}

/* --- secrets --- */

static void secret_note(ds_src_login_t *login, const char *secret)
{
    int i;

    if (!secret || strlen(secret) < SHORTEST_SECRET)
        return;
    for (i = 0; i < login->secrets->nelts; i++)
        if (!strcmp(APR_ARRAY_IDX(login->secrets, i, const char *), secret))
            return;
    APR_ARRAY_PUSH(login->secrets, const char *) = apr_pstrdup(login->pool, secret);
}

static ds_problem_t *secret_read(const char **secret, ds_src_login_t *login, const char *place)
{
    const char *fault = place ? ds_secret_read(secret, place, login->pool) : NULL;

    if (fault)
        return ds_problem_make(login->pool, DS_EDENIED, "A secret of SourceAuth: %s", fault);
    secret_note(login, *secret);
    return NULL;
}

/* Without the beginning of the secret that it ends with: a text may be cut off inside one. */
static const char *end_mask(const char *text, const char *secret, apr_pool_t *pool)
{
    apr_size_t size = strlen(text), length = strlen(secret) - 1;

    if (length > size)
        length = size;
    for (; length >= SHORTEST_SECRET; length--)
        if (!strncmp(text + size - length, secret, length))
            return apr_pstrcat(pool, apr_pstrmemdup(pool, text, size - length), "***", NULL);
    return text;
}

const char *ds_src_login_mask(const ds_src_login_t *login, const char *text, apr_pool_t *pool)
{
    int i;

    for (i = 0; i < login->secrets->nelts; i++) {
        const char *secret = APR_ARRAY_IDX(login->secrets, i, const char *), *at;

        while ((at = strstr(text, secret)) != NULL)
            text = apr_pstrcat(pool, apr_pstrmemdup(pool, text, (apr_size_t)(at - text)), "***",
                               at + strlen(secret), NULL);
        text = end_mask(text, secret, pool);
    }
    return text;
}

int ds_src_login_is_renewable(const ds_src_login_t *login)
{
    return login->auth->kind == DS_SOURCE_OAUTH2_CLIENT ||
           login->auth->kind == DS_SOURCE_OAUTH2_REFRESH;
}

static const char *seal_key(const ds_src_login_t *login)
{
    return login->secret ? login->secret : login->refresh;
}

/* Another client, another place or another first token is another log-in. The database has no key
 * that whoever reads it would not have too: the secret itself is one. */
static apr_status_t id_make(ds_src_login_t *login)
{
    const ds_source_auth_t *auth = login->auth;
    const char *key = seal_key(login);
    const char *text = apr_pstrcat(
        login->pool, "log-in\n", auth->token_url, "\n", auth->client ? auth->client : "", "\n",
        auth->scope ? auth->scope : "", "\n", login->refresh ? login->refresh : "", NULL);
    char *hex = apr_palloc(login->pool, DS_SHA256_HEX_SIZE);

    login->id = hex;
    return ds_digest_hmac(hex, key, strlen(key), text, strlen(text));
}

/* Who asks for tokens: in less time than others wait for them, and nowhere else than it was told.
 */
static ds_src_http_t *token_client_make(ds_src_http_rules_t rules, apr_pool_t *pool)
{
    rules.total = apr_time_from_sec(60);
    rules.silence = apr_time_from_sec(20);
    rules.redirects = 0;
    rules.body_bytes = ANSWER_MAX;
    return ds_src_http_make(&rules, pool);
}

ds_problem_t *ds_src_login_make(ds_src_login_t **made, ds_db_t *db, const ds_source_auth_t *auth,
                                const ds_src_http_rules_t *http, const ds_src_watch_t *watch,
                                apr_pool_t *pool)
{
    ds_src_login_t *login = apr_pcalloc(pool, sizeof(*login));
    ds_problem_t *problem;

    login->db = db;
    login->auth = auth;
    login->http = token_client_make(*http, pool);
    login->watch = *watch;
    login->pool = pool;
    login->secrets = apr_array_make(pool, 4, sizeof(const char *));
    *made = login;
    if (!login->http)
        return ds_problem_make(pool, DS_EDENIED, "libcurl cannot be used");
    problem = secret_read(&login->secret, login, auth->secret);
    if (!problem)
        problem = secret_read(&login->refresh, login, auth->refresh);
    if (!problem && ds_src_login_is_renewable(login) && id_make(login) != APR_SUCCESS)
        problem = ds_problem_make(pool, APR_EGENERAL, "libcrypto cannot make an HMAC");
    return problem;
}

/* --- tokens of OAuth --- */

/* A token that cannot be opened is one that is not there. */
static const char *token_open(const ds_src_login_t *login, const char *sealed, const char *purpose,
                              apr_pool_t *pool)
{
    const char *token = NULL;

    if (!sealed || ds_seal_open(&token, sealed, seal_key(login), purpose, pool) != APR_SUCCESS)
        return NULL;
    return token;
}

static void field_add(const char **form, const char *name, const char *value, apr_pool_t *pool)
{
    if (value)
        *form = apr_pstrcat(pool, *form, **form ? "&" : "", name, "=",
                            ds_src_url_encode(value, pool), NULL);
}

static const char *form_make(const ds_src_login_t *login, const char *refresh, apr_pool_t *pool)
{
    const ds_source_auth_t *auth = login->auth;
    const char *form = "";

    if (auth->kind == DS_SOURCE_OAUTH2_REFRESH) {
        field_add(&form, "grant_type", "refresh_token", pool);
        field_add(&form, "refresh_token", refresh, pool);
    }
    else
        field_add(&form, "grant_type", "client_credentials", pool);
    field_add(&form, "scope", auth->scope, pool);
    if (auth->in_body || !login->secret) {
        field_add(&form, "client_id", auth->client, pool);
        field_add(&form, "client_secret", login->secret, pool);
    }
    return form;
}

static const char *basic_make(const char *user, const char *secret, apr_pool_t *pool)
{
    const char *both = apr_pstrcat(pool, user ? user : "", ":", secret ? secret : "", NULL);

    return apr_pstrcat(pool, "Basic ",
                       apr_pencode_base64(pool, both, APR_ENCODE_STRING, APR_ENCODE_NONE, NULL),
                       NULL);
}

static apr_status_t buffer_write(void *baton, const char *data, apr_size_t size)
{
    buffer_t *buffer = baton;

    if (buffer->size + size > ANSWER_MAX)
        return DS_ELIMIT;
    memcpy(buffer->text + buffer->size, data, size);
    buffer->size += size;
    return APR_SUCCESS;
}

static apr_status_t buffer_watch(void *baton)
{
    buffer_t *buffer = baton;

    return buffer->watch->look(buffer->watch->baton);
}

static void header_push(apr_array_header_t *headers, const char *name, const char *value)
{
    APR_ARRAY_PUSH(headers, ds_src_http_header_t) = (ds_src_http_header_t){name, value};
}

/* A refusal is shown without its body: a server may repeat what it was sent. */
static ds_problem_t *answer_check(const ds_src_login_t *login, const ds_src_http_answer_t *answer,
                                  apr_pool_t *pool)
{
    if (answer->status == 200)
        return NULL;
    return ds_problem_make(pool, ds_src_retry_may_pass(answer->status) ? DS_EREMOTE : DS_EDENIED,
                           "The token endpoint %s answered with %d",
                           ds_src_url_show(login->auth->token_url, pool), answer->status);
}

static ds_problem_t *tokens_request(buffer_t *buffer, const ds_src_login_t *login,
                                    const char *refresh, apr_pool_t *pool)
{
    ds_src_http_request_t request = {.method = "POST",
                                     .url = login->auth->token_url,
                                     .write = buffer_write,
                                     .watch = buffer_watch,
                                     .baton = buffer};
    apr_array_header_t *headers = apr_array_make(pool, 3, sizeof(ds_src_http_header_t));
    ds_src_http_answer_t *answer;
    ds_problem_t *problem;

    *buffer = (buffer_t){apr_palloc(pool, ANSWER_MAX), 0, &login->watch};
    header_push(headers, "Content-Type", "application/x-www-form-urlencoded");
    header_push(headers, "Accept", "application/json");
    if (!login->auth->in_body && login->secret)
        header_push(headers, "Authorization",
                    basic_make(ds_src_url_encode(login->auth->client, pool),
                               ds_src_url_encode(login->secret, pool), pool));
    request.headers = headers;
    request.body = form_make(login, refresh, pool);
    request.body_size = strlen(request.body);
    problem = ds_src_http_send(&answer, login->http, &request, pool);
    return problem ? problem : answer_check(login, answer, pool);
}

/* What the server gave, sealed. */
static ds_problem_t *tokens_take(ds_pull_login_t *given, const char **token, ds_src_login_t *login,
                                 const buffer_t *buffer, apr_time_t now, apr_pool_t *pool)
{
    json_t *root = json_loadb(buffer->text, buffer->size, 0, NULL);
    const char *access = json_string_value(json_object_get(root, "access_token"));
    const char *refresh = json_string_value(json_object_get(root, "refresh_token"));
    const json_t *expires = json_object_get(root, "expires_in");
    json_int_t life = json_is_string(expires) ? apr_atoi64(json_string_value(expires))
                                              : json_integer_value(expires);
    apr_status_t status = access ? APR_SUCCESS : DS_EINPUT;

    secret_note(login, access);
    secret_note(login, refresh);
    *token = access ? apr_pstrdup(pool, access) : NULL;
    life = life > 0 && life < 366 * 86400 ? life : LIFE_DEFAULT;
    given->access_until = now + apr_time_from_sec(life) * 9 / 10;
    if (access)
        status = ds_seal_close(&given->access, access, seal_key(login), "access", pool);
    if (status == APR_SUCCESS && refresh)
        status = ds_seal_close(&given->refresh, refresh, seal_key(login), "refresh", pool);
    json_decref(root);
    return status == APR_SUCCESS
               ? NULL
               : ds_problem_make(pool, DS_EDENIED, "The token endpoint %s gave no access_token",
                                 ds_src_url_show(login->auth->token_url, pool));
}

static ds_problem_t *db_problem(const ds_src_login_t *login, apr_status_t status, apr_pool_t *pool)
{
    return status == APR_SUCCESS ? NULL
                                 : ds_problem_make(pool, status, "%s", ds_db_error(login->db));
}

/* What the server has given it may not give again: a database that is away for a while is waited
 * for, also by one who is to stop. */
static apr_status_t tokens_store(const ds_src_login_t *login, apr_time_t claim,
                                 const ds_pull_login_t *given)
{
    apr_time_t deadline = ds_clock_steady() + STORE_PATIENCE;
    apr_status_t status = ds_pull_login_store(login->db, login->id, claim, given);

    while (status == DS_EBUSY && ds_clock_steady() < deadline) {
        login->watch.look(login->watch.baton);
        login->watch.sleep(TURN);
        status = ds_pull_login_store(login->db, login->id, claim, given);
    }
    return status;
}

/* The claim is ours: ask, and keep what is given before anybody uses it. However short its life,
 * it is used once. */
static ds_problem_t *tokens_renew(const char **token, ds_src_login_t *login, apr_time_t claim,
                                  const ds_pull_login_t *known, apr_pool_t *pool)
{
    const char *refresh = token_open(login, known->refresh, "refresh", pool);
    ds_pull_login_t given = {.refresh = known->refresh};
    buffer_t buffer;
    apr_time_t now;
    ds_problem_t *problem = db_problem(login, ds_db_now(&now, login->db), pool);

    if (!problem)
        problem = tokens_request(&buffer, login, refresh ? refresh : login->refresh, pool);
    if (!problem)
        problem = tokens_take(&given, token, login, &buffer, now, pool);
    if (!problem) {
        login->version = known->version + 1;
        return db_problem(login, tokens_store(login, claim, &given), pool);
    }
    *token = NULL;
    ds_pull_login_release(login->db, login->id, claim);
    return problem;
}

/* One that is not there, too old, or refused is no token to use. */
static const char *token_choose(const ds_src_login_t *login, const ds_pull_login_t *known,
                                apr_time_t now, int refused, apr_pool_t *pool)
{
    if (known->access_until <= now || (refused && known->version <= login->version))
        return NULL;
    return token_open(login, known->access, "access", pool);
}

static ds_problem_t *turn_run(const char **token, ds_src_login_t *login, int refused,
                              apr_pool_t *pool)
{
    ds_pull_login_t known;
    ds_problem_t *problem = NULL;
    apr_time_t now, claim = 0;
    apr_status_t status = ds_db_now(&now, login->db);

    if (status == APR_SUCCESS)
        status = ds_pull_login_get(&known, login->db, login->id, pool);
    if (status != APR_SUCCESS)
        return db_problem(login, status, pool);
    *token = token_choose(login, &known, now, refused, pool);
    if (*token) {
        login->version = known.version;
        return NULL;
    }
    status = ds_pull_login_claim(&claim, login->db, login->id, CLAIM);
    if (status == APR_SUCCESS && claim) /* somebody may have been faster */
        status = ds_pull_login_get(&known, login->db, login->id, pool);
    if (status == APR_SUCCESS && claim && !token_choose(login, &known, now, refused, pool))
        problem = tokens_renew(token, login, claim, &known, pool);
    else if (status == APR_SUCCESS && claim)
        status = ds_pull_login_release(login->db, login->id, claim);
    if (status == APR_SUCCESS && !claim)
        status = ds_src_watch_wait(&login->watch, TURN / 4);
    return problem ? problem : db_problem(login, status, pool);
}

static ds_problem_t *token_get(const char **token, ds_src_login_t *login, int refused,
                               apr_pool_t *pool)
{
    apr_interval_time_t waited;
    ds_problem_t *problem = NULL;

    *token = NULL;
    for (waited = 0; waited < PATIENCE && !problem && !*token; waited += TURN / 4)
        problem = turn_run(token, login, refused, pool);
    if (!problem && !*token)
        problem = ds_problem_make(pool, DS_EREMOTE, "Nobody got a token in time");
    secret_note(login, *token);
    return problem;
}

/* --- */

ds_problem_t *ds_src_login_header(ds_src_http_header_t *header, ds_src_login_t *login, int refused,
                                  apr_pool_t *pool)
{
    const char *token;
    ds_problem_t *problem;

    *header = (ds_src_http_header_t){"Authorization", NULL};
    if (ds_src_login_is_renewable(login)) {
        problem = token_get(&token, login, refused, pool);
        if (!problem)
            header->value = apr_pstrcat(pool, "Bearer ", token, NULL);
        return problem;
    }
    switch (login->auth->kind) {
    case DS_SOURCE_BASIC:
        header->value = basic_make(login->auth->user, login->secret, pool);
        secret_note(login, header->value + strlen("Basic "));
        break;
    case DS_SOURCE_BEARER: header->value = apr_pstrcat(pool, "Bearer ", login->secret, NULL); break;
    case DS_SOURCE_HEADER:
        *header = (ds_src_http_header_t){login->auth->header, login->secret};
        break;
    default: header->name = NULL;
    }
    return NULL;
}
