/* Downloads: a stored file, sent chunk by chunk as the client takes it.
 *
 * Children only. Memory is one chunk for each client; no connection to the database is held while a
 * client is slow. A thread is: httpd lets go of it only while files of the file system are sent. */
#ifndef DSM_DOWNLOAD_H
#define DSM_DOWNLOAD_H

#include <httpd.h>

#include "ds_file.h"
#include "dsm_api.h"

typedef struct dsm_download_t {
    const ds_file_t *file;
    const char *name;         /* for a file that was stored without one */
    const char *content_type; /* "text/csv", or what the bytes are */
    apr_time_t modified_at;   /* since when they can be had */
    int is_safe;              /* guard the cells of a CSV file that a spreadsheet would run */
    char delimiter;           /* for that; NUL: taken from the header line */
} dsm_download_t;

/* Send the file. Ranges and conditional requests work, but for a guarded file, which is not the
 * stored one. Returns what a content handler returns. */
int dsm_download_send(request_rec *r, const dsm_request_t *request, const dsm_download_t *download);

#endif
