/* The outbox: what is told of launches is told once they have happened, to whom it should be, and
 * by one sender at a time. And the signatures of links. */
#include <jansson.h>

#include "ds_link.h"
#include "ds_outbox.h"

#include "database.h"

#define LEASE apr_time_from_sec(30)
#define HOOK "a-webhook"

static const char with_mail[] =
    "{\"job\":{\"name\":\"a \\\"job\\\"\",\"email\":\"a@example.com\"}}";

static void outlets_set(ds_db_t *db, int count, const char *const *names)
{
    apr_array_header_t *outlets = apr_array_make(test_pool, 2, sizeof(const char *));
    int i;

    for (i = 0; i < count; i++)
        APR_ARRAY_PUSH(outlets, const char *) = names[i];
    ds_db_begin(db);
    ds_outbox_outlets_set(db, outlets);
    tap_is_number(ds_db_commit(db), APR_SUCCESS, "outlets are set");
}

static ds_message_t *message_claim(ds_db_t *db, const char *outlet)
{
    ds_message_t *message = NULL;

    ds_outbox_claim(&message, db, outlet, LEASE, test_pool);
    return message;
}

/* What a message says under this name; numbers as text, too. */
static const char *said(const ds_message_t *message, const char *name)
{
    json_t *data = message ? json_loads(message->data, 0, NULL) : NULL;
    const json_t *value = json_object_get(data, name);
    const char *text = json_is_string(value) ? apr_pstrdup(test_pool, json_string_value(value))
                       : json_is_integer(value)
                           ? apr_psprintf(test_pool, "%d", (int)json_integer_value(value))
                           : NULL;

    json_decref(data);
    return text;
}

/* The state that the next message of an outlet tells; it counts as sent. "": there is none. */
static const char *told(ds_db_t *db, const char *outlet)
{
    ds_message_t *message = message_claim(db, outlet);

    if (message)
        ds_outbox_finish(db, message);
    return message ? said(message, "state") : "";
}

static ds_launch_t *export_start(ds_db_t *db, const char *options)
{
    ds_sync_t *sync = sync_make("part-export", "part");
    ds_launch_request_t request = {.sync = sync, .options = options};
    ds_launch_t *launch = NULL;

    sync->kind = DS_KIND_EXPORT;
    ds_launch_start(&launch, db, &request, 1000000, 0, test_pool);
    return launch;
}

static void launch_end(ds_db_t *db, ds_launch_state_e state, const char *words)
{
    ds_claim_t *claim = NULL;

    ds_queue_claim(&claim, db, "runner", LEASE, test_pool);
    ds_queue_finish(db, claim, state, words);
}

/* --- what is told, and to whom --- */

static void test_nobody(ds_db_t *db)
{
    export_start(db, with_mail);
    launch_end(db, DS_LAUNCH_FINISHED, "done");
    tap_is_number(outside_number("SELECT count(*) FROM ds_outbox"), 0,
                  "without outlets nothing is told");
}

static void test_webhook(ds_db_t *db)
{
    ds_launch_t *launch = export_start(db, NULL);
    ds_message_t *message = message_claim(db, HOOK);

    tap_is_text(said(message, "state"), "queued", "a new launch is told");
    tap_is_text(said(message, "uuid"), launch->uuid, "by its UUID");
    tap_is_text(said(message, "kind"), "export", "its kind");
    tap_is_text(said(message, "scheduled_at"), "1000000", "its time");
    tap_is_text(message->recipient, NULL, "a webhook has no other recipient");
    tap_is_number(message->launch_id, launch->id, "and it is known whose message it is");
    ds_outbox_finish(db, message);
    launch_end(db, DS_LAUNCH_FAILED, "it \"broke\"\nhere");
    tap_is_text(told(db, HOOK), "running", "then that it runs");
    message = message_claim(db, HOOK);
    tap_is_text(said(message, "state"), "failed", "then its end");
    tap_is_text(said(message, "message"), "it \"broke\"\nhere", "with the whole message");
    ds_outbox_finish(db, message);
    tap_is_text(told(db, HOOK), "", "and nothing else");
}

static void test_mail(ds_db_t *db)
{
    static const struct {
        ds_launch_state_e state;
        const char *options;
        const char *wanted;
    } cases[] = {{DS_LAUNCH_FINISHED, with_mail, "finished"},
                 {DS_LAUNCH_FAILED, with_mail, "failed"},
                 {DS_LAUNCH_REJECTED, with_mail, "rejected"},
                 {DS_LAUNCH_FINISHED, NULL, ""},
                 {DS_LAUNCH_FINISHED, "{\"job\":{\"name\":\"x\"}}", ""},
                 {DS_LAUNCH_FINISHED, "{}", ""}};
    ds_message_t *message;
    unsigned i;

    for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        export_start(db, cases[i].options);
        launch_end(db, cases[i].state, "x");
        tap_is_text(told(db, DS_OUTLET_MAIL), cases[i].wanted,
                    "mail goes out at the end of jobs that ask for it");
        tap_is_text(told(db, DS_OUTLET_MAIL), "", "once");
    }
    export_start(db, with_mail);
    launch_end(db, DS_LAUNCH_FINISHED, "x");
    message = message_claim(db, DS_OUTLET_MAIL);
    tap_is_text(message->recipient, "a@example.com", "to the address that was given");
    tap_is_text(said(message, "job"), "a \"job\"", "and it knows the job's name");
    ds_outbox_finish(db, message);
}

static void test_cancelled(ds_db_t *db)
{
    ds_launch_t *launch = export_start(db, with_mail);
    ds_launch_state_e state;

    ds_launch_cancel(&state, db, NULL, launch->id, "me", test_pool);
    tap_is_text(told(db, DS_OUTLET_MAIL), "", "who has cancelled a job needs no mail");
}

static void test_rejected(ds_db_t *db)
{
    ds_sync_t *sync = sync_make("part-export", "part");
    ds_launch_request_t request = {.sync = sync, .options = with_mail, .state = DS_LAUNCH_REJECTED};
    ds_launch_t *launch;
    ds_message_t *message;

    while (*told(db, HOOK))
        ;
    ds_launch_reject(&launch, db, &request, "no such thing", test_pool);
    tap_is_text(told(db, DS_OUTLET_MAIL), "", "a job that was refused at once sends no mail");
    message = message_claim(db, HOOK);
    tap_is_text(said(message, "state"), "rejected", "a webhook is told of it");
    tap_is_text(said(message, "message"), "no such thing", "with the reason");
    ds_outbox_finish(db, message);
    tap_is_text(told(db, HOOK), "", "once");
}

/* What did not happen is not told. */
static void test_rollback(ds_db_t *db)
{
    ds_sync_t *sync = sync_make("a", "a");
    ds_launch_request_t request = {.sync = sync};
    ds_launch_t *launch;

    ds_db_begin_queue(db);
    ds_launch_create(&launch, db, &request, 5, test_pool);
    ds_db_rollback(db);
    tap_is_text(told(db, HOOK), "", "what is rolled back is not told");
}

/* --- who sends it --- */

static void test_senders(ds_db_t *db)
{
    ds_db_t *other = database_open(0);
    ds_message_t *first, *second;
    int given_up = 0;
    long before; /* the moment of the claim */

    export_start(db, NULL);
    first = message_claim(db, HOOK);
    tap_ok(first && !message_claim(other, HOOK), "one sender at a time has a message");
    tap_is_text(told(other, DS_OUTLET_MAIL), "", "another outlet has none");
    outside_number("UPDATE ds_outbox SET next_at = 5 WHERE state = 'waiting'; SELECT 1");
    second = message_claim(other, HOOK);
    tap_ok(second && second->id == first->id && second->tries == 2,
           "when its sender died another one takes it");
    ds_outbox_finish(db, first);
    tap_is_number(outside_number("SELECT count(*) FROM ds_outbox WHERE state = 'waiting'"), 1,
                  "whose time is over changes nothing");
    before = outside_number("SELECT max(next_at) FROM ds_outbox WHERE state = 'waiting'") - LEASE;
    ds_outbox_delay(&given_up, other, second, 0, "it was away");
    tap_ok(!given_up && outside_number("SELECT max(next_at) FROM ds_outbox WHERE state ="
                                       " 'waiting'") > before + apr_time_from_msec(500),
           "after a failure there is a pause");
    outside_number("UPDATE ds_outbox SET next_at = next_at + 3000000000; SELECT 1");
    tap_ok(!message_claim(db, HOOK), "in which nobody takes it");
    tap_is_number(outside_number("SELECT count(*) FROM ds_outbox WHERE fault = 'it was away'"), 1,
                  "and it is known why");
    outside_number("UPDATE ds_outbox SET next_at = 5 WHERE state = 'waiting'; SELECT 1");
    second = message_claim(other, HOOK);
    ds_outbox_delay(&given_up, other, second, apr_time_from_sec(3000), "it wants a pause");
    tap_is_number(outside_number("SELECT count(*) FROM ds_outbox WHERE state = 'waiting' AND "
                                 "next_at > created_at + 2000000000"),
                  1, "who asks for a pause gets it");
    outside_number("UPDATE ds_outbox SET next_at = 5 WHERE state = 'waiting'; SELECT 1");
    second = message_claim(other, HOOK);
    ds_outbox_release(other, second);
    second = message_claim(other, HOOK);
    tap_ok(second != NULL, "who leaves lets others send at once");
    ds_outbox_finish(other, second);
    tap_is_text(told(db, HOOK), "", "what was sent is not sent again");
    ds_db_close(other);
}

static void test_limits(ds_db_t *db)
{
    ds_message_t *message;
    int given_up, more;

    export_start(db, NULL);
    outside_number("UPDATE ds_outbox SET tries = 99 WHERE state = 'waiting'; SELECT 1");
    message = message_claim(db, HOOK);
    ds_outbox_delay(&given_up, db, message, 0, "away");
    tap_ok(given_up, "it is not tried for ever");
    export_start(db, NULL);
    message = message_claim(db, HOOK);
    outside_number("UPDATE ds_outbox SET created_at = 5 WHERE state = 'waiting'; SELECT 1");
    message->created_at = 5;
    ds_outbox_delay(&given_up, db, message, 0, "away");
    tap_ok(given_up, "nor when it is old");
    export_start(db, NULL);
    outside_number("UPDATE ds_outbox SET created_at = 5 WHERE state = 'waiting'; SELECT 1");
    tap_is_number(ds_outbox_expire(&given_up, &more, db), APR_SUCCESS, "the keeper looks");
    tap_is_number(given_up, 1, "what nobody sends is given up");
    outside_number("UPDATE ds_outbox SET ended_at = 5 WHERE ended_at IS NOT NULL; SELECT 1");
    do
        ds_outbox_expire(&given_up, &more, db);
    while (more);
    tap_is_number(outside_number("SELECT count(*) FROM ds_outbox"), 0,
                  "what has ended goes after a while");
}

/* --- links --- */

static const char *parameter(const char *query, const char *name)
{
    const char *at = strstr(query, name) + strlen(name);

    return apr_pstrmemdup(test_pool, at, strcspn(at, "&"));
}

/* "good", "expired" or "no". */
static const char *judged(ds_db_t *db, const char *uuid, const char *expires, const char *signature)
{
    int expired = 0;
    apr_status_t status = ds_link_check(&expired, db, uuid, expires, signature, test_pool);

    if (status == APR_SUCCESS)
        return "good";
    return status == DS_EDENIED ? (expired ? "expired" : "no") : "an error";
}

static void test_links(ds_db_t *db)
{
    static const char uuid[] = "0b8f6b3e-3f8e-4d0b-9a57-6f4f3e4d2c1b";
    ds_db_t *other = database_open(0);
    const char *query, *expires, *signature, *old;
    apr_time_t now;

    ds_db_now(&now, db);
    tap_is_number(ds_link_query(&query, db, uuid, now, test_pool), DS_ENOTFOUND,
                  "without a key there is no link");
    tap_is_text(judged(db, uuid, "99999999999", apr_pstrdup(test_pool, uuid)), "no",
                "and none is good");
    ds_db_begin(db);
    ds_link_key_create(db, now);
    ds_db_commit(db);
    ds_link_query(&query, db, uuid, now + apr_time_from_sec(100), test_pool);
    ds_db_begin(db);
    ds_link_key_create(db, now);
    ds_db_commit(db);
    expires = parameter(query, "expires=");
    signature = parameter(query, "signature=");
    tap_is_text(judged(other, uuid, expires, signature), "good",
                "a link is good, everywhere, and stays so");
    tap_is_text(judged(db, "0b8f6b3e-3f8e-4d0b-9a57-6f4f3e4d2c1c", expires, signature), "no",
                "for no other launch");
    tap_is_text(judged(db, uuid, apr_pstrcat(test_pool, "1", expires, NULL), signature), "no",
                "and no longer than it says");
    tap_is_text(judged(db, uuid, expires, apr_pstrcat(test_pool, signature + 1, "0", NULL)), "no",
                "with no other signature");
    tap_is_text(judged(db, uuid, expires, ""), "no", "nor without one");
    tap_is_text(judged(db, uuid, "", signature), "no", "nor without a time");
    tap_is_text(judged(db, uuid, "-5", signature), "no", "nor with one that is none");
    ds_link_query(&old, db, uuid, now - apr_time_from_sec(10), test_pool);
    tap_is_text(judged(db, uuid, parameter(old, "expires="), parameter(old, "signature=")),
                "expired", "it ends");
    ds_db_close(other);
}

int main(void)
{
    static const char *const outlets[] = {DS_OUTLET_MAIL, HOOK};
    ds_db_t *db = database_make();

    test_nobody(db);
    outlets_set(db, 1, outlets + 1);
    test_webhook(db);
    outlets_set(db, 2, outlets);
    test_mail(db);
    test_cancelled(db);
    test_rejected(db);
    test_rollback(db);
    test_senders(db);
    test_limits(db);
    test_links(db);
    outside_number("UPDATE ds_launch SET files_removed_at = 5; SELECT 1"); /* they had none */
    return database_end(db);
}
