/* Syncs: the configured flows, and what is known of them at run time. */
#ifndef DS_SYNC_H
#define DS_SYNC_H

#include <apr_pools.h>

#include "ds_db_table.h"
#include "ds_object.h"
#include "ds_reason.h"
#include "ds_source.h"

#define DS_SYNC_ID_MAX 64

typedef enum ds_sync_kind_e {
    DS_KIND_IMPORT,
    DS_KIND_DELETE,
    DS_KIND_EXPORT,
    DS_KIND_PULL
} ds_sync_kind_e;

typedef enum ds_sync_auth_e {
    DS_AUTH_TOKEN, /* a token of this sync's: the default */
    DS_AUTH_NONE,  /* open to everybody who reaches the server */
    DS_AUTH_HTTPD  /* the server's own Require lines decide */
} ds_sync_auth_e;

/* What a reader of strangers' files allows. */
typedef struct ds_limits_t {
    apr_int64_t upload;       /* bytes of one uploaded file */
    apr_int64_t rows;         /* records of one file, the header not counted */
    apr_int64_t row_length;   /* bytes of one record with its quotes and line end */
    apr_int64_t field_length; /* bytes of one cell, unquoted */
    apr_int64_t fields;       /* cells of one record */
} ds_limits_t;

typedef enum ds_sync_format_e { DS_FORMAT_CSV, DS_FORMAT_NDJSON, DS_FORMAT_JSON } ds_sync_format_e;

/* How an import takes its rows. */
typedef struct ds_import_t {
    const char *phrases[DS_REASONS]; /* words for reasons; NULL: the engine's own. Without words for
                                        DS_REASON_DUPLICATE nobody looks for such rows */
    apr_array_header_t *read_only;   /* of const char *: columns that nobody may fill, for which
                                        there are words; or NULL */
    apr_array_header_t *columns; /* of const char *: the fields that the columns of the file fill in
                                    their order, "" for none; NULL: the first line names them */
    apr_array_header_t *titles; /* of const char *, for each of `columns`: the name of its column in
                                   the first line; NULL: the order decides */
    int headless;               /* the file has no line of names; there are `columns` */
    int whole;                  /* fields that the file does not fill lose their values */
    int is_json; /* the file has items of JSON: `columns` are the fields that they fill, `titles`
                    the names of their members where these differ */
    int removes; /* items that say so are removed */
} ds_import_t;

/* A condition that exported rows fulfil; all of a sync's conditions together. */
typedef struct ds_filter_t {
    const char *field;
    const char *op;    /* one of = != < <= > >= */
    const char *value; /* in the field's normal form; "" with = and != means no value */
} ds_filter_t;

typedef struct ds_order_t {
    const char *field;
    int descending;
} ds_order_t;

/* What an export can write beside fields: when a row came and was changed last, and its id. */
#define DS_COLUMN_GUID "_guid" /* beside DS_COLUMN_CREATED and DS_COLUMN_UPDATED */

#define DS_QUERY_SIZE_MAX 65536 /* bytes of a query */

/* Queries that clients write, in place of an export's own rows (docs/queries.md). */
typedef struct ds_query_t {
    int is_allowed;
    int seconds;               /* that one may take */
    apr_int64_t rows;          /* of its result */
    apr_int64_t bytes;         /* of the file */
    apr_int64_t memory;        /* bytes that it may need */
    const char *text;          /* of a launch: its query; NULL: none */
    apr_array_header_t *syncs; /* of const char *: with it, the exports whose objects it may read */
} ds_query_t;

/* What an export writes. The last six are for launches alone (ds_options.h). */
typedef struct ds_export_t {
    apr_array_header_t *fields;  /* of const char *, in order; empty: all of the object */
    apr_array_header_t *filters; /* of ds_filter_t */
    apr_array_header_t *order;   /* of ds_order_t; empty: as the rows are stored */
    int header;                  /* begin with a line of names (CSV only) */
    ds_sync_format_e format;
    apr_array_header_t *titles; /* of const char *, for each of `fields` the name that stands in the
                                   file; NULL: the names of the fields */
    const char *empty;          /* what stands for no value in CSV; never NULL */
    const char *template;       /* what is written for each row of a CSV file; NULL: its values */
    const char *span_column;    /* only rows of a time: DS_COLUMN_CREATED or UPDATED; NULL: all */
    const char *span[2];        /* the first and the last moment, as a datetime is stored */
    ds_query_t query;
} ds_export_t;

typedef struct ds_sync_t {
    const char *id;
    const char *name; /* never NULL: the id where nothing was given */
    ds_sync_kind_e kind;
    const char *object_name;
    const ds_object_t *object; /* set by ds_def_check */
    ds_sync_auth_e auth;
    char delimiter; /* ',' ';' or '\t'; NUL: taken from the header line */
    ds_limits_t limits;
    ds_import_t import;
    ds_export_t export;
    ds_source_t *source;        /* of a pull; else NULL */
    int queue_limit;            /* launches of this sync that may wait; 0: no limit of its own */
    const char *schedule;       /* five cron fields or an @word, or NULL */
    const char *zone;           /* IANA name, never NULL */
    const char *integration_id; /* a UUID in lower case, for protocols that name syncs so; NULL
                                   until it is one of a definition (ds_def_sync_add) */
} ds_sync_t;

/* A sync of kind import with the default limits, in pool. */
ds_sync_t *ds_sync_make(const char *id, apr_pool_t *pool);

/* May this be the id of a sync: letters, digits, - _ and ., starting with a letter or digit, at
 * most DS_SYNC_ID_MAX bytes, and none of the words that are parts of our paths (import, export,
 * delete, remove)? NULL when it may, else what is wrong. */
const char *ds_sync_id_fault(const char *id);

const char *ds_sync_kind_name(ds_sync_kind_e kind);
int ds_sync_kind_find(ds_sync_kind_e *kind, const char *name);
const char *ds_sync_auth_name(ds_sync_auth_e auth);
int ds_sync_auth_find(ds_sync_auth_e *auth, const char *name);

const char *ds_sync_format_name(ds_sync_format_e format);
int ds_sync_format_find(ds_sync_format_e *format, const char *name);

/* Add to what an export writes; the sync must have its object. The problem names the field, and for
 * a filter the operator or the value that does not fit the field's type. */
ds_problem_t *ds_sync_field_add(ds_sync_t *sync, const char *field, apr_pool_t *pool);
ds_problem_t *ds_sync_filter_add(ds_sync_t *sync, const char *field, const char *op,
                                 const char *value, apr_pool_t *pool);
ds_problem_t *ds_sync_order_add(ds_sync_t *sync, const char *field, int descending,
                                apr_pool_t *pool);

/* What the database knows of a sync. One without a row is enabled and has no due time. */
typedef struct ds_sync_status_t {
    int enabled;
    apr_time_t next_at;   /* the next due time, 0: none */
    const char *schedule; /* the schedule and zone that next_at was reckoned with, or NULL */
} ds_sync_status_t;

apr_status_t ds_sync_status_get(ds_sync_status_t *status, ds_db_t *db, const char *id,
                                apr_pool_t *pool);

/* Store the next due time (0: none) and the schedule it was reckoned with. For the keeper. */
apr_status_t ds_sync_schedule_set(ds_db_t *db, const char *id, const char *schedule,
                                  apr_time_t next_at);

/* Switch it, for all nodes and from now on. */
apr_status_t ds_sync_enabled_set(ds_db_t *db, const char *id, int enabled);

#endif
