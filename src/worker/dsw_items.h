/* Items of a JSON file: each one becomes the values of a row (docs/liquid.md has the rules). */
#ifndef DSW_ITEMS_H
#define DSW_ITEMS_H

#include "dsw_columns.h"

typedef struct dsw_items_t dsw_items_t;

/* Items that fill these columns, whose header is the import's `columns`. */
dsw_items_t *dsw_items_make(dsw_columns_t *columns, const ds_sync_t *sync, apr_pool_t *pool);

/* As dsw_columns_check, for the raw bytes of a record: one value of JSON. */
int dsw_items_check(char reason[DSW_REASON_SIZE], dsw_items_t *items,
                    const ds_fmt_csv_record_t *record);

/* The record that was checked last as a line of the files beside its launch: an item of JSON with
 * its number, its line and the reason beside its data, so that the file can be sent again. Valid
 * until the next check. */
const char *dsw_items_line(apr_size_t *size, dsw_items_t *items, const ds_fmt_csv_record_t *record,
                           apr_int64_t row, const char *reason);

#endif
