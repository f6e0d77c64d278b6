/* Paging: a page too few loses records, a page too many never ends. A server is played here, in
 * each style, at many lengths, and who asks it is stopped and started anew after each page. */
#include <apr_general.h>
#include <apr_strings.h>

#include "ds_src_page.h"
#include "ds_src_window.h"
#include "tap.h"

#define URL "https://api.example.com/v1/items?count=2"

static apr_pool_t *pool;

/* What was asked, and how it ended. */
typedef struct {
    apr_int64_t pages;
    int in_order; /* each page was asked for once, in its order */
    ds_src_step_e step;
    ds_problem_t *problem;
} walk_t;

static ds_src_paging_t paging_make(ds_src_paging_e kind)
{
    return (ds_src_paging_t){.kind = kind,
                             .limit_name = "count",
                             .limit = 2,
                             .name = "at",
                             .last_page = -1,
                             .requests_max = DS_SRC_REQUESTS_DEFAULT};
}

/* The number behind this name in a URL; 0: there is none. */
static apr_int64_t number_of(const char *url, const char *name)
{
    const char *found = strstr(url, apr_pstrcat(pool, name, "=", NULL));

    return found ? apr_atoi64(found + strlen(name) + 1) : 0;
}

/* Which page, from 0, a request of this style asks for. */
static apr_int64_t page_asked(const char *url, const ds_src_pair_t *header,
                              const ds_src_paging_t *paging)
{
    switch (paging->kind) {
    case DS_SRC_PAGING_OFFSET: return number_of(url, "at") / paging->limit;
    case DS_SRC_PAGING_PAGE:
        return strstr(url, "at=") ? number_of(url, "at") - paging->first_page : 0;
    case DS_SRC_PAGING_TOKEN:
        return paging->in_header ? (header->name ? apr_atoi64(header->value) : 0)
                                 : number_of(url, "at");
    default: return number_of(url, "page");
    }
}

/* What a server with so many pages says about one of them. */
static ds_src_facts_t facts_make(const ds_src_paging_t *paging, apr_int64_t asked,
                                 apr_int64_t pages)
{
    ds_src_facts_t facts = {.status = 200, .records = asked < pages ? 2 : 0};
    int more = asked + 1 < pages;

    facts.digest = ds_src_page_digest(DS_SRC_DIGEST, (const char *)&asked, sizeof(asked));
    facts.is_over = paging->end != DS_SRC_END_NEVER && !more;
    if (paging->kind == DS_SRC_PAGING_TOKEN && more)
        facts.next = apr_psprintf(pool, "%" APR_INT64_T_FMT, asked + 1);
    if (paging->kind == DS_SRC_PAGING_POINTER && more)
        facts.next = apr_psprintf(pool, "/v1/items?page=%" APR_INT64_T_FMT, asked + 1);
    if (paging->kind == DS_SRC_PAGING_NONE && more)
        facts.link = apr_psprintf(pool, "?page=%" APR_INT64_T_FMT, asked + 1);
    facts.pages = apr_psprintf(pool, "%" APR_INT64_T_FMT, pages);
    facts.first_page = apr_psprintf(pool, "%" APR_INT64_T_FMT, paging->first_page);
    return facts;
}

static walk_t walk(const ds_src_paging_t *paging, apr_int64_t pages)
{
    walk_t walked = {.in_order = 1, .step = DS_SRC_MORE};
    ds_src_page_t page;

    ds_src_page_begin(&page, paging);
    while (walked.step == DS_SRC_MORE && walked.pages <= pages + 1) {
        ds_src_page_t kept = {0};
        ds_src_pair_t header;
        ds_src_facts_t facts;
        const char *url;

        walked.in_order &= ds_src_page_read(&kept, ds_src_page_write(&page, pool), pool);
        page = kept;
        url = ds_src_page_url(&header, &page, paging, URL, pool);
        walked.in_order &= page_asked(url, &header, paging) == walked.pages;
        facts = facts_make(paging, page_asked(url, &header, paging), pages);
        walked.step = ds_src_page_step(&page, &walked.problem, paging, &facts, url, pool);
        walked.pages++;
    }
    if (walked.problem)
        printf("# %s\n", walked.problem->text);
    return walked;
}

/* asked: how many requests it takes to see that there are no more. */
static void length_check(const char *what, const ds_src_paging_t *paging, apr_int64_t pages,
                         apr_int64_t asked)
{
    walk_t walked = walk(paging, pages);

    tap_ok(walked.step == DS_SRC_END && walked.in_order && walked.pages == asked,
           apr_psprintf(pool, "%s: %" APR_INT64_T_FMT " pages, each once", what, pages));
    apr_pool_clear(pool);
}

static void style_check(const char *what, const ds_src_paging_t *paging, int one_more)
{
    static const apr_int64_t lengths[] = {1, 2, 10, 1000};
    size_t i;

    for (i = 0; i < sizeof(lengths) / sizeof(*lengths); i++)
        length_check(what, paging, lengths[i], lengths[i] + one_more);
}

static void test_styles(void)
{
    ds_src_paging_t paging = paging_make(DS_SRC_PAGING_OFFSET);

    style_check("an offset, until a page is empty", &paging, 1);
    paging.end = DS_SRC_END_VALUE;
    style_check("an offset, with an end condition", &paging, 0);
    paging = paging_make(DS_SRC_PAGING_POINTER);
    style_check("a pointer", &paging, 0);
    paging = paging_make(DS_SRC_PAGING_TOKEN);
    style_check("a token in the query", &paging, 0);
    paging.in_header = 1;
    style_check("a token in a header", &paging, 0);
    paging = paging_make(DS_SRC_PAGING_PAGE);
    style_check("pages from 0, until one is empty", &paging, 1);
    paging.first_page = 1;
    style_check("pages from 1", &paging, 1);
    paging.pages_at.header = "x-pagecount";
    style_check("pages from 1, of so many", &paging, 0);
    paging.first_page = 0;
    style_check("pages from 0, of so many", &paging, 0);
    paging.first_page = 7;
    paging.first_page_at.header = "x-first";
    style_check("pages from where the server says", &paging, 0);
    paging = paging_make(DS_SRC_PAGING_NONE);
    style_check("links in headers", &paging, 0);
}

static ds_src_step_e step_of(const ds_src_paging_t *paging, const ds_src_facts_t *facts,
                             ds_problem_t **problem)
{
    ds_src_page_t page;

    ds_src_page_begin(&page, paging);
    return ds_src_page_step(&page, problem, paging, facts, URL, pool);
}

static void test_ends(void)
{
    ds_src_paging_t paging = paging_make(DS_SRC_PAGING_TOKEN);
    ds_src_facts_t facts = {.status = 204, .records = 2, .next = "t"};
    ds_problem_t *problem;

    tap_is_number(step_of(&paging, &facts, &problem), DS_SRC_END, "204 ends it");
    facts.status = 200;
    tap_is_number(step_of(&paging, &facts, &problem), DS_SRC_MORE, "a token goes on");
    facts.is_over = 1;
    tap_is_number(step_of(&paging, &facts, &problem), DS_SRC_END,
                  "the end condition counts more than a token that is still there");
    facts = (ds_src_facts_t){.status = 200, .records = 0, .next = "t"};
    tap_is_number(step_of(&paging, &facts, &problem), DS_SRC_END, "an empty page ends it");
    facts = (ds_src_facts_t){.status = 200, .records = 2, .next = ""};
    tap_is_number(step_of(&paging, &facts, &problem), DS_SRC_END, "an empty token ends it");
    paging = paging_make(DS_SRC_PAGING_PAGE);
    paging.last_page = 0;
    tap_is_number(step_of(&paging, &facts, &problem), DS_SRC_END, "the last page of the spec");
    paging.last_page = 1;
    tap_is_number(step_of(&paging, &facts, &problem), DS_SRC_MORE, "and the one before it");
}

static void test_faults(void)
{
    ds_src_paging_t paging = paging_make(DS_SRC_PAGING_POINTER);
    ds_src_facts_t facts = {.status = 200, .records = 2};
    ds_problem_t *problem;
    static const char *const elsewhere[] = {
        "https://evil.example.org/v1/items?page=1", "http://api.example.com/v1/items?page=1",
        "https://api.example.com:8443/x",           "//evil.example.org/x",
        "https://user:word@api.example.com/x",      "file:///etc/passwd"};
    static const char *const strange[] = {"\xff\xfe", "a\r\nX: y", "\x7f"};
    size_t i;

    for (i = 0; i < sizeof(elsewhere) / sizeof(*elsewhere); i++) {
        facts.next = elsewhere[i];
        tap_is_number(step_of(&paging, &facts, &problem), DS_SRC_FAULT,
                      "a pointer to another place is not followed");
    }
    facts.next = URL;
    tap_is_number(step_of(&paging, &facts, &problem), DS_SRC_FAULT,
                  "a pointer to the page itself would go round for ever");
    paging = paging_make(DS_SRC_PAGING_TOKEN);
    for (i = 0; i < sizeof(strange) / sizeof(*strange); i++) {
        facts.next = strange[i];
        tap_is_number(step_of(&paging, &facts, &problem), DS_SRC_FAULT,
                      "a token that is no text is not kept");
    }
    facts.next = apr_psprintf(pool, "%08192d", 1);
    tap_is_number(step_of(&paging, &facts, &problem), DS_SRC_MORE, "a token may be long");
    facts.next = apr_psprintf(pool, "%08193d", 1);
    tap_is_number(step_of(&paging, &facts, &problem), DS_SRC_FAULT, "but not as long as a page");
    paging = paging_make(DS_SRC_PAGING_PAGE);
    paging.pages_at.header = "x-pagecount";
    tap_is_number(step_of(&paging, &facts, &problem), DS_SRC_FAULT,
                  "a number of pages that is not there is no single page");
    facts.pages = "many";
    tap_is_number(step_of(&paging, &facts, &problem), DS_SRC_FAULT, "nor one that is no number");
    facts.pages = "2";
    paging.first_page_at.header = "x-first";
    tap_is_number(step_of(&paging, &facts, &problem), DS_SRC_FAULT,
                  "nor does anybody guess where the pages begin");
    facts.pages = "9223372036854775807";
    facts.first_page = "9223372036854775800";
    tap_is_number(step_of(&paging, &facts, &problem), DS_SRC_FAULT,
                  "nor does he count on from a number that has no next one");
    facts.pages = "9223372036854775";
    facts.first_page = "5";
    tap_is_number(step_of(&paging, &facts, &problem), DS_SRC_FAULT,
                  "nor are there more pages than anybody could ask for");
    facts.pages = "2";
    tap_is_number(step_of(&paging, &facts, &problem), DS_SRC_MORE, "two pages are two");
    paging = paging_make(DS_SRC_PAGING_OFFSET);
    paging.requests_max = 1;
    tap_ok(step_of(&paging, &facts, &problem) == DS_SRC_FAULT && problem->status == DS_ELIMIT,
           "more pages than maximumRequest are not all there is");
    tap_ok(strstr(problem->text, "maximumRequest") != NULL, "and the problem says so");
}

/* Tokens that come round after so many, having begun with so many others. */
static apr_int64_t circle_walk(apr_int64_t before, apr_int64_t round)
{
    ds_src_paging_t paging = paging_make(DS_SRC_PAGING_TOKEN);
    ds_src_step_e step = DS_SRC_MORE;
    ds_src_page_t page;
    ds_problem_t *problem;
    apr_int64_t n;

    ds_src_page_begin(&page, &paging);
    for (n = 0; step == DS_SRC_MORE && n < 5000; n++) {
        apr_int64_t token = n < before ? n : before + (n - before) % round;
        ds_src_facts_t facts = {.status = 200, .records = 1, .digest = (apr_uint64_t)n + 1};

        facts.next = apr_psprintf(pool, "t%" APR_INT64_T_FMT, token);
        step = ds_src_page_step(&page, &problem, &paging, &facts, URL, pool);
    }
    apr_pool_clear(pool);
    return n;
}

static void test_circles(void)
{
    apr_int64_t before, round, worst = 0;

    for (before = 0; before < 40; before++)
        for (round = 1; round < 40; round++) {
            apr_int64_t n = circle_walk(before, round);

            if (n > 3 * (before + round) + 3 && n > worst)
                worst = n;
        }
    tap_is_number(worst, 0, "tokens that go round are seen soon, however large the circle");
    tap_is_number(circle_walk(0, 1), 2, "a token that follows itself at once");
}

static void test_contents(void)
{
    ds_src_paging_t paging = paging_make(DS_SRC_PAGING_OFFSET);
    ds_src_facts_t facts = {.status = 200, .records = 2, .digest = 77};
    ds_src_page_t page;
    ds_problem_t *problem;

    ds_src_page_begin(&page, &paging);
    tap_is_number(ds_src_page_step(&page, &problem, &paging, &facts, URL, pool), DS_SRC_MORE,
                  "a first page");
    tap_is_number(ds_src_page_step(&page, &problem, &paging, &facts, URL, pool), DS_SRC_FAULT,
                  "a server that gives the same page for each offset is not asked for ever");
}

static void test_state(void)
{
    static const char *const bad[] = {"",
                                      "2",
                                      "3 1 1 0 0 0 0 0 0 0 0 0 0 0-",
                                      "1 1 1 0 0 0 0 0 0 0 0 0 0+2026-11-22T10:00:00Z",
                                      "2 x",
                                      "2 1 1 0 0 0 0 0 0 0 0 0 0 0",
                                      "2 1 1 0 0 0 0 0 0 0 0 0 0-",
                                      "2 1 1 0 0 0 0 0 0 0 0 0 0 0 5",
                                      "2 1 1 0 0 0 0 0 0 0 0 0 0 0x"};
    ds_src_page_t page = {.requests = 3, .position = -4, .next = "a b\tc -", .done = 9}, read;
    size_t i;

    page.links = (ds_src_circle_t){APR_UINT64_C(0xffffffffffffffff), 1, 2, 4};
    tap_ok(ds_src_page_read(&read, ds_src_page_write(&page, pool), pool) && read.requests == 3 &&
               read.position == -4 && !strcmp(read.next, page.next) && read.done == 9 &&
               read.links.last == page.links.last && read.links.limit == 4,
           "a state is read as it was written");
    page.next = NULL;
    tap_ok(ds_src_page_read(&read, ds_src_page_write(&page, pool), pool) && !read.next,
           "one without a next page too");
    page.attempts = 4;
    page.paused = apr_time_from_sec(86400);
    tap_ok(ds_src_page_read(&read, ds_src_page_write(&page, pool), pool) && read.attempts == 4 &&
               read.paused == page.paused,
           "it says how often the page was asked for before a pause, and how long those before it "
           "were");
    tap_ok(ds_src_page_read(&read, "2 1 1 0 0 0 0 0 0 0 0 0 0 0+1 2", pool) &&
               !strcmp(read.next, "1 2") && !read.attempts,
           "a token that begins with a number is no such count");
    for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        tap_ok(!ds_src_page_read(&read, bad[i], pool), "what is no state is not read as one");
}

static const char *link_of(const char *value)
{
    ds_src_http_answer_t answer = {.headers =
                                       apr_array_make(pool, 1, sizeof(ds_src_http_header_t))};

    APR_ARRAY_PUSH(answer.headers, ds_src_http_header_t) = (ds_src_http_header_t){"link", value};
    return ds_src_page_link_read(&answer, pool);
}

static void test_urls(void)
{
    ds_src_paging_t paging = paging_make(DS_SRC_PAGING_OFFSET);
    ds_src_page_t page;
    ds_src_pair_t header;

    ds_src_page_begin(&page, &paging);
    tap_is_text(ds_src_page_url(&header, &page, &paging, "https://h/a?x=1&c%6Funt=9&y", pool),
                "https://h/a?x=1&y&count=2&at=0", "paging takes the place of what the spec says");
    paging = paging_make(DS_SRC_PAGING_TOKEN);
    paging.name = "page[after]";
    page.next = "a&b=c d+\xc3\xa9";
    tap_is_text(ds_src_page_url(&header, &page, &paging, "https://h/a", pool),
                "https://h/a?count=2&page%5Bafter%5D=a%26b%3Dc%20d%2B%C3%A9",
                "a token opens no other parameter");
    paging = paging_make(DS_SRC_PAGING_POINTER);
    tap_is_text(ds_src_page_url(&header, &page, &paging, "https://h/a", pool), page.next,
                "a pointer is the whole URL, without the limit");
}

static void test_links(void)
{
    tap_is_text(link_of("</a?p=2>; rel=\"next\", </a?p=9>; rel=\"last\""), "/a?p=2",
                "the next page");
    tap_is_text(link_of("</a?p=1>; rel=\"prev\", </a?p=3>; rel=\"next\""), "/a?p=3",
                "behind another one");
    tap_is_text(link_of("<https://h/a>;rel=next"), "https://h/a", "without quotes");
    tap_is_text(link_of("</b,c;d>; title=\"x\"; rel=\"start next\""), "/b,c;d",
                "among other relations, in a URL with commas");
    tap_is_text(link_of("</a>; rel=\"nextone\""), NULL, "another word is none");
    tap_is_text(link_of("</a>; rel=\"last\""), NULL, "another relation is none");
    tap_is_text(link_of("rubbish"), NULL, "nor is rubbish");
    tap_is_text(link_of("<"), NULL, "nor half of one");
}

static void test_windows(void)
{
    const apr_time_t hour = apr_time_from_sec(3600), now = 100 * hour + 5;
    ds_src_window_t window = ds_src_window_make(0, 0, 0, 0, now);

    tap_ok(window.first && !window.start && window.end == 100 * hour,
           "the first window has no beginning, and ends with a whole second");
    window = ds_src_window_make(0, 40 * hour, 0, 0, now);
    tap_ok(window.first && window.start == 40 * hour, "or begins where the configuration says");
    window = ds_src_window_make(99 * hour, 40 * hour, 0, 0, now);
    tap_ok(!window.first && window.start == 99 * hour, "the next one begins where that ended");
    window = ds_src_window_make(99 * hour, 0, 2 * hour, 0, now);
    tap_ok(window.start == 97 * hour, "or earlier, by the look-back");
    window = ds_src_window_make(41 * hour, 40 * hour, 2 * hour, 0, now);
    tap_ok(window.start == 40 * hour, "but not before the first one");
    window = ds_src_window_make(99 * hour, 40 * hour, 0, 1, now);
    tap_ok(window.first && window.start == 40 * hour, "everything can be asked for again");
    window = ds_src_window_make(101 * hour, 0, 0, 0, now);
    tap_ok(window.start == window.end, "a clock that was set back makes an empty window");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    test_styles();
    test_ends();
    test_faults();
    test_circles();
    test_contents();
    test_state();
    test_urls();
    test_links();
    test_windows();
    return tap_end();
}
