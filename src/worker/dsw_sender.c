#include "dsw_sender.h"

#include <curl/curl.h>

#include <apr_strings.h>

#include "ds_clock.h"
#include "dsw_definitions.h"
#include "dsw_mail.h"
#include "dsw_process.h"
#include "dsw_webhook.h"

#define TURN apr_time_from_sec(1)
#define MINUTE apr_time_from_sec(60)
#define BRAKE_FIRST apr_time_from_sec(1)
#define BRAKE_MAX apr_time_from_sec(300)
#define GONE_PAUSE apr_time_from_sec(3600)
#define ASKED_PAUSE_MAX apr_time_from_sec(3600)
#define REFUSALS_MAX 3 /* of one message, then nobody wants it */

/* Somebody who is told of launches. */
typedef struct {
    const char *outlet;
    const char *name;             /* for people */
    const ds_webhook_t *webhook;  /* NULL: it is mail */
    dsw_webhook_client_t *client; /* of a webhook; lives as long as the definitions */
    int rate;                     /* messages in a minute; 0: as many as there are */
    int counted;                  /* in the minute that began at this time */
    apr_time_t minute;            /* by the steady clock */
    apr_time_t not_before;        /* the brake, likewise */
    apr_interval_time_t brake;    /* 0: it takes messages */
} target_t;

typedef struct {
    const dsw_t *worker;
    ds_db_t *db;
    apr_array_header_t *targets; /* of target_t */
    dsw_definitions_t *definitions;
    apr_pool_t *turn; /* cleared at each message */
} sender_t;

int dsw_sender_is_wanted(const dsw_t *worker)
{
    return worker->settings->mail || worker->settings->webhooks->nelts > 0;
}

static apr_array_header_t *targets_make(const dsw_t *worker)
{
    const ds_settings_t *settings = worker->settings;
    apr_array_header_t *targets = apr_array_make(worker->pool, 4, sizeof(target_t));
    int i;

    if (settings->mail)
        APR_ARRAY_PUSH(targets, target_t) = (target_t){
            .outlet = DS_OUTLET_MAIL,
            .rate = settings->mail->rate,
            .name = apr_pstrcat(worker->pool, "the mail server ",
                                ds_notify_host(settings->mail->server, worker->pool), NULL)};
    for (i = 0; i < settings->webhooks->nelts; i++) {
        const ds_webhook_t *webhook = APR_ARRAY_IDX(settings->webhooks, i, const ds_webhook_t *);

        APR_ARRAY_PUSH(targets, target_t) =
            (target_t){.outlet = webhook->outlet,
                       .name = apr_pstrcat(worker->pool, "the webhook at ",
                                           ds_notify_host(webhook->url, worker->pool), NULL),
                       .webhook = webhook};
    }
    return targets;
}

/* A try ends long before somebody else may take the message. */
static apr_interval_time_t patience(const sender_t *sender)
{
    return sender->worker->settings->lease / 2;
}

/* Where webhooks may be stands in the definitions. */
static apr_status_t clients_refresh(sender_t *sender)
{
    dsw_definitions_t *definitions = sender->definitions;
    int changed, i;
    apr_status_t status = dsw_definitions_refresh(&changed, definitions, sender->db);

    for (i = 0; i < sender->targets->nelts && status == APR_SUCCESS && changed; i++) {
        target_t *target = &APR_ARRAY_IDX(sender->targets, i, target_t);

        if (target->webhook)
            target->client = dsw_webhook_client_make(target->webhook, &definitions->def->egress,
                                                     patience(sender), definitions->pool);
        target->not_before = 0;
    }
    return status;
}

/* It goes on. */
static void brake_release(target_t *target)
{
    if (target->brake)
        ds_log(DS_LOG_NOTICE, APR_SUCCESS, DSLOGNO(0572) "%s takes messages again", target->name);
    target->brake = 0;
}

/* What a receiver asks for is given, within bounds: it may be wrong. */
static apr_interval_time_t pause_asked(const dsw_delivery_t *delivery)
{
    return delivery->pause < ASKED_PAUSE_MAX ? delivery->pause : ASKED_PAUSE_MAX;
}

/* The longer it takes nothing, the longer the pause before the next try. */
static void brake_pull(target_t *target, const dsw_delivery_t *delivery)
{
    if (!target->brake)
        ds_log(DS_LOG_WARNING, APR_SUCCESS,
               DSLOGNO(0570) "%s does not take a message, it is tried again: %s", target->name,
               delivery->fault);
    target->brake = target->brake ? target->brake * 2 : BRAKE_FIRST;
    if (target->brake > BRAKE_MAX)
        target->brake = BRAKE_MAX;
    if (delivery->outcome == DSW_GONE)
        target->brake = GONE_PAUSE;
    target->not_before =
        ds_clock_steady() +
        (target->brake > pause_asked(delivery) ? target->brake : pause_asked(delivery));
}

static void give_up_log(const target_t *target, const ds_message_t *message, const char *fault)
{
    ds_log(DS_LOG_WARNING, APR_SUCCESS,
           DSLOGNO(0571) "message %" APR_INT64_T_FMT " about launch %" APR_INT64_T_FMT
                         " for %s was given up: %s",
           message->id, message->launch_id, target->name, fault);
}

static apr_status_t failure_store(sender_t *sender, const target_t *target,
                                  const ds_message_t *message, const dsw_delivery_t *delivery)
{
    int hopeless = delivery->outcome == DSW_GONE || delivery->outcome == DSW_HOPELESS ||
                   (delivery->outcome == DSW_REFUSED && message->tries >= REFUSALS_MAX);
    apr_status_t status = hopeless ? ds_outbox_give_up(sender->db, message, delivery->fault)
                                   : ds_outbox_delay(&hopeless, sender->db, message,
                                                     pause_asked(delivery), delivery->fault);

    if (status == APR_SUCCESS && hopeless)
        give_up_log(target, message, delivery->fault);
    return status;
}

static apr_status_t delivery_store(sender_t *sender, target_t *target, const ds_message_t *message,
                                   const dsw_delivery_t *delivery)
{
    switch (delivery->outcome) {
    case DSW_STOPPED: return ds_outbox_release(sender->db, message);
    case DSW_SENT:
        brake_release(target);
        ds_log(DS_LOG_INFO, APR_SUCCESS,
               DSLOGNO(0573) "message %" APR_INT64_T_FMT " about launch %" APR_INT64_T_FMT
                             " was sent to %s",
               message->id, message->launch_id, target->name);
        return ds_outbox_finish(sender->db, message);
    case DSW_DELAYED:
    case DSW_REFUSED: brake_release(target); break;
    case DSW_HOPELESS: break;
    default: brake_pull(target, delivery);
    }
    return failure_store(sender, target, message, delivery);
}

/* A client that is allowed to make jobs must not flood a stranger with mail. */
static void rate_keep(target_t *target)
{
    apr_time_t now = ds_clock_steady();

    if (now - target->minute >= MINUTE) {
        target->minute = now;
        target->counted = 0;
    }
    if (target->rate && ++target->counted >= target->rate &&
        target->not_before < target->minute + MINUTE)
        target->not_before = target->minute + MINUTE;
}

/* One message, if one is due. */
static apr_status_t target_turn(int *sent, sender_t *sender, target_t *target)
{
    dsw_delivery_t delivery = {.outcome = DSW_AWAY, .fault = "it cannot be sent"};
    ds_message_t *message;
    apr_status_t status;

    if (target->not_before > ds_clock_steady())
        return APR_SUCCESS;
    apr_pool_clear(sender->turn);
    status = ds_outbox_claim(&message, sender->db, target->outlet, sender->worker->settings->lease,
                             sender->turn);
    if (status != APR_SUCCESS)
        return status == DS_ENOTFOUND ? APR_SUCCESS : status;
    *sent = 1;
    if (target->webhook)
        dsw_webhook_send(&delivery, target->client, message, sender->db, sender->turn);
    else
        dsw_mail_send(&delivery, sender->worker->settings->mail, message, sender->definitions->def,
                      sender->db, patience(sender), sender->turn);
    status = delivery_store(sender, target, message, &delivery);
    rate_keep(target);
    return status;
}

/* Each target in turn, so that none waits for the queue of another one. */
static apr_status_t turn_run(int *sent, sender_t *sender)
{
    apr_status_t status = clients_refresh(sender);
    int i;

    if (status == DS_ENOTFOUND)
        return APR_SUCCESS; /* nobody has defined anything yet */
    for (i = 0; i < sender->targets->nelts && status == APR_SUCCESS; i++)
        if (!dsw_process_stopping())
            status = target_turn(sent, sender, &APR_ARRAY_IDX(sender->targets, i, target_t));
    return status;
}

/* Until asked to stop, or the connection is not good any more. */
static void turns_run(sender_t *sender)
{
    apr_status_t status = APR_SUCCESS;

    while (!dsw_process_stopping() && (status == APR_SUCCESS || status == DS_EBUSY)) {
        int sent = 0;

        status = turn_run(&sent, sender);
        if (!sent || status != APR_SUCCESS)
            dsw_process_wait(-1, TURN);
    }
    if (status != APR_SUCCESS)
        ds_log(DS_LOG_WARNING, status, DSLOGNO(0574) "the sender opens the database anew: %s",
               ds_db_error(sender->db));
}

int dsw_sender_run(const dsw_t *worker)
{
    sender_t sender = {.worker = worker};
    apr_pool_t *pool;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return 1;
    sender.targets = targets_make(worker);
    apr_pool_create(&pool, worker->pool);
    while (!dsw_process_stopping()) {
        sender.db = dsw_db_open(worker, 0, 0, pool);
        sender.definitions = dsw_definitions_make(pool);
        apr_pool_create(&sender.turn, pool);
        if (sender.db)
            turns_run(&sender);
        apr_pool_clear(pool);
    }
    apr_pool_destroy(pool);
    return 0;
}
