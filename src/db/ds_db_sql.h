/* SQL under construction, for the tables of objects: the only SQL that is put together at run time.
 * For the files of src/db. Names come from checked definitions and are quoted; values are always
 * bound. */
#ifndef DS_DB_SQL_H
#define DS_DB_SQL_H

#include <apr_tables.h>

#include "ds_db_private.h"
#include "ds_db_table.h"

/* Pieces of text in order. */
typedef struct ds_db_sql_t {
    apr_pool_t *pool;
    apr_array_header_t *pieces;
} ds_db_sql_t;

typedef enum ds_db_which_e { DS_ALL_COLUMNS, DS_KEY_COLUMNS, DS_OTHER_COLUMNS } ds_db_which_e;

/* Begin with a piece. Pieces are not copied. */
ds_db_sql_t *ds_db_sql_begin(const char *piece, apr_pool_t *pool);

/* Add pieces; the list ends with NULL. */
void ds_db_sql_add(ds_db_sql_t *sql, ...) __attribute__((sentinel));

/* Add the names of columns with commas, each with a prefix. Returns how many there were. */
int ds_db_sql_columns_add(ds_db_sql_t *sql, const ds_db_table_t *table, ds_db_which_e which,
                          const char *prefix);

/* A column of the table `t`; the time when a row came is there whether it is stored or not. */
const char *ds_db_sql_column(const ds_db_column_t *column, apr_pool_t *pool);

/* Add a column of the table `t` as something to select: in both databases the text is what SQLite
 * keeps, truth as 1 or 0, times in UTC with a fraction only where there is one. */
void ds_db_sql_selected_add(ds_db_sql_t *sql, const ds_db_t *db, const ds_db_column_t *column);

/* The SQL type of a kind of column. */
const char *ds_db_sql_type(const ds_db_t *db, ds_db_column_e kind);

/* A placeholder for a value of that kind. */
const char *ds_db_sql_value(const ds_db_t *db, ds_db_column_e kind, apr_pool_t *pool);

/* Everything so far. */
const char *ds_db_sql_text(const ds_db_sql_t *sql);

/* A name in double quotes. */
const char *ds_db_sql_name(const char *name, apr_pool_t *pool);

/* A statement that was put together: prepared at its first use, and anew when the schema changed.
 * The connection keeps what was prepared, for the next statement of the same text: the driver frees
 * nothing before the connection is closed. */
typedef struct ds_db_composed_t {
    const char *text; /* NULL: not put together yet */
    apr_dbd_prepared_t *prepared;
} ds_db_composed_t;

/* Run one with text values, in the order of its placeholders. changed is the number of rows. */
apr_status_t ds_db_composed_query(int *changed, ds_db_t *db, ds_db_composed_t *statement,
                                  const char **values);

/* PostgreSQL: begin a statement with numbered placeholders, $1 and so on, that gives no rows, and
 * come back before it has ended. Whatever uses the connection next waits for it and gives its
 * failure (ds_db_settle); so does a commit. */
apr_status_t ds_db_composed_begin(ds_db_t *db, const char *text, const char *const *values,
                                  int count);

/* Run one that gives rows, into pool. */
apr_status_t ds_db_composed_select(ds_db_rows_t **rows, ds_db_t *db, ds_db_composed_t *statement,
                                   const char **values, apr_pool_t *pool);

#endif
