#include "ds_src_http.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <curl/curl.h>

#include <apr_escape.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "ds_clock.h"
#include "ds_src_authority.h"
#include "ds_src_header.h"
#include "ds_src_url.h"

#define HEADER_LINES 200
#define SPEED 100 /* bytes a second: less is silence */
#define WATCH_PAUSE apr_time_from_msec(900)

struct ds_src_http_t {
    ds_src_http_rules_t rules;
    const char *authorities; /* the certificates of both files; NULL: libcurl reads what there is */
    apr_size_t authorities_size;
    CURL *curl;
};

/* A request on its way through redirects; `method` and so on change on it. */
typedef struct {
    const ds_src_http_t *http;
    const ds_src_http_request_t *request;
    ds_src_http_answer_t *answer;
    apr_pool_t *pool;
    ds_src_url_t *url;
    const char *method;
    int is_foreign;        /* it has left the origin */
    apr_time_t deadline;   /* by the steady clock */
    apr_time_t watched_at; /* likewise */
    apr_size_t header_bytes;
    ds_problem_t *problem; /* why it was broken off */
    const char *refused;   /* an address that may not be called */
    char words[CURL_ERROR_SIZE];
} hop_t;

ds_src_http_rules_t ds_src_http_rules(const ds_src_egress_t *egress)
{
    return (ds_src_http_rules_t){.egress = egress,
                                 .system_ca = ds_src_authority_system(),
                                 .redirects = 3,
                                 .header_bytes = 64 * 1024,
                                 .body_bytes = 256 * 1024 * 1024,
                                 .connect = apr_time_from_sec(10),
                                 .total = apr_time_from_sec(300),
                                 .silence = apr_time_from_sec(30)};
}

static apr_status_t client_free(void *data)
{
    curl_easy_cleanup(data);
    return APR_SUCCESS;
}

ds_src_http_t *ds_src_http_make(const ds_src_http_rules_t *rules, apr_pool_t *pool)
{
    static int ready;
    ds_src_http_t *http = apr_pcalloc(pool, sizeof(*http));

    if (!ready && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return NULL;
    ready = 1;
    http->rules = *rules;
    http->curl = curl_easy_init();
    if (!http->curl)
        return NULL;
    apr_pool_cleanup_register(pool, http->curl, client_free, apr_pool_cleanup_null);
    if (rules->ca && rules->system_ca)
        http->authorities =
            ds_src_authority_join(&http->authorities_size, rules->ca, rules->system_ca, pool);
    return http;
}

/* --- headers of requests --- */

/* Who leaves the origin takes nothing along that could be a secret. */
static int goes_along(const hop_t *hop, const char *name)
{
    return !hop->is_foreign || !strcasecmp(name, "Accept") ||
           !strcasecmp(name, "Accept-Language") || !strcasecmp(name, "Content-Type");
}

static int line_add(struct curl_slist **lines, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*lines, line);

    *lines = longer ? longer : *lines;
    return longer != NULL;
}

static ds_problem_t *lines_make(struct curl_slist **lines, const hop_t *hop)
{
    const apr_array_header_t *headers = hop->request->headers;
    int i, whole = line_add(lines, "Expect:");

    for (i = 0; headers && i < headers->nelts; i++) {
        const ds_src_http_header_t *header = &APR_ARRAY_IDX(headers, i, ds_src_http_header_t);
        const char *fault = ds_src_header_fault(header->name, header->value);

        if (fault)
            return ds_problem_make(hop->pool, DS_EINPUT, "The header %s cannot be sent: %s",
                                   apr_pescape_echo(hop->pool, header->name, 0), fault);
        if (goes_along(hop, header->name))
            whole &= line_add(lines, apr_pstrcat(hop->pool, header->name,
                                                 *header->value ? ": " : ";", header->value, NULL));
    }
    return whole ? NULL : ds_problem_make(hop->pool, APR_ENOMEM, "There is no memory left");
}

/* --- what libcurl asks on the way --- */

static curl_socket_t socket_make(void *baton, curlsocktype purpose, struct curl_sockaddr *address)
{
    hop_t *hop = baton;
    char text[DS_SRC_ADDRESS_SIZE];

    if (ds_src_egress_allows(hop->http->rules.egress, hop->url->host, &address->addr))
        return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    ds_src_egress_print(text, &address->addr);
    hop->refused = apr_pstrdup(hop->pool, text);
    return CURL_SOCKET_BAD;
}

static int progress_watch(void *baton, curl_off_t unused, curl_off_t unused_too, curl_off_t sent,
                          curl_off_t to_send)
{
    hop_t *hop = baton;
    apr_time_t now = ds_clock_steady();
    apr_status_t status;

    if (!hop->request->watch || now - hop->watched_at < WATCH_PAUSE)
        return 0;
    hop->watched_at = now;
    status = hop->request->watch(hop->request->baton);
    if (status != APR_SUCCESS)
        hop->problem = ds_problem_make(hop->pool, status, "The request was broken off: %s",
                                       ds_problem_status_text(status, hop->pool));
    return status != APR_SUCCESS;
}

static void header_keep(hop_t *hop, const char *line, apr_size_t size)
{
    const char *colon = memchr(line, ':', size), *end = line + size, *value;
    ds_src_http_header_t *header;

    if (!colon || colon == line)
        return;
    for (value = colon + 1; value < end && apr_isspace(*value); value++)
        ;
    while (end > value && apr_isspace(end[-1]))
        end--;
    header = apr_array_push(hop->answer->headers);
    header->name = apr_pstrmemdup(hop->pool, line, (apr_size_t)(colon - line));
    header->value = apr_pstrmemdup(hop->pool, value, (apr_size_t)(end - value));
}

static size_t header_take(char *line, size_t size, size_t count, void *baton)
{
    hop_t *hop = baton;

    size *= count;
    hop->header_bytes += size;
    if (hop->header_bytes > hop->http->rules.header_bytes ||
        hop->answer->headers->nelts >= HEADER_LINES) {
        hop->problem = ds_problem_make(hop->pool, DS_ELIMIT, "The answer has too many headers");
        return 0;
    }
    if (size > 5 && !strncmp(line, "HTTP/", 5)) /* what came before was an interim answer */
        apr_array_clear(hop->answer->headers);
    else
        header_keep(hop, line, size);
    return size;
}

static void excerpt_take(ds_src_http_answer_t *answer, const char *data, size_t size)
{
    size_t i;

    for (i = 0; i < size && answer->size + (apr_int64_t)i < DS_SRC_EXCERPT; i++) {
        unsigned char c = (unsigned char)data[i];

        answer->excerpt[answer->size + (apr_int64_t)i] = (char)(c < 0x20 || c > 0x7e ? '.' : c);
    }
}

static size_t body_take(char *data, size_t size, size_t count, void *baton)
{
    hop_t *hop = baton;
    apr_status_t status = APR_SUCCESS;
    long code = 0;

    size *= count;
    excerpt_take(hop->answer, data, size);
    hop->answer->size += (apr_int64_t)size;
    if (hop->answer->size > hop->http->rules.body_bytes) {
        hop->problem = ds_problem_make(hop->pool, DS_ELIMIT,
                                       "The answer is larger than %" APR_INT64_T_FMT " bytes",
                                       hop->http->rules.body_bytes);
        return 0;
    }
    curl_easy_getinfo(hop->http->curl, CURLINFO_RESPONSE_CODE, &code);
    if (hop->request->write && code / 100 == 2)
        status = hop->request->write(hop->request->baton, data, size);
    if (status != APR_SUCCESS)
        hop->problem = ds_problem_make(hop->pool, DS_ELIMIT, "The answer cannot be kept: %s",
                                       ds_problem_status_text(status, hop->pool));
    return status == APR_SUCCESS ? size : 0;
}

/* --- one hop --- */

/* A libcurl that takes no certificates from memory gets the file: beside it counts the directory of
 * the system's, where it knows one. */
static void authorities_set(CURL *curl, const ds_src_http_t *http)
{
    struct curl_blob both = {(char *)(uintptr_t)http->authorities, http->authorities_size,
                             CURL_BLOB_NOCOPY};

    if (http->authorities && curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &both) == CURLE_OK)
        return;
    if (http->rules.ca)
        curl_easy_setopt(curl, CURLOPT_CAINFO, http->rules.ca);
}

static void limits_set(CURL *curl, const hop_t *hop)
{
    const ds_src_http_rules_t *rules = &hop->http->rules;
    apr_interval_time_t left = hop->deadline - ds_clock_steady();

    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, rules->plain ? "http,https" : "https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(curl, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    authorities_set(curl, hop->http);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)apr_time_as_msec(rules->connect));
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, left > 1000 ? (long)apr_time_as_msec(left) : 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)SPEED);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)apr_time_sec(rules->silence));
    curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)rules->body_bytes);
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "mod_datasync");
}

static void callbacks_set(CURL *curl, hop_t *hop)
{
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, socket_make);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, hop);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, progress_watch);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, hop);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, header_take);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, hop);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, body_take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, hop);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, hop->words);
}

static void request_set(CURL *curl, const hop_t *hop, struct curl_slist *lines)
{
    curl_easy_setopt(curl, CURLOPT_URL, hop->url->text);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines);
    if (strcmp(hop->method, "POST")) {
        curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
        return;
    }
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)hop->request->body_size);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, hop->request->body ? hop->request->body : "");
}

static apr_status_t code_status(CURLcode code)
{
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE: return DS_EDENIED;
    case CURLE_FILESIZE_EXCEEDED: return DS_ELIMIT;
    case CURLE_URL_MALFORMAT: return DS_EINPUT;
    default: return DS_EREMOTE;
    }
}

static ds_problem_t *failure_make(const hop_t *hop, CURLcode code)
{
    if (hop->problem)
        return hop->problem;
    if (hop->refused)
        return ds_problem_make(hop->pool, DS_EDENIED,
                               "%s has the address %s, which may not be called: where it is "
                               "meant, write DataSyncEgressAllow",
                               hop->url->host, hop->refused);
    return ds_problem_make(hop->pool, code_status(code), "%s",
                           *hop->words ? hop->words : curl_easy_strerror(code));
}

static ds_problem_t *hop_send(hop_t *hop)
{
    CURL *curl = hop->http->curl;
    struct curl_slist *lines = NULL;
    ds_problem_t *problem = lines_make(&lines, hop);
    CURLcode code;
    long status = 0;

    if (!problem) {
        hop->header_bytes = 0;
        hop->answer->size = 0;
        memset(hop->answer->excerpt, 0, sizeof(hop->answer->excerpt));
        hop->answer->url = hop->url->text;
        apr_array_clear(hop->answer->headers);
        curl_easy_reset(curl);
        limits_set(curl, hop);
        callbacks_set(curl, hop);
        request_set(curl, hop, lines);
        code = curl_easy_perform(curl);
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        hop->answer->status = (int)status;
        problem = code == CURLE_OK ? NULL : failure_make(hop, code);
    }
    curl_slist_free_all(lines);
    return problem;
}

/* --- redirects --- */

static ds_problem_t *url_take(hop_t *hop, const char *base, const char *text)
{
    hop->url = ds_src_url_parse(base, text, hop->pool);
    if (!hop->url || (strcmp(hop->url->scheme, "https") && strcmp(hop->url->scheme, "http")))
        return ds_problem_make(hop->pool, DS_EDENIED,
                               "It is not a URL of http or https without a password: %s",
                               ds_src_url_show(apr_pescape_echo(hop->pool, text, 0), hop->pool));
    if (strcmp(hop->url->scheme, "https") && !hop->http->rules.plain)
        return ds_problem_make(hop->pool, DS_EDENIED, "%s is not https, and http is not allowed",
                               ds_src_url_show(hop->url->text, hop->pool));
    return NULL;
}

/* 301, 302 and 303 make a GET of it, as everywhere; 307 and 308 repeat it. */
static int is_repeated(const hop_t *hop)
{
    return hop->answer->status >= 307 || !strcmp(hop->method, "GET");
}

static ds_problem_t *redirect_take(hop_t *hop, const char *location)
{
    const ds_src_url_t *from = hop->url;
    ds_problem_t *problem = url_take(hop, from->text, location);

    if (problem)
        return problem;
    if (!strcmp(from->scheme, "https") && strcmp(hop->url->scheme, "https"))
        return ds_problem_make(hop->pool, DS_EDENIED, "A redirect leads from https to %s",
                               ds_src_url_show(hop->url->text, hop->pool));
    hop->is_foreign |= strcmp(from->origin, hop->url->origin) != 0;
    if (!is_repeated(hop))
        hop->method = "GET";
    if (hop->is_foreign && !strcmp(hop->method, "POST"))
        return ds_problem_make(hop->pool, DS_EDENIED,
                               "A redirect would take the body of a POST to %s", hop->url->origin);
    return NULL;
}

static const char *location_get(const ds_src_http_answer_t *answer)
{
    switch (answer->status) {
    case 301:
    case 302:
    case 303:
    case 307:
    case 308: return ds_src_http_header_get(answer, "Location");
    default: return NULL;
    }
}

ds_problem_t *ds_src_http_send(ds_src_http_answer_t **answer, ds_src_http_t *http,
                               const ds_src_http_request_t *request, apr_pool_t *pool)
{
    hop_t hop = {.http = http, .request = request, .pool = pool, .method = request->method};
    const char *location = NULL;
    ds_problem_t *problem;
    int followed = 0;

    *answer = hop.answer = apr_pcalloc(pool, sizeof(**answer));
    hop.answer->url = "";
    hop.answer->headers = apr_array_make(pool, 16, sizeof(ds_src_http_header_t));
    hop.watched_at = ds_clock_steady(); /* an answer that is here at once needs no look */
    hop.deadline = hop.watched_at + http->rules.total;
    problem = url_take(&hop, NULL, request->url);
    while (!problem) {
        problem = hop_send(&hop);
        if (problem || !http->rules.redirects)
            break;
        location = location_get(hop.answer);
        if (!location)
            break;
        if (followed++ == http->rules.redirects)
            return ds_problem_make(pool, DS_ELIMIT, "There are more than %d redirects",
                                   http->rules.redirects);
        problem = redirect_take(&hop, location);
    }
    return problem;
}

const char *ds_src_http_header_get(const ds_src_http_answer_t *answer, const char *name)
{
    int i;

    for (i = 0; i < answer->headers->nelts; i++)
        if (!strcasecmp(APR_ARRAY_IDX(answer->headers, i, ds_src_http_header_t).name, name))
            return APR_ARRAY_IDX(answer->headers, i, ds_src_http_header_t).value;
    return NULL;
}
