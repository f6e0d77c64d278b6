/* What an export reads, and which of it stands where in a line of its file. */
#ifndef DSW_LAYOUT_H
#define DSW_LAYOUT_H

#include "ds_db_scan.h"
#include "ds_sync.h"

#define DSW_GUID (-1) /* a place that is no column: the id of the record */

typedef struct dsw_layout_t {
    ds_db_query_t query; /* with the columns that are shown, and those that are needed beside */
    int count;           /* values of a line */
    int *places;         /* for each of them its column, or DSW_GUID */
    const char **titles; /* and the name above it */
    int *key;            /* the columns of the key, in the order of the object's fields */
    int key_count;       /* 0: no id is shown */
    int updated_at;      /* the column of the object's UpdatedAt field, or -1 */
} dsw_layout_t;

/* The layout for an export sync, in pool. The problem names a field that the object lacks. */
ds_problem_t *dsw_layout_make(dsw_layout_t **layout, const ds_sync_t *sync, apr_pool_t *pool);

#endif
