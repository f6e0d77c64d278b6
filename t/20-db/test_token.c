/* Tokens: who has a good one gets in, nobody else. */
#include "database.h"

static int is_good(ds_db_t *db, const char *sync_id, const char *text)
{
    const ds_look_t *look = look_at(db, sync_id, text);

    return look->status == APR_SUCCESS && look->token;
}

/* Does it show this launch, and that cars is disabled and due? */
static int is_of_launch(const ds_look_t *look, const ds_launch_t *launch)
{
    return look->status == APR_SUCCESS && look->overview.newest &&
           look->overview.newest->id == launch->id &&
           !strcmp(look->overview.newest->uuid, launch->uuid) && !look->overview.known.enabled &&
           look->overview.known.next_at == 77;
}

/* Requests that look at the same moment get what each would get alone, and keep it when the others
 * have gone. */
static void test_together(ds_db_t *db, const char *good, const ds_launch_t *launch)
{
    static const char *const syncs[] = {"people", "cars", "cars",   "nobody",
                                        "cars",   "cars", "people", "cars"};
    const char *texts[] = {NULL, good, "dst_wrong", NULL, NULL, good, good, ""};
    ds_look_t looks[DS_LOOKS_MAX], *list[DS_LOOKS_MAX];
    int i, rightly = 0;

    for (i = 0; i < DS_LOOKS_MAX; i++) {
        looks[i] = (ds_look_t){.sync_id = syncs[i], .text = texts[i]};
        apr_pool_create(&looks[i].pool, test_pool);
        list[i] = &looks[i];
    }
    tap_is_number(ds_looks_run(list, DS_LOOKS_MAX, db), APR_SUCCESS, "several may look at once");
    tap_ok(looks[0].status == APR_SUCCESS && looks[0].overview.known.enabled &&
               !strcmp(looks[0].overview.newest->sync_id, "people"),
           "each sees its own sync");
    apr_pool_destroy(looks[0].pool);
    for (i = 1; i < DS_LOOKS_MAX; i++) {
        const ds_look_t *alone = look_at(db, syncs[i], texts[i]);

        rightly += looks[i].status == alone->status && !looks[i].token == !alone->token &&
                   !looks[i].overview.newest == !alone->overview.newest;
    }
    tap_is_number(rightly, DS_LOOKS_MAX - 1, "and gets what it would get alone");
    tap_ok(is_of_launch(&looks[1], launch) && is_of_launch(&looks[4], launch) &&
               is_of_launch(&looks[5], launch) && !strcmp(looks[5].token->sync_id, "cars"),
           "and has it when the first one has gone");
    tap_ok(looks[2].status == DS_EDENIED && looks[6].status == DS_EDENIED &&
               looks[7].status == DS_EDENIED,
           "a good token of one lets no other in");
}

/* What a status shows comes with the token, and is the same as without one. */
static void overview_check(ds_db_t *db, const char *token_text)
{
    ds_sync_t *sync = sync_make("cars", "car");
    const ds_look_t *look = look_at(db, "cars", token_text);
    ds_launch_t *launch;

    tap_ok(!look->overview.newest && look->overview.known.enabled,
           "a sync that never ran has no launch and is enabled");
    launch_accept(db, sync, "a");
    launch = launch_accept(db, sync, "b");
    launch_accept(db, sync_make("people", "person"), "c");
    ds_sync_enabled_set(db, "cars", 0);
    ds_sync_schedule_set(db, "cars", "0 3 * * *", 77);
    tap_ok(
        is_of_launch(look_at(db, "cars", token_text), launch),
        "with the token comes the newest launch of the sync, and no other sync's, and whether it "
        "is enabled and due");
    tap_ok(is_of_launch(look_at(db, "cars", NULL), launch),
           "without a token a status shows the same");
    test_together(db, token_text, launch);
}

/* A key of a protocol that names what a key may do. */
static void test_keys(ds_db_t *db)
{
    const char *text, *prisma;
    ds_token_t *token = NULL;
    unsigned scopes;

    ds_token_create(&token, &prisma, db, "cars", 0, "", 0, test_pool);
    ds_token_create(&token, &text, db, "cars", DS_SCOPE_INTEGRATION_LIST, "", 0, test_pool);
    tap_ok(!is_good(db, "cars", text), "a key opens no call that asks for a token of its sync");
    tap_ok(ds_token_find(&token, db, text, test_pool) == APR_SUCCESS && token->is_key &&
               token->scopes == DS_SCOPE_INTEGRATION_LIST,
           "a key is found with what it may do");
    tap_ok(ds_token_has_sync(token, "cars") && !ds_token_has_sync(token, "people"),
           "for its sync alone");
    ds_token_revoke(db, token->id);
    tap_is_number(ds_token_find(&token, db, text, test_pool), DS_EDENIED,
                  "a revoked key opens nothing");
    tap_ok(ds_token_find(&token, db, prisma, test_pool) == APR_SUCCESS && !token->is_key &&
               !token->scopes,
           "a token of a sync is no key");
    ds_token_create(&token, &text, db, DS_TOKEN_ALL_SYNCS, DS_SCOPE_INTEGRATION_SYNC, "", 0,
                    test_pool);
    tap_ok(!is_good(db, DS_TOKEN_ALL_SYNCS, text), "a key for all syncs is no token of any");
    tap_ok(ds_token_find(&token, db, text, test_pool) == APR_SUCCESS &&
               ds_token_has_sync(token, "people"),
           "but a key for each");
    outside_number("UPDATE ds_token SET scopes = 'of.tomorrow' WHERE scopes IS NOT NULL; SELECT 1");
    tap_ok(ds_token_find(&token, db, text, test_pool) == APR_SUCCESS && token->is_key &&
               !token->scopes,
           "a scope that is not known here allows nothing");
    tap_ok(ds_token_scopes_read(&scopes, "cdi.integration_sync, cdi.integration_list", test_pool) &&
               scopes == (DS_SCOPE_INTEGRATION_SYNC | DS_SCOPE_INTEGRATION_LIST),
           "scopes are read by their names");
    tap_ok(!ds_token_scopes_read(&scopes, "cdi.integration_list,x", test_pool) &&
               !ds_token_scopes_read(&scopes, ",", test_pool),
           "and no others");
}

int main(void)
{
    ds_db_t *db = database_make();
    ds_token_t *token, *old;
    const char *text, *second, *expired;
    char *broken;

    ds_token_create(&token, &text, db, "cars", 0, "dealer", 0, test_pool);
    ds_token_create(&old, &second, db, "cars", 0, "other", 0, test_pool);
    ds_token_create(&old, &expired, db, "cars", 0, "old", apr_time_now() - 1, test_pool);
    tap_ok(!strncmp(text, "dst_", 4) && strlen(text) == 58, "a token can be told by its form");
    tap_ok(is_good(db, "cars", text), "a token opens its sync");
    tap_ok(is_good(db, "cars", second), "a sync may have two, so that they can be changed");
    tap_ok(!is_good(db, "people", text), "but no other sync");
    tap_ok(!is_good(db, "cars", expired), "an expired one opens nothing");
    broken = apr_pstrdup(test_pool, text);
    broken[57] = broken[57] == 'A' ? 'B' : 'A';
    tap_ok(!is_good(db, "cars", broken), "nor does one with a wrong letter");
    broken = apr_pstrdup(test_pool, text);
    broken[5] = broken[5] == 'A' ? 'B' : 'A';
    tap_ok(!is_good(db, "cars", broken), "nor one with an unknown id");
    memcpy(broken + 4, "\xff\xfe'\"%s", 6);
    tap_is_number(look_at(db, "cars", broken)->status, DS_EDENIED,
                  "nor one with an id that is no text: it is no failure of the database");
    tap_ok(!is_good(db, "cars", ""), "nor an empty one");
    tap_ok(!is_good(db, "cars", apr_pstrcat(test_pool, text, "x", NULL)), "nor a longer one");
    tap_ok(!is_good(db, "cars", "' OR 1=1 --"), "nor SQL");
    tap_is_number(outside_number(apr_psprintf(test_pool,
                                              "SELECT count(*) FROM ds_token WHERE "
                                              "secret_sha256 LIKE '%%%s%%'",
                                              text + 15)),
                  0, "the secret is not in the database");
    tap_is_number(ds_token_revoke(db, token->id), APR_SUCCESS, "a token can be revoked");
    tap_ok(!is_good(db, "cars", text), "and is useless at once");
    tap_is_number(ds_token_revoke(db, token->id), DS_ENOTFOUND, "once");
    tap_ok(is_good(db, "cars", second), "the other one still works");
    overview_check(db, second);
    test_keys(db);
    return database_end(db);
}
