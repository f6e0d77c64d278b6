#include "ds_src_page.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "ds_fmt_utf8.h"
#include "ds_src_url.h"

#define NEXT_MAX 8192 /* bytes of a pointer or token: it is stored with each batch */
#define INDEX_MAX APR_INT64_C(1000000000000000) /* of a page, and of how many there are */

apr_uint64_t ds_src_page_digest(apr_uint64_t digest, const char *data, apr_size_t size)
{
    apr_size_t i;

    for (i = 0; i < size; i++)
        digest = (digest ^ (unsigned char)data[i]) * APR_UINT64_C(0x100000001b3);
    return digest;
}

/* Brent's way: what is marked comes round again. True when the value was there before. */
static int circle_closes(ds_src_circle_t *circle, apr_uint64_t value)
{
    int seen = circle->limit && (value == circle->last || value == circle->mark);

    circle->last = value;
    if (++circle->steps >= circle->limit) {
        circle->mark = value;
        circle->steps = 0;
        circle->limit = circle->limit ? 2 * circle->limit : 1;
    }
    return seen;
}

void ds_src_page_begin(ds_src_page_t *page, const ds_src_paging_t *paging)
{
    *page =
        (ds_src_page_t){.position = paging->kind == DS_SRC_PAGING_PAGE ? paging->first_page : 0};
}

/* --- what to ask --- */

static const char *number_set(const char *url, const char *name, apr_int64_t number,
                              apr_pool_t *pool)
{
    return ds_src_url_query_set(url, name, apr_psprintf(pool, "%" APR_INT64_T_FMT, number), pool);
}

/* Is the index of the first page what its answer says? */
static int is_told_first(const ds_src_paging_t *paging)
{
    return paging->first_page_at.path || paging->first_page_at.header;
}

const char *ds_src_page_url(ds_src_pair_t *header, const ds_src_page_t *page,
                            const ds_src_paging_t *paging, const char *url, apr_pool_t *pool)
{
    int has_position =
        paging->kind == DS_SRC_PAGING_OFFSET ||
        (paging->kind == DS_SRC_PAGING_PAGE && (page->requests || !is_told_first(paging)));

    *header = (ds_src_pair_t){NULL, NULL};
    if (page->next && paging->kind != DS_SRC_PAGING_TOKEN)
        return page->next;
    if (paging->limit_name && paging->limit)
        url = number_set(url, paging->limit_name, paging->limit, pool);
    if (paging->name && has_position)
        url = number_set(url, paging->name, page->position, pool);
    if (page->next && paging->in_header)
        *header = (ds_src_pair_t){paging->name, page->next};
    else if (page->next)
        url = ds_src_url_query_set(url, paging->name, page->next, pool);
    return url;
}

/* --- what the answer means --- */

static ds_src_step_e fault(ds_problem_t **problem, const char *text, apr_pool_t *pool)
{
    *problem = ds_problem_make(pool, DS_EINPUT, "%s", text);
    return DS_SRC_FAULT;
}

static int is_text(const char *text)
{
    apr_size_t size = strlen(text), length;

    for (; size; text += length, size -= length) {
        length = apr_iscntrl(*text) ? 0 : ds_fmt_utf8_length(text, size);
        if (!length)
            return 0;
    }
    return 1;
}

static ds_src_step_e link_take(ds_src_page_t *page, ds_problem_t **problem, const char *next,
                               apr_pool_t *pool)
{
    if (strlen(next) > NEXT_MAX || !is_text(next))
        return fault(
            problem,
            "The pointer or token to the next page is longer than 8192 bytes, or it is not "
            "a text of one line",
            pool);
    page->next = apr_pstrdup(pool, next);
    if (circle_closes(&page->links, ds_src_page_digest(DS_SRC_DIGEST, next, strlen(next))))
        return fault(problem,
                     "The pointer or token to the next page is one that was there before: it would "
                     "go round for ever",
                     pool);
    return DS_SRC_MORE;
}

/* The way to the next page may not lead to another place: the credentials would go there. */
static ds_src_step_e pointer_take(ds_src_page_t *page, ds_problem_t **problem, const char *next,
                                  const char *url, apr_pool_t *pool)
{
    const ds_src_url_t *from = ds_src_url_parse(NULL, url, pool);
    const ds_src_url_t *to = from ? ds_src_url_parse(url, next, pool) : NULL;

    if (!to)
        return fault(problem, "The pointer to the next page is no URL", pool);
    if (strcmp(from->origin, to->origin)) {
        *problem = ds_problem_make(pool, DS_EDENIED, "The next page is said to be at %s, not at %s",
                                   to->origin, from->origin);
        return DS_SRC_FAULT;
    }
    if (!page->requests) /* the first URL counts too */
        circle_closes(&page->links,
                      ds_src_page_digest(DS_SRC_DIGEST, from->text, strlen(from->text)));
    return link_take(page, problem, to->text, pool);
}

/* -1: the answer does not say. */
static apr_int64_t index_read(const char *text)
{
    char *end;
    apr_int64_t number = text && apr_isdigit(*text) ? apr_strtoi64(text, &end, 10) : -1;

    if (number >= 0 && *end == '.') /* as some write an integer */
        end += 1 + strspn(end + 1, "0");
    return number >= 0 && number <= INDEX_MAX && *end == '\0' ? number : -1;
}

/* A number in the spec is the last page itself; what the answer tells is how many there are. */
static ds_src_step_e index_take(ds_src_page_t *page, ds_problem_t **problem,
                                const ds_src_paging_t *paging, const ds_src_facts_t *facts,
                                apr_pool_t *pool)
{
    apr_int64_t last = paging->last_page, count;

    if (is_told_first(paging) && !page->requests)
        page->position = index_read(facts->first_page);
    if (page->position < 0)
        return fault(problem,
                     "The answer does not tell the index of the first page, where "
                     "initialPageIndex expects it",
                     pool);
    if (paging->pages_at.path || paging->pages_at.header) {
        count = index_read(facts->pages);
        if (count < 0)
            return fault(problem,
                         "The answer does not tell how many pages there are, where endPageIndex "
                         "expects it",
                         pool);
        last = page->position - page->requests + count - 1;
        if (page->position >= last)
            return DS_SRC_END;
    }
    if (last >= 0 && page->position >= last)
        return DS_SRC_END;
    page->position++;
    return DS_SRC_MORE;
}

static ds_src_step_e next_take(ds_src_page_t *page, ds_problem_t **problem,
                               const ds_src_paging_t *paging, const ds_src_facts_t *facts,
                               const char *url, apr_pool_t *pool)
{
    switch (paging->kind) {
    case DS_SRC_PAGING_OFFSET:
        page->position += paging->limit;
        return paging->limit > 0 ? DS_SRC_MORE : DS_SRC_END;
    case DS_SRC_PAGING_PAGE: return index_take(page, problem, paging, facts, pool);
    case DS_SRC_PAGING_TOKEN:
        return facts->next && *facts->next ? link_take(page, problem, facts->next, pool)
                                           : DS_SRC_END;
    case DS_SRC_PAGING_POINTER:
        return facts->next && *facts->next ? pointer_take(page, problem, facts->next, url, pool)
                                           : DS_SRC_END;
    default: return facts->link ? pointer_take(page, problem, facts->link, url, pool) : DS_SRC_END;
    }
}

ds_src_step_e ds_src_page_step(ds_src_page_t *page, ds_problem_t **problem,
                               const ds_src_paging_t *paging, const ds_src_facts_t *facts,
                               const char *url, apr_pool_t *pool)
{
    ds_src_step_e step = DS_SRC_END;

    *problem = NULL;
    page->done = 0;
    page->attempts = 0;
    if (facts->status != 204 && facts->records > 0 && !facts->is_over) {
        if (circle_closes(&page->contents, facts->digest))
            return fault(problem,
                         "The page has the same records as one before: the server does not turn "
                         "its pages as the spec says",
                         pool);
        step = next_take(page, problem, paging, facts, url, pool);
    }
    page->requests++;
    if (step == DS_SRC_MORE && page->requests >= paging->requests_max) {
        *problem = ds_problem_make(
            pool, DS_ELIMIT, "There are more pages than maximumRequest allows: %" APR_INT64_T_FMT,
            paging->requests_max);
        return DS_SRC_FAULT;
    }
    return step;
}

/* --- the state as text --- */

static const char *circle_write(const ds_src_circle_t *circle, apr_pool_t *pool)
{
    return apr_psprintf(pool,
                        "%" APR_UINT64_T_HEX_FMT " %" APR_UINT64_T_HEX_FMT " %" APR_INT64_T_FMT
                        " %" APR_INT64_T_FMT,
                        circle->last, circle->mark, circle->steps, circle->limit);
}

const char *ds_src_page_write(const ds_src_page_t *page, apr_pool_t *pool)
{
    return apr_psprintf(pool,
                        "2 %" APR_INT64_T_FMT " %" APR_INT64_T_FMT " %" APR_UINT64_T_HEX_FMT
                        " %s %s %" APR_TIME_T_FMT " %d%s",
                        page->requests, page->position, page->done,
                        circle_write(&page->links, pool), circle_write(&page->contents, pool),
                        page->paused, page->attempts,
                        page->next ? apr_pstrcat(pool, "+", page->next, NULL) : "-");
}

int ds_src_page_read(ds_src_page_t *page, const char *text, apr_pool_t *pool)
{
    long long requests, position, steps[4], paused;
    unsigned long long done, values[4];
    int at = 0, attempts;

    if (sscanf(text, "2 %lld %lld %llx %llx %llx %lld %lld %llx %llx %lld %lld %lld %d%n",
               &requests, &position, &done, &values[0], &values[1], &steps[0], &steps[1],
               &values[2], &values[3], &steps[2], &steps[3], &paused, &attempts, &at) != 13 ||
        (text[at] != '+' && text[at] != '-'))
        return 0;
    page->paused = paused;
    page->attempts = attempts;
    page->requests = requests;
    page->position = position;
    page->done = done;
    page->links = (ds_src_circle_t){values[0], values[1], steps[0], steps[1]};
    page->contents = (ds_src_circle_t){values[2], values[3], steps[2], steps[3]};
    page->next = text[at] == '+' ? apr_pstrdup(pool, text + at + 1) : NULL;
    return 1;
}

/* --- Link: <URL>; rel="next", <URL>; rel="last" --- */

/* Is one of these words, with spaces between, "next"? */
static int words_have_next(const char *words, apr_size_t size)
{
    apr_size_t at, length;

    for (at = 0; at < size; at += length + 1) {
        for (length = 0; at + length < size && words[at + length] != ' ';)
            length++;
        if (length == 4 && !strncasecmp(words + at, "next", 4))
            return 1;
    }
    return 0;
}

/* What stands behind a URL: is one of its relations "next"? */
static int relation_is_next(const char *params)
{
    const char *value = strcasestr(params, "rel=");

    if (!value || value == params || !strchr("; \t", value[-1]))
        return 0;
    value += 4;
    if (*value == '"')
        return words_have_next(value + 1, strcspn(value + 1, "\""));
    return words_have_next(value, strcspn(value, " ;,\t"));
}

static const char *link_find(const char *text, apr_pool_t *pool)
{
    const char *open, *close, *end;

    while ((open = strchr(text, '<')) != NULL && (close = strchr(open, '>')) != NULL) {
        end = strchr(close, '<');
        if (!end)
            end = close + strlen(close);
        if (relation_is_next(apr_pstrmemdup(pool, close + 1, (apr_size_t)(end - close - 1))))
            return apr_pstrmemdup(pool, open + 1, (apr_size_t)(close - open - 1));
        text = end;
    }
    return NULL;
}

const char *ds_src_page_link_read(const ds_src_http_answer_t *answer, apr_pool_t *pool)
{
    const char *found = NULL;
    int i;

    for (i = 0; i < answer->headers->nelts && !found; i++) {
        const ds_src_http_header_t *header =
            &APR_ARRAY_IDX(answer->headers, i, ds_src_http_header_t);

        if (!strcasecmp(header->name, "Link"))
            found = link_find(header->value, pool);
    }
    return found;
}
