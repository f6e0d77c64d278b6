/* Downloads: a stored file, sent chunk by chunk as the client takes it.
 *
 * Children only. Memory is one chunk; no connection to the database is held while a client is slow.
 */
#ifndef DSM_DOWNLOAD_H
#define DSM_DOWNLOAD_H

#include <httpd.h>

#include "ds_file.h"

/* Send the whole file as text/csv, with its stored name, or `name` where it has none. Ranges and
 * conditional requests work. Returns what a content handler returns. */
int dsm_download_send(request_rec *r, const ds_file_t *file, const char *name);

#endif
