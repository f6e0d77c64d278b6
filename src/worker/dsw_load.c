#include "dsw_load.h"

#include <stdlib.h>
#include <string.h>

#include "ds_clock.h"

#define BATCH_ROWS 10000
#define BATCH_TIME apr_time_from_msec(200) /* others wait that long to write */
#define BATCH_FAILURES (1024 * 1024)       /* bytes of failure lines */
#define PENDING_BYTES (4 * 1024 * 1024)    /* copied values that wait for their statement */

struct dsw_load_t {
    ds_db_t *db;
    const ds_claim_t *claim;
    const ds_db_table_t *table;
    ds_db_upsert_t *upsert;
    apr_pool_t *batch_pool;

    ds_counters_t counters; /* with the batch at hand */
    ds_counters_t committed;
    ds_checkpoint_t checkpoint; /* committed */

    int open; /* the batch's transaction has begun */
    int careful;
    int rows; /* of the batch */
    apr_time_t began;
    const char *now; /* the batch's time for _updated_at */

    const char **values; /* rows that wait for their statement */
    int pending;
    apr_pool_t *pending_pool;
    apr_size_t pending_bytes;

    char *failures; /* lines of the batch */
    apr_size_t failures_size, failures_room;
};

static apr_status_t failures_free(void *data)
{
    free(((dsw_load_t *)data)->failures);
    return APR_SUCCESS;
}

dsw_load_t *dsw_load_make(ds_db_t *db, const ds_claim_t *claim, const ds_db_table_t *table,
                          apr_pool_t *pool)
{
    dsw_load_t *load = apr_pcalloc(pool, sizeof(*load));

    load->db = db;
    load->claim = claim;
    load->table = table;
    load->upsert = ds_db_upsert_make(db, table, pool);
    load->values = apr_palloc(pool, sizeof(char *) * (apr_size_t)table->count *
                                        (apr_size_t)ds_db_upsert_rows_max(load->upsert));
    load->counters = load->committed = claim->launch->rows;
    load->checkpoint = claim->checkpoint;
    load->began = apr_time_now();
    apr_pool_create(&load->batch_pool, pool);
    apr_pool_create(&load->pending_pool, pool);
    apr_pool_cleanup_register(pool, load, failures_free, apr_pool_cleanup_null);
    return load;
}

/* The transaction begins when the batch has its first thing to write. */
static apr_status_t batch_open(dsw_load_t *load)
{
    apr_status_t status;

    if (load->open)
        return APR_SUCCESS;
    status = load->careful ? ds_db_begin_tolerant(load->db) : ds_db_begin(load->db);
    load->open = status == APR_SUCCESS;
    load->now = ds_clock_rfc3339(apr_time_now(), load->batch_pool);
    return status;
}

static apr_status_t pending_write(dsw_load_t *load)
{
    apr_status_t status = APR_SUCCESS;

    if (load->pending) {
        status = batch_open(load);
        if (status == APR_SUCCESS)
            status = ds_db_upsert_rows(load->upsert, load->values, load->pending,
                                       load->claim->launch->id, load->now);
    }
    load->pending = 0;
    load->pending_bytes = 0;
    apr_pool_clear(load->pending_pool);
    return status;
}

static void values_copy(dsw_load_t *load, const char *const *values)
{
    const char **to = load->values + (apr_size_t)load->pending * load->table->count;
    int i;

    for (i = 0; i < load->table->count; i++) {
        apr_size_t size;

        to[i] = NULL;
        if (!values[i])
            continue;
        size = strlen(values[i]) + 1;
        to[i] = memcpy(apr_palloc(load->pending_pool, size), values[i], size);
        load->pending_bytes += size;
    }
    load->pending++;
}

/* One row in a transaction that passes over refused statements. */
static apr_status_t careful_write(dsw_load_t *load)
{
    apr_status_t status = pending_write(load);

    if (status == DS_ECONSTRAINT && ds_db_forgive(load->db) != APR_SUCCESS)
        return DS_ESTATE;
    return status;
}

apr_status_t dsw_load_row_add(dsw_load_t *load, const char *const *values)
{
    apr_status_t status = APR_SUCCESS;

    values_copy(load, values);
    if (load->careful)
        status = careful_write(load);
    else if (load->pending == ds_db_upsert_rows_max(load->upsert) ||
             load->pending_bytes >= PENDING_BYTES)
        status = pending_write(load);
    if (status == APR_SUCCESS) {
        load->counters.read++;
        load->counters.ok++;
        load->rows++;
    }
    return status;
}

void dsw_load_failure_text(dsw_load_t *load, const char *text, apr_size_t size)
{
    if (load->failures_size + size > load->failures_room) {
        load->failures_room = 2 * (load->failures_size + size);
        load->failures = realloc(load->failures, load->failures_room);
        if (!load->failures)
            abort();
    }
    memcpy(load->failures + load->failures_size, text, size);
    load->failures_size += size;
}

void dsw_load_failure_add(dsw_load_t *load, const char *line, apr_size_t size)
{
    dsw_load_failure_text(load, line, size);
    load->counters.read++;
    load->counters.failed++;
    load->rows++;
}

int dsw_load_is_full(const dsw_load_t *load)
{
    return load->rows >= BATCH_ROWS || load->failures_size >= BATCH_FAILURES ||
           ((load->rows & 63) == 63 && apr_time_now() - load->began >= BATCH_TIME);
}

/* Everything of a batch but its rows, in its transaction. */
static apr_status_t batch_finish(int *cancelled, dsw_load_t *load,
                                 const ds_checkpoint_t *checkpoint)
{
    apr_status_t status = APR_SUCCESS;

    if (load->failures_size)
        status = ds_file_append(load->db, load->claim->launch->id, "failures", load->failures,
                                load->failures_size, load->batch_pool);
    if (status == APR_SUCCESS)
        status = ds_queue_checkpoint(cancelled, load->db, load->claim, &load->counters, checkpoint,
                                     load->batch_pool);
    return status;
}

static void batch_reset(dsw_load_t *load)
{
    load->open = 0;
    load->careful = 0;
    load->rows = 0;
    load->pending = 0;
    load->pending_bytes = 0;
    load->failures_size = 0;
    load->began = apr_time_now();
    apr_pool_clear(load->pending_pool);
    apr_pool_clear(load->batch_pool);
}

void dsw_load_rollback(dsw_load_t *load)
{
    if (load->open)
        ds_db_rollback(load->db);
    load->counters = load->committed;
    batch_reset(load);
}

apr_status_t dsw_load_commit(int *cancelled, dsw_load_t *load, const ds_checkpoint_t *checkpoint)
{
    apr_status_t status = pending_write(load);

    *cancelled = 0;
    if (status == APR_SUCCESS)
        status = batch_open(load);
    if (status == APR_SUCCESS)
        status = batch_finish(cancelled, load, checkpoint);
    if (status == APR_SUCCESS) {
        status = ds_db_commit(load->db);
        load->open = 0;
    }
    if (status != APR_SUCCESS) {
        dsw_load_rollback(load);
        return status;
    }
    load->committed = load->counters;
    load->checkpoint = *checkpoint;
    batch_reset(load);
    ds_db_yield(load->db);
    return APR_SUCCESS;
}

void dsw_load_careful_set(dsw_load_t *load)
{
    load->careful = 1;
}

const ds_counters_t *dsw_load_counters(const dsw_load_t *load)
{
    return &load->counters;
}

const ds_checkpoint_t *dsw_load_checkpoint(const dsw_load_t *load)
{
    return &load->checkpoint;
}
