#include "dsm_db.h"

#include <ap_mpm.h>
#include <http_log.h>
#include <http_main.h>

#include <apr_atomic.h>
#include <apr_reslist.h>
#include <apr_strings.h>

#include "ds_log.h"

APLOG_USE_MODULE(datasync);

/* Unused memory that a connection keeps, in bytes. One that reads chunks: room for one, or each
 * would be given by the system anew, page by page. */
#define FREE_MAX (128 * 1024)
#define READER_FREE_MAX (2 * 1024 * 1024)
/* How long a request waits for another one to give its connection back. */
#define WAIT_MAX apr_time_from_sec(5)

/* Connections that read chunks. Each keeps a cache of its own, and a chunk while it reads. */
#define READERS_MAX 2

/* How the connections of a list are opened. */
typedef struct list_t {
    const ds_db_where_t *where;
    apr_size_t free_max;
} list_t;

static apr_reslist_t *connections; /* of this child; NULL: no sync is defined */
static apr_reslist_t *readers;     /* likewise */

/* A pool with an allocator of its own: connections are used by different threads at once, and the
 * memory of one that was closed goes back to the system. */
static apr_status_t connection_pool_make(apr_pool_t **made, apr_size_t free_max, apr_pool_t *parent)
{
    apr_allocator_t *allocator;
    apr_status_t status = apr_allocator_create(&allocator);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = apr_pool_create_ex(made, parent, NULL, allocator);
    if (status != APR_SUCCESS) {
        apr_allocator_destroy(allocator);
        return status;
    }
    apr_allocator_owner_set(allocator, *made);
    apr_allocator_max_free_set(allocator, free_max);
    return APR_SUCCESS;
}

/* One line when the database goes, and one when it comes back: not one for each request between. */
static void open_note(const ds_problem_t *problem)
{
    static volatile apr_uint32_t is_away;
    apr_uint32_t was_away = apr_atomic_xchg32(&is_away, problem != NULL);

    if (problem && !was_away) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, ap_server_conf, DSLOGNO(0040) "%s", problem->text);
    }
    else if (!problem && was_away) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, ap_server_conf,
                     DSLOGNO(0042) "the database can be used again");
    }
}

static apr_status_t connection_open(void **resource, void *params, apr_pool_t *parent)
{
    const list_t *list = params;
    ds_problem_t *problem;
    dsm_db_t *connection;
    apr_pool_t *pool;
    apr_status_t status = connection_pool_make(&pool, list->free_max, parent);

    if (status != APR_SUCCESS) {
        return status;
    }
    connection = apr_pcalloc(pool, sizeof(*connection));
    connection->pool = pool;
    problem = ds_db_open(&connection->db, list->where, pool);
    open_note(problem);
    if (problem) {
        status = problem->status;
        apr_pool_destroy(pool);
        return status;
    }
    *resource = connection;
    return APR_SUCCESS;
}

static apr_status_t connection_close(void *resource, void *params, apr_pool_t *parent)
{
    dsm_db_t *connection = resource;

    apr_pool_destroy(connection->pool);
    return APR_SUCCESS;
}

/* Each list has a pool of its own to open connections in: only its own lock guards that. */
static apr_status_t list_make(apr_reslist_t **list, const ds_db_where_t *where, int most,
                              apr_size_t free_max, apr_pool_t *pchild)
{
    list_t *how = apr_palloc(pchild, sizeof(*how));
    apr_pool_t *parent;
    apr_status_t status = connection_pool_make(&parent, free_max, pchild);

    *how = (list_t){where, free_max};

    if (status == APR_SUCCESS) {
        status = apr_reslist_create(list, 0, most, most, 0, connection_open, connection_close, how,
                                    parent);
    }
    if (status == APR_SUCCESS) {
        apr_reslist_timeout_set(*list, WAIT_MAX);
        /* Connections use apr_dbd, which goes with pchild: close them before. */
        apr_reslist_cleanup_order_set(*list, APR_RESLIST_CLEANUP_FIRST);
    }
    return status;
}

apr_status_t dsm_db_pool_open(const ds_db_where_t *where, apr_pool_t *pchild)
{
    int threads = 1;
    apr_status_t status;

    ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    if (threads < 1) {
        threads = 1;
    }
    status = list_make(&connections, where, threads, FREE_MAX, pchild);
    if (status == APR_SUCCESS) {
        status = list_make(&readers, where, threads < READERS_MAX ? threads : READERS_MAX,
                           READER_FREE_MAX, pchild);
    }
    return status;
}

static apr_status_t acquire_from(dsm_db_t **connection, apr_reslist_t *list)
{
    void *resource;
    apr_status_t status = list ? apr_reslist_acquire(list, &resource) : APR_EGENERAL;

    if (APR_STATUS_IS_TIMEUP(status)) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, ap_server_conf,
                     DSLOGNO(0041) "all database connections of this process are in use");
    }
    if (status != APR_SUCCESS) {
        return DS_EBUSY;
    }
    *connection = resource;
    (*connection)->home = list;
    return APR_SUCCESS;
}

apr_status_t dsm_db_acquire(dsm_db_t **connection)
{
    return acquire_from(connection, connections);
}

apr_status_t dsm_db_reader_acquire(dsm_db_t **connection)
{
    return acquire_from(connection, readers);
}

ds_records_t *dsm_db_records_get(dsm_db_t *connection, const ds_object_t *object)
{
    ds_records_t *records;

    if (!connection->records) {
        connection->records = apr_hash_make(connection->pool);
    }
    records = apr_hash_get(connection->records, object->name, APR_HASH_KEY_STRING);
    if (!records) {
        records = ds_records_make(connection->db, object, connection->pool);
        apr_hash_set(connection->records, object->name, APR_HASH_KEY_STRING, records);
    }
    return records;
}

void dsm_db_release(dsm_db_t *connection, apr_status_t outcome)
{
    if (outcome == DS_EDB || outcome == DS_EBUSY) {
        apr_reslist_invalidate(connection->home, connection);
    }
    else {
        apr_reslist_release(connection->home, connection);
    }
}

apr_status_t dsm_db_use(const char **cause, dsm_db_use_cb *use, void *baton, apr_pool_t *pool)
{
    dsm_db_t *connection;
    apr_status_t status = dsm_db_acquire(&connection);

    *cause = NULL;
    if (status != APR_SUCCESS) {
        return status;
    }
    status = use(baton, connection, pool);
    if (status == DS_EDB || status == DS_EBUSY) {
        *cause = apr_pstrdup(pool, ds_db_error(connection->db));
    }
    dsm_db_release(connection, status);
    return status;
}
