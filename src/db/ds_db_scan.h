/* Reading a table of an object from one consistent snapshot, row by row: memory does not grow with
 * the table, and no writer is blocked. */
#ifndef DS_DB_SCAN_H
#define DS_DB_SCAN_H

#include "ds_db_table.h"

typedef struct ds_db_condition_t {
    ds_db_column_t column;
    const char *op;    /* one of = != < <= > >= */
    const char *value; /* "" with = and != means NULL */
} ds_db_condition_t;

typedef struct ds_db_sort_t {
    ds_db_column_t column;
    int descending;
} ds_db_sort_t;

/* What to read. Everything must live as long as the scan. */
typedef struct ds_db_query_t {
    const ds_db_table_t *table; /* with the wanted columns, in order */
    const ds_db_condition_t *conditions;
    int condition_count;
    const ds_db_sort_t *sorts; /* none: in the order in which the rows are stored */
    int sort_count;
} ds_db_query_t;

typedef struct ds_db_scan_t ds_db_scan_t;

/* Asked about twice a second while a scan works, also in the middle of a long statement. Anything
 * but APR_SUCCESS ends the scan: the call that is under way returns this status. It must not use
 * the scan's connection; another one may be used. */
typedef apr_status_t ds_db_watch_cb(void *baton);

/* Begin: what is read from now on is the table of this moment. The connection does nothing else
 * until ds_db_scan_end. With a sort the order is first laid down in a temporary file. watch may be
 * NULL; it is asked for the first time at once. After a failure the scan has been ended. Without a
 * query (NULL) it reads nothing itself: it holds the moment for those beside it. */
apr_status_t ds_db_scan_begin(ds_db_scan_t **scan, ds_db_t *db, const ds_db_query_t *query,
                              ds_db_watch_cb *watch, void *baton, apr_pool_t *pool);

/* Another scan of the moment that `first` holds, with its watch; any number at the same time, each
 * of which must end before `first` does. The query has no sort. After a failure it has been ended.
 */
apr_status_t ds_db_scan_beside(ds_db_scan_t **scan, ds_db_scan_t *first, const ds_db_query_t *query,
                               apr_pool_t *pool);

/* The next row: a text for each column, NULL for none, valid until the next call. *values is NULL
 * after the last row. After a failure each further call fails alike. */
apr_status_t ds_db_scan_next(const char *const **values, ds_db_scan_t *scan);

/* End; the first scan lets the snapshot go. */
void ds_db_scan_end(ds_db_scan_t *scan);

#endif
