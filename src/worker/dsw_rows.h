/* Rows from a file to a table: the loop that imports and deletes share. It reads the launch's input
 * from the checkpoint on, checks each row, gives the good ones to its kind, and commits batch by
 * batch. */
#ifndef DSW_ROWS_H
#define DSW_ROWS_H

#include "dsw_batch.h"
#include "dsw_columns.h"
#include "dsw_input.h"
#include "dsw_runner.h"

/* Why a row that is to be removed is skipped. */
#define DSW_NO_RECORD "no record has this key"

/* What a kind of launch does with rows. */
typedef struct dsw_rows_kind_t {
    int keys_only; /* other columns of the file than the key's do not matter */

    /* Before the first row. columns and the baton that is returned live as long as pool. */
    void *(*begin)(ds_db_t *db, const ds_claim_t *claim, const dsw_columns_t *columns,
                   apr_pool_t *pool);

    /* Take a good row; its values (columns->table.count texts, NULL for none) are gone afterwards.
     * *skipped is a static reason when the row had nothing to act on. In a careful batch it is
     * written at once, so that DS_ECONSTRAINT is about this row. */
    apr_status_t (*row)(const char **skipped, void *baton, dsw_batch_t *batch,
                        const char *const *values);

    /* Before a commit: write what still waits. NULL where nothing does. */
    apr_status_t (*flush)(void *baton, dsw_batch_t *batch);

    /* After a rollback: forget what still waits. NULL as above. */
    void (*drop)(void *baton);
} dsw_rows_kind_t;

/* Run a launch that this runner has claimed, from its checkpoint to its end. */
dsw_result_t dsw_rows_run(ds_db_t *db, const ds_claim_t *claim, const ds_sync_t *sync,
                          const dsw_rows_kind_t *kind, apr_pool_t *pool);

/* The same with records that come from elsewhere, under this header. */
dsw_result_t dsw_rows_run_input(ds_db_t *db, const ds_claim_t *claim, const ds_sync_t *sync,
                                const dsw_rows_kind_t *kind, dsw_input_t *input,
                                const ds_fmt_csv_record_t *header, apr_pool_t *pool);

#endif
