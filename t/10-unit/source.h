/* What the tests of source specs share: a spec out of parts, and files of t/data/source. */
#ifndef SOURCE_H
#define SOURCE_H

#include <stdlib.h>
#include <string.h>

#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "ds_source.h"
#include "ds_src_spec.h"
#include "tap.h"

static apr_pool_t *pool;

/* A part of a spec that is whole; another text takes its place, "" leaves it out. */
typedef struct part_t {
    const char *name;
    const char *json;
} part_t;

static const part_t parts[] = {
    {"urlParams", "{\"host\": \"https://api.test\", \"path\": \"/v1/cars\", \"method\": \"GET\"}"},
    {"contentPath", "{\"path\": \"$.data\"}"},
    {"paginationParams", "{\"type\": \"NONE\"}"},
    {"scheduleParams", "{\"scheduleStartParamName\": \"from\", \"scheduleEndParamName\": \"to\"}"},
};

static inline const char *spec_text(const char *name, const char *json)
{
    const char *text = "", *value;
    int i, own = 0;

    for (i = 0; i < 4; i++) {
        own |= strcmp(parts[i].name, name) == 0;
        value = strcmp(parts[i].name, name) == 0 ? json : parts[i].json;
        if (*value) {
            text = apr_pstrcat(pool, text, *text ? ", " : "", "\"", parts[i].name, "\": ", value,
                               NULL);
        }
    }
    if (!own && *json) {
        text = apr_pstrcat(pool, text, ", \"", name, "\": ", json, NULL);
    }
    return apr_pstrcat(pool, "{\"sourceSpec\": {\"attributes\": {", text, "}}}", NULL);
}

static inline ds_src_spec_t *spec_read(ds_src_report_t *report, const char *text)
{
    ds_src_spec_t *spec;

    ds_src_spec_read(&spec, report, text, strlen(text), pool);
    return spec;
}

/* A spec that must be good. */
static inline ds_src_spec_t *spec_make(const char *text)
{
    ds_src_report_t report;
    ds_src_spec_t *spec = spec_read(&report, text);

    if (!spec) {
        printf("# %s\n", APR_ARRAY_IDX(report.mistakes, 0, const char *));
        exit(1);
    }
    return spec;
}

static inline const char *file_read(const char *name)
{
    const char *source = getenv("srcdir");
    char *text = apr_pcalloc(pool, 65537);
    apr_file_t *file;
    apr_size_t size;
    char *path = apr_pstrcat(pool, source ? source : ".", "/t/data/source/", name, NULL);

    if (apr_file_open(&file, path, APR_READ, 0, pool) != APR_SUCCESS) {
        printf("# cannot read %s\n", path);
        exit(1);
    }
    apr_file_read_full(file, text, 65536, &size);
    apr_file_close(file);
    return text;
}

#endif
