/* For jsonpath_differential.py: what paths find.
 *
 * Each line of standard input is {"path": text, "document": {...}}; for each one a line is written:
 * the JSON array of the values that were found, or {"fault": text, "at": n}. */
#include <stdio.h>
#include <stdlib.h>

#include <apr_general.h>

#include "ds_src_path.h"

#define FOUND_MOST 100000

static json_t *answer_make(const char *text, json_t *document, apr_pool_t *pool)
{
    apr_array_header_t *found = apr_array_make(pool, 8, sizeof(json_t *));
    json_t *answer = json_array();
    ds_fmt_jsonpath_t *path;
    int at, i;
    const char *fault = ds_fmt_jsonpath_parse(&path, &at, text, pool);

    if (fault) {
        json_decref(answer);
        return json_pack("{s:s, s:i}", "fault", fault, "at", at);
    }
    ds_src_path_list(found, document, path, FOUND_MOST);
    for (i = 0; i < found->nelts; i++) {
        json_array_append(answer, APR_ARRAY_IDX(found, i, json_t *));
    }
    /* the first of them is what a single look-up finds */
    if (ds_src_path_get(document, path) !=
        (found->nelts ? APR_ARRAY_IDX(found, 0, json_t *) : NULL)) {
        json_array_append_new(answer, json_string("the first one differs"));
    }
    return answer;
}

int main(void)
{
    apr_pool_t *pool;
    char *line = NULL;
    size_t room = 0;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    while (getline(&line, &room, stdin) > 0) {
        json_t *question = json_loads(line, 0, NULL), *answer;

        answer = answer_make(json_string_value(json_object_get(question, "path")),
                             json_object_get(question, "document"), pool);
        json_dumpf(answer, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(answer);
        json_decref(question);
        apr_pool_clear(pool);
    }
    free(line);
    apr_terminate();
    return 0;
}
