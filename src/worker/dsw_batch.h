/* Batches: rows written to an object's table, the counters, lines of the failures and warnings
 * files, and the checkpoint, in one transaction. So every row takes effect once, whatever dies. */
#ifndef DSW_BATCH_H
#define DSW_BATCH_H

#include "ds_queue.h"

typedef struct dsw_batch_t dsw_batch_t;

/* What became of a row. */
typedef enum dsw_row_e {
    DSW_ROW_OK,
    DSW_ROW_WARNED, /* good, but with a warning */
    DSW_ROW_FAILED,
    DSW_ROW_SKIPPED
} dsw_row_e;

/* The files beside a launch's input. */
typedef enum dsw_side_e { DSW_FAILURES, DSW_WARNINGS, DSW_SIDES } dsw_side_e;

/* The batches of a claimed launch, from its checkpoint on. claim must live as long as pool, and so
 * must side_type, the content type of the files beside its input. */
dsw_batch_t *dsw_batch_make(ds_db_t *db, const ds_claim_t *claim, const char *side_type,
                            apr_pool_t *pool);

/* Begin the batch's transaction, when it has not begun: before the first write to a table. */
apr_status_t dsw_batch_open(dsw_batch_t *batch);

/* The time of the batch as RFC 3339, for _updated_at. Valid until the commit. */
const char *dsw_batch_now(const dsw_batch_t *batch);

/* Count a row of so many bytes. */
void dsw_batch_row_count(dsw_batch_t *batch, dsw_row_e row, apr_size_t size);

/* The row that was counted has this time in its UpdatedAt field (ds_counters_t). */
void dsw_batch_time_note(dsw_batch_t *batch, const char *updated_at);

/* Append bytes to a file beside the input; copied. */
void dsw_batch_side_add(dsw_batch_t *batch, dsw_side_e side, const char *text, apr_size_t size);

/* Does the side file have no byte yet, in no batch? */
int dsw_batch_side_is_empty(const dsw_batch_t *batch, dsw_side_e side);

/* Is the batch large or old enough to be committed? */
int dsw_batch_is_full(dsw_batch_t *batch);

/* Commit with a checkpoint. *cancelled: somebody asked the launch to stop. DS_ELOST: another runner
 * owns the launch. On any failure nothing of the batch is kept and the counters are those of the
 * last commit. */
apr_status_t dsw_batch_commit(int *cancelled, dsw_batch_t *batch,
                              const ds_checkpoint_t *checkpoint);

/* Drop the batch. */
void dsw_batch_rollback(dsw_batch_t *batch);

/* Until the next commit: a row that the database refuses is passed over (ds_db_begin_tolerant). */
void dsw_batch_careful_set(dsw_batch_t *batch);
int dsw_batch_is_careful(const dsw_batch_t *batch);

/* The counters with those of the batch at hand, and the last checkpoint that was committed. */
const ds_counters_t *dsw_batch_counters(const dsw_batch_t *batch);
const ds_checkpoint_t *dsw_batch_checkpoint(const dsw_batch_t *batch);

#endif
