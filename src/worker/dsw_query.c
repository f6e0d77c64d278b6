#include "dsw_query.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>

#include "ds_clock.h"
#include "ds_log.h"
#include "dsw_answer.h"
#include "dsw_process.h"
#include "dsw_sandbox.h"

#define LOOK apr_time_from_msec(500)  /* between two questions to the watch */
#define PAUSE apr_time_from_msec(100) /* of one wait for the process */
#define CONDITIONS_MAX 16             /* that keys must equal something */

/* A reading of a table. */
typedef struct {
    ds_db_scan_t *scan; /* NULL: none */
    ds_db_query_t query;
    int table;
    apr_pool_t *pool;
} cursor_t;

struct dsw_query_t {
    const ds_query_t *terms;
    ds_db_watch_cb *watch;
    void *baton;
    dsw_layout_t **layouts; /* of the tables */
    dsw_sandbox_t sandbox;
    ds_db_scan_t *moment;
    cursor_t cursors[DSW_CURSORS_MAX];
    pid_t child;
    int fd;
    dsw_wire_t *wire;
    apr_time_t ends_at, asked_at;
    ds_problem_t *problem;
    dsw_answer_t *answer; /* NULL: its columns have not come yet */
    dsw_message_t rows;   /* what of them has not been read */
    int is_over;
    apr_pool_t *pool;
};

/* --- why it does not come to its end --- */

static apr_status_t fail(dsw_query_t *query, apr_status_t status, const char *words)
{
    query->problem = ds_problem_make(query->pool, status, "%s", words);
    return status;
}

static apr_status_t time_fail(dsw_query_t *query)
{
    return fail(query, DS_ELIMIT,
                apr_psprintf(query->pool, "The query took longer than the limit of %d seconds",
                             query->terms->seconds));
}

static apr_status_t memory_fail(dsw_query_t *query)
{
    return fail(query, DS_ELIMIT,
                apr_psprintf(query->pool,
                             "The query needs more than the limit of %" APR_INT64_T_FMT
                             " bytes of memory",
                             query->terms->memory));
}

/* Messages that are not as they should be come from a process that is no longer ours. */
static apr_status_t strange_fail(dsw_query_t *query)
{
    return fail(query, DS_EDB, "The query failed: its process said what nobody understands");
}

static apr_status_t fault_take(dsw_query_t *query, dsw_message_t *message)
{
    apr_int64_t fault;
    dsw_value_t words;

    if (!dsw_message_number_take(&fault, message) || !dsw_message_value_take(&words, message) ||
        words.type != DSW_VALUE_TEXT)
        return APR_EGENERAL;
    if (fault == DSW_FAULT_MEMORY)
        return memory_fail(query);
    words.text = dsw_answer_words(words.text, query->pool);
    return fault == DSW_FAULT_QUERY
               ? fail(query, DS_EINPUT, apr_pstrcat(query->pool, "sqlQuery: ", words.text, NULL))
               : fail(query, DS_EDB,
                      apr_pstrcat(query->pool, "The query failed: ", words.text, NULL));
}

/* --- the watch --- */

/* Also asked by the scans, in the middle of their statements. */
static apr_status_t query_watch(void *baton)
{
    dsw_query_t *query = baton;

    query->asked_at = ds_clock_steady();
    if (query->asked_at > query->ends_at)
        return time_fail(query);
    return query->watch(query->baton);
}

static apr_status_t watch_ask(dsw_query_t *query)
{
    if (dsw_process_stopping())
        return DS_ESTOPPED;
    return ds_clock_steady() - query->asked_at < LOOK ? APR_SUCCESS : query_watch(query);
}

static apr_status_t child_wait(void *baton, int fd, short events)
{
    struct pollfd item = {.fd = fd, .events = events};

    poll(&item, 1, (int)apr_time_as_msec(PAUSE));
    return watch_ask(baton);
}

/* --- what it reads --- */

/* The columns that a sync shows, as the sandbox sees them. A part of a key is none. */
static void table_describe(ds_db_table_t *table, const dsw_layout_t *layout,
                           const ds_object_t *object, apr_pool_t *pool)
{
    ds_db_column_t *columns = apr_palloc(pool, sizeof(*columns) * (apr_size_t)layout->count);
    int keys = 0, i;

    for (i = 0; i < layout->count; i++) {
        columns[i] = layout->query.table->columns[layout->places[i]];
        keys += columns[i].is_key;
    }
    for (i = 0; i < layout->count; i++)
        columns[i].is_key = columns[i].is_key && keys == object->keys->nelts;
    *table = (ds_db_table_t){layout->query.table->name, columns, layout->count, 0};
}

static ds_problem_t *tables_find(dsw_query_t *query, const ds_def_t *def)
{
    const apr_array_header_t *syncs = query->terms->syncs;
    apr_size_t most = (apr_size_t)syncs->nelts + 1;
    ds_db_table_t *tables = apr_palloc(query->pool, sizeof(*tables) * most);
    ds_problem_t *problem = NULL;
    int i;

    query->layouts = apr_palloc(query->pool, sizeof(*query->layouts) * most);
    for (i = 0; i < syncs->nelts && !problem; i++) {
        const ds_sync_t *sync = ds_def_sync_get(def, APR_ARRAY_IDX(syncs, i, const char *));
        int count = query->sandbox.table_count;

        if (!sync || sync->kind != DS_KIND_EXPORT || !sync->export.query.is_allowed)
            continue;
        problem = dsw_layout_make(&query->layouts[count], sync, query->pool);
        if (problem)
            break;
        table_describe(&tables[count], query->layouts[count], sync->object, query->pool);
        query->layouts[count]->query.sort_count = 0;
        query->sandbox.table_count++;
    }
    query->sandbox.tables = tables;
    return problem;
}

static void cursor_end(cursor_t *cursor)
{
    if (cursor->scan)
        ds_db_scan_end(cursor->scan);
    cursor->scan = NULL;
    if (cursor->pool)
        apr_pool_clear(cursor->pool);
}

/* A value that a column must equal, as a condition takes it; NULL when there is something wrong. */
static const char *condition_value(const ds_db_column_t *column, const dsw_value_t *value,
                                   apr_pool_t *pool)
{
    apr_size_t chars, bad;

    if (column->kind == DS_COLUMN_INTEGER && value->type == DSW_VALUE_INTEGER)
        return apr_psprintf(pool, "%" APR_INT64_T_FMT, value->integer);
    if (column->kind == DS_COLUMN_TEXT && value->type == DSW_VALUE_TEXT && value->length &&
        ds_value_utf8(&chars, &bad, value->text, value->length))
        return apr_pstrmemdup(pool, value->text, value->length);
    return NULL;
}

/* The conditions of the sync, and those of the message. False when it is not a good one. */
static int conditions_take(cursor_t *cursor, const dsw_layout_t *layout, dsw_message_t *message)
{
    const ds_db_query_t *base = &layout->query;
    int count = base->condition_count;
    ds_db_condition_t *conditions =
        apr_palloc(cursor->pool, sizeof(*conditions) * (apr_size_t)(count + CONDITIONS_MAX));
    apr_int64_t column;
    dsw_value_t value;

    memcpy(conditions, base->conditions, sizeof(*conditions) * (apr_size_t)count);
    while (dsw_message_number_take(&column, message) && column >= 0) {
        ds_db_condition_t *condition = &conditions[count];

        if (column >= layout->count || count - base->condition_count >= CONDITIONS_MAX ||
            !dsw_message_value_take(&value, message))
            return 0;
        *condition = (ds_db_condition_t){base->table->columns[layout->places[column]], "=", NULL};
        condition->value = condition_value(&condition->column, &value, cursor->pool);
        if (!condition->value)
            return 0;
        count++;
    }
    cursor->query = *base;
    cursor->query.conditions = conditions;
    cursor->query.condition_count = count;
    return 1;
}

static void row_add(dsw_query_t *query, const cursor_t *cursor, const char *const *values)
{
    const dsw_layout_t *layout = query->layouts[cursor->table];
    int i;

    dsw_wire_number_add(query->wire, DSW_PAGE_ROW);
    for (i = 0; i < layout->count; i++)
        dsw_wire_text_add(query->wire, values[layout->places[i]]);
}

static apr_status_t page_send(dsw_query_t *query, cursor_t *cursor)
{
    const char *const *values = NULL;
    apr_status_t status = APR_SUCCESS;

    dsw_wire_begin(query->wire, DSW_PAGE);
    while (cursor->scan && dsw_wire_size(query->wire) < DSW_PIECE_SIZE) {
        status = ds_db_scan_next(&values, cursor->scan);
        if (status != APR_SUCCESS)
            return status;
        if (values)
            row_add(query, cursor, values);
        else
            cursor_end(cursor);
    }
    dsw_wire_number_add(query->wire, cursor->scan ? DSW_PAGE_MORE : DSW_PAGE_LAST);
    return dsw_wire_send(query->wire);
}

static cursor_t *cursor_take(dsw_query_t *query, dsw_message_t *message)
{
    apr_int64_t number;

    return dsw_message_number_take(&number, message) && number >= 0 && number < DSW_CURSORS_MAX
               ? &query->cursors[number]
               : NULL;
}

static apr_status_t cursor_begin(dsw_query_t *query, dsw_message_t *message)
{
    cursor_t *cursor = cursor_take(query, message);
    apr_int64_t table;
    apr_status_t status;

    if (!cursor || !dsw_message_number_take(&table, message) || table < 0 ||
        table >= query->sandbox.table_count)
        return APR_EGENERAL;
    if (!cursor->pool)
        apr_pool_create(&cursor->pool, query->pool);
    cursor_end(cursor);
    cursor->table = (int)table;
    if (!conditions_take(cursor, query->layouts[table], message))
        return APR_EGENERAL;
    status = ds_db_scan_beside(&cursor->scan, query->moment, &cursor->query, cursor->pool);
    if (status != APR_SUCCESS)
        cursor->scan = NULL;
    return status == APR_SUCCESS ? page_send(query, cursor) : status;
}

/* --- its process --- */

static apr_status_t child_start(dsw_query_t *query)
{
    pid_t parent = getpid();
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return APR_FROM_OS_ERROR(errno);
    query->child = fork();
    if (query->child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(DSW_SANDBOX_WIRE);
        dsw_sandbox_run(&query->sandbox, ends[1], query->pool);
    }
    close(ends[1]);
    query->fd = ends[0];
    fcntl(query->fd, F_SETFL, O_NONBLOCK);
    query->wire =
        dsw_wire_make(query->fd, (apr_size_t)query->terms->memory, child_wait, query, query->pool);
    return query->child > 0 ? APR_SUCCESS : APR_EAGAIN;
}

/* Why the process has ended without a word. */
static apr_status_t death_explain(dsw_query_t *query)
{
    int how = 0;

    while (waitpid(query->child, &how, 0) < 0 && errno == EINTR)
        ;
    query->child = 0;
    if (WIFSIGNALED(how) && WTERMSIG(how) == SIGXCPU)
        return time_fail(query);
    if (WIFEXITED(how) && WEXITSTATUS(how) == DSW_SANDBOX_MEMORY)
        return memory_fail(query);
    ds_log(DS_LOG_ERR, APR_SUCCESS,
           DSLOGNO(0560) "the process of a query ended by itself: wait status %d", how);
    return fail(query, DS_EDB, "The query failed: its process ended by itself");
}

static apr_status_t columns_take(dsw_query_t *query, dsw_message_t *message)
{
    return query->answer ? APR_EGENERAL
                         : dsw_answer_make(&query->answer, &query->problem, message, query->pool);
}

static apr_status_t message_take(dsw_query_t *query, dsw_message_t *message)
{
    cursor_t *cursor;

    switch (message->kind) {
    case DSW_COLUMNS: return columns_take(query, message);
    case DSW_ROWS: query->rows = *message; return query->answer ? APR_SUCCESS : APR_EGENERAL;
    case DSW_OPEN: return cursor_begin(query, message);
    case DSW_MORE:
        cursor = cursor_take(query, message);
        return cursor ? page_send(query, cursor) : APR_EGENERAL;
    case DSW_CLOSE:
        cursor = cursor_take(query, message);
        if (cursor)
            cursor_end(cursor);
        return cursor ? APR_SUCCESS : APR_EGENERAL;
    case DSW_FAULT: return fault_take(query, message);
    case DSW_END: query->is_over = 1; return query->answer ? APR_SUCCESS : APR_EGENERAL;
    default: return APR_EGENERAL;
    }
}

static apr_status_t message_await(dsw_query_t *query)
{
    dsw_message_t message;
    apr_status_t status = dsw_wire_receive(&message, query->wire);

    if (status == DS_ELIMIT && !query->problem)
        return memory_fail(query);
    if (status == APR_SUCCESS)
        status = watch_ask(query);
    if (status == APR_SUCCESS)
        status = message_take(query, &message);
    if (status == APR_EOF)
        return death_explain(query);
    return status == APR_EGENERAL ? strange_fail(query) : status;
}

/* --- */

apr_status_t dsw_query_begin(dsw_query_t **result, ds_db_t *reader, const ds_sync_t *sync,
                             const ds_def_t *def, ds_db_watch_cb *watch, void *baton,
                             apr_pool_t *pool)
{
    const ds_query_t *terms = &sync->export.query;
    dsw_query_t *query = *result = apr_pcalloc(pool, sizeof(*query));
    apr_status_t status;

    *query = (dsw_query_t){.terms = terms, .watch = watch, .baton = baton, .fd = -1, .pool = pool};
    query->sandbox =
        (dsw_sandbox_t){.sql = terms->text, .memory = terms->memory, .seconds = terms->seconds};
    query->asked_at = ds_clock_steady();
    query->ends_at = query->asked_at + apr_time_from_sec(terms->seconds);
    query->problem = tables_find(query, def);
    if (query->problem)
        return query->problem->status;
    status = ds_db_scan_begin(&query->moment, reader, NULL, query_watch, query, pool);
    if (status != APR_SUCCESS)
        query->moment = NULL; /* it has been ended */
    if (status == APR_SUCCESS)
        status = child_start(query);
    while (status == APR_SUCCESS && !query->answer)
        status = message_await(query);
    return status;
}

const dsw_layout_t *dsw_query_layout(const dsw_query_t *query)
{
    return &query->answer->layout;
}

apr_status_t dsw_query_next(const char *const **values, dsw_query_t *query)
{
    apr_status_t status = APR_SUCCESS;

    *values = NULL;
    while (status == APR_SUCCESS && query->rows.at == query->rows.end && !query->is_over)
        status = message_await(query);
    if (status != APR_SUCCESS || query->rows.at == query->rows.end)
        return status;
    status = dsw_answer_row_take(&query->problem, query->answer, &query->rows);
    if (status == APR_SUCCESS)
        *values = query->answer->values;
    return status == APR_EGENERAL ? strange_fail(query) : status;
}

apr_status_t dsw_query_limit(dsw_query_t *query, apr_int64_t limit, const char *what)
{
    return fail(query, DS_ELIMIT,
                apr_psprintf(query->pool,
                             "The result of the query is larger than the limit of %" APR_INT64_T_FMT
                             " %s",
                             limit, what));
}

const ds_problem_t *dsw_query_problem(const dsw_query_t *query)
{
    return query->problem;
}

void dsw_query_end(dsw_query_t *query)
{
    int i;

    if (query->child > 0) {
        kill(query->child, SIGKILL);
        while (waitpid(query->child, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    if (query->fd >= 0)
        close(query->fd);
    for (i = 0; i < DSW_CURSORS_MAX; i++)
        cursor_end(&query->cursors[i]);
    if (query->moment)
        ds_db_scan_end(query->moment);
}
