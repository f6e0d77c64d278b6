/* What others are shown of a source spec. A mistake gives the credentials of an administrator to
 * whoever may read specs. */
#include <apr_general.h>
#include <apr_strings.h>

#include "ds_src_document.h"
#include "tap.h"

/* Each case: members of attributes, and what is left of them. */
static const struct {
    const char *given, *shown, *what;
} cases[] = {
    {"\"headerParams\":{\"Accept\":\"a/"
     "b\",\"X-Pin\":12345678,\"Cookie\":\"hunter2\",\"A\":\"${set}\"}",
     "\"headerParams\":{\"Accept\":\"a/b\",\"X-Pin\":\"***\",\"Cookie\":\"***\",\"A\":\"${set}\"}",
     "headers, but for those that are none"},
    {"\"headerParams\":{\"A\":\"Bearer ${one} hunter2\",\"B\":\"${a}${b}\",\"C\":\"${hunter2\"}",
     "\"headerParams\":{\"A\":\"***\",\"B\":\"***\",\"C\":\"***\"}",
     "headers that are filled in only in part"},
    {"\"urlParams\":{\"queryParams\":\"api_key=hunter2,since={START_TIME}\"}",
     "\"urlParams\":{\"queryParams\":\"***\"}", "a query that is one text"},
    {"\"urlParams\":{\"queryParams\":{\"key\":\"hunter2\",\"since\":\"{START_TIME}\",\"all\":true}"
     "}",
     "\"urlParams\":{\"queryParams\":{\"key\":\"***\",\"since\":\"{START_TIME}\",\"all\":true}}",
     "values of a query"},
    {"\"urlParams\":{\"path\":\"/items?access_token=hunter2\",\"host\":\"https://"
     "u:hunter2@x.example\"}",
     "\"urlParams\":{\"path\":\"***\",\"host\":\"***\"}", "addresses with more than a place"},
    {"\"urlParams\":{\"path\":\"/lists/${listId}/members\",\"host\":\"https://"
     "{domain}.x.example\"}",
     "\"urlParams\":{\"path\":\"/lists/${listId}/members\",\"host\":\"https://"
     "{domain}.x.example\"}",
     "but not those of places"},
    {"\"bodyParams\":{\"tokens\":[\"hunter2\",7,null],\"deep\":{\"pin\":\"hunter2\",\"v\":\"{END_"
     "TIME}\"}}",
     "\"bodyParams\":{\"tokens\":[\"***\",\"***\",null],\"deep\":{\"pin\":\"***\",\"v\":\"{END_"
     "TIME}\"}}",
     "a body at every depth"},
    {"\"bodyParams\":\"hunter2\"", "\"bodyParams\":\"***\"", "a body that is one text"},
    {"\"spec\":{\"properties\":{\"apiKey\":{\"type\":\"string\",\"default\":\"hunter2\"},"
     "\"headerParams\":{\"X\":\"hunter2\"}}}",
     "\"spec\":{\"properties\":{\"apiKey\":{\"type\":\"string\",\"default\":\"***\"},"
     "\"headerParams\":{\"X\":\"***\"}}}",
     "defaults, and members in the other place"},
    {"\"contentPath\":{\"path\":\"$.members\"},\"paginationParams\":{\"type\":\"OFFSET\","
     "\"limitValue\":5}",
     "\"contentPath\":{\"path\":\"$.members\"},\"paginationParams\":{\"type\":\"OFFSET\","
     "\"limitValue\":5}",
     "but not how its records are found"}};

static json_t *document_make(const char *members, apr_pool_t *pool)
{
    return json_loads(apr_psprintf(pool, "{\"sourceSpec\":{\"attributes\":{%s}}}", members), 0,
                      NULL);
}

int main(void)
{
    apr_pool_t *pool;
    size_t i;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        json_t *document = document_make(cases[i].given, pool);
        json_t *shown = document_make(cases[i].shown, pool);

        ds_src_document_mask(document);
        tap_ok(shown && json_equal(document, shown), cases[i].what);
        json_decref(document);
        json_decref(shown);
    }
    return tap_end();
}
