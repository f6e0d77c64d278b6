/* A page that takes long: a runner that loses itself in it is taken for one that hangs, and starts
 * over for ever. */
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "source.h"

#include "dsw_page.h"

#define RECORDS 20000 /* of several pieces of the file */
#define LOOK_PAUSE 1  /* seconds; then it is time to look again */

static time_t now = 1000;    /* by the steady clock, which goes on only when the test says so */
static apr_status_t verdict; /* of who looks */
static int looks;

int clock_gettime(clockid_t clock, struct timespec *time)
{
    if (clock != CLOCK_MONOTONIC)
        return (int)syscall(SYS_clock_gettime, clock, time);
    *time = (struct timespec){.tv_sec = now};
    return 0;
}

static apr_status_t look_count(void *baton)
{
    looks++;
    return verdict;
}

static apr_file_t *file_make(void)
{
    apr_file_t *file;
    char *name = apr_pstrdup(pool, "/tmp/datasync-page-XXXXXX");
    int i;

    if (apr_file_mktemp(&file, name, 0, pool) != APR_SUCCESS) {
        printf("# no file can be made\n");
        exit(1);
    }
    apr_file_remove(name, pool);
    apr_file_puts("{\"data\": [", file);
    for (i = 0; i < RECORDS; i++)
        apr_file_printf(file, "%s{\"id\": %d}", i ? ", " : "", i);
    apr_file_puts("]}", file);
    return file;
}

/* A reader that has opened the page. */
static dsw_page_t *page_open(ds_problem_t **problem, apr_file_t *file)
{
    static const ds_src_watch_t watch = {look_count, NULL, NULL};
    const ds_src_http_answer_t answer = {
        .status = 200, .headers = apr_array_make(pool, 1, sizeof(ds_src_http_header_t))};
    dsw_page_t *page = dsw_page_make(spec_make(spec_text("uiAttributes", "")), 1000, &watch, pool);
    ds_src_facts_t facts;

    *problem = dsw_page_open(&facts, page, &answer, file);
    if (!*problem && facts.records != RECORDS)
        printf("# %ld records\n", (long)facts.records);
    return page;
}

static long id_next(dsw_page_t *page)
{
    json_t *record = NULL;

    return dsw_page_next(&record, page) || !record
               ? -1
               : (long)json_integer_value(json_object_get(json_object_get(record, "data"), "id"));
}

int main(void)
{
    apr_int64_t skipped;
    ds_problem_t *problem;
    dsw_page_t *page;
    apr_file_t *file;
    long id;
    int before;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    file = file_make();
    page = page_open(&problem, file);
    tap_ok(!problem && looks == 1, "who looks through a page looks after his own work, seldom");
    now += LOOK_PAUSE;
    problem = dsw_page_skip(&skipped, page, RECORDS - 1);
    tap_ok(!problem && skipped == RECORDS - 1 && looks == 2, "so does who passes over much of it");
    tap_is_number(id_next(page), RECORDS - 1, "and finds what follows");
    tap_is_number(id_next(page), -1, "to its end");
    page = page_open(&problem, file);
    verdict = DS_ESTOPPED;
    before = looks;
    now += LOOK_PAUSE;
    for (id = 0; id < RECORDS && id_next(page) == id;)
        id++;
    tap_ok(id == RECORDS && looks == before, "between the records of a batch nobody looks");
    dsw_page_rewind(page);
    problem = dsw_page_skip(&skipped, page, RECORDS);
    tap_ok(problem && problem->status == DS_ESTOPPED, "who is to stop passes over no more");
    page = page_open(&problem, file);
    tap_ok(problem && problem->status == DS_ESTOPPED, "and does not look through it");
    return tap_end();
}
