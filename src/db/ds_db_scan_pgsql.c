/* A scan of PostgreSQL: a cursor, read by pages. While a page or the order of all rows is made, the
 * connection is waited for without blocking, so that the watch can be asked meanwhile.
 * apr_dbd knows no such waiting, so these statements go to libpq itself. */
#include <libpq-fe.h>
#include <poll.h>
#include <sys/socket.h>

#include <apr_strings.h>

#include "ds_db_scan_private.h"

#define PAGE_ROWS "1000"

static PGconn *native(const ds_db_scan_t *scan)
{
    return apr_dbd_native_handle(scan->db->driver, scan->db->handle);
}

static const char *cursor_sql(const ds_db_scan_t *scan, apr_pool_t *pool)
{
    ds_db_sql_t *sql = ds_db_sql_begin("DECLARE ", pool);
    int i;

    ds_db_sql_add(sql, scan->cursor, " NO SCROLL CURSOR FOR SELECT ", NULL);
    for (i = 0; i < scan->query->table->count; i++) {
        ds_db_sql_add(sql, i ? ", " : "", NULL);
        ds_db_sql_selected_add(sql, scan->db, &scan->query->table->columns[i]);
    }
    ds_db_scan_from_add(sql, scan);
    if (scan->query->sort_count) {
        ds_db_scan_order_add(sql, scan);
        ds_db_sql_add(sql, "t.ctid", NULL);
    }
    return ds_db_sql_text(sql);
}

/* Wait until the answer is there. A statement that must end loses its connection: to cancel it
 * would mean to wait for a server that may not answer. The server sees it (connection.sql). */
static void answer_wait(ds_db_scan_t *scan)
{
    struct pollfd socket = {.fd = PQsocket(native(scan)), .events = POLLIN};

    while (PQisBusy(native(scan))) {
        int ready = poll(&socket, 1, (int)apr_time_as_msec(DS_DB_SCAN_TURN));

        if (scan->status == APR_SUCCESS && ds_db_scan_watch_ask(scan))
            shutdown(socket.fd, SHUT_RDWR);
        if (ready > 0 && !PQconsumeInput(native(scan)))
            return;
    }
}

/* The answer to the statement that was sent, when it is one of this kind; else NULL. */
static PGresult *answer_take(ds_db_scan_t *scan, int sent, ExecStatusType wanted)
{
    PGresult *answer = NULL, *next;

    if (sent) {
        ds_db_call_begin(scan->db);
        answer_wait(scan);
        ds_db_call_end(scan->db);
        answer = PQgetResult(native(scan));
    }
    if (answer && PQresultStatus(answer) == wanted && scan->status == APR_SUCCESS) {
        while ((next = PQgetResult(native(scan))) != NULL)
            PQclear(next);
        return answer;
    }
    ds_db_scan_fail(scan, 1);
    PQclear(answer);
    while ((next = PQgetResult(native(scan))) != NULL)
        PQclear(next);
    return NULL;
}

static void page_drop(ds_db_scan_t *scan)
{
    PQclear(scan->rows);
    scan->rows = NULL;
}

/* An empty page is the end. */
static void page_read(ds_db_scan_t *scan)
{
    page_drop(scan);
    scan->row = 0;
    scan->rows = answer_take(scan, PQsendQuery(native(scan), scan->fetch), PGRES_TUPLES_OK);
    if (scan->rows && PQntuples(scan->rows) == 0)
        page_drop(scan);
}

static void cursor_open(ds_db_scan_t *scan, apr_pool_t *pool)
{
    const ds_db_query_t *query = scan->query;
    const char **values =
        apr_pcalloc(pool, sizeof(char *) * (apr_size_t)(query->condition_count + 1));
    int count = 0, i;

    scan->cursor = scan->first ? apr_psprintf(pool, "ds_scan_%d", scan->first->besides) : "ds_scan";
    scan->fetch = apr_pstrcat(pool, "FETCH " PAGE_ROWS " FROM ", scan->cursor, NULL);
    scan->close = apr_pstrcat(pool, "CLOSE ", scan->cursor, NULL);
    for (i = 0; i < query->condition_count; i++)
        if (ds_db_scan_has_value(&query->conditions[i]))
            values[count++] = query->conditions[i].value;
    PQclear(answer_take(
        scan,
        PQsendQueryParams(native(scan), cursor_sql(scan, pool), count, NULL, values, NULL, NULL, 0),
        PGRES_COMMAND_OK));
}

apr_status_t ds_db_pgsql_scan_begin(ds_db_scan_t *scan, apr_pool_t *pool)
{
    apr_status_t status = APR_SUCCESS;

    if (!scan->first)
        status = ds_db_execute(scan->db, ds_db_text(scan->db, STMT_SCAN_BEGIN));
    if (status == APR_SUCCESS && !scan->query)
        return ds_db_execute(scan->db, ds_db_text(scan->db, STMT_PGSQL_SCAN_LINGER));
    if (status != APR_SUCCESS)
        return status;
    cursor_open(scan, pool);
    if (scan->status == APR_SUCCESS)
        page_read(scan);
    return scan->status;
}

int ds_db_pgsql_scan_next(ds_db_scan_t *scan)
{
    int i;

    if (scan->row == PQntuples(scan->rows))
        page_read(scan);
    if (!scan->rows)
        return 0;
    for (i = 0; i < scan->query->table->count; i++)
        scan->values[i] =
            PQgetisnull(scan->rows, scan->row, i) ? NULL : PQgetvalue(scan->rows, scan->row, i);
    scan->row++;
    return 1;
}

void ds_db_pgsql_scan_end(ds_db_scan_t *scan)
{
    page_drop(scan);
    if (scan->first && scan->cursor && scan->status == APR_SUCCESS)
        PQclear(answer_take(scan, PQsendQuery(native(scan), scan->close), PGRES_COMMAND_OK));
}
