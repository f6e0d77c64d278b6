/* The configuration file of a worker that runs without httpd. */
#ifndef DSW_CONFIG_H
#define DSW_CONFIG_H

#include "ds_settings.h"

/* Read the file and the secret that it may name. Before the process changes its user, who need not
 * be able to read either. The problem names file, line, column and member, and shows no value. */
ds_problem_t *dsw_config_read(ds_settings_t **settings, const char *path, apr_pool_t *pool);

#endif
