/* Many processes at one database, as the children and workers of several servers are: what one of
 * them does is done once. */
#include <sys/wait.h>

#include "ds_def.h"

#include "database.h"

#define CROWD 6
#define LAUNCHES 60

/* One member of a crowd: 0 when all went well. */
typedef int (*work_cb)(ds_db_t *db, int number);

static void member_run(work_cb work, int number, int start)
{
    char byte;
    ds_db_t *db;

    apr_pool_create(&test_pool, NULL);
    db = database_open(1);
    if (!db || read(start, &byte, 1) != 0)
        _exit(99);
    _exit(work(db, number));
}

/* Let all begin at the same moment. How many of them were content. */
static int crowd_run(work_cb work)
{
    int ends[2], i, status, content = 0;

    fflush(stdout);
    if (pipe(ends) != 0)
        exit(1);
    for (i = 0; i < CROWD; i++) {
        pid_t pid = fork();

        if (pid < 0)
            exit(1);
        if (pid == 0) {
            close(ends[1]);
            member_run(work, i, ends[0]);
        }
    }
    close(ends[0]);
    close(ends[1]);
    for (i = 0; i < CROWD; i++)
        if (wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
            content++;
    return content;
}

/* Who has waited too long comes again, as everybody does: a slow disk makes a crowd wait. */
static int comes_again(apr_status_t status)
{
    static int turns;

    return status == DS_EBUSY && turns++ < 1000;
}

/* Old programs and new ones. */
static int migrate(ds_db_t *db, int number)
{
    ds_problem_t *problem;

    do
        problem = number % 2 ? ds_db_migrate(db, test_pool) : ds_db_migrate_to(db, 1, test_pool);
    while (problem && comes_again(problem->status));
    if (problem)
        fprintf(stderr, "# %s\n", problem->text);
    return problem != NULL;
}

static int define(ds_db_t *db, int number)
{
    ds_def_t *def = ds_def_make(test_pool);
    ds_object_t *object = ds_object_make("Person", test_pool);
    ds_problem_t *problem;

    ds_object_field_add(object, "id", "integer", NULL, test_pool);
    ds_object_field_add(object, number % 2 ? "one" : "other", "string", "40", test_pool);
    ds_object_key_add(object, "id", test_pool);
    ds_def_object_add(def, object, test_pool);
    do
        problem = ds_def_store(def, db, test_pool);
    while (problem && comes_again(problem->status));
    return problem != NULL;
}

static apr_status_t upload(ds_launch_t **launch, ds_db_t *db, const ds_launch_request_t *request)
{
    ds_file_writer_t *writer;
    apr_status_t status;
    int repeated;

    do {
        ds_file_writer_begin(&writer, db, "input", "a.csv", "text/csv", test_pool);
        ds_file_writer_append(writer, "vin\nA\n", 6);
        status = ds_launch_accept(launch, &repeated, db, request, writer, test_pool);
    } while (comes_again(status));
    return status;
}

static int upload_once(ds_db_t *db, int number)
{
    ds_launch_request_t request = {.sync = sync_make("once", "car_c"), .key = "k"};
    ds_launch_t *launch = NULL;

    return upload(&launch, db, &request) != APR_SUCCESS || !launch || launch->id != 1;
}

/* Each tries to put five more into a queue that takes ten. */
static int upload_many(ds_db_t *db, int number)
{
    ds_launch_request_t request = {.sync = sync_make("many", "other"), .queue_limit = 10};
    ds_launch_t *launch;
    int i;

    for (i = 0; i < 5; i++) {
        apr_status_t status = upload(&launch, db, &request);

        if (status != APR_SUCCESS && status != DS_ELIMIT)
            return 1;
    }
    return 0;
}

/* Take launches and end them until none is left, and look each time whether the queue is in order.
 */
static int queue_work(ds_db_t *db, int number)
{
    const char *owner = apr_psprintf(test_pool, "runner %d", number);
    apr_array_header_t *faults;
    ds_claim_t *claim;

    while (outside_number("SELECT count(*) FROM ds_launch WHERE state = 'queued'") > 0) {
        apr_status_t status = ds_queue_claim(&claim, db, owner, apr_time_from_sec(30), test_pool);

        if (status == DS_ENOTFOUND || comes_again(status))
            continue;
        if (status != APR_SUCCESS || ds_check_run(&faults, db, test_pool) != APR_SUCCESS ||
            faults->nelts)
            return 1;
        do
            status = ds_queue_finish(db, claim, DS_LAUNCH_FINISHED, owner);
        while (comes_again(status));
        if (status != APR_SUCCESS)
            return 2;
    }
    return 0;
}

static void test_schema(void)
{
    ds_db_t *db;

    tap_is_number(crowd_run(migrate), CROWD, "many may make the schema at once");
    db = database_open(0);
    tap_ok(db != NULL, "which is whole then");
    tap_is_number(outside_number("SELECT count(*) FROM ds_schema"), 1, "and was made once");
    ds_db_close(db);
    tap_is_number(crowd_run(define), CROWD, "many may store their definitions at once");
    tap_is_number(outside_number("SELECT count(one) + count(other) FROM \\\"Person\\\""), 0,
                  "and the table has the columns of all");
}

static void test_accepting(void)
{
    tap_is_number(crowd_run(upload_once), CROWD, "the same upload may come to many at once");
    tap_is_number(outside_number("SELECT count(*) FROM ds_launch"), 1, "and is accepted once");
    tap_is_number(crowd_run(upload_many), CROWD, "many may fill the queue at once");
    tap_is_number(outside_number("SELECT count(*) FROM ds_launch"), 10, "and not overfill it");
}

static void test_claiming(void)
{
    static const char *const objects[] = {"car_c", "person", "stock"};
    ds_db_t *db = database_open(0);
    int i;

    for (i = 10; i < LAUNCHES; i++)
        launch_accept(db, sync_make("work", objects[i % 3]), "x\n");
    ds_db_close(db);
    tap_is_number(crowd_run(queue_work), CROWD, "many may take launches at once");
    tap_is_number(outside_number("SELECT count(*) FROM ds_launch WHERE state = 'finished'"
                                 " AND attempt = 1 AND owner IS NULL"),
                  LAUNCHES, "each launch is taken once");
    tap_is_number(outside_number("SELECT count(*) FROM ds_launch a JOIN ds_launch b"
                                 " ON b.lane = a.lane AND b.id > a.id"
                                 " WHERE b.started_at < a.finished_at"),
                  0, "and those of one object one after the other, in the order of acceptance");
}

/* The newest launch. */
static int cancel(ds_db_t *db, int number)
{
    apr_int64_t id = outside_number("SELECT max(id) FROM ds_launch");
    ds_launch_state_e state = DS_LAUNCH_QUEUED;
    apr_status_t status;

    do
        status = ds_launch_cancel(&state, db, NULL, id, "x", test_pool);
    while (comes_again(status));
    if (status != APR_SUCCESS)
        fprintf(stderr, "# cancel: %d, %s\n", status, ds_db_error(db));
    return status != APR_SUCCESS || state != DS_LAUNCH_CANCELLED;
}

/* One cancels a launch, which it sees running, while its runner hands it back. */
static void test_cancelling(void)
{
    int ends[2], status = 1;
    ds_claim_t *claim = NULL;
    ds_db_t *db;
    pid_t pid;

    fflush(stdout);
    if (pipe(ends) != 0 || (pid = fork()) < 0)
        exit(1);
    if (pid == 0) {
        close(ends[1]);
        member_run(cancel, 0, ends[0]);
    }
    close(ends[0]);
    db = database_open(0);
    launch_accept(db, sync_make("back", "back_c"), "x\n");
    ds_queue_claim(&claim, db, "runner", apr_time_from_sec(30), test_pool);
    ds_db_begin(db);
    tap_is_number(ds_queue_release(db, "runner", test_pool), APR_SUCCESS,
                  "a runner hands its launch back");
    close(ends[1]);
    tap_ok(writer_wait(), "which another node waits for");
    ds_db_commit(db);
    tap_ok(waitpid(pid, &status, 0) == pid && status == 0, "and another node cancels it meanwhile");
    tap_is_number(outside_number("SELECT count(*) FROM ds_launch WHERE sync_id = 'back' AND state"
                                 " = 'cancelled' AND finished_at IS NOT NULL AND owner IS NULL"),
                  1, "so that it has ended");
    ds_db_close(db);
}

int main(void)
{
    database_begin();
    test_schema();
    test_accepting();
    test_claiming();
    test_cancelling();
    return database_end(database_open(0));
}
