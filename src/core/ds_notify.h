/* How mail and webhooks are sent: what a sender needs to know beside the outbox.
 *
 * The directives and the file of a worker that runs alone have the same options with the same
 * rules. Passwords and secrets stand in memory and in the pipe to the worker, never in the
 * database, a log or an error. Everything lives in the pool it was made in. */
#ifndef DS_NOTIFY_H
#define DS_NOTIFY_H

#include <apr_tables.h>
#include <apr_uri.h>
#include <jansson.h>

typedef enum ds_tls_e { DS_TLS_REQUIRED, DS_TLS_TRY, DS_TLS_OFF } ds_tls_e;

typedef struct ds_mail_t {
    const char *server; /* smtp://HOST[:PORT] or smtps://HOST[:PORT] */
    const char *from;   /* an address */
    ds_tls_e tls;
    const char *user;     /* NULL: it does not log in */
    const char *password; /* NULL: likewise */
    int rate;             /* mails in a minute, of each worker */
} ds_mail_t;

typedef struct ds_webhook_t {
    const char *url;
    const char *outlet;     /* its name in the outbox: follows from the URL */
    const char *secret;     /* whsec_ and base64 */
    const char *old_secret; /* likewise: it signs too, while receivers change over; or NULL */
    int plain;              /* http:// is allowed */
} ds_webhook_t;

/* May this stand as an address in a command to a mail server and in the head of a mail? */
int ds_mail_is_address(const char *text);

/* One with its server, or URL, and nothing else. */
ds_mail_t *ds_mail_make(const char *server, apr_pool_t *pool);
ds_webhook_t *ds_webhook_make(const char *url, apr_pool_t *pool);

/* Set an option: from, tls, user, password, rate; secret, old-secret, http. A secret stays as it is
 * written. NULL, or what is wrong with it. */
const char *ds_mail_option_set(ds_mail_t *mail, const char *name, const char *value);
const char *ds_webhook_option_set(ds_webhook_t *webhook, const char *name, const char *value);

/* Read the secrets that options name (ds_secret.h). NULL, or why there is none. */
const char *ds_mail_secret_read(ds_mail_t *mail, apr_pool_t *pool);
const char *ds_webhook_secret_read(ds_webhook_t *webhook, apr_pool_t *pool);

/* When all is known: do the options fit together? NULL, or what is wrong and what to write. */
const char *ds_mail_fault(const ds_mail_t *mail, apr_pool_t *pool);
const char *ds_webhook_fault(const ds_webhook_t *webhook, apr_pool_t *pool);

/* The bytes of a secret of a webhook; *size is 0 where it is none. */
const unsigned char *ds_webhook_key(apr_size_t *size, const char *secret, apr_pool_t *pool);

/* Read a URL that the administrator wrote: whole, of visible characters, not long, without a user
 * and a fragment. Returns 0 when it is none. */
int ds_notify_url_read(apr_uri_t *parts, const char *url, apr_pool_t *pool);

/* The host of a URL, which is all that a log shows of it. */
const char *ds_notify_host(const char *url, apr_pool_t *pool);

/* As JSON, and back: an object with the options as texts, and "server" or "url". Reading gives
 * NULL, or what is wrong; what is wrong with the options together is not looked for. */
json_t *ds_mail_to_json(const ds_mail_t *mail, apr_pool_t *pool);
const char *ds_mail_from_json(ds_mail_t **mail, json_t *json, apr_pool_t *pool);
json_t *ds_webhooks_to_json(const apr_array_header_t *webhooks);
const char *ds_webhooks_from_json(apr_array_header_t **webhooks, json_t *json, apr_pool_t *pool);

#endif
