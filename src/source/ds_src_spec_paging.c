/* What a source spec says of paging: paginationParams. What is needed depends on the type. */
#include <string.h>

#include "ds_src_read.h"

#define LIMIT_MOST 1000000
#define INDEX_MOST APR_INT64_C(1000000000000)
#define DELAY_MOST 600000 /* milliseconds */

static const char CONST[] = "Const:";

static int kind_read(ds_src_paging_e *kind, const ds_src_reader_t *reader,
                     const ds_src_node_t *node)
{
    static const char *const names[] = {"NONE", "OFFSET", "POINTER", "CONTINUATION_TOKEN", "PAGE"};
    static const char remedy[] = "write OFFSET, POINTER, CONTINUATION_TOKEN, PAGE or NONE";
    const char *text = ds_src_text_need(reader, node, "type", remedy);
    int i;

    for (i = 0; text && i < 5; i++) {
        if (!strcmp(names[i], text)) {
            *kind = (ds_src_paging_e)i;
            return 1;
        }
    }
    if (text) {
        ds_src_mistake_add(reader, ds_src_member_get(reader, node, "type").place, "%s", remedy);
    }
    return 0;
}

/* The same property under its two names; `need`: it must be there. */
static const char *either_read(const char **place, const ds_src_reader_t *reader,
                               const ds_src_node_t *node, const char *name, const char *other,
                               const char *remedy)
{
    ds_src_node_t first = ds_src_member_get(reader, node, name);
    ds_src_node_t second = ds_src_member_get(reader, node, other);

    if (first.json && second.json) {
        ds_src_mistake_add(reader, second.place, "it also stands at %s: write it once",
                           first.place);
    }
    if (!first.json && second.json) {
        *place = second.place;
        return ds_src_text_read(reader, node, other);
    }
    *place = first.place;
    return ds_src_text_need(reader, node, name, remedy);
}

static void limit_read(ds_src_paging_t *paging, const ds_src_reader_t *reader,
                       const ds_src_node_t *node)
{
    int is_needed = paging->kind == DS_SRC_PAGING_OFFSET;

    paging->limit_name =
        is_needed ? ds_src_text_need(reader, node, "limitName",
                                     "write the name of the parameter for the size of a page")
                  : ds_src_text_read(reader, node, "limitName");
    ds_src_number_read(&paging->limit, reader, node, "limitValue", 1, LIMIT_MOST);
    if ((is_needed || paging->limit_name) && !ds_src_member_get(reader, node, "limitValue").json) {
        ds_src_mistake_add(reader, ds_src_member_get(reader, node, "limitValue").place,
                           "is missing: write how many records a page has");
    }
}

static void end_value_read(ds_src_paging_t *paging, const char *text)
{
    static const struct {
        const char *name;
        ds_src_end_e end;
    } words[] = {{"Empty", DS_SRC_END_EMPTY},
                 {"Exist", DS_SRC_END_EXIST},
                 {"NonExist", DS_SRC_END_NONEXIST}};
    size_t i;

    paging->end = DS_SRC_END_VALUE;
    paging->end_value = strncmp(text, CONST, sizeof(CONST) - 1) ? text : text + sizeof(CONST) - 1;
    for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
        if (!strcmp(words[i].name, text)) {
            paging->end = words[i].end;
        }
    }
}

static void end_read(ds_src_paging_t *paging, const ds_src_reader_t *reader,
                     const ds_src_node_t *node)
{
    ds_src_node_t name = ds_src_member_get(reader, node, "endConditionName");
    ds_src_node_t value = ds_src_member_get(reader, node, "endConditionValue");
    const char *at, *text;

    if (!name.json && !value.json) {
        return;
    }
    at = ds_src_text_need(reader, node, "endConditionName",
                          "write the path of the value that ends the paging");
    text = ds_src_text_need(reader, node, "endConditionValue",
                            "write Const:VALUE, Empty, Exist or NonExist");
    if (at && text && ds_src_place_read(&paging->end_at, reader, name.place, at)) {
        end_value_read(paging, text);
    }
}

/* --- what each type needs --- */

static void pointer_read(ds_src_paging_t *paging, const ds_src_reader_t *reader,
                         const ds_src_node_t *node)
{
    const char *place;
    const char *text = either_read(&place, reader, node, "pointerPath", "pointerName",
                                   "write the path of the next page's URL, such as $.paging.next");

    if (text) {
        ds_src_place_read(&paging->next, reader, place, text);
    }
}

static void token_read(ds_src_paging_t *paging, const ds_src_reader_t *reader,
                       const ds_src_node_t *node)
{
    ds_src_node_t type = ds_src_member_get(reader, node, "parameterType");
    const char *path = ds_src_text_need(reader, node, "continuationTokenPath",
                                        "write the path of the token, such as $.meta.next");
    const char *kind =
        ds_src_text_need(reader, node, "parameterType", "write QUERYPARAM or HEADERPARAM");

    paging->name = ds_src_text_need(reader, node, "parameterName",
                                    "write the name of the parameter or header for the token");
    if (path) {
        ds_src_place_read(&paging->next, reader,
                          ds_src_member_get(reader, node, "continuationTokenPath").place, path);
    }
    paging->in_header = kind && !strcmp(kind, "HEADERPARAM");
    if (kind && !paging->in_header && strcmp(kind, "QUERYPARAM")) {
        ds_src_mistake_add(reader, type.place, "write QUERYPARAM or HEADERPARAM");
    }
    if (paging->in_header && paging->name) {
        ds_src_header_check(reader, ds_src_member_get(reader, node, "parameterName").place,
                            paging->name, "");
    }
}

/* An index, or headers.NAME, or the path of it, which begins with $. */
static void index_read(apr_int64_t *index, ds_src_place_t *at, const ds_src_reader_t *reader,
                       const ds_src_node_t *node, const char *name)
{
    ds_src_node_t member = ds_src_member_get(reader, node, name);
    const char *text = json_string_value(member.json);

    if (text && (*text == '$' || *text == 'h' || *text == 'H')) {
        ds_src_place_read(at, reader, member.place, ds_src_text_read(reader, node, name));
    }
    else {
        ds_src_number_read(index, reader, node, name, 0, INDEX_MOST);
    }
}

static void page_read(ds_src_paging_t *paging, const ds_src_reader_t *reader,
                      const ds_src_node_t *node)
{
    paging->name = ds_src_text_need(reader, node, "pageParamName",
                                    "write the name of the parameter for the page");
    index_read(&paging->first_page, &paging->first_page_at, reader, node, "initialPageIndex");
    index_read(&paging->last_page, &paging->pages_at, reader, node, "endPageIndex");
    if (paging->last_page >= 0 && paging->last_page < paging->first_page) {
        ds_src_mistake_add(reader, ds_src_member_get(reader, node, "endPageIndex").place,
                           "it is less than initialPageIndex");
    }
}

static void kind_members_read(ds_src_paging_t *paging, const ds_src_reader_t *reader,
                              const ds_src_node_t *node)
{
    const char *place;

    switch (paging->kind) {
    case DS_SRC_PAGING_OFFSET:
        paging->name = either_read(&place, reader, node, "offSetName", "offsetName",
                                   "write the name of the parameter for the offset");
        break;
    case DS_SRC_PAGING_POINTER: pointer_read(paging, reader, node); break;
    case DS_SRC_PAGING_TOKEN: token_read(paging, reader, node); break;
    case DS_SRC_PAGING_PAGE: page_read(paging, reader, node); break;
    default: break;
    }
}

void ds_src_paging_read(ds_src_paging_t *paging, const ds_src_reader_t *reader,
                        const ds_src_node_t *node)
{
    static const char *const known[] = {"type",
                                        "limitName",
                                        "limitValue",
                                        "offSetName",
                                        "offsetName",
                                        "endConditionName",
                                        "endConditionValue",
                                        "pointerPath",
                                        "pointerName",
                                        "parameterType",
                                        "parameterName",
                                        "continuationTokenPath",
                                        "pageParamName",
                                        "initialPageIndex",
                                        "endPageIndex",
                                        "maximumRequest",
                                        "delayRequestMillis",
                                        NULL};
    apr_int64_t delay = 0;

    *paging = (ds_src_paging_t){.last_page = -1, .requests_max = DS_SRC_REQUESTS_DEFAULT};
    if (!node->json) {
        ds_src_mistake_add(reader, node->place,
                           "is missing: write {\"type\": \"NONE\"} where one answer has all");
    }
    if (!ds_src_object_check(reader, node) || !kind_read(&paging->kind, reader, node)) {
        return;
    }
    ds_src_members_check(reader, node, known);
    limit_read(paging, reader, node);
    kind_members_read(paging, reader, node);
    end_read(paging, reader, node);
    ds_src_number_read(&paging->requests_max, reader, node, "maximumRequest", 1, LIMIT_MOST);
    ds_src_number_read(&delay, reader, node, "delayRequestMillis", 0, DELAY_MOST);
    paging->delay = apr_time_from_msec(delay);
}
