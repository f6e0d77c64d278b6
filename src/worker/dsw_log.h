/* Where the messages of the worker's processes go: to standard error. */
#ifndef DSW_LOG_H
#define DSW_LOG_H

#include "ds_log.h"

/* Write messages up to this level: as httpd writes its error log, or, where standard error is the
 * journal of systemd, with the level in front as the journal reads it (sd-daemon(3)). */
void dsw_log_open(ds_log_level_e highest);

#endif
