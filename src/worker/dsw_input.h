/* The input of a launch: the chunks of its file in the database, read as CSV records from any
 * checkpoint on. Memory: one chunk and what the CSV reader keeps. */
#ifndef DSW_INPUT_H
#define DSW_INPUT_H

#include "ds_file.h"
#include "ds_fmt_csv.h"
#include "ds_queue.h"

typedef struct dsw_input_t dsw_input_t;

/* Open the file of a launch and read its header, the first record, or make the one that the sync's
 * import gives it. *header lives as long as the pool. The problem's status is DS_EINPUT or
 * DS_ELIMIT when the file is at fault, else the database's. The input stands behind the header. */
ds_problem_t *dsw_input_open(dsw_input_t **input, ds_fmt_csv_record_t *header, ds_db_t *db,
                             const ds_launch_t *launch, const ds_sync_t *sync, apr_pool_t *pool);

/* Go to a checkpoint; one of zero is the place behind the header. */
void dsw_input_seek(dsw_input_t *input, const ds_checkpoint_t *checkpoint);

/* The next record, valid until the next call: DS_CSV_RECORD, DS_CSV_END or DS_CSV_TOO_LONG in
 * *next. The status is the database's. */
apr_status_t dsw_input_next(ds_fmt_csv_next_e *next, ds_fmt_csv_record_t *record,
                            dsw_input_t *input);

/* Where the next record starts. */
ds_checkpoint_t dsw_input_checkpoint(const dsw_input_t *input);

/* The delimiter: the sync's, or the one found in the header. */
char dsw_input_delimiter(const dsw_input_t *input);

#endif
