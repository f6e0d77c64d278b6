/* Pulls: how far they have come, whose turn it is at a host, and who asks for a token. */
#include <apr_thread_proc.h>

#include "database.h"
#include "ds_pull.h"
#include "ds_seal.h"

static ds_db_t *other; /* as another node would have it */

static void test_windows(ds_db_t *db)
{
    ds_pull_t pull, read;

    tap_ok(ds_pull_get(&pull, db, "crm", test_pool) == APR_SUCCESS && !pull.watermark &&
               !pull.launch_id && !pull.page,
           "a sync that never ran has come nowhere");
    pull = (ds_pull_t){
        .launch_id = 7, .window_start = 100, .window_end = 200, .window_first = 1, .page = "p1"};
    ds_db_begin(db);
    ds_pull_page_set(db, "crm", &pull);
    ds_db_rollback(db);
    ds_pull_get(&read, other, "crm", test_pool);
    tap_ok(!read.page, "a page whose batch was not committed is not done");
    ds_db_begin(db);
    ds_pull_page_set(db, "crm", &pull);
    ds_db_commit(db);
    ds_pull_get(&read, other, "crm", test_pool);
    tap_ok(read.launch_id == 7 && read.window_start == 100 && read.window_end == 200 &&
               read.window_first && !strcmp(read.page, "p1") && !read.watermark,
           "another runner finds the page and its window, and the watermark where it was");
    ds_db_begin(db);
    ds_pull_finish(db, "crm", &pull);
    ds_db_commit(db);
    ds_pull_get(&read, other, "crm", test_pool);
    tap_ok(read.watermark == 200 && read.launch_id == 7 && read.page && !*read.page,
           "when all is in the watermark moves, and no page is left");
    pull.window_end = 150;
    ds_db_begin(db);
    ds_pull_finish(db, "crm", &pull);
    ds_db_commit(db);
    ds_pull_get(&read, other, "crm", test_pool);
    tap_is_number(read.watermark, 200, "a watermark never goes back");
    ds_pull_get(&read, other, "shop", test_pool);
    tap_ok(!read.watermark, "each sync has its own");
}

#define NOBODYS (-1) /* no moment was taken */
#define FAILED (-2)

/* How long a request of this node waits. */
static apr_interval_time_t host_ask(ds_db_t *db, const char *host, apr_interval_time_t gap,
                                    apr_pool_t *scratch)
{
    apr_interval_time_t wait;
    int taken, tries = 0;
    apr_status_t status;

    do
        status = ds_pull_host_take(&taken, &wait, db, host, gap, apr_time_from_sec(5), scratch);
    while (status == DS_EBUSY && ++tries < 60);
    if (status != APR_SUCCESS)
        return FAILED;
    return taken ? wait : NOBODYS;
}

static apr_interval_time_t host_wait(ds_db_t *db, const char *host, apr_interval_time_t gap)
{
    return host_ask(db, host, gap, test_pool);
}

static void test_hosts(ds_db_t *db)
{
    const apr_interval_time_t gap = apr_time_from_sec(100);
    const char *host = "https://api.example.com:443";
    const char *third = "https://third.example.com:443";
    apr_interval_time_t wait;
    int i, waits = 0;

    tap_is_number(host_wait(db, host, gap), 0, "the first request goes at once");
    wait = host_wait(other, host, gap);
    tap_ok(wait > gap - apr_time_from_sec(50) && wait <= gap,
           "the next one, of another node, waits for the gap");
    for (i = 2; i <= 10; i++) {
        wait = host_wait(db, host, gap);
        waits += wait > i * gap - apr_time_from_sec(50) && wait <= i * gap;
    }
    tap_is_number(waits, 9, "and so on in their order, however long the gap: nobody is passed by");
    tap_is_number(host_wait(db, host, gap), NOBODYS, "a moment that is further away is nobody's");
    tap_is_number(host_wait(other, host, gap), NOBODYS, "and stays nobody's");
    tap_is_number(host_wait(db, "https://other.example.com:443", gap), 0,
                  "other hosts have their own");
    ds_pull_host_block(db, third, gap);
    tap_is_number(host_wait(other, third, 0), NOBODYS,
                  "a host that wants a pause has it from everybody");
    ds_pull_host_block(db, third, 1);
    tap_is_number(host_wait(other, third, 0), NOBODYS, "a shorter pause does not end it");
}

#define LATE "https://late.example.com:443"

/* Ask for a moment while another transaction is about to say that the host wants a pause. */
static void *APR_THREAD_FUNC beside_take(apr_thread_t *thread, void *waited)
{
    *(apr_interval_time_t *)waited =
        host_ask(other, LATE, apr_time_from_sec(50), apr_thread_pool_get(thread));
    return NULL;
}

static void test_late_pause(ds_db_t *db)
{
    apr_interval_time_t waited = 0;
    apr_thread_t *thread;
    apr_status_t status;

    host_wait(db, LATE, 1);
    ds_db_begin(db);
    ds_pull_host_block(db, LATE, apr_time_from_sec(900));
    apr_thread_create(&thread, NULL, beside_take, &waited, test_pool);
    tap_ok(writer_wait(), "who has looked at a host takes his turn beside others");
    ds_db_commit(db);
    apr_thread_join(&status, thread);
    tap_is_number(waited, NOBODYS, "nobody waits out a pause that was asked for while he came");
    tap_ok(outside_number(
               by_database("SELECT free_at < 1000000 * (strftime('%s') + 930) FROM ds_pull_host "
                           "WHERE host = '" LATE "'",
                           "SELECT (free_at < 1000000 * (extract(epoch FROM now()) + 930))::int "
                           "FROM ds_pull_host WHERE host = '" LATE "'")) == 1,
           "nor is a moment behind it his");
}

static void test_logins(ds_db_t *db)
{
    ds_pull_login_t known, given = {.access = "a", .access_until = 9, .refresh = "r"};
    const apr_interval_time_t time = apr_time_from_sec(100);
    apr_time_t claim = 0, second = 1;

    tap_ok(ds_pull_login_get(&known, db, "x", test_pool) == APR_SUCCESS && !known.access &&
               !known.version,
           "nothing is known of a log-in at first");
    ds_pull_login_claim(&claim, db, "x", time);
    ds_pull_login_claim(&second, other, "x", time);
    tap_ok(claim && !second, "one of all nodes asks for a token");
    ds_pull_login_store(db, "x", claim, &given);
    ds_pull_login_get(&known, other, "x", test_pool);
    tap_ok(known.version == 1 && !strcmp(known.access, "a") && !strcmp(known.refresh, "r") &&
               known.access_until == 9,
           "the others find what it was given");
    ds_pull_login_claim(&second, other, "x", -apr_time_from_sec(1));
    tap_ok(second != 0, "then another one may ask");
    ds_pull_login_claim(&claim, db, "x", time);
    tap_ok(claim != 0, "who died while asking holds up nobody for ever");
    given.access = "late";
    ds_pull_login_store(other, "x", second, &given);
    ds_pull_login_release(other, "x", second);
    ds_pull_login_get(&known, db, "x", test_pool);
    tap_ok(known.version == 1 && !strcmp(known.access, "a"),
           "who comes too late changes nothing of what others have got");
    ds_pull_login_claim(&second, other, "x", time);
    tap_ok(!second, "nor takes their turn away");
    ds_pull_login_release(db, "x", claim);
    ds_pull_login_claim(&second, other, "x", time);
    tap_ok(second != 0, "a turn that was given back is free");
}

static void test_seals(void)
{
    const char *sealed, *again, *text = NULL;
    char *broken;

    ds_seal_close(&sealed, "the token", "the key", "access", test_pool);
    ds_seal_close(&again, "the token", "the key", "access", test_pool);
    tap_ok(!strstr(sealed, "token") && strcmp(sealed, again),
           "what is sealed shows nothing, and never looks the same");
    tap_ok(ds_seal_open(&text, sealed, "the key", "access", test_pool) == APR_SUCCESS &&
               !strcmp(text, "the token"),
           "its key opens it");
    tap_is_number(ds_seal_open(&text, sealed, "the kez", "access", test_pool), DS_EDENIED,
                  "another key does not");
    tap_is_number(ds_seal_open(&text, sealed, "the key", "refresh", test_pool), DS_EDENIED,
                  "nor does another purpose");
    broken = apr_pstrdup(test_pool, sealed);
    broken[20] = broken[20] == 'A' ? 'B' : 'A';
    tap_is_number(ds_seal_open(&text, broken, "the key", "access", test_pool), DS_EDENIED,
                  "what was changed is not opened");
    tap_is_number(ds_seal_open(&text, "AAAA", "the key", "access", test_pool), DS_EDENIED,
                  "nor what is too short");
    tap_is_number(ds_seal_open(&text, "%%%", "the key", "access", test_pool), DS_EDENIED,
                  "nor what is no base64");
    ds_seal_close(&sealed, "", "k", "access", test_pool);
    tap_ok(ds_seal_open(&text, sealed, "k", "access", test_pool) == APR_SUCCESS && !*text,
           "an empty text comes back empty");
}

int main(void)
{
    ds_db_t *db = database_make();

    other = database_open(0);
    test_windows(db);
    test_hosts(db);
    test_late_pause(db);
    test_logins(db);
    test_seals();
    return database_end(db);
}
