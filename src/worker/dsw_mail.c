#include "dsw_mail.h"

#include <string.h>

#include <curl/curl.h>

#include <apr_strings.h>

#include "ds_link.h"
#include "dsw_letter.h"
#include "dsw_process.h"

#define LINK_PATH "/ls/api/batch/" /* of the protocol whose jobs have an address for mail */

/* A mail on its way. */
typedef struct {
    const char *text;
    apr_size_t left;
    int is_stopped;
    char words[CURL_ERROR_SIZE];
} transfer_t;

static size_t text_read(char *to, size_t size, size_t count, void *baton)
{
    transfer_t *transfer = baton;
    size_t most = size * count, piece = transfer->left < most ? transfer->left : most;

    memcpy(to, transfer->text, piece);
    transfer->text += piece;
    transfer->left -= piece;
    return piece;
}

/* libcurl asks about once a second. */
static int stop_watch(void *baton, curl_off_t unused, curl_off_t unused_too, curl_off_t sent,
                      curl_off_t to_send)
{
    transfer_t *transfer = baton;

    transfer->is_stopped = dsw_process_stopping();
    return transfer->is_stopped;
}

static size_t answer_ignore(char *data, size_t size, size_t count, void *baton)
{
    return size * count;
}

static void server_set(CURL *curl, const ds_mail_t *mail, apr_interval_time_t patience)
{
    static const long tls[] = {CURLUSESSL_ALL, CURLUSESSL_TRY, CURLUSESSL_NONE};

    curl_easy_setopt(curl, CURLOPT_URL, mail->server);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)apr_time_as_msec(patience));
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)apr_time_as_msec(patience));
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_USE_SSL, tls[mail->tls]);
    if (mail->user) {
        curl_easy_setopt(curl, CURLOPT_USERNAME, mail->user);
        curl_easy_setopt(curl, CURLOPT_PASSWORD, mail->password);
    }
}

static void transfer_set(CURL *curl, transfer_t *transfer)
{
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, text_read);
    curl_easy_setopt(curl, CURLOPT_READDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, answer_ignore);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, stop_watch);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transfer->words);
}

/* The codes about a mailbox or a mail (RFC 5321, 4.2.3). Others, such as 421 and 530, are the same
 * for all mail: the server is in trouble, or does not take mail from us. */
static int is_about_mail(long answer)
{
    return (answer >= 450 && answer <= 452) || (answer >= 550 && answer <= 554);
}

static void outcome_set(dsw_delivery_t *delivery, CURLcode code, long answer,
                        const transfer_t *transfer, apr_pool_t *pool)
{
    if (code == CURLE_OK)
        delivery->outcome = DSW_SENT;
    else if (transfer->is_stopped)
        delivery->outcome = DSW_STOPPED;
    else if (is_about_mail(answer) && code != CURLE_LOGIN_DENIED)
        delivery->outcome = answer < 500 ? DSW_DELAYED : DSW_REFUSED;
    else
        delivery->outcome = DSW_AWAY;
    delivery->fault =
        apr_pstrdup(pool, *transfer->words ? transfer->words : curl_easy_strerror(code));
}

static void text_send(dsw_delivery_t *delivery, const ds_mail_t *mail, const char *recipient,
                      const char *text, apr_interval_time_t patience, apr_pool_t *pool)
{
    transfer_t transfer = {.text = text, .left = strlen(text)};
    struct curl_slist *to = curl_slist_append(NULL, recipient);
    CURL *curl = curl_easy_init();
    long answer = 0;
    CURLcode code;

    if (curl && to) {
        server_set(curl, mail, patience);
        transfer_set(curl, &transfer);
        curl_easy_setopt(curl, CURLOPT_MAIL_FROM, mail->from);
        curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
        code = curl_easy_perform(curl);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer);
        outcome_set(delivery, code, answer, &transfer, pool);
    }
    curl_slist_free_all(to);
    curl_easy_cleanup(curl);
}

/* The address of the result, where there is one and the administrator has said where we are. */
static apr_status_t link_make(dsw_letter_t *letter, const ds_message_t *message,
                              const ds_def_t *def, ds_db_t *db, apr_pool_t *pool)
{
    const char *uuid = dsw_letter_result(message, pool), *query;
    apr_status_t status;

    if (!uuid || !def->links_url)
        return APR_SUCCESS;
    letter->link_until = letter->now + def->links_life;
    status = ds_link_query(&query, db, uuid, letter->link_until, pool);
    if (status == APR_SUCCESS)
        letter->link = apr_pstrcat(pool, def->links_url, LINK_PATH, uuid, "/result?", query, NULL);
    return status;
}

void dsw_mail_send(dsw_delivery_t *delivery, const ds_mail_t *mail, const ds_message_t *message,
                   const ds_def_t *def, ds_db_t *db, apr_interval_time_t patience, apr_pool_t *pool)
{
    dsw_letter_t letter = {.from = mail->from};
    const char *text;

    /* Whatever let it in: nothing but an address goes into a command or a header. */
    if (!message->recipient || !ds_mail_is_address(message->recipient)) {
        *delivery =
            (dsw_delivery_t){.outcome = DSW_HOPELESS, .fault = "its recipient is not an address"};
        return;
    }
    if (ds_db_now(&letter.now, db) != APR_SUCCESS ||
        link_make(&letter, message, def, db, pool) != APR_SUCCESS) {
        *delivery =
            (dsw_delivery_t){.outcome = DSW_DELAYED, .fault = "the database did not answer"};
        return;
    }
    text = dsw_letter_write(&letter, message, pool);
    if (!text) {
        *delivery =
            (dsw_delivery_t){.outcome = DSW_HOPELESS, .fault = "what it tells cannot be read"};
        return;
    }
    text_send(delivery, mail, message->recipient, text, patience, pool);
}
