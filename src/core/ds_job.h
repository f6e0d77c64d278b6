/* What a client calls its job, for protocols that tell it again. It is a part of the launch's
 * options (ds_options.h), which are made first. */
#ifndef DS_JOB_H
#define DS_JOB_H

#include <apr_pools.h>

typedef struct ds_job_t {
    const char *name;         /* or NULL, as all of these */
    const char *email;        /* who is told of its end */
    const char *content_type; /* as the client has spelled it */
    const char *item_type;    /* likewise */
} ds_job_t;

/* The options with the job, as JSON in pool. */
const char *ds_job_write(const char *options, const ds_job_t *job, apr_pool_t *pool);

/* The job of these options; options may be NULL, and have none: then all is NULL. */
void ds_job_read(ds_job_t *job, const char *options, apr_pool_t *pool);

#endif
