/* datasyncctl client ... */
#include "ctl.h"

#include <apr_strings.h>
#include <stdio.h>
#include <string.h>

#include "ds_client.h"

static json_t *client_json(const ds_client_t *client, apr_pool_t *pool)
{
    json_t *objects = json_array();

    for (int i = 0; i < client->objects->nelts; i++) {
        json_array_append_new(objects,
                              json_string(APR_ARRAY_IDX(client->objects, i, const char *)));
    }
    return json_pack("{ss so ss ss so so so}", "id", client->id, "name",
                     ctl_json_text(client->name, pool), "role", ds_client_role_name(client->role),
                     "state", client->revoked_at ? "revoked" : "live", "objects", objects,
                     "created_at", ctl_json_time(client->created_at, pool), "revoked_at",
                     ctl_json_time(client->revoked_at, pool));
}

/* The objects' names as they are defined. The exit code. */
static int objects_read(apr_array_header_t **objects, const ctl_t *ctl, const char *const *names)
{
    *objects = apr_array_make(ctl->pool, 4, sizeof(const char *));
    for (; *names; names++) {
        const ds_object_t *object = ds_def_object_get(ctl->def, *names);

        if (!object && strcmp(*names, "*")) {
            return ctl_fail(CTL_REFUSED,
                            "there is no object \"%s\"; \"datasyncctl object list\" has the names",
                            *names);
        }
        APR_ARRAY_PUSH(*objects, const char *) = object ? object->name : "*";
    }
    return CTL_OK;
}

/* For scripts the two halves of the credential stand alone on stdout. */
static int credential_print(const ctl_t *ctl, const ds_client_t *client, const char *secret)
{
    json_t *object = client_json(client, ctl->pool);

    json_object_set_new(object, "secret", json_string(secret));
    fprintf(stderr, "Client id and secret of %s. The secret is shown this once.\n", client->name);
    return ctl_result_print(ctl, object, "%s %s", client->id, secret);
}

int ctl_client_create(ctl_t *ctl, const char *const *arguments)
{
    ds_client_role_e role = DS_ROLE_READ_WRITE;
    apr_array_header_t *objects;
    ds_client_t *client;
    const char *secret;
    apr_status_t status;
    int code = objects_read(&objects, ctl, arguments + 1);

    if (code != CTL_OK) {
        return code;
    }
    if (ctl->role && !ds_client_role_find(&role, ctl->role)) {
        return ctl_fail(CTL_USAGE, "--role %s: write read-only or read-write", ctl->role);
    }
    status = ds_client_create(&client, &secret, ctl->db, arguments[0], role, objects, ctl->pool);
    if (status != APR_SUCCESS) {
        return ctl_fail_status(ctl, status, "create a client");
    }
    return credential_print(ctl, client, secret);
}

int ctl_client_list(ctl_t *ctl, const char *const *arguments)
{
    static const ctl_column_t columns[] = {{"id", "ID"},
                                           {"state", "STATE"},
                                           {"role", "ROLE"},
                                           {"objects", "OBJECTS"},
                                           {"created_at", "CREATED"},
                                           {"name", "NAME"},
                                           {NULL, NULL}};
    apr_array_header_t *clients;
    apr_status_t status = ds_client_list(&clients, ctl->db, ctl->pool);
    json_t *list;

    if (status != APR_SUCCESS) {
        return ctl_fail_status(ctl, status, "list clients");
    }
    list = json_array();
    for (int i = 0; i < clients->nelts; i++) {
        json_array_append_new(
            list, client_json(APR_ARRAY_IDX(clients, i, const ds_client_t *), ctl->pool));
    }
    return ctl_rows_print(ctl, list, columns);
}

int ctl_client_revoke(ctl_t *ctl, const char *const *arguments)
{
    apr_status_t status = ds_client_revoke(ctl->db, arguments[0]);

    if (status == DS_ENOTFOUND) {
        return ctl_fail(CTL_REFUSED,
                        "there is no live client with this id in the database; \"datasyncctl "
                        "client list\" has the ids");
    }
    if (status != APR_SUCCESS) {
        return ctl_fail_status(ctl, status, "revoke the client");
    }
    return ctl_result_print(ctl, json_pack("{ss ss}", "id", arguments[0], "state", "revoked"),
                            "client %s is revoked", arguments[0]);
}
