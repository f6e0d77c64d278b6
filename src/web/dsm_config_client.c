/* <DataSyncClient ID>: a program that gets access tokens, and what these open. */
#include "dsm_config.h"
#include "dsm_config_section.h"

#include <apr_strings.h>

#include <string.h>

#include "ds_secret.h"

static const char *client_name_set(cmd_parms *cmd, void *target, int argc, const char *const *argv)
{
    ds_client_t *client = target;

    client->name = argv[0];
    return *argv[0] ? NULL : "the name is empty";
}

static const char *client_secret_set(cmd_parms *cmd, void *target, int argc,
                                     const char *const *argv)
{
    ds_client_t *client = target;
    char *hash = apr_palloc(cmd->pool, DS_SHA256_HEX_SIZE);
    const char *secret, *fault;

    if (!ds_secret_is_kept(argv[0])) {
        return "a secret here would be shown by mod_info: write it into a file and "
               "file:/path/of/the/file here, or env:NAME, or exec:/path/of/a/program";
    }
    fault = ds_secret_read(&secret, argv[0], cmd->pool);
    if (fault) {
        return fault;
    }
    if (strlen(secret) < DS_CLIENT_SECRET_MIN) {
        return "the secret is too short: it needs at least 16 characters";
    }
    client->secret_sha256 = hash;
    return ds_digest_sha256(hash, secret, strlen(secret)) == APR_SUCCESS
               ? NULL
               : "libcrypto has no SHA-256";
}

static const char *client_role_set(cmd_parms *cmd, void *target, int argc, const char *const *argv)
{
    ds_client_t *client = target;

    return ds_client_role_find(&client->role, argv[0]) ? NULL : "write read-only or read-write";
}

static const char *client_objects_set(cmd_parms *cmd, void *target, int argc,
                                      const char *const *argv)
{
    ds_client_t *client = target;
    int i;

    for (i = 0; i < argc; ++i) {
        APR_ARRAY_PUSH(client->objects, const char *) = argv[i];
    }
    return NULL;
}

static const dsm_word_t client_words[] = {
    {"Name", 1, 1, 0, "Name \"Name for people\"", client_name_set},
    {"Secret", 1, 1, DSM_WORD_SECRET, "Secret file:/path, Secret env:NAME or Secret exec:/path",
     client_secret_set},
    {"Role", 1, 1, 0, "Role read-write or Role read-only", client_role_set},
    {"Objects", 1, DSM_WORD_ARGS_MAX, DSM_WORD_REPEATED,
     "Objects NAME, Objects NAME NAME ... or Objects *", client_objects_set},
    {NULL, 0, 0, 0, NULL, NULL},
};

static const char *client_add(dsm_config_t *config, ds_client_t *client, apr_pool_t *pool)
{
    if (!*client->secret_sha256) {
        return "it has no secret: write Secret file:/path of a file with the secret";
    }
    if (client->objects->nelts == 0) {
        return "it may use nothing: write Objects NAME, the name of a <DataSyncObject> section";
    }
    if (!config->clients) {
        config->clients = apr_hash_make(pool);
    }
    if (apr_hash_get(config->clients, client->id, APR_HASH_KEY_STRING)) {
        return "it is defined twice";
    }
    apr_hash_set(config->clients, client->id, APR_HASH_KEY_STRING, client);
    return NULL;
}

const char *dsm_config_client_read(cmd_parms *cmd, void *unused, const char *args)
{
    dsm_config_t *config = dsm_config_get(cmd->server);
    const char *id;
    const char *fault = ap_check_cmd_context(cmd, GLOBAL_ONLY);
    ds_client_t *client;

    if (fault || (fault = dsm_section_argument_read(&id, cmd, args))) {
        return fault;
    }
    fault = ds_client_id_fault(id);
    if (!fault) {
        client = ds_client_make(id, cmd->pool);
        fault = dsm_section_read(cmd, id, client_words, client);
        if (fault) {
            return fault;
        }
        fault = client_add(config, client, cmd->pool);
    }
    return fault ? apr_psprintf(cmd->pool, "%s %s>: %s", cmd->cmd->name, id, fault) : NULL;
}
