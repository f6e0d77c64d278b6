/* Paging: which page of an API to ask for next, and when it was the last.
 *
 * A state machine without any I/O: the facts of an answer go in, the next request or an end comes
 * out. Its state is a short text that is kept with the launch, so that another runner goes on where
 * one died. Worker only. */
#ifndef DS_SRC_PAGE_H
#define DS_SRC_PAGE_H

#include "ds_src_http.h"
#include "ds_src_spec.h"

/* Notices when a series of values goes round in a circle: at once when a value follows itself, else
 * before three times as many values have passed as there are before and in the circle. */
typedef struct ds_src_circle_t {
    apr_uint64_t last, mark;
    apr_int64_t steps, limit;
} ds_src_circle_t;

typedef struct ds_src_page_t {
    apr_int64_t requests;       /* pages that were taken */
    apr_int64_t position;       /* of the next page: its offset or its index */
    const char *next;           /* its URL or token; NULL: the first page, or the paging has none */
    ds_src_circle_t links;      /* URLs and tokens */
    ds_src_circle_t contents;   /* of pages */
    apr_uint64_t done;          /* digest of the records of the next page that are in already */
    int attempts;               /* at the next page, that had no good answer before a pause */
    apr_interval_time_t paused; /* before the next page, all pauses together */
} ds_src_page_t;

/* What an answer says. */
typedef struct ds_src_facts_t {
    int status;             /* of HTTP */
    apr_int64_t records;    /* in the collection; 0: it is empty or not there */
    apr_uint64_t digest;    /* of the records: the same for pages that are the same */
    int is_over;            /* the end condition is met */
    const char *next;       /* what stands at the place of the pointer or token; NULL: nothing */
    const char *pages;      /* what stands where the number of pages is told; NULL: nothing */
    const char *first_page; /* where the index of the first page is told, likewise */
    const char *link;       /* the reference of Link: rel=next, or NULL */
} ds_src_facts_t;

typedef enum ds_src_step_e {
    DS_SRC_MORE,
    DS_SRC_END,
    DS_SRC_FAULT /* what was fetched cannot be all there is */
} ds_src_step_e;

/* At the first page. */
void ds_src_page_begin(ds_src_page_t *page, const ds_src_paging_t *paging);

/* The URL of the page, made from that of the spec's request; *header is what goes along with it,
 * its name NULL for nothing. */
const char *ds_src_page_url(ds_src_pair_t *header, const ds_src_page_t *page,
                            const ds_src_paging_t *paging, const char *url, apr_pool_t *pool);

/* Take the facts of the page that was asked for at url. The rules, in their order: an answer 204 or
 * without records ends it; so does the declared condition; so does the lack of a pointer, a token
 * or a link; so does the last page. A pointer to another origin, a page, token or URL that was
 * there before, a number of pages that is missing, and more requests than allowed are faults:
 * *problem says which. */
ds_src_step_e ds_src_page_step(ds_src_page_t *page, ds_problem_t **problem,
                               const ds_src_paging_t *paging, const ds_src_facts_t *facts,
                               const char *url, apr_pool_t *pool);

/* The state as a text, and back; false when the text is none. */
const char *ds_src_page_write(const ds_src_page_t *page, apr_pool_t *pool);
int ds_src_page_read(ds_src_page_t *page, const char *text, apr_pool_t *pool);

/* The reference that a Link header (RFC 8288) gives as the next page, or NULL. */
const char *ds_src_page_link_read(const ds_src_http_answer_t *answer, apr_pool_t *pool);

/* A digest of bytes (FNV-1a), to be continued. Begin with DS_SRC_DIGEST. */
#define DS_SRC_DIGEST APR_UINT64_C(0xcbf29ce484222325)
apr_uint64_t ds_src_page_digest(apr_uint64_t digest, const char *data, apr_size_t size);

#endif
