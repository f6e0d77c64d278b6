/* datasyncctl token ... */
#include "ctl.h"

#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ds_clock.h"
#include "ds_token.h"

#define DAYS_MAX 36500

/* "30d" from now, or "2027-01-01": until that day begins, UTC. 0 when it is neither. */
static apr_time_t expiry_parse(const char *text, apr_time_t now)
{
    int year, month, day, end = 0;
    apr_time_exp_t parts = {0};
    apr_time_t when;
    char *rest;
    long days = strtol(text, &rest, 10);

    if (rest != text && rest[0] == 'd' && !rest[1]) {
        return days > 0 && days <= DAYS_MAX ? now + apr_time_from_sec(days * 86400) : 0;
    }
    if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &end) != 3 || end != 10 || text[end] ||
        !ds_clock_date_exists(year, month, day)) {
        return 0;
    }
    parts.tm_year = year - 1900;
    parts.tm_mon = month - 1;
    parts.tm_mday = day;
    return apr_time_exp_gmt_get(&when, &parts) == APR_SUCCESS ? when : 0;
}

/* *expires stays 0 (never) without --expires. */
static int expiry_find(apr_time_t *expires, const ctl_t *ctl, apr_time_t now)
{
    *expires = 0;
    if (!ctl->expires) {
        return CTL_OK;
    }
    *expires = expiry_parse(ctl->expires, now);
    if (*expires == 0) {
        return ctl_fail(CTL_USAGE,
                        "--expires %s: write a number of days (30d) or a date "
                        "(2027-01-01, from 00:00 UTC on)",
                        ctl->expires);
    }
    if (*expires <= now) {
        return ctl_fail(CTL_USAGE, "--expires %s: that is in the past", ctl->expires);
    }
    return CTL_OK;
}

static const char *token_state(const ds_token_t *token, apr_time_t now)
{
    if (token->revoked_at) {
        return "revoked";
    }
    return token->expires_at && token->expires_at <= now ? "expired" : "live";
}

static json_t *token_json(const ds_token_t *token, apr_time_t now, apr_pool_t *pool)
{
    return json_pack("{ss ss so so ss so so so}", "id", token->id, "sync", token->sync_id, "scopes",
                     ctl_json_text(ds_token_scopes_text(token->scopes, pool), pool), "name",
                     ctl_json_text(token->name, pool), "state", token_state(token, now),
                     "created_at", ctl_json_time(token->created_at, pool), "expires_at",
                     ctl_json_time(token->expires_at, pool), "revoked_at",
                     ctl_json_time(token->revoked_at, pool));
}

/* For scripts the credential stands alone on stdout; the rest goes to stderr. sync is NULL for a
 * key of all syncs. */
static int token_print(const ctl_t *ctl, const ds_token_t *token, const char *text,
                       const ds_sync_t *sync, apr_time_t now)
{
    json_t *object = token_json(token, now, ctl->pool);

    json_object_set_new(object, "token", json_string(text));
    fprintf(stderr, "Token %s for %s. It is shown this once; use it as %s.\n", token->id,
            sync ? sync->id : "all syncs",
            token->is_key ? "a Bearer token" : "the password of user \"api\" or as a Bearer token");
    if (sync && sync->auth != DS_AUTH_TOKEN && !token->is_key) {
        fprintf(stderr, "Note: %s has \"Auth %s\", so no token is asked for.\n", sync->id,
                ds_sync_auth_name(sync->auth));
    }
    return ctl_result_print(ctl, object, "%s", text);
}

/* What the key may do, and the sync it is for: NULL for all, which only a key may be for. */
static int purpose_find(unsigned *scopes, const ds_sync_t **sync, const ctl_t *ctl, const char *id)
{
    *scopes = 0;
    *sync = NULL;
    if (ctl->scopes && !ds_token_scopes_read(scopes, ctl->scopes, ctl->pool)) {
        return ctl_fail(CTL_USAGE, "--scopes %s: write one or more of %s", ctl->scopes,
                        ds_token_scopes_text(~0u, ctl->pool));
    }
    if (*scopes && strcmp(id, DS_TOKEN_ALL_SYNCS) == 0) {
        return CTL_OK;
    }
    *sync = ctl_sync_find(ctl, id);
    return *sync ? CTL_OK : CTL_REFUSED;
}

int ctl_token_create(ctl_t *ctl, const char *const *arguments)
{
    const char *name = ctl->name ? ctl->name : "";
    const ds_sync_t *sync;
    unsigned scopes;
    apr_time_t now, expires;
    apr_status_t status;
    ds_token_t *token;
    const char *text;
    int code = purpose_find(&scopes, &sync, ctl, arguments[0]);

    if (code != CTL_OK) {
        return code;
    }
    status = ds_db_now(&now, ctl->db);
    if (status != APR_SUCCESS) {
        return ctl_fail_status(ctl, status, "read the time");
    }
    code = expiry_find(&expires, ctl, now);
    if (code != CTL_OK) {
        return code;
    }
    status =
        ds_token_create(&token, &text, ctl->db, arguments[0], scopes, name, expires, ctl->pool);
    if (status != APR_SUCCESS) {
        return ctl_fail_status(ctl, status, "create a token");
    }
    return token_print(ctl, token, text, sync, now);
}

int ctl_token_list(ctl_t *ctl, const char *const *arguments)
{
    static const ctl_column_t columns[] = {{"id", "ID"},
                                           {"sync", "SYNC"},
                                           {"scopes", "SCOPES"},
                                           {"state", "STATE"},
                                           {"created_at", "CREATED"},
                                           {"expires_at", "EXPIRES"},
                                           {"name", "NAME"},
                                           {NULL, NULL}};
    apr_array_header_t *tokens;
    apr_time_t now;
    apr_status_t status;
    json_t *list;

    if (arguments[0] && !ctl_sync_find(ctl, arguments[0])) {
        return CTL_REFUSED;
    }
    status = ds_db_now(&now, ctl->db);
    if (status == APR_SUCCESS) {
        status = ds_token_list(&tokens, ctl->db, arguments[0], ctl->pool);
    }
    if (status != APR_SUCCESS) {
        return ctl_fail_status(ctl, status, "list tokens");
    }
    list = json_array();
    for (int i = 0; i < tokens->nelts; i++) {
        json_array_append_new(
            list, token_json(APR_ARRAY_IDX(tokens, i, const ds_token_t *), now, ctl->pool));
    }
    return ctl_rows_print(ctl, list, columns);
}

int ctl_token_revoke(ctl_t *ctl, const char *const *arguments)
{
    apr_status_t status = ds_token_revoke(ctl->db, arguments[0]);

    if (status == DS_ENOTFOUND) {
        return ctl_fail(CTL_REFUSED,
                        "there is no live token with this id; \"datasyncctl token list\" has the "
                        "ids");
    }
    if (status != APR_SUCCESS) {
        return ctl_fail_status(ctl, status, "revoke the token");
    }
    return ctl_result_print(ctl, json_pack("{ss ss}", "id", arguments[0], "state", "revoked"),
                            "token %s is revoked", arguments[0]);
}
