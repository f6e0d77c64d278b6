/* One row as a line of an exported file: CSV (RFC 4180), NDJSON, or an item of a JSON array. */
#ifndef DSW_RECORD_H
#define DSW_RECORD_H

#include "ds_problem.h"
#include "dsw_layout.h"

typedef struct dsw_record_t dsw_record_t;

/* A printer for the lines of a layout, in the format of a sync. */
dsw_record_t *dsw_record_make(const dsw_layout_t *layout, const ds_sync_t *sync, apr_pool_t *pool);

/* The first line: the names above the columns, or nothing where the sync wants no header. Valid
 * until the next call, like what dsw_record_print gives. */
const char *dsw_record_header(apr_size_t *size, dsw_record_t *record);

/* A row with its line end. Values are texts as the database gives them, one for each column of the
 * query, NULL for none. */
const char *dsw_record_print(apr_size_t *size, dsw_record_t *record, const char *const *values);

/* Does the template walk the rows by itself ($items, where that is no field)? Then it gets them by
 * dsw_record_walk, and nothing is printed row by row. */
int dsw_record_walks(const dsw_record_t *record);

/* Render all rows: next gives the values of the next one (NULL behind the last), valid until it is
 * called again; write takes the text in pieces. The status is that of one of them, or DS_EINPUT:
 * dsw_record_problem. */
apr_status_t dsw_record_walk(dsw_record_t *record,
                             apr_status_t (*next)(const char *const **values, void *baton),
                             apr_status_t (*write)(void *baton, const char *text, apr_size_t size),
                             void *baton, apr_pool_t *pool);

/* What is wrong with the template, or with the row that was printed last by it; NULL: nothing. */
ds_problem_t *dsw_record_problem(const dsw_record_t *record);

/* What stands behind the last row, perhaps nothing. */
const char *dsw_record_end(apr_size_t *size, dsw_record_t *record);

#endif
