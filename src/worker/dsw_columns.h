/* Which column of a file fills which field of an object. */
#ifndef DSW_COLUMNS_H
#define DSW_COLUMNS_H

#include "ds_db_table.h"
#include "ds_fmt_csv.h"
#include "ds_sync.h"

/* The last column of the files beside a launch. A file that has one is such a file, sent again. */
#define DSW_FAILURE_COLUMN "Import Failure Reason"
#define DSW_WARNING_COLUMN "Import Warning Reason"

#define DSW_REASON_SIZE 512

typedef struct dsw_columns_t {
    int count;                 /* columns of the file */
    const ds_field_t **fields; /* for each of them: its field, or NULL for an unknown one */
    int *slots;                /* for each of them: its place among the values, or -1 */
    ds_db_table_t table;       /* the columns of the table that the file fills */
    int has_key;               /* every field of the key is there */
    int updated_at;            /* the place of the object's UpdatedAt field, or -1 */
    const char *unknown;       /* a sentence about columns that are no fields, or NULL */
    const ds_import_t *import; /* words for reasons, columns that nobody may fill */
    const char **read_only;    /* for each column of the file: its name when it is such, or NULL */
    const char **values;       /* room for one row: table.count values */
    char (*normals)[DS_VALUE_NORMAL_SIZE];

    /* of the row that was checked last */
    char warning[DSW_REASON_SIZE]; /* "" for none */
    const char *given;             /* for each value: is it to be written? NULL: all are */
    int is_removal;                /* it is to be removed: only the key is filled */
} dsw_columns_t;

/* Match a header with a sync's object; with keys_only other fields than the key's are passed over.
 * The problem when two columns fill the same field. */
ds_problem_t *dsw_columns_map(dsw_columns_t **columns, const ds_sync_t *sync,
                              const ds_fmt_csv_record_t *header, int keys_only, apr_pool_t *pool);

/* Check a record and fill columns->values, which point into it. True when the row is good; else the
 * reason, for the last column of the failures file. row is its number, counted from 1. */
int dsw_columns_check(char reason[DSW_REASON_SIZE], dsw_columns_t *columns,
                      const ds_fmt_csv_record_t *record, apr_int64_t row);

/* Check one cell of a column that has a field, and fill its value. */
int dsw_columns_cell_check(char reason[DSW_REASON_SIZE], dsw_columns_t *columns, int column,
                           const ds_fmt_csv_cell_t *cell);

/* Add to the sentence about what is no field: a name, and what it is, such as "column 4". */
void dsw_columns_unknown_add(dsw_columns_t *columns, const char *what, const char *name,
                             apr_size_t length, apr_pool_t *pool);

#endif
