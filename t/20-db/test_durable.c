/* Which commits wait for the disk: the program's own fsync counts. PostgreSQL is asked. */
#include <sys/stat.h>
#include <sys/syscall.h>

#include "database.h"
#include "ds_db_private.h"

static int syncs;

int fsync(int fd)
{
    syncs++;
    return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    syncs++;
    return (int)syscall(SYS_fdatasync, fd);
}

static int syncs_take(void)
{
    int taken = syncs;

    syncs = 0;
    return taken;
}

/* One launch from its upload to its end. */
static void test_launch(ds_db_t *db)
{
    ds_sync_t *sync = sync_make("cars", "car");
    ds_launch_t *launch;
    ds_claim_t *claim;

    syncs_take();
    launch = launch_accept(db, sync, "vin\nA\n");
    tap_ok(launch && syncs_take() > 0, "an upload that was accepted is on the disk");
    tap_is_number(ds_queue_claim(&claim, db, "runner", apr_time_from_sec(30), test_pool),
                  APR_SUCCESS, "a runner takes it");
    tap_is_number(syncs_take(), 0, "without waiting for the disk");
    tap_is_number(ds_queue_finish(db, claim, DS_LAUNCH_FINISHED, "1 row"), APR_SUCCESS,
                  "and ends it");
    tap_ok(syncs_take() > 0, "which is on the disk");
}

static void test_after_failure(ds_db_t *db)
{
    ds_db_t *other = database_open(0);

    ds_db_begin(other);
    ds_db_lazy_set(db);
    tap_is_number(ds_db_begin(db), DS_EBUSY, "a lazy transaction that cannot begin");
    ds_db_rollback(other);
    ds_db_close(other);
    syncs_take();
    ds_sync_enabled_set(db, "cars", 1);
    tap_ok(syncs_take() > 0, "does not make the next one lazy");
}

/* Chunks of 1 MiB, until the WAL is large. */
static void test_file(ds_db_t *db)
{
    static char chunk[DS_FILE_CHUNK_SIZE];
    ds_file_writer_t *writer;
    struct stat before, after;
    int i;

    stat(test_where.params, &before);
    syncs_take();
    ds_file_writer_begin(&writer, db, "input", "a.csv", "text/csv", test_pool);
    ds_file_writer_append(writer, chunk, sizeof(chunk));
    tap_is_number(syncs_take(), 0, "a chunk of an upload does not wait for the disk");
    for (i = 0; i < 70; i++)
        ds_file_writer_append(writer, chunk, sizeof(chunk));
    stat(test_where.params, &after);
    tap_ok(after.st_size - before.st_size > 50 * 1024 * 1024,
           "what was written is copied into the database before the WAL grows for ever");
}

static apr_status_t is_lazy(ds_db_t *db)
{
    return ds_db_execute(db, "SELECT 1 / (current_setting('synchronous_commit') = 'off')::int");
}

static void test_server_asked(ds_db_t *db)
{
    ds_db_lazy_set(db);
    ds_db_begin(db);
    tap_is_number(is_lazy(db), APR_SUCCESS, "a lazy transaction does not wait for the disk");
    tap_is_number(ds_db_commit(db), APR_SUCCESS, "and is committed");
    ds_db_begin(db);
    tap_is_number(is_lazy(db), DS_ECONSTRAINT, "the next one waits");
    ds_db_rollback(db);
}

int main(void)
{
    ds_db_t *db = database_make();

    if (test_server)
        test_server_asked(db);
    else {
        test_launch(db);
        test_after_failure(db);
        test_file(db);
    }
    return database_end(db);
}
