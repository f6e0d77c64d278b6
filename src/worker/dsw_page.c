#include "dsw_page.h"

#include <string.h>

#include <apr_strings.h>

#include "ds_clock.h"
#include "ds_fmt_split.h"
#include "ds_json.h"
#include "ds_src_flatten.h"
#include "ds_src_path.h"

#define PIECE (64 * 1024)
#define REST_MAX (4 * 1024 * 1024)
#define DEPTH_MAX 100
#define WATCH_PAUSE apr_time_from_sec(1)

struct dsw_page_t {
    const ds_src_spec_t *spec;
    ds_fmt_split_limits_t limits;
    ds_src_watch_t watch;
    int is_watched;         /* this may take long, and no transaction is open */
    apr_time_t watched_at;  /* by the steady clock */
    apr_pool_t *pool;       /* of the page */
    apr_pool_t *split_pool; /* of one reading of it */
    apr_pool_t *element_pool;
    char *piece;
    apr_file_t *file;
    ds_fmt_split_t *split;
    json_t *rest;              /* the answer, the array with its first element alone */
    json_t *parent;            /* the object in `rest` that has the array; or NULL */
    json_t *element;           /* at hand */
    ds_src_records_t *records; /* of the page */
    apr_uint64_t digest;
};

static apr_status_t json_drop(void *data)
{
    dsw_page_close(data);
    return APR_SUCCESS;
}

dsw_page_t *dsw_page_make(const ds_src_spec_t *spec, apr_size_t element_bytes,
                          const ds_src_watch_t *watch, apr_pool_t *pool)
{
    dsw_page_t *page = apr_pcalloc(pool, sizeof(*page));

    page->spec = spec;
    page->watch = *watch;
    page->limits = (ds_fmt_split_limits_t){element_bytes, REST_MAX, DEPTH_MAX};
    page->piece = apr_palloc(pool, PIECE);
    apr_pool_create(&page->pool, pool);
    apr_pool_create(&page->split_pool, pool);
    apr_pool_create(&page->element_pool, pool);
    apr_pool_pre_cleanup_register(pool, page, json_drop);
    return page;
}

/* --- elements --- */

static void element_drop(dsw_page_t *page)
{
    apr_pool_clear(page->element_pool);
    json_decref(page->element);
    page->element = NULL;
}

void dsw_page_rewind(dsw_page_t *page)
{
    apr_off_t start = 0;

    element_drop(page);
    apr_file_seek(page->file, APR_SET, &start);
    apr_pool_clear(page->split_pool);
    page->split =
        ds_fmt_split_make(page->spec->content.path->steps, page->spec->content.path->count,
                          &page->limits, page->split_pool);
    page->digest = DS_SRC_DIGEST;
}

static ds_problem_t *fault_make(const dsw_page_t *page)
{
    const ds_fmt_split_fault_t *fault = ds_fmt_split_fault(page->split);

    return ds_problem_make(page->pool, DS_EINPUT,
                           "the answer cannot be read at byte %" APR_INT64_T_FMT
                           ", behind %" APR_INT64_T_FMT " records: %s",
                           fault->offset, fault->elements, fault->text);
}

static ds_problem_t *page_watch(dsw_page_t *page)
{
    apr_time_t now = ds_clock_steady();
    apr_status_t status;

    if (!page->is_watched || now - page->watched_at < WATCH_PAUSE)
        return NULL;
    page->watched_at = now;
    status = page->watch.look(page->watch.baton);
    return status == APR_SUCCESS ? NULL : ds_problem_make(page->pool, status, "The page was left");
}

static ds_problem_t *piece_feed(dsw_page_t *page)
{
    apr_size_t size = 0;
    apr_status_t status = apr_file_read_full(page->file, page->piece, PIECE, &size);
    ds_problem_t *problem = page_watch(page);

    if (problem)
        return problem;
    if (status != APR_SUCCESS && !APR_STATUS_IS_EOF(status))
        return ds_problem_make(page->pool, DS_EINPUT, "the answer's file cannot be read: %s",
                               ds_problem_status_text(status, page->pool));
    if (size)
        ds_fmt_split_feed(page->split, page->piece, size);
    else
        ds_fmt_split_end(page->split);
    return NULL;
}

/* *next is ELEMENT or END. */
static ds_problem_t *element_read(ds_fmt_split_next_e *next, ds_fmt_split_element_t *element,
                                  dsw_page_t *page)
{
    ds_problem_t *problem = NULL;

    while (!problem && (*next = ds_fmt_split_next(element, page->split)) == DS_SPLIT_MORE)
        problem = piece_feed(page);
    if (problem)
        return problem;
    if (*next == DS_SPLIT_FAULT)
        return fault_make(page);
    if (*next == DS_SPLIT_ELEMENT)
        page->digest = ds_src_page_digest(page->digest, element->text, element->length);
    return NULL;
}

/* NULL: it is no JSON, or holds what nobody here can keep: a NUL, half of a surrogate pair, bytes
 * that are not UTF-8. */
static json_t *element_parse(const ds_fmt_split_element_t *element, dsw_page_t *page)
{
    return ds_json_load(element->text, element->length, JSON_DECODE_ANY, NULL, page->element_pool);
}

/* --- the page as a whole --- */

/* What stands where the array should. */
static json_t *content_find(dsw_page_t *page)
{
    const ds_fmt_jsonpath_t *path = page->spec->content.path;
    ds_fmt_jsonpath_t above = {path->count - 1, path->steps};

    page->parent = path->count ? ds_src_path_get(page->rest, &above) : NULL;
    return ds_src_path_get(page->rest, path);
}

/* May the first step of the path be made in it? */
static int is_way(const json_t *root, const ds_fmt_jsonpath_t *path)
{
    return !path->count ||
           (path->steps->kind == DS_JSONPATH_INDEX ? json_is_array(root) : json_is_object(root));
}

static ds_problem_t *rest_take(dsw_page_t *page, json_t *first)
{
    apr_size_t size;
    const char *text = ds_fmt_split_rest(&size, page->split);
    json_error_t error;
    json_t *content;

    if (!size && page->spec->content.path->count)
        return ds_problem_make(page->pool, DS_EINPUT, "the answer is empty: it is not JSON");
    if (!size)
        return NULL;
    page->rest = ds_json_load(text, size, JSON_DECODE_ANY, &error, page->pool);
    if (!page->rest)
        return ds_problem_make(page->pool, DS_EINPUT, "the answer is not JSON: %s", error.text);
    if (!is_way(page->rest, page->spec->content.path))
        return ds_problem_make(page->pool, DS_EINPUT, "the answer is not an %s",
                               json_is_object(page->rest) ? "array" : "object");
    content = content_find(page);
    if (content && !json_is_null(content) && !json_is_array(content))
        return ds_problem_make(page->pool, DS_EINPUT, "there is no array at contentPath %s",
                               ds_fmt_jsonpath_print(page->spec->content.path, page->pool));
    if (first && json_is_array(content))
        json_array_append(content, first);
    return NULL;
}

static json_t *place_get(const dsw_page_t *page, const ds_src_place_t *place,
                         const ds_src_http_answer_t *answer)
{
    const char *text = place->header ? ds_src_http_header_get(answer, place->header) : NULL;

    if (place->header)
        return text ? json_string(text) : NULL;
    return place->path && page->rest ? json_incref(ds_src_path_get(page->rest, place->path)) : NULL;
}

static const char *text_get(const dsw_page_t *page, const ds_src_place_t *place,
                            const ds_src_http_answer_t *answer)
{
    json_t *value = place_get(page, place, answer);
    const char *text = ds_src_value_text(value, page->pool);

    text = text ? apr_pstrdup(page->pool, text) : NULL;
    json_decref(value);
    return text;
}

static void facts_fill(ds_src_facts_t *facts, const dsw_page_t *page,
                       const ds_src_http_answer_t *answer)
{
    const ds_src_paging_t *paging = &page->spec->paging;
    json_t *value;

    if (paging->end != DS_SRC_END_NEVER) {
        value = place_get(page, &paging->end_at, answer);
        facts->is_over = ds_src_end_is_met(paging, value, page->pool);
        json_decref(value);
    }
    facts->next = text_get(page, &paging->next, answer);
    facts->pages = text_get(page, &paging->pages_at, answer);
    facts->first_page = text_get(page, &paging->first_page_at, answer);
    facts->link = ds_src_page_link_read(answer, page->pool);
}

static ds_problem_t *page_look(ds_src_facts_t *facts, dsw_page_t *page)
{
    ds_fmt_split_next_e next = DS_SPLIT_END;
    ds_fmt_split_element_t element;
    json_t *first = NULL;
    ds_problem_t *problem;

    for (;;) {
        problem = element_read(&next, &element, page);
        if (problem || next != DS_SPLIT_ELEMENT)
            break;
        if (!facts->records++)
            first = element_parse(&element, page);
    }
    if (!problem)
        problem = rest_take(page, first);
    json_decref(first);
    facts->digest = page->digest;
    return problem;
}

ds_problem_t *dsw_page_open(ds_src_facts_t *facts, dsw_page_t *page,
                            const ds_src_http_answer_t *answer, apr_file_t *file)
{
    ds_problem_t *problem = NULL;

    *facts = (ds_src_facts_t){.status = answer->status};
    dsw_page_close(page);
    page->file = file;
    dsw_page_rewind(page);
    page->is_watched = 1;
    if (answer->status != 204)
        problem = page_look(facts, page);
    page->is_watched = 0;
    if (!problem)
        facts_fill(facts, page, answer);
    if (problem)
        return problem;
    page->records = ds_src_records_make(page->spec, page->parent, page->pool);
    dsw_page_rewind(page);
    return NULL;
}

void dsw_page_close(dsw_page_t *page)
{
    element_drop(page);
    json_decref(page->rest);
    page->rest = page->parent = NULL;
    apr_pool_clear(page->pool);
}

/* --- records --- */

ds_problem_t *dsw_page_next(json_t **record, dsw_page_t *page)
{
    ds_fmt_split_next_e next;
    ds_fmt_split_element_t element;
    ds_problem_t *problem;

    *record = page->element ? ds_src_records_next(page->records) : NULL;
    if (*record)
        return NULL;
    element_drop(page);
    problem = element_read(&next, &element, page);
    if (problem || next == DS_SPLIT_END)
        return problem;
    page->element = element_parse(&element, page);
    if (!page->element) {
        *record = json_null();
        return NULL;
    }
    ds_src_records_begin(page->records, page->element);
    *record = ds_src_records_next(page->records);
    return NULL;
}

ds_problem_t *dsw_page_skip(apr_int64_t *skipped, dsw_page_t *page, apr_int64_t count)
{
    json_t *record = NULL;
    ds_problem_t *problem = NULL;

    page->is_watched = 1;
    for (*skipped = 0; *skipped < count; ++*skipped) {
        problem = dsw_page_next(&record, page);
        if (problem || !record)
            break;
    }
    page->is_watched = 0;
    return problem;
}

apr_uint64_t dsw_page_digest(const dsw_page_t *page)
{
    return page->digest;
}
