/* The input of a launch: the chunks of its file in the database, read as records from any
 * checkpoint on. Records are lines of CSV, or items of JSON as the launch's options say. Memory:
 * one chunk and what the reader keeps: for CSV a chunk and a row, twice; for JSON an item.
 * Or records from elsewhere, in the form of those of CSV. */
#ifndef DSW_INPUT_H
#define DSW_INPUT_H

#include "ds_file.h"
#include "ds_fmt_csv.h"
#include "ds_queue.h"

typedef struct dsw_input_t dsw_input_t;

/* Open the file of a launch and read its header, the first record, or make the one that the sync's
 * import gives it (for JSON always). *header lives as long as the pool. The problem's status is
 * DS_EINPUT or DS_ELIMIT when the file is at fault, else the database's. The input stands behind
 * the header. */
ds_problem_t *dsw_input_open(dsw_input_t **input, ds_fmt_csv_record_t *header, ds_db_t *db,
                             const ds_launch_t *launch, const ds_sync_t *sync, apr_pool_t *pool);

/* Where records come from that are in no file. What these functions say is said below. */
typedef struct dsw_input_source_t {
    /* DS_CSV_MORE: the batch ends here. DS_CSV_END with a fault: nothing more can be had. */
    apr_status_t (*next)(ds_fmt_csv_next_e *next, ds_fmt_csv_record_t *record, void *baton);
    void (*seek)(void *baton, const ds_checkpoint_t *checkpoint);
    ds_checkpoint_t (*checkpoint)(const void *baton);
    const char *(*fault)(const void *baton);
    /* In the transaction of a batch that ends at the checkpoint. */
    apr_status_t (*keep)(void *baton);
} dsw_input_source_t;

/* Records of a source, with commas where they are written into files. */
dsw_input_t *dsw_input_of(const dsw_input_source_t *source, void *baton, apr_pool_t *pool);

/* Go to a checkpoint; one of zero is the place behind the header. */
void dsw_input_seek(dsw_input_t *input, const ds_checkpoint_t *checkpoint);

/* The next record, valid until the next call: DS_CSV_RECORD, DS_CSV_END or DS_CSV_TOO_LONG in
 * *next. An item of JSON has no cells, only its raw bytes and its place; DS_CSV_TOO_LONG then
 * stands for all that keeps it from being read. A source may give DS_CSV_MORE too. The status is
 * the database's, or DS_ESTOPPED. */
apr_status_t dsw_input_next(ds_fmt_csv_next_e *next, ds_fmt_csv_record_t *record,
                            dsw_input_t *input);

/* Why the next record cannot be read: continues "Row 7 (line 9) ". In pool. */
const char *dsw_input_break(const dsw_input_t *input, apr_pool_t *pool);

/* Where the next record starts. */
ds_checkpoint_t dsw_input_checkpoint(const dsw_input_t *input);

/* At the end: why there may be more that cannot be had, a sentence without its full stop; or NULL.
 */
const char *dsw_input_fault(const dsw_input_t *input);

/* Before the commit of a batch, in its transaction. */
apr_status_t dsw_input_keep(dsw_input_t *input);

/* The delimiter: the sync's, or the one found in the header. */
char dsw_input_delimiter(const dsw_input_t *input);

#endif
