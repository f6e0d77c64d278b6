/* Members of a source spec, each with its place in the document, and a report of what is wrong with
 * them.
 *
 * Only for the files that read a spec (ds_src_spec*.c). A mistake never ends the reading: the value
 * is then left as it was. */
#ifndef DS_SRC_READ_H
#define DS_SRC_READ_H

#include <jansson.h>

#include "ds_src_spec.h"

#define DS_SRC_REPORT_MAX 50 /* sentences of one kind; more are not kept */

typedef struct ds_src_reader_t {
    ds_src_report_t *report;
    apr_pool_t *pool;
} ds_src_reader_t;

/* A value and its JSON path. json NULL: it is missing, and the path is where it would stand. */
typedef struct ds_src_node_t {
    json_t *json;
    const char *place;
} ds_src_node_t;

/* No report yet. */
void ds_src_report_init(ds_src_report_t *report, apr_pool_t *pool);

/* Add "PLACE: sentence". */
void ds_src_mistake_add(const ds_src_reader_t *reader, const char *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void ds_src_warning_add(const ds_src_reader_t *reader, const char *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A member of an object, or an element of an array. */
ds_src_node_t ds_src_member_get(const ds_src_reader_t *reader, const ds_src_node_t *node,
                                const char *name);
ds_src_node_t ds_src_element_get(const ds_src_reader_t *reader, const ds_src_node_t *node,
                                 size_t index);

/* Is it there, and an object? Anything else that is there is a mistake. */
int ds_src_object_check(const ds_src_reader_t *reader, const ds_src_node_t *node);

/* Warn of members that are not in the list, which ends with NULL: nobody looks at them. */
void ds_src_members_check(const ds_src_reader_t *reader, const ds_src_node_t *node,
                          const char *const *known);

/* A member that is a text which is not empty; numbers, true and false count as texts. NULL when it
 * is missing, or a mistake. */
const char *ds_src_text_read(const ds_src_reader_t *reader, const ds_src_node_t *node,
                             const char *name);

/* The same; missing is a mistake: "is missing: REMEDY". */
const char *ds_src_text_need(const ds_src_reader_t *reader, const ds_src_node_t *node,
                             const char *name, const char *remedy);

/* A member that is a whole number of the range, also in quotes. Returns 0 when it is missing, or a
 * mistake. */
int ds_src_number_read(apr_int64_t *value, const ds_src_reader_t *reader, const ds_src_node_t *node,
                       const char *name, apr_int64_t least, apr_int64_t most);

/* An array of texts; NULL when it is missing. */
apr_array_header_t *ds_src_texts_read(const ds_src_reader_t *reader, const ds_src_node_t *node,
                                      const char *name);

/* A path; NULL after a mistake. */
const ds_fmt_jsonpath_t *ds_src_path_read(const ds_src_reader_t *reader, const char *place,
                                          const char *text);

/* A place in an answer (a path, or headers.NAME). Returns 0 after a mistake. */
int ds_src_place_read(ds_src_place_t *found, const ds_src_reader_t *reader, const char *place,
                      const char *text);

/* Is this the name of a part, such as urlParams? */
int ds_src_name_is_part(const char *name);

/* Look at the holes of a text (NULL: there is none): a name that is not described becomes one more
 * parameter of the spec, with a warning unless it stands in the host. */
void ds_src_holes_check(ds_src_spec_t *spec, const ds_src_reader_t *reader, const char *place,
                        const char *text, int is_host);

/* May a spec send this header? Else that is a mistake. */
int ds_src_header_check(const ds_src_reader_t *reader, const char *place, const char *name,
                        const char *value);

/* The parts of a spec. node: the part, which may be missing. */
void ds_src_params_read(ds_src_spec_t *spec, const ds_src_reader_t *reader,
                        const ds_src_node_t *node); /* sourceSpec.spec, or attributes.spec */
void ds_src_schedule_read(ds_src_spec_t *spec, const ds_src_reader_t *reader,
                          const ds_src_node_t *node);
void ds_src_resource_read(ds_src_spec_t *spec, const ds_src_reader_t *reader,
                          const ds_src_node_t *node);
void ds_src_headers_read(ds_src_spec_t *spec, const ds_src_reader_t *reader,
                         const ds_src_node_t *node);
void ds_src_body_read(ds_src_spec_t *spec, const ds_src_reader_t *reader,
                      const ds_src_node_t *node);
void ds_src_paging_read(ds_src_paging_t *paging, const ds_src_reader_t *reader,
                        const ds_src_node_t *node);

/* The JSON of a text, leniently: without commas before a closing bracket, with braces around
 * members that stand alone, each time with a warning. NULL after a mistake. The caller frees it. */
json_t *ds_src_json_load(const ds_src_reader_t *reader, const char *text, apr_size_t size);

#endif
