/* What the files of a scan share: the SQL that is alike, and the watch. For src/db/ds_db_scan*.c.
 */
#ifndef DS_DB_SCAN_PRIVATE_H
#define DS_DB_SCAN_PRIVATE_H

#include "ds_db_scan.h"
#include "ds_db_sql.h"

#define DS_DB_SCAN_TURN apr_time_from_msec(500) /* between two questions to the watch */

struct ds_db_scan_t {
    ds_db_t *db;
    const ds_db_query_t *query; /* NULL: it only holds the moment */
    ds_db_scan_t *first;        /* whose moment it reads; NULL: its own */
    int besides;                /* how many have been begun beside it */
    ds_db_watch_cb *watch;
    void *baton;
    apr_time_t asked_at; /* when the watch was last asked; 0: not yet */
    apr_status_t status; /* why nothing more can be read, or what the watch said */
    const char **values;
    void *rows; /* the statement of SQLite or the page of PostgreSQL; NULL: none yet, or no more */
    int row;    /* PostgreSQL: the next one of its page */
    const char *cursor; /* PostgreSQL: its name, */
    const char *fetch;  /* the statement for the next page, */
    const char *close;  /* and the one that ends it before its transaction does */
};

/* Ask the watch when it is time. True when it says that the scan must end. */
int ds_db_scan_watch_ask(ds_db_scan_t *scan);

/* Note what the driver said, unless there is a reason already; returns the reason. */
apr_status_t ds_db_scan_fail(ds_db_scan_t *scan, int ret);

/* "" with = and != stands for NULL: such a condition has no placeholder. */
int ds_db_scan_has_value(const ds_db_condition_t *condition);

/* Add " FROM table t WHERE ..." with numbered placeholders, ?1 or $1::type. */
void ds_db_scan_from_add(ds_db_sql_t *sql, const ds_db_scan_t *scan);

/* Add " ORDER BY a, b DESC, ": what tells equal rows apart must follow. NULL comes before all
 * values. */
void ds_db_scan_order_add(ds_db_sql_t *sql, const ds_db_scan_t *scan);

#endif
