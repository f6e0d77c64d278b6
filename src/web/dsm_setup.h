/* Start of the module: once per configuration in the parent, once in each child. */
#ifndef DSM_SETUP_H
#define DSM_SETUP_H

#include <httpd.h>

/* post_config hook. Not run by `apachectl -t`. */
int dsm_setup_server(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s);

/* child_init hook. */
void dsm_setup_child(apr_pool_t *pchild, server_rec *s);

#endif
