/* Loading: batches of rows into an object's table, each batch one transaction with the counters,
 * the lines of the failures file and the checkpoint. So every row takes effect once, whatever dies.
 */
#ifndef DSW_LOAD_H
#define DSW_LOAD_H

#include "ds_db_table.h"
#include "ds_queue.h"

typedef struct dsw_load_t dsw_load_t;

/* table describes the columns that the file fills, in the order of the values given below; it and
 * claim must live as long as pool. */
dsw_load_t *dsw_load_make(ds_db_t *db, const ds_claim_t *claim, const ds_db_table_t *table,
                          apr_pool_t *pool);

/* A good row: table->count values, NULL for none, copied. The database may refuse it all the same:
 * DS_ECONSTRAINT, in careful mode for this row only (its failure can then be added); DS_ESTATE, in
 * careful mode, when the database gave up the whole batch because of it. After any failure that was
 * not of this row only: call dsw_load_rollback. */
apr_status_t dsw_load_row_add(dsw_load_t *load, const char *const *values);

/* A bad row: its line for the failures file, copied. */
void dsw_load_failure_add(dsw_load_t *load, const char *line, apr_size_t size);

/* Bytes for the failures file that belong to no row: its header. */
void dsw_load_failure_text(dsw_load_t *load, const char *text, apr_size_t size);

/* Is the batch large or old enough to be committed? */
int dsw_load_is_full(const dsw_load_t *load);

/* Commit the batch with a checkpoint. *cancelled: somebody asked the launch to stop.
 * DS_ECONSTRAINT: the database refused a row of the batch; DS_ELOST: another runner owns the
 * launch. On any failure nothing of the batch is kept and the counters are those of the last
 * commit. */
apr_status_t dsw_load_commit(int *cancelled, dsw_load_t *load, const ds_checkpoint_t *checkpoint);

/* Drop the batch. */
void dsw_load_rollback(dsw_load_t *load);

/* Go row by row until the next commit, so that the database's refusal hits one row only. */
void dsw_load_careful_set(dsw_load_t *load);

/* The counters with those of the batch at hand, and the last checkpoint that was committed. */
const ds_counters_t *dsw_load_counters(const dsw_load_t *load);
const ds_checkpoint_t *dsw_load_checkpoint(const dsw_load_t *load);

#endif
