/* What an export writes: the lines Fields, Filter and Order of <DataSync>, which name fields of an
 * object that may stand further down; and what clients may ask of it.
 *
 * Parent only. */
#ifndef DSM_CONFIG_EXPORT_H
#define DSM_CONFIG_EXPORT_H

#include <httpd.h>
#include <http_config.h>

#include "ds_sync.h"

/* When the whole configuration was read: read these lines of a section into its sync, which has its
 * object. Returns how many mistakes there are; each was logged with its line. */
int dsm_config_export_read(ds_sync_t *sync, const ap_directive_t *section, apr_pool_t *pool,
                           server_rec *s);

/* DataSyncSQLQuery of a section: may clients write queries of their own, and what one may take. */
const char *dsm_config_query_set(cmd_parms *cmd, void *sync, int argc, const char *const *argv);

#endif
