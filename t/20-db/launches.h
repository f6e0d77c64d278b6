/* What the tests of the worker's launches share: an object, and a launch run as a runner does. */
#ifndef TEST_LAUNCHES_H
#define TEST_LAUNCHES_H

#include <signal.h>
#include <sys/wait.h>

#include "dsw_delete.h"
#include "dsw_export.h"
#include "dsw_import.h"

#include "database.h"

/* The object "car" with a field of most types, and its table. */
static inline ds_object_t *car_make(ds_db_t *db, int marks)
{
    static const char *const fields[][2] = {{"vin", "string"},    {"doors", "integer"},
                                            {"price", "decimal"}, {"sold", "boolean"},
                                            {"seen", "datetime"}, {"note", "text"}};
    ds_object_t *object = ds_object_make("car", test_pool);
    ds_def_t *def = ds_def_make(test_pool);
    ds_problem_t *problem;
    unsigned i;

    for (i = 0; i < sizeof(fields) / sizeof(*fields); i++)
        ds_object_field_add(object, fields[i][0], fields[i][1], NULL, test_pool);
    ds_object_key_add(object, "vin", test_pool);
    object->delete_marks = marks;
    ds_def_object_add(def, object, test_pool);
    problem = ds_def_store(def, db, test_pool);
    if (problem)
        printf("Bail out! %s\n", problem->text);
    return object;
}

static inline ds_sync_t *car_sync(const char *id, ds_sync_kind_e kind, ds_object_t *object)
{
    ds_sync_t *sync = sync_make(id, object->name);

    sync->kind = kind;
    sync->object = object;
    return sync;
}

static inline ds_claim_t *claim_take(ds_db_t *db)
{
    ds_claim_t *claim = NULL;

    ds_queue_claim(&claim, db, "runner", apr_time_from_sec(30), test_pool);
    return claim;
}

/* Run a claimed launch, and end it where it has come to an end. */
static inline dsw_result_t claim_run(ds_db_t *db, const ds_claim_t *claim, const ds_sync_t *sync)
{
    ds_settings_t *settings = ds_settings_make(test_pool);
    ds_def_t *def = ds_def_make(test_pool); /* for queries alone */
    dsw_t worker = {.pool = test_pool, .settings = settings, .wake_fd = -1};
    dsw_result_t result;

    settings->db_driver = test_where.driver;
    settings->db_params = test_where.params;
    switch (sync->kind) {
    case DS_KIND_DELETE: result = dsw_delete_run(db, claim, sync, test_pool); break;
    case DS_KIND_EXPORT: result = dsw_export_run(&worker, db, claim, sync, def, test_pool); break;
    default: result = dsw_import_run(db, claim, sync, test_pool);
    }
    if (result.outcome == DSW_DONE)
        ds_queue_finish(db, claim, result.state, result.message);
    else if (result.outcome == DSW_INTERRUPTED)
        ds_queue_release(db, claim->owner, test_pool);
    return result;
}

static inline ds_launch_t *launch_get(ds_db_t *db, apr_int64_t id)
{
    ds_launch_t *launch = NULL;

    ds_launch_get(&launch, db, NULL, id, test_pool);
    return launch;
}

/* Make a launch, with a text as its file where text is not NULL, and run it. */
static inline ds_launch_t *launch_run(ds_db_t *db, const ds_sync_t *sync, const char *text,
                                      int dry_run)
{
    ds_launch_request_t request = {.sync = sync, .dry_run = dry_run};
    ds_launch_t *launch = NULL;
    ds_file_writer_t *writer;
    int repeated;

    if (text) {
        ds_file_writer_begin(&writer, db, "input", "a.csv", "text/csv", test_pool);
        ds_file_writer_append(writer, text, strlen(text));
        ds_launch_accept(&launch, &repeated, db, &request, writer, test_pool);
    }
    else
        ds_launch_start(&launch, db, &request, 1, 0, test_pool);
    claim_run(db, claim_take(db), sync);
    return launch_get(db, launch->id);
}

/* A launch's file as text, or NULL. */
static inline const char *file_text(ds_db_t *db, apr_int64_t launch_id, const char *role)
{
    const char *text = "", *data;
    apr_int64_t start, offset = 0;
    apr_size_t size;
    ds_file_t *file;

    if (ds_file_get(&file, db, launch_id, role, test_pool) != APR_SUCCESS)
        return NULL;
    while (ds_file_chunk_read(&data, &size, &start, db, file->id, offset, test_pool) ==
           APR_SUCCESS) {
        text = apr_pstrcat(test_pool, text, apr_pstrmemdup(test_pool, data, size), NULL);
        offset = start + (apr_int64_t)size;
    }
    return text;
}

/* In a process of its own that has been asked to stop: claim a launch and run it until it looks. A
 * connection does not survive a fork: *db is closed and opened anew. The outcome. */
static inline dsw_outcome_e stopping_run(ds_db_t **db, const ds_sync_t *sync)
{
    int status = 0;
    pid_t pid;

    ds_db_close(*db);
    pid = fork();
    if (pid == 0) {
        sigset_t blocked;

        sigemptyset(&blocked);
        sigaddset(&blocked, SIGTERM);
        sigprocmask(SIG_BLOCK, &blocked, NULL);
        raise(SIGTERM);
        *db = database_open(0);
        _exit(claim_run(*db, claim_take(*db), sync).outcome);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        exit(1);
    *db = database_open(0);
    return (dsw_outcome_e)WEXITSTATUS(status);
}

/* Run the next launch, stopped again and again, to its end; how often it was stopped. */
static inline int stopping_turns(ds_db_t **db, const ds_sync_t *sync)
{
    int turns = 0;

    while (turns < 5000 && stopping_run(db, sync) == DSW_INTERRUPTED)
        turns++;
    return turns;
}

static inline int lines_of(const char *text)
{
    int lines = 0;

    for (; text && *text; text++)
        lines += *text == '\n';
    return lines;
}

#endif
