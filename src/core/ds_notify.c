#include "ds_notify.h"

#include <string.h>

#include <apr_base64.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "ds_digest.h"
#include "ds_secret.h"
#include "ds_value_private.h"

#define URL_MAX 2000
#define RATE 100 /* mails in a minute */
#define RATE_MAX 10000
#define SECRET_PREFIX "whsec_"
#define KEY_MIN 24 /* bytes of a webhook's secret, by the Standard Webhooks specification */
#define KEY_MAX 64

static const char *const tls_names[] = {"required", "try", "off"};

/* --- URLs --- */

static int has_only_visible(const char *text)
{
    for (; *text && apr_isgraph(*text); text++)
        ;
    return !*text;
}

int ds_notify_url_read(apr_uri_t *parts, const char *url, apr_pool_t *pool)
{
    return strlen(url) <= URL_MAX && has_only_visible(url) &&
           apr_uri_parse(pool, url, parts) == APR_SUCCESS && parts->scheme && parts->hostname &&
           *parts->hostname && !parts->user && !parts->password && !parts->fragment;
}

const char *ds_notify_host(const char *url, apr_pool_t *pool)
{
    apr_uri_t parts;

    return ds_notify_url_read(&parts, url, pool) ? parts.hostname : "nowhere";
}

/* --- mail --- */

int ds_mail_is_address(const char *text)
{
    return !ds_value_email_check(text, strlen(text));
}

ds_mail_t *ds_mail_make(const char *server, apr_pool_t *pool)
{
    ds_mail_t *mail = apr_pcalloc(pool, sizeof(*mail));

    mail->server = apr_pstrdup(pool, server);
    mail->rate = RATE;
    return mail;
}

static const char *tls_set(ds_mail_t *mail, const char *value)
{
    int i;

    for (i = 0; i < 3; i++)
        if (!strcmp(tls_names[i], value)) {
            mail->tls = (ds_tls_e)i;
            return NULL;
        }
    return "write required, try or off";
}

static const char *from_set(ds_mail_t *mail, const char *value)
{
    mail->from = value;
    return ds_mail_is_address(value) ? NULL : "write an address, name@example.com";
}

static const char *rate_set(ds_mail_t *mail, const char *value)
{
    apr_size_t length = strspn(value, "0123456789");

    mail->rate = length && length < 6 && !value[length] ? (int)apr_atoi64(value) : 0;
    return mail->rate < 1 || mail->rate > RATE_MAX
               ? "write how many mails a minute, from 1 to 10000"
               : NULL;
}

const char *ds_mail_option_set(ds_mail_t *mail, const char *name, const char *value)
{
    if (!strcmp(name, "tls"))
        return tls_set(mail, value);
    if (!strcmp(name, "from"))
        return from_set(mail, value);
    if (!strcmp(name, "rate"))
        return rate_set(mail, value);
    if (!strcmp(name, "user"))
        mail->user = value;
    else if (!strcmp(name, "password"))
        mail->password = value;
    else
        return "there is no such option: write from=, tls=, user=, password= or rate=";
    return *value ? NULL : "it is empty";
}

const char *ds_mail_secret_read(ds_mail_t *mail, apr_pool_t *pool)
{
    return mail->password ? ds_secret_read(&mail->password, mail->password, pool) : NULL;
}

const char *ds_mail_fault(const ds_mail_t *mail, apr_pool_t *pool)
{
    apr_uri_t parts;

    if (!ds_notify_url_read(&parts, mail->server, pool) ||
        (strcmp(parts.scheme, "smtp") && strcmp(parts.scheme, "smtps")) || parts.query ||
        (parts.path && *parts.path))
        return "write the server as smtp://host, smtp://host:port or smtps://host";
    if (!mail->from)
        return "it has no sender: write from=ADDRESS";
    if (!mail->user != !mail->password)
        return "user= and password= belong together";
    if (mail->user && mail->tls != DS_TLS_REQUIRED && strcmp(parts.scheme, "smtps"))
        return "a password needs a connection that nobody reads: write tls=required";
    return NULL;
}

/* --- webhooks --- */

ds_webhook_t *ds_webhook_make(const char *url, apr_pool_t *pool)
{
    ds_webhook_t *webhook = apr_pcalloc(pool, sizeof(*webhook));
    char *outlet = apr_palloc(pool, DS_UUID_SIZE);

    webhook->url = apr_pstrdup(pool, url);
    webhook->outlet = ds_digest_name_uuid(outlet, url, pool) == APR_SUCCESS ? outlet : "";
    return webhook;
}

const char *ds_webhook_option_set(ds_webhook_t *webhook, const char *name, const char *value)
{
    if (!strcmp(name, "secret") || !strcmp(name, "old-secret")) {
        *(*name == 's' ? &webhook->secret : &webhook->old_secret) = value;
        return *value ? NULL : "it is empty";
    }
    if (strcmp(name, "http"))
        return "there is no such option: write secret=, old-secret= or http=";
    webhook->plain = !strcmp(value, "allowed");
    return webhook->plain || !strcmp(value, "refused") ? NULL : "write allowed or refused";
}

const char *ds_webhook_secret_read(ds_webhook_t *webhook, apr_pool_t *pool)
{
    const char *fault =
        webhook->secret ? ds_secret_read(&webhook->secret, webhook->secret, pool) : NULL;

    return fault || !webhook->old_secret
               ? fault
               : ds_secret_read(&webhook->old_secret, webhook->old_secret, pool);
}

const unsigned char *ds_webhook_key(apr_size_t *size, const char *secret, apr_pool_t *pool)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *text = secret + strlen(SECRET_PREFIX);
    unsigned char *key;
    apr_size_t length, rest;

    *size = 0;
    if (strncmp(secret, SECRET_PREFIX, strlen(SECRET_PREFIX)))
        return NULL;
    length = strspn(text, alphabet);
    rest = strspn(text + length, "=");
    if (text[length + rest] || (length + rest) % 4 || rest > 2)
        return NULL;
    key = apr_palloc(pool, (apr_size_t)apr_base64_decode_len(text));
    *size = (apr_size_t)apr_base64_decode_binary(key, text);
    return key;
}

static int is_secret(const char *secret, apr_pool_t *pool)
{
    apr_size_t size;

    ds_webhook_key(&size, secret, pool);
    return size >= KEY_MIN && size <= KEY_MAX;
}

const char *ds_webhook_fault(const ds_webhook_t *webhook, apr_pool_t *pool)
{
    apr_uri_t parts;

    if (!ds_notify_url_read(&parts, webhook->url, pool) ||
        (strcmp(parts.scheme, "https") && strcmp(parts.scheme, "http")))
        return "write the whole address, https://host/path, without a user and a fragment";
    if (!strcmp(parts.scheme, "http") && !webhook->plain)
        return "everybody on the way can read http: write https, or http=allowed behind it";
    if (!webhook->secret)
        return "it has no secret: write secret=file:/path of a file with whsec_ and 24 to 64 bytes "
               "as base64";
    return !is_secret(webhook->secret, pool) ||
                   (webhook->old_secret && !is_secret(webhook->old_secret, pool))
               ? "the secret is whsec_ and 24 to 64 bytes as base64, for example from: echo "
                 "whsec_$(openssl rand -base64 32)"
               : NULL;
}

/* --- JSON --- */

json_t *ds_mail_to_json(const ds_mail_t *mail, apr_pool_t *pool)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s*, s:s*}", "server", mail->server, "from", mail->from,
                     "tls", tls_names[mail->tls], "rate", apr_itoa(pool, mail->rate), "user",
                     mail->user, "password", mail->password);
}

typedef const char *option_set_cb(void *target, const char *name, const char *value);

static const char *mail_set(void *target, const char *name, const char *value)
{
    return ds_mail_option_set(target, name, value);
}

static const char *webhook_set(void *target, const char *name, const char *value)
{
    return ds_webhook_option_set(target, name, value);
}

/* All members but the first one, which the caller has read. */
static const char *options_read(void *target, json_t *json, const char *first, option_set_cb *set,
                                apr_pool_t *pool)
{
    const char *name, *fault = NULL;
    json_t *value;

    json_object_foreach(json, name, value)
    {
        if (fault || !strcmp(name, first))
            continue;
        fault = json_is_string(value) ? set(target, apr_pstrdup(pool, name),
                                            apr_pstrdup(pool, json_string_value(value)))
                                      : "write a text in double quotes";
        fault = fault ? apr_psprintf(pool, "%s: %s", name, fault) : NULL;
    }
    return fault;
}

const char *ds_mail_from_json(ds_mail_t **mail, json_t *json, apr_pool_t *pool)
{
    const char *server = json_string_value(json_object_get(json, "server"));

    if (!server)
        return "write { and }, and \"server\": \"smtp://host\" in it";
    *mail = ds_mail_make(server, pool);
    return options_read(*mail, json, "server", mail_set, pool);
}

json_t *ds_webhooks_to_json(const apr_array_header_t *webhooks)
{
    json_t *list = json_array();
    int i;

    for (i = 0; i < webhooks->nelts; i++) {
        const ds_webhook_t *webhook = APR_ARRAY_IDX(webhooks, i, const ds_webhook_t *);

        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s*}", "url", webhook->url,
                                              "secret", webhook->secret, "http",
                                              webhook->plain ? "allowed" : "refused", "old-secret",
                                              webhook->old_secret));
    }
    return list;
}

static const char *webhook_from_json(ds_webhook_t **webhook, json_t *json, apr_pool_t *pool)
{
    const char *url = json_string_value(json_object_get(json, "url"));

    if (!url)
        return "write { and }, and \"url\": \"https://host/path\" in it";
    *webhook = ds_webhook_make(url, pool);
    return options_read(*webhook, json, "url", webhook_set, pool);
}

const char *ds_webhooks_from_json(apr_array_header_t **webhooks, json_t *json, apr_pool_t *pool)
{
    const char *fault = json_is_array(json) ? NULL : "write a list, [ first and ] last";
    ds_webhook_t *webhook = NULL;
    size_t i;

    *webhooks = apr_array_make(pool, 2, sizeof(ds_webhook_t *));
    for (i = 0; i < json_array_size(json) && !fault; i++) {
        fault = webhook_from_json(&webhook, json_array_get(json, i), pool);
        if (!fault)
            APR_ARRAY_PUSH(*webhooks, ds_webhook_t *) = webhook;
    }
    return fault;
}
