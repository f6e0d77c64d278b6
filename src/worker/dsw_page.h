/* One page of an API: looked through as a whole first, so that an answer that is not right fills no
 * field, then read record by record. Memory: one element, and what stands beside the array. */
#ifndef DSW_PAGE_H
#define DSW_PAGE_H

#include <jansson.h>

#include <apr_file_io.h>

#include "ds_src_login.h"
#include "ds_src_page.h"
#include "ds_src_spec.h"

typedef struct dsw_page_t dsw_page_t;

/* A reader for the pages of a spec, whose elements may have so many bytes. Who opens a large page,
 * or passes over much of one, looks after his own work meanwhile, outside of any transaction: what
 * watch says against it is the status of a problem. */
dsw_page_t *dsw_page_make(const ds_src_spec_t *spec, apr_size_t element_bytes,
                          const ds_src_watch_t *watch, apr_pool_t *pool);

/* Take a page, whose body is in a file, and say what it tells. It is then at its first record. file
 * must stay. The problem is DS_EINPUT: it is not JSON, or not what the spec says; its text is for
 * people. Or watch's. */
ds_problem_t *dsw_page_open(ds_src_facts_t *facts, dsw_page_t *page,
                            const ds_src_http_answer_t *answer, apr_file_t *file);

/* The next record, or NULL behind the last one; json_null() for an element that cannot be parsed,
 * of which brackets and quotes are right. Valid until the next call. The problem likewise. */
ds_problem_t *dsw_page_next(json_t **record, dsw_page_t *page);

/* Pass over so many records: *skipped, if there are as many. The problem as that of dsw_page_open.
 */
ds_problem_t *dsw_page_skip(apr_int64_t *skipped, dsw_page_t *page, apr_int64_t count);

/* To the first record again. */
void dsw_page_rewind(dsw_page_t *page);

/* Of the elements up to the record at hand. */
apr_uint64_t dsw_page_digest(const dsw_page_t *page);

/* Let it go. */
void dsw_page_close(dsw_page_t *page);

#endif
