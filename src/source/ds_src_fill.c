#include "ds_src_fill.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "ds_fmt_dotnet.h"
#include "ds_fmt_utf8.h"
#include "ds_source.h"
#include "ds_src_hole.h"

/* --- encodings --- */

static int is_unreserved(char c)
{
    return apr_isalnum(c) || (c && strchr("-._~", c));
}

/* What the text of a path may hold as it stands: RFC 3986, without # and what servers disagree
 * about. A ? is the beginning of its query. */
static int is_path_byte(char c)
{
    return is_unreserved(c) || (c && strchr("/?:@!$&'()*+,;=%", c));
}

static const char *percent_encode(const char *text, int (*stays)(char), apr_pool_t *pool)
{
    static const char digits[] = "0123456789ABCDEF";
    char *encoded = apr_palloc(pool, 3 * strlen(text) + 1), *to = encoded;

    for (; *text; text++) {
        if (stays(*text)) {
            *to++ = *text;
        }
        else {
            *to++ = '%';
            *to++ = digits[(unsigned char)*text >> 4];
            *to++ = digits[*text & 15];
        }
    }
    *to = '\0';
    return encoded;
}

/* The inside of a text of JSON. */
static const char *json_escape(const char *text, apr_pool_t *pool)
{
    char *escaped = apr_palloc(pool, 6 * strlen(text) + 1), *to = escaped;

    for (; *text; text++) {
        if (*text == '"' || *text == '\\') {
            *to++ = '\\';
            *to++ = *text;
        }
        else if ((unsigned char)*text < 0x20) {
            to += apr_snprintf(to, 7, "\\u%04x", (unsigned)*text);
        }
        else {
            *to++ = *text;
        }
    }
    *to = '\0';
    return escaped;
}

static const char *value_fault(const char *value, ds_src_encoding_e encoding)
{
    apr_size_t size = strlen(value), length;
    const char *p;

    if (!size && (encoding == DS_SRC_IN_HOST || encoding == DS_SRC_IN_PATH)) {
        return "is empty";
    }
    if (encoding == DS_SRC_IN_PATH && (!strcmp(value, ".") || !strcmp(value, ".."))) {
        return "is . or .., which leads to another path";
    }
    for (p = value; *p; p += length) {
        length = ds_fmt_utf8_length(p, size - (apr_size_t)(p - value));
        if (!length) {
            return "is not UTF-8";
        }
        if (encoding == DS_SRC_IN_HOST && !apr_isalnum(*p) && !strchr("-.", *p)) {
            return "may have only letters, digits, - and . in a host";
        }
        if (apr_iscntrl(*p) && encoding != DS_SRC_IN_BODY) {
            return "has a control character in it";
        }
    }
    return NULL;
}

static const char *value_encode(const char *value, ds_src_encoding_e encoding, apr_pool_t *pool)
{
    switch (encoding) {
    case DS_SRC_IN_PATH: return percent_encode(value, is_unreserved, pool);
    case DS_SRC_IN_BODY: return json_escape(value, pool);
    default: return value;
    }
}

/* --- holes --- */

/* The value of a name; NULL: there is none. */
static const char *value_get(const ds_src_values_t *values, const char *name)
{
    if (!strcmp(name, DS_SRC_HOLE_START)) {
        return values->start;
    }
    if (!strcmp(name, DS_SRC_HOLE_END)) {
        return values->end;
    }
    if (!strcmp(name, DS_SRC_HOLE_SCHEDULE)) {
        return values->schedule;
    }
    return ds_source_param_get(values->params, name);
}

static ds_problem_t *hole_fill(const char **text, const char *name, ds_src_encoding_e encoding,
                               const ds_src_values_t *values, apr_pool_t *pool)
{
    const char *value = value_get(values, name), *fault;

    if (!value && !strcmp(name, DS_SRC_HOLE_START)) {
        return ds_problem_make(pool, DS_EINPUT,
                               "{START_TIME} has no value in the first run: write BackfillFrom");
    }
    if (!value) {
        return ds_problem_make(pool, DS_EINPUT, "{%s} has no value: write SourceParam %s VALUE",
                               name, name);
    }
    fault = value_fault(value, encoding);
    if (fault) {
        return ds_problem_make(pool, DS_EINPUT, "the value of {%s} %s", name, fault);
    }
    *text = value_encode(value, encoding, pool);
    return NULL;
}

static const char *choice_make(const ds_src_piece_t *piece, const ds_src_values_t *values)
{
    const char *value;

    if (!strcmp(piece->name, DS_SRC_CHOICE_START)) {
        return values->first ? piece->empty : piece->given;
    }
    value = value_get(values, piece->name);
    return value && *value ? piece->given : piece->empty;
}

static ds_problem_t *piece_fill(const char **text, const ds_src_piece_t *piece,
                                ds_src_encoding_e encoding, const ds_src_values_t *values,
                                apr_pool_t *pool)
{
    if (piece->kind == DS_SRC_HOLE) {
        return hole_fill(text, piece->name, encoding, values, pool);
    }
    *text = piece->kind == DS_SRC_CHOICE ? choice_make(piece, values) : piece->text;
    if (encoding == DS_SRC_IN_PATH) {
        *text = percent_encode(*text, is_path_byte, pool);
    }
    return NULL;
}

ds_problem_t *ds_src_fill(const char **text, const char *with_holes, ds_src_encoding_e encoding,
                          const ds_src_values_t *values, apr_pool_t *pool)
{
    apr_array_header_t *texts = apr_array_make(pool, 8, sizeof(const char *));
    const char *cursor = with_holes, *fault = NULL;
    ds_problem_t *problem = NULL;
    ds_src_piece_t piece;
    int found = 0;

    while (!problem && (found = ds_src_piece_next(&piece, &fault, &cursor, pool)) > 0) {
        problem = piece_fill(&APR_ARRAY_PUSH(texts, const char *), &piece, encoding, values, pool);
    }
    if (found < 0) {
        problem = ds_problem_make(pool, DS_EINPUT, "%s", fault);
    }
    *text = problem ? NULL : apr_array_pstrcat(pool, texts, '\0');
    return problem;
}

/* --- the window --- */

static const char *time_print(const char *format, apr_time_t when, apr_pool_t *pool)
{
    const char *text = NULL;
    int at;

    return ds_fmt_dotnet_print(&text, &at, when, format, pool) ? NULL : text;
}

ds_problem_t *ds_src_values_window(ds_src_values_t *values, const ds_src_spec_t *spec,
                                   apr_time_t start, apr_time_t end, int first, apr_pool_t *pool)
{
    const ds_src_schedule_t *schedule = &spec->schedule;

    values->first = first;
    values->start = start ? time_print(schedule->start_format, start, pool) : NULL;
    values->end = time_print(schedule->end_format, end, pool);
    values->schedule = NULL;
    values->window = apr_array_make(pool, 2, sizeof(ds_src_pair_t));
    if (schedule->kind == DS_SRC_SCHEDULE_PARAMS && values->start) {
        APR_ARRAY_PUSH(values->window, ds_src_pair_t) =
            (ds_src_pair_t){schedule->start_name, values->start};
    }
    if (schedule->kind == DS_SRC_SCHEDULE_PARAMS && schedule->end_name) {
        APR_ARRAY_PUSH(values->window, ds_src_pair_t) =
            (ds_src_pair_t){schedule->end_name, values->end};
    }
    return schedule->kind == DS_SRC_SCHEDULE_ADVANCE
               ? ds_src_fill(&values->schedule, first ? schedule->backfill : schedule->incremental,
                             DS_SRC_IN_TEXT, values, pool)
               : NULL;
}

/* --- the request --- */

static ds_problem_t *pairs_fill(apr_array_header_t *filled, const apr_array_header_t *pairs,
                                ds_src_encoding_e encoding, const ds_src_values_t *values,
                                apr_pool_t *pool)
{
    ds_problem_t *problem = NULL;
    const char *text;
    int i;

    for (i = 0; i < pairs->nelts && !problem; i++) {
        const ds_src_pair_t *pair = &APR_ARRAY_IDX(pairs, i, ds_src_pair_t);

        problem = ds_src_fill(&text, pair->value, encoding, values, pool);
        if (!problem) {
            APR_ARRAY_PUSH(filled, ds_src_pair_t) = (ds_src_pair_t){pair->name, text};
        }
    }
    return problem;
}

static int pair_is_in(const apr_array_header_t *pairs, const char *name)
{
    int i;

    for (i = 0; pairs && i < pairs->nelts; i++) {
        if (!strcmp(APR_ARRAY_IDX(pairs, i, ds_src_pair_t).name, name)) {
            return 1;
        }
    }
    return 0;
}

/* The texts of a query after what stands in `texts`: all pairs but those of names in `but`. */
static void query_add(apr_array_header_t *texts, const char *separator,
                      const apr_array_header_t *pairs, const apr_array_header_t *but)
{
    apr_pool_t *pool = texts->pool;
    int i;

    for (i = 0; pairs && i < pairs->nelts; i++) {
        const ds_src_pair_t *pair = &APR_ARRAY_IDX(pairs, i, ds_src_pair_t);

        if (!pair_is_in(but, pair->name)) {
            APR_ARRAY_PUSH(texts, const char *) = texts->nelts == 1 ? separator : "&";
            APR_ARRAY_PUSH(texts, const char *) = percent_encode(pair->name, is_unreserved, pool);
            APR_ARRAY_PUSH(texts, const char *) = "=";
            APR_ARRAY_PUSH(texts, const char *) = percent_encode(pair->value, is_unreserved, pool);
        }
    }
}

/* What goes between a path, which may have a query, and the first parameter. */
static const char *separator_find(const char *path)
{
    if (!strchr(path, '?')) {
        return "?";
    }
    return strchr("?&", path[strlen(path) - 1]) ? "" : "&";
}

static ds_problem_t *url_make(const char **url, const ds_src_spec_t *spec, const char *host,
                              const ds_src_values_t *values, apr_pool_t *pool)
{
    apr_array_header_t *query = apr_array_make(pool, 8, sizeof(ds_src_pair_t));
    apr_array_header_t *texts = apr_array_make(pool, 32, sizeof(const char *));
    const char *path;
    ds_problem_t *problem;

    if (!host && !spec->host) {
        return ds_problem_make(pool, DS_EINPUT, "the source spec names no host: write SourceHost");
    }
    problem = ds_src_fill(&host, host ? host : spec->host, DS_SRC_IN_HOST, values, pool);
    if (!problem) {
        problem = ds_src_fill(&path, spec->path, DS_SRC_IN_PATH, values, pool);
    }
    if (!problem) {
        problem = pairs_fill(query, spec->query, DS_SRC_IN_TEXT, values, pool);
    }
    if (!problem) {
        APR_ARRAY_PUSH(texts, const char *) = apr_pstrcat(pool, host, path, NULL);
        query_add(texts, separator_find(path), query, values->window);
        query_add(texts, separator_find(path), values->window, NULL);
        *url = apr_array_pstrcat(pool, texts, '\0');
    }
    return problem;
}

ds_problem_t *ds_src_request_make(ds_src_request_t **made, const ds_src_spec_t *spec,
                                  const char *host, const ds_src_values_t *values, apr_pool_t *pool)
{
    ds_src_request_t *request = *made = apr_pcalloc(pool, sizeof(*request));
    ds_problem_t *problem = url_make(&request->url, spec, host, values, pool);

    request->method = spec->method;
    request->headers = apr_array_make(pool, 8, sizeof(ds_src_pair_t));
    if (!problem) {
        problem = pairs_fill(request->headers, spec->headers, DS_SRC_IN_HEADER, values, pool);
    }
    if (!problem && spec->body) {
        problem = ds_src_fill(&request->body, spec->body, DS_SRC_IN_BODY, values, pool);
    }
    return problem;
}
