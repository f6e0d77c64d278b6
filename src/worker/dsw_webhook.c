#include "dsw_webhook.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <apr_base64.h>
#include <apr_strings.h>

#include "ds_clock.h"
#include "ds_digest.h"
#include "ds_src_http.h"
#include "ds_src_retry.h"
#include "dsw_process.h"

#define ANSWER_MAX (64 * 1024) /* bytes that a receiver may answer; nobody reads them */

struct dsw_webhook_client_t {
    const ds_webhook_t *webhook;
    ds_src_http_t *http; /* NULL: libcurl cannot be used */
};

dsw_webhook_client_t *dsw_webhook_client_make(const ds_webhook_t *webhook,
                                              const ds_egress_t *egress,
                                              apr_interval_time_t patience, apr_pool_t *pool)
{
    dsw_webhook_client_t *client = apr_pcalloc(pool, sizeof(*client));
    ds_src_egress_t *holes;
    ds_src_http_rules_t rules;

    client->webhook = webhook;
    if (ds_src_egress_make(&holes, egress->allow, pool))
        return client;
    rules = ds_src_http_rules(holes);
    rules.ca = egress->ca;
    rules.plain = webhook->plain;
    rules.redirects = 0;
    rules.body_bytes = ANSWER_MAX;
    rules.connect = rules.total = rules.silence = patience;
    client->http = ds_src_http_make(&rules, pool);
    return client;
}

/* --- what it says --- */

static void time_write(json_t *data, const char *name, apr_pool_t *pool)
{
    apr_time_t when = json_integer_value(json_object_get(data, name));

    json_object_set_new(data, name, when ? json_string(ds_clock_rfc3339(when, pool)) : json_null());
}

/* The same bytes at each try: whoever compares bodies sees a repetition. */
static const char *body_write(const ds_message_t *message, const char **uuid, apr_pool_t *pool)
{
    json_t *data = json_loads(message->data, 0, NULL), *root;
    const char *state = json_string_value(json_object_get(data, "state")), *copy = NULL;
    char *text;

    if (state) {
        *uuid = apr_pstrdup(pool, json_string_value(json_object_get(data, "uuid")));
        json_object_set_new(data, "dry_run",
                            json_boolean(json_integer_value(json_object_get(data, "dry_run"))));
        time_write(data, "scheduled_at", pool);
        time_write(data, "started_at", pool);
        time_write(data, "finished_at", pool);
        root = json_pack("{s:s, s:s, s:O}", "type", apr_pstrcat(pool, "launch.", state, NULL),
                         "timestamp", ds_clock_rfc3339(message->created_at, pool), "data", data);
        text = json_dumps(root, JSON_COMPACT | JSON_PRESERVE_ORDER);
        copy = text ? apr_pstrdup(pool, text) : NULL;
        free(text);
        json_decref(root);
    }
    json_decref(data);
    return copy;
}

/* "v1," and the HMAC of the text in base64. NULL: libcrypto cannot. */
static const char *signature_make(const char *secret, const char *text, apr_pool_t *pool)
{
    unsigned char mac[DS_SHA256_SIZE];
    apr_size_t size;
    const unsigned char *key = ds_webhook_key(&size, secret, pool);
    char code[2 * DS_SHA256_SIZE];

    if (!size || ds_digest_hmac_bytes(mac, key, size, text, strlen(text)) != APR_SUCCESS)
        return NULL;
    apr_base64_encode_binary(code, mac, sizeof(mac));
    return apr_pstrcat(pool, "v1,", code, NULL);
}

/* Of "ID.TIME.BODY", by each secret that a receiver may know, with a space between. */
static const char *signatures_make(const ds_webhook_t *webhook, const char *id, const char *time,
                                   const char *body, apr_pool_t *pool)
{
    const char *text = apr_pstrcat(pool, id, ".", time, ".", body, NULL), *old;
    const char *signature = signature_make(webhook->secret, text, pool);

    if (!signature || !webhook->old_secret)
        return signature;
    old = signature_make(webhook->old_secret, text, pool);
    return old ? apr_pstrcat(pool, signature, " ", old, NULL) : NULL;
}

/* --- sending --- */

static apr_status_t stop_watch(void *unused)
{
    return dsw_process_stopping() ? DS_ESTOPPED : APR_SUCCESS;
}

/* A receiver that says 2xx has the message, whatever becomes of the rest of its answer. */
static void answer_judge(dsw_delivery_t *delivery, const ds_src_http_answer_t *answer,
                         const ds_problem_t *problem, apr_pool_t *pool)
{
    if (answer->status / 100 == 2)
        delivery->outcome = DSW_SENT;
    else if (problem)
        delivery->outcome = problem->status == DS_ESTOPPED ? DSW_STOPPED : DSW_AWAY;
    else
        delivery->outcome = answer->status == 410 ? DSW_GONE : DSW_AWAY;
    delivery->fault =
        problem ? problem->text : apr_psprintf(pool, "it answered with status %d", answer->status);
}

static void header_add(apr_array_header_t *headers, const char *name, const char *value)
{
    APR_ARRAY_PUSH(headers, ds_src_http_header_t) = (ds_src_http_header_t){name, value};
}

void dsw_webhook_send(dsw_delivery_t *delivery, dsw_webhook_client_t *client,
                      const ds_message_t *message, ds_db_t *db, apr_pool_t *pool)
{
    ds_src_http_request_t request = {
        .method = "POST", .url = client->webhook->url, .watch = stop_watch};
    apr_array_header_t *headers = apr_array_make(pool, 4, sizeof(ds_src_http_header_t));
    const char *uuid = "", *id, *time, *body = body_write(message, &uuid, pool), *signature;
    ds_src_http_answer_t *answer;
    ds_problem_t *problem;
    apr_time_t now;

    if (!body)
        *delivery =
            (dsw_delivery_t){.outcome = DSW_HOPELESS, .fault = "what it tells cannot be read"};
    if (!client->http || !body || ds_db_now(&now, db) != APR_SUCCESS)
        return;
    id = apr_psprintf(pool, "msg_%s_%" APR_INT64_T_FMT, uuid, message->id);
    time = apr_psprintf(pool, "%" APR_INT64_T_FMT, apr_time_sec(now));
    signature = signatures_make(client->webhook, id, time, body, pool);
    if (!signature)
        return;
    header_add(headers, "Content-Type", "application/json");
    header_add(headers, "webhook-id", id);
    header_add(headers, "webhook-timestamp", time);
    header_add(headers, "webhook-signature", signature);
    request.headers = headers;
    request.body = body;
    request.body_size = strlen(body);
    problem = ds_src_http_send(&answer, client->http, &request, pool);
    answer_judge(delivery, answer, problem, pool);
    if (!problem)
        ds_src_retry_after(&delivery->pause, answer, now);
}
