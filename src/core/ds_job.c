#include "ds_job.h"

#include <stdlib.h>

#include <apr_strings.h>
#include <jansson.h>

static void text_set(json_t *members, const char *name, const char *text)
{
    if (text)
        json_object_set_new(members, name, json_string(text));
}

const char *ds_job_write(const char *options, const ds_job_t *job, apr_pool_t *pool)
{
    json_t *root = json_loads(options, 0, NULL), *members = json_object();
    const char *copy;
    char *text;

    text_set(members, "name", job->name);
    text_set(members, "email", job->email);
    text_set(members, "content-type", job->content_type);
    text_set(members, "item-type", job->item_type);
    json_object_set_new(root, "job", members);
    text = json_dumps(root, JSON_COMPACT | JSON_PRESERVE_ORDER);
    copy = apr_pstrdup(pool, text ? text : options);
    free(text);
    json_decref(root);
    return copy;
}

static const char *text_get(const json_t *members, const char *name, apr_pool_t *pool)
{
    const char *text = json_string_value(json_object_get(members, name));

    return text ? apr_pstrdup(pool, text) : NULL;
}

void ds_job_read(ds_job_t *job, const char *options, apr_pool_t *pool)
{
    json_t *root = options ? json_loads(options, 0, NULL) : NULL;
    const json_t *members = json_object_get(root, "job");

    job->name = text_get(members, "name", pool);
    job->email = text_get(members, "email", pool);
    job->content_type = text_get(members, "content-type", pool);
    job->item_type = text_get(members, "item-type", pool);
    json_decref(root);
}
