/* A source spec: Adobe's JSON description of a REST API to pull records from, read into a struct.
 *
 * Used by httpd's parent (apachectl -t), datasyncctl and the worker. Pure: it reads no file and
 * sends nothing. The source of every rule is the configuration of source specs for self-serve
 * sources (batch SDK), and docs/sources.md tells what is supported of it.
 *
 * Members stand directly in sourceSpec.attributes, or in sourceSpec.attributes.spec.properties.
 * Everything in a spec lives in its pool and is never changed after it was read. */
#ifndef DS_SRC_SPEC_H
#define DS_SRC_SPEC_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "ds_fmt_jsonpath.h"

#define DS_SRC_REQUESTS_DEFAULT 10000   /* of one run */
#define DS_SRC_WRAPPER_DEFAULT "record" /* where the array is the whole answer */
#define DS_SRC_LIST_MAX 200             /* parameters, headers, attributes of one list */

/* A parameter of the query, or a header. The value may have holes (ds_src_hole.h). */
typedef struct ds_src_pair_t {
    const char *name;
    const char *value;
} ds_src_pair_t;

/* Where a value stands in an answer: in its body, or in one of its headers (headers.NAME). Both
 * NULL: nowhere. */
typedef struct ds_src_place_t {
    const ds_fmt_jsonpath_t *path; /* names one place */
    const char *header;
} ds_src_place_t;

/* contentPath and explodeEntityPath. */
typedef struct ds_src_content_t {
    const ds_fmt_jsonpath_t *path; /* of the array; contentPath's has names only */
    const char *wrapper;           /* what each element is called in its record; never NULL */
    apr_array_header_t *skip;      /* of const char *: attributes that are left out; or NULL */
    apr_array_header_t *keep;      /* of const char *: the siblings that are kept; NULL: all */
} ds_src_content_t;

typedef enum ds_src_paging_e {
    DS_SRC_PAGING_NONE,
    DS_SRC_PAGING_OFFSET,
    DS_SRC_PAGING_POINTER,
    DS_SRC_PAGING_TOKEN,
    DS_SRC_PAGING_PAGE
} ds_src_paging_e;

typedef enum ds_src_end_e {
    DS_SRC_END_NEVER, /* the spec has no end condition */
    DS_SRC_END_VALUE, /* the value is this one (Const:VALUE) */
    DS_SRC_END_EMPTY, /* it is null, "", [] or {} */
    DS_SRC_END_EXIST,
    DS_SRC_END_NONEXIST
} ds_src_end_e;

typedef struct ds_src_paging_t {
    ds_src_paging_e kind;
    const char *limit_name; /* of the query; NULL: the size of a page is not asked for */
    apr_int64_t limit;      /* records of a page; 0: not said */
    const char *name;       /* what carries the offset, the token or the page; NULL: nothing does */
    int in_header;          /* the token is sent in a header, not in the query */
    ds_src_place_t next;    /* where the pointer or the token stands */
    apr_int64_t first_page;
    apr_int64_t last_page;        /* the index of the last page that is asked for; -1: not said */
    ds_src_place_t first_page_at; /* where the answer tells the first index, before first_page */
    ds_src_place_t pages_at;      /* where it tells how many pages there are */
    apr_int64_t requests_max;     /* of one run */
    apr_interval_time_t delay;    /* between two requests */
    ds_src_place_t end_at;        /* what the end condition looks at */
    ds_src_end_e end;
    const char *end_value; /* of DS_SRC_END_VALUE; as text */
} ds_src_paging_t;

typedef enum ds_src_schedule_e {
    DS_SRC_SCHEDULE_NONE,   /* every run fetches everything */
    DS_SRC_SCHEDULE_PARAMS, /* start and end of the window are parameters of the query */
    DS_SRC_SCHEDULE_ADVANCE /* an expression fills {SCHEDULE_QUERY} */
} ds_src_schedule_e;

typedef struct ds_src_schedule_t {
    ds_src_schedule_e kind;
    const char *start_name;   /* of DS_SRC_SCHEDULE_PARAMS */
    const char *end_name;     /* likewise; NULL: the window's end is not sent */
    const char *start_format; /* ds_fmt_dotnet.h; never NULL */
    const char *end_format;   /* likewise */
    const char *incremental;  /* of DS_SRC_SCHEDULE_ADVANCE, with {START_TIME} and {END_TIME} */
    const char *backfill;     /* likewise */
    int is_placed;            /* {SCHEDULE_QUERY} stands somewhere */
} ds_src_schedule_t;

typedef enum ds_src_type_e {
    DS_SRC_TYPE_STRING,
    DS_SRC_TYPE_INTEGER,
    DS_SRC_TYPE_NUMBER,
    DS_SRC_TYPE_BOOLEAN
} ds_src_type_e;

/* A user parameter: what spec.properties says of it (the part of JSON Schema draft 7 that is
 * supported), or one that is only named by a hole. */
typedef struct ds_src_param_t {
    const char *name;
    ds_src_type_e type;
    int required;                /* the schema says so, or a hole needs it */
    const char *preset;          /* default; NULL: none */
    apr_array_header_t *allowed; /* enum, of const char *; NULL: any */
    apr_int64_t min_length;      /* characters */
    apr_int64_t max_length;      /* likewise; -1: any */
    int has_minimum;
    int has_maximum;
    double minimum;
    double maximum;
    const char *format;  /* date, date-time, email, uri or NULL */
    const char *pattern; /* ds_src_pattern.h; of a text alone; or NULL */
} ds_src_param_t;

typedef struct ds_src_spec_t {
    const char *method; /* GET or POST */
    const char *host;   /* http(s)://host, may have holes; NULL: the configuration must name one */
    const char *path;   /* begins with /; may have holes, and a query */
    apr_array_header_t *query;   /* of ds_src_pair_t */
    apr_array_header_t *headers; /* of ds_src_pair_t */
    const char *body;            /* the text of a JSON value with holes; NULL: no body */
    ds_src_content_t content;
    ds_src_content_t *explode; /* NULL: records are not split further */
    ds_src_paging_t paging;
    ds_src_schedule_t schedule;
    apr_array_header_t *params; /* of ds_src_param_t */
} ds_src_spec_t;

/* What is wrong with a spec. Each sentence begins with the JSON path of its place, such as
 * $.sourceSpec.attributes.paginationParams.limitValue, and says what to do. */
typedef struct ds_src_report_t {
    apr_array_header_t *mistakes; /* of const char *; the spec cannot be used */
    apr_array_header_t *warnings; /* of const char *; it can */
} ds_src_report_t;

/* Read a spec into pool. *spec is NULL when there are mistakes, which are all collected. text need
 * not end with a NUL. */
void ds_src_spec_read(ds_src_spec_t **spec, ds_src_report_t *report, const char *text,
                      apr_size_t size, apr_pool_t *pool);

/* Is this what a request can be sent to: http(s)://NAME[:PORT], perhaps with holes? NULL, or what
 * is wrong with it. */
const char *ds_src_host_fault(const char *host);

/* Is the name in the list (of const char *)? */
int ds_src_name_is_in(const apr_array_header_t *names, const char *name);

/* The user parameter that is called so, or NULL. */
ds_src_param_t *ds_src_param_find(const ds_src_spec_t *spec, const char *name);

/* Check the values that are given (of ds_source_param_t) against the spec, and add to the report: a
 * value that does not fit, one that is missing, one that the spec does not know. Then *values are
 * all that count, presets included, in pool. */
void ds_src_params_check(apr_array_header_t **values, ds_src_report_t *report,
                         const ds_src_spec_t *spec, const apr_array_header_t *given,
                         apr_pool_t *pool);

#endif
