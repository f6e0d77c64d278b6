/* Where messages of the layers below go while they run inside httpd: the server's error log.
 *
 * Parent and children. The files of src/web and src/api write with ap_log_*error themselves. */
#ifndef DSM_LOG_H
#define DSM_LOG_H

#include <httpd.h>

#include "ds_log.h"

/* The log level of this module for the main server, as the layers below count it. */
ds_log_level_e dsm_log_level(const server_rec *s);

/* Send ds_log to the error log of the main server. Once per configuration, in the parent: the
 * children inherit it. */
void dsm_log_open(const server_rec *s);

#endif
