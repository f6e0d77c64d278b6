/* Where a sync of kind pull gets its records from: the words SourceSpec, SourceHost, SourceParam,
 * SourceAuth, Map, BackfillFrom and LookBack of <DataSync>, and the directive DataSyncEgressAllow.
 *
 * Parent only, while the configuration is read and checked. */
#ifndef DSM_CONFIG_SOURCE_H
#define DSM_CONFIG_SOURCE_H

#include <httpd.h>
#include <http_config.h>

#include "ds_sync.h"

/* Setters of the words (dsm_config_section.h); target is the ds_sync_t. */
typedef const char *dsm_source_word_cb(cmd_parms *cmd, void *target, int argc,
                                       const char *const *argv);
dsm_source_word_cb dsm_source_spec_set;
dsm_source_word_cb dsm_source_host_set;
dsm_source_word_cb dsm_source_param_add;
dsm_source_word_cb dsm_source_auth_set;
dsm_source_word_cb dsm_source_map_add;
dsm_source_word_cb dsm_source_backfill_set;
dsm_source_word_cb dsm_source_look_back_set;

/* The words above: those that mean nothing in a sync of another kind. Ends with NULL. */
extern const char *const dsm_source_words[];

/* Check the source of a sync as a whole, which has its object: the source spec with the parameters
 * and mappings that are given, and, where the worker runs on this machine, that its secrets can be
 * read. Returns how many mistakes there are; each was logged with its line. */
int dsm_config_source_check(const ds_sync_t *sync, const ap_directive_t *section, int has_worker,
                            apr_pool_t *pool, server_rec *s);

/* DataSyncEgressAllow. */
const char *dsm_config_egress_read(cmd_parms *cmd, void *unused, int argc, char *const argv[]);

#endif
