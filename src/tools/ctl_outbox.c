/* datasyncctl outbox ... */
#include "ctl.h"

#include "ds_outbox.h"

/* Recipients and data stay where they are. */
static json_t *message_json(const ds_message_t *message, apr_pool_t *pool)
{
    return json_pack(
        "{so ss so ss si so so so so}", "id", ctl_json_id(message->id), "outlet", message->outlet,
        "launch", ctl_json_id(message->launch_id), "state", message->state, "tries", message->tries,
        "created", ctl_json_time(message->created_at, pool), "next_try",
        ctl_json_time(message->ended_at ? 0 : message->next_at, pool), "ended",
        ctl_json_time(message->ended_at, pool), "fault", ctl_json_text(message->fault, pool));
}

int ctl_outbox_list(ctl_t *ctl, const char *const *arguments)
{
    static const ctl_column_t columns[] = {{"id", "ID"},         {"outlet", "OUTLET"},
                                           {"launch", "LAUNCH"}, {"state", "STATE"},
                                           {"tries", "TRIES"},   {"created", "CREATED"},
                                           {"next_try", "NEXT"}, {"ended", "ENDED"},
                                           {"fault", "FAULT"},   {NULL, NULL}};
    json_t *list = json_array();
    apr_array_header_t *messages;
    int limit, code = ctl_limit_read(&limit, ctl), i;
    apr_status_t status;

    if (code != CTL_OK) {
        return code;
    }
    status = ds_outbox_list(&messages, ctl->db, limit, ctl->pool);
    if (status != APR_SUCCESS) {
        return ctl_fail_status(ctl, status, "read the outbox");
    }
    for (i = 0; i < messages->nelts; i++) {
        json_array_append_new(
            list, message_json(APR_ARRAY_IDX(messages, i, const ds_message_t *), ctl->pool));
    }
    return ctl_rows_print(ctl, list, columns);
}
