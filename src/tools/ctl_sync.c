/* datasyncctl sync ... */
#include "ctl.h"

#include <apr_strings.h>

const ds_sync_t *ctl_sync_find(const ctl_t *ctl, const char *id)
{
    const ds_sync_t *sync = ds_def_sync_get(ctl->def, id);
    const char *known = "";

    if (sync) {
        return sync;
    }
    for (int i = 0; i < ctl->def->syncs->nelts; i++) {
        known = apr_pstrcat(ctl->pool, known, i ? ", " : "",
                            APR_ARRAY_IDX(ctl->def->syncs, i, const ds_sync_t *)->id, NULL);
    }
    ctl_fail(CTL_REFUSED, "there is no sync %s; there %s: %s", id,
             ctl->def->syncs->nelts == 1 ? "is" : "are", *known ? known : "none");
    return NULL;
}

static json_t *sync_json(const ds_sync_t *sync, const ds_sync_status_t *known, apr_pool_t *pool)
{
    return json_pack("{ss so ss ss ss sb so ss so ss}", "id", sync->id, "name",
                     ctl_json_text(sync->name, pool), "kind", ds_sync_kind_name(sync->kind),
                     "object", sync->object_name, "auth", ds_sync_auth_name(sync->auth), "enabled",
                     known->enabled, "schedule", ctl_json_text(sync->schedule, pool), "zone",
                     sync->zone, "next_launch", ctl_json_time(known->next_at, pool),
                     "integration_id", sync->integration_id);
}

int ctl_sync_list(ctl_t *ctl, const char *const *arguments)
{
    static const ctl_column_t columns[] = {{"id", "ID"},
                                           {"kind", "KIND"},
                                           {"object", "OBJECT"},
                                           {"auth", "AUTH"},
                                           {"enabled", "ENABLED"},
                                           {"schedule", "SCHEDULE"},
                                           {"next_launch", "NEXT"},
                                           {"integration_id", "INTEGRATION"},
                                           {"name", "NAME"},
                                           {NULL, NULL}};
    json_t *list = json_array();

    for (int i = 0; i < ctl->def->syncs->nelts; i++) {
        const ds_sync_t *sync = APR_ARRAY_IDX(ctl->def->syncs, i, const ds_sync_t *);
        ds_sync_status_t known;
        apr_status_t status = ds_sync_status_get(&known, ctl->db, sync->id, ctl->pool);

        if (status != APR_SUCCESS) {
            json_decref(list);
            return ctl_fail_status(ctl, status, "read what is known of a sync");
        }
        json_array_append_new(list, sync_json(sync, &known, ctl->pool));
    }
    return ctl_rows_print(ctl, list, columns);
}

static int sync_switch(const ctl_t *ctl, const char *id, int enabled)
{
    const ds_sync_t *sync = ctl_sync_find(ctl, id);
    apr_status_t status;

    if (!sync) {
        return CTL_REFUSED;
    }
    status = ds_sync_enabled_set(ctl->db, sync->id, enabled);
    if (status != APR_SUCCESS) {
        return ctl_fail_status(ctl, status, "switch the sync");
    }
    return ctl_result_print(ctl, json_pack("{ss sb}", "id", sync->id, "enabled", enabled),
                            "%s is %s", sync->id, enabled ? "enabled" : "disabled");
}

int ctl_sync_enable(ctl_t *ctl, const char *const *arguments)
{
    return sync_switch(ctl, arguments[0], 1);
}

int ctl_sync_disable(ctl_t *ctl, const char *const *arguments)
{
    return sync_switch(ctl, arguments[0], 0);
}
