#include "dsw_batch.h"

#include <stdlib.h>
#include <string.h>

#include "ds_clock.h"

/* Keys in random order touch most pages of the index in each batch: large ones write them seldom.
 * The tests of batches have smaller ones. */
#ifndef BATCH_ROWS
#define BATCH_ROWS 50000
#endif
#define BATCH_TIME apr_time_from_msec(200) /* others wait that long to write */
#define BATCH_SIDE_BYTES (1024 * 1024)
#define ROW_WEIGHT 4096               /* of a row beside its bytes */
#define LOOK_WEIGHT (64 * ROW_WEIGHT) /* of rows between two looks at the clock */

/* Bytes that wait for the commit. */
typedef struct {
    char *text;
    apr_size_t size, room;
} side_t;

struct dsw_batch_t {
    ds_db_t *db;
    const ds_claim_t *claim;
    apr_pool_t *pool; /* of one batch */

    ds_counters_t counters; /* with the batch at hand */
    ds_counters_t committed;
    ds_checkpoint_t checkpoint; /* committed */
    side_t sides[DSW_SIDES];
    const char *side_type;

    int open; /* the transaction has begun */
    int careful;
    int rows;
    apr_size_t weight; /* of the rows since the last look at the clock */
    apr_time_t began;  /* by the steady clock */
    const char *now;
};

static const char *const side_roles[DSW_SIDES] = {"failures", "warnings"};

static apr_status_t sides_free(void *data)
{
    dsw_batch_t *batch = data;
    int i;

    for (i = 0; i < DSW_SIDES; i++)
        free(batch->sides[i].text);
    return APR_SUCCESS;
}

dsw_batch_t *dsw_batch_make(ds_db_t *db, const ds_claim_t *claim, const char *side_type,
                            apr_pool_t *pool)
{
    dsw_batch_t *batch = apr_pcalloc(pool, sizeof(*batch));

    batch->db = db;
    batch->claim = claim;
    batch->side_type = side_type;
    batch->counters = batch->committed = claim->launch->rows;
    batch->checkpoint = claim->checkpoint;
    batch->began = ds_clock_steady();
    apr_pool_create(&batch->pool, pool);
    apr_pool_cleanup_register(pool, batch, sides_free, apr_pool_cleanup_null);
    return batch;
}

/* The time that its rows will bear. */
static apr_status_t now_read(dsw_batch_t *batch)
{
    apr_time_t now;
    apr_status_t status = ds_db_now(&now, batch->db);

    if (status == APR_SUCCESS)
        batch->now = ds_clock_rfc3339(now, batch->pool);
    return status;
}

apr_status_t dsw_batch_open(dsw_batch_t *batch)
{
    apr_status_t status;

    if (batch->open)
        return APR_SUCCESS;
    ds_db_lazy_set(batch->db); /* rows that are lost are lost with their checkpoint */
    status = batch->careful ? ds_db_begin_tolerant(batch->db) : ds_db_begin(batch->db);
    batch->open = status == APR_SUCCESS;
    if (status == APR_SUCCESS)
        status = now_read(batch);
    if (status == APR_SUCCESS && batch->claim->launch->dry_run)
        status = ds_db_dry_run_begin(batch->db);
    return status;
}

const char *dsw_batch_now(const dsw_batch_t *batch)
{
    return batch->now;
}

void dsw_batch_row_count(dsw_batch_t *batch, dsw_row_e row, apr_size_t size)
{
    batch->counters.read++;
    if (batch->rows++ == 0)
        batch->began = ds_clock_steady(); /* waiting for it did not hold anybody up */
    batch->weight += ROW_WEIGHT + size;
    switch (row) {
    case DSW_ROW_OK: batch->counters.ok++; break;
    case DSW_ROW_WARNED:
        batch->counters.ok++;
        batch->counters.warned++;
        break;
    case DSW_ROW_FAILED: batch->counters.failed++; break;
    default: batch->counters.skipped++;
    }
}

void dsw_batch_time_note(dsw_batch_t *batch, const char *updated_at)
{
    if (!batch->claim->launch->dry_run)
        ds_counters_time_raise(&batch->counters, updated_at);
}

void dsw_batch_side_add(dsw_batch_t *batch, dsw_side_e which, const char *text, apr_size_t size)
{
    side_t *side = &batch->sides[which];

    if (side->size + size > side->room) {
        side->room = 2 * (side->size + size);
        side->text = realloc(side->text, side->room);
        if (!side->text)
            abort();
    }
    memcpy(side->text + side->size, text, size);
    side->size += size;
}

int dsw_batch_side_is_empty(const dsw_batch_t *batch, dsw_side_e side)
{
    const ds_counters_t *rows = &batch->committed;

    if (batch->sides[side].size)
        return 0;
    return (side == DSW_FAILURES ? rows->failed : rows->skipped + rows->warned) == 0;
}

int dsw_batch_is_full(dsw_batch_t *batch)
{
    if (batch->rows >= BATCH_ROWS || batch->sides[DSW_FAILURES].size >= BATCH_SIDE_BYTES ||
        batch->sides[DSW_WARNINGS].size >= BATCH_SIDE_BYTES)
        return 1;
    if (batch->weight < LOOK_WEIGHT)
        return 0;
    batch->weight = 0;
    return ds_clock_steady() - batch->began >= BATCH_TIME;
}

/* Everything of a batch but its rows, in its transaction. */
static apr_status_t batch_finish(int *cancelled, dsw_batch_t *batch,
                                 const ds_checkpoint_t *checkpoint)
{
    apr_status_t status = APR_SUCCESS;
    int i;

    if (batch->claim->launch->dry_run)
        status = ds_db_dry_run_end(batch->db);
    for (i = 0; i < DSW_SIDES && status == APR_SUCCESS; i++)
        if (batch->sides[i].size)
            status =
                ds_file_append(batch->db, batch->claim->launch->id, side_roles[i], batch->side_type,
                               batch->sides[i].text, batch->sides[i].size, batch->pool);
    if (status == APR_SUCCESS)
        status = ds_queue_checkpoint(cancelled, batch->db, batch->claim, &batch->counters,
                                     checkpoint, batch->pool);
    return status;
}

static void batch_reset(dsw_batch_t *batch)
{
    int i;

    batch->open = 0;
    batch->careful = 0;
    batch->rows = 0;
    batch->weight = 0;
    batch->began = ds_clock_steady();
    for (i = 0; i < DSW_SIDES; i++)
        batch->sides[i].size = 0;
    apr_pool_clear(batch->pool);
}

void dsw_batch_rollback(dsw_batch_t *batch)
{
    if (batch->open)
        ds_db_rollback(batch->db);
    batch->counters = batch->committed;
    batch_reset(batch);
}

apr_status_t dsw_batch_commit(int *cancelled, dsw_batch_t *batch, const ds_checkpoint_t *checkpoint)
{
    apr_status_t status = dsw_batch_open(batch);

    *cancelled = 0;
    if (status == APR_SUCCESS)
        status = batch_finish(cancelled, batch, checkpoint);
    if (status == APR_SUCCESS) {
        status = ds_db_commit(batch->db);
        batch->open = 0;
    }
    if (status != APR_SUCCESS) {
        dsw_batch_rollback(batch);
        return status;
    }
    batch->committed = batch->counters;
    batch->checkpoint = *checkpoint;
    batch_reset(batch);
    ds_db_yield(batch->db);
    return APR_SUCCESS;
}

void dsw_batch_careful_set(dsw_batch_t *batch)
{
    batch->careful = 1;
}

int dsw_batch_is_careful(const dsw_batch_t *batch)
{
    return batch->careful;
}

const ds_counters_t *dsw_batch_counters(const dsw_batch_t *batch)
{
    return &batch->counters;
}

const ds_checkpoint_t *dsw_batch_checkpoint(const dsw_batch_t *batch)
{
    return &batch->checkpoint;
}
