/* What one launch does otherwise than its sync says. Kept with the launch as JSON: the protocol
 * that makes the launch writes it, the runner reads it. */
#ifndef DS_OPTIONS_H
#define DS_OPTIONS_H

#include "ds_sync.h"

/* The delimiter (NUL: as the sync says) and ways of an import, as JSON in pool. */
const char *ds_options_import_write(char delimiter, const ds_import_t *import, apr_pool_t *pool);

/* The delimiter and what an export writes (fields, titles, filters beside those of the sync, or
 * NULL, header, format, template, empty, span, query), likewise. */
const char *ds_options_export_write(char delimiter, const ds_export_t *export, apr_pool_t *pool);

/* What a pull does that fetches everything once more. */
#define DS_OPTIONS_BACKFILL "{\"backfill\":true}"

/* The options of a launch (or NULL) with the window of time that it pulls, start 0: it has no
 * beginning. And what they tell of one; 0: nothing. */
const char *ds_options_window_write(const char *options, apr_time_t start, apr_time_t end,
                                    apr_pool_t *pool);
int ds_options_window_read(apr_time_t *start, apr_time_t *end, const char *options);

/* The sync as this launch runs it: `base` itself without options, else a copy in pool. */
ds_problem_t *ds_options_apply(const ds_sync_t **sync, const ds_sync_t *base, const char *options,
                               apr_pool_t *pool);

#endif
