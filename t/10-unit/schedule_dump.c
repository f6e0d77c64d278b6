/* For cron_croniter.py: answers questions from standard input, one a line, tabs between the words.
 *
 *   next WHEN ZONE CRON   the first due time after WHEN, "never", or "refused" and why
 *   zone WHEN ZONE        the offset from UTC, in seconds
 *
 * Times are seconds since 1970 UTC. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "ds_fmt_tzif.h"
#include "ds_schedule.h"

static int next_answer(apr_int64_t when, const char *zone, const char *cron, apr_pool_t *pool)
{
    ds_schedule_t *schedule;
    ds_problem_t *problem = ds_schedule_parse(&schedule, cron, zone, pool);
    apr_time_t due;

    if (problem) {
        printf("refused %s\n", problem->text);
    }
    else if (ds_schedule_next(&due, schedule, apr_time_from_sec(when)) == APR_SUCCESS) {
        printf("%" APR_INT64_T_FMT "\n", due / APR_USEC_PER_SEC);
    }
    else {
        puts("never");
    }
    return 1;
}

static int zone_answer(apr_int64_t when, const char *name, apr_pool_t *pool)
{
    FILE *file = fopen(apr_pstrcat(pool, "/usr/share/zoneinfo/", name, NULL), "rb");
    static char data[65536];
    const char *fault;
    ds_fmt_tzif_t *zone;
    size_t size;

    if (file == NULL) {
        return 0;
    }
    size = fread(data, 1, sizeof(data), file);
    fclose(file);
    if (ds_fmt_tzif_parse(&zone, &fault, data, size, pool) != APR_SUCCESS) {
        return 0;
    }
    printf("%d\n", ds_fmt_tzif_span(zone, when).offset);
    return 1;
}

int main(void)
{
    apr_pool_t *pool;
    char line[1024], *what, *when, *zone, *cron, *rest;
    int good = 1;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    while (good && fgets(line, sizeof(line), stdin) != NULL) {
        what = apr_strtok(line, "\t\n", &rest);
        when = apr_strtok(NULL, "\t\n", &rest);
        zone = apr_strtok(NULL, "\t\n", &rest);
        cron = apr_strtok(NULL, "\t\n", &rest);
        good =
            what && when && zone &&
            (strcmp(what, "zone") == 0 ? zone_answer(apr_atoi64(when), zone, pool)
                                       : cron && next_answer(apr_atoi64(when), zone, cron, pool));
        apr_pool_clear(pool);
    }
    apr_terminate();
    return !good;
}
