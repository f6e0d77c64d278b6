#include "ds_src_url.h"

#include <string.h>

#include <curl/curl.h>

#include <apr_lib.h>
#include <apr_strings.h>

static const char *part_get(CURLU *reader, CURLUPart part, unsigned flags, apr_pool_t *pool)
{
    char *text = NULL;
    const char *copy;

    if (curl_url_get(reader, part, &text, flags) != CURLUE_OK)
        return NULL;
    copy = apr_pstrdup(pool, text);
    curl_free(text);
    return copy;
}

static const char *lower(const char *text, apr_pool_t *pool)
{
    char *copy = apr_pstrdup(pool, text), *p;

    for (p = copy; *p; p++)
        *p = (char)apr_tolower(*p);
    return copy;
}

static const char *brackets_drop(const char *host, apr_pool_t *pool)
{
    return *host == '[' ? apr_pstrmemdup(pool, host + 1, strcspn(host + 1, "]%")) : host;
}

static ds_src_url_t *parts_get(CURLU *reader, apr_pool_t *pool)
{
    ds_src_url_t *url = apr_pcalloc(pool, sizeof(*url));
    const char *host = part_get(reader, CURLUPART_HOST, 0, pool);
    const char *port = part_get(reader, CURLUPART_PORT, CURLU_DEFAULT_PORT, pool);

    curl_url_set(reader, CURLUPART_FRAGMENT, NULL, 0);
    url->text = part_get(reader, CURLUPART_URL, 0, pool);
    url->scheme = part_get(reader, CURLUPART_SCHEME, 0, pool);
    if (!host || !*host || !port || !url->text || !url->scheme)
        return NULL;
    url->host = brackets_drop(host, pool);
    url->origin = lower(apr_pstrcat(pool, url->scheme, "://", host, ":", port, NULL), pool);
    return url;
}

ds_src_url_t *ds_src_url_parse(const char *base, const char *text, apr_pool_t *pool)
{
    CURLU *reader = curl_url();
    ds_src_url_t *url = NULL;
    CURLUcode code = CURLUE_OUT_OF_MEMORY;

    if (reader)
        code = base ? curl_url_set(reader, CURLUPART_URL, base, CURLU_DISALLOW_USER) : CURLUE_OK;
    if (code == CURLUE_OK)
        code = curl_url_set(reader, CURLUPART_URL, text, CURLU_DISALLOW_USER | CURLU_URLENCODE);
    if (code == CURLUE_OK)
        url = parts_get(reader, pool);
    curl_url_cleanup(reader);
    return url;
}

/* --- the query --- */

const char *ds_src_url_encode(const char *text, apr_pool_t *pool)
{
    static const char digits[] = "0123456789ABCDEF";
    char *encoded = apr_palloc(pool, 3 * strlen(text) + 1), *to = encoded;

    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (apr_isalnum(c) || strchr("-._~", c)) {
            *to++ = (char)c;
            continue;
        }
        *to++ = '%';
        *to++ = digits[c >> 4];
        *to++ = digits[c & 15];
    }
    *to = '\0';
    return encoded;
}

/* Is the parameter, name=value of so many bytes, called so? */
static int is_called(const char *parameter, apr_size_t size, const char *name)
{
    const char *equals = memchr(parameter, '=', size);
    int length = 0;
    char *plain = curl_easy_unescape(NULL, parameter,
                                     equals ? (int)(equals - parameter) : (int)size, &length);
    int same = plain && (apr_size_t)length == strlen(name) && !strcmp(plain, name);

    curl_free(plain);
    return same;
}

const char *ds_src_url_query_set(const char *url, const char *name, const char *value,
                                 apr_pool_t *pool)
{
    apr_size_t before = strcspn(url, "?"), size;
    const char *made = apr_pstrmemdup(pool, url, before), *p;
    const char *separator = "?";

    for (p = url + before; *p; p += size) {
        size = strcspn(++p, "&");
        if (!size || is_called(p, size, name))
            continue;
        made = apr_pstrcat(pool, made, separator, apr_pstrmemdup(pool, p, size), NULL);
        separator = "&";
    }
    return apr_pstrcat(pool, made, separator, ds_src_url_encode(name, pool), "=",
                       ds_src_url_encode(value, pool), NULL);
}

static int is_secret(const char *name, apr_size_t size, apr_pool_t *pool)
{
    static const char *const words[] = {"key",  "token", "secret", "pass", "sign",
                                        "auth", "code",  "sig",    "cred", "session"};
    const char *plain = lower(apr_pstrmemdup(pool, name, size), pool);
    size_t i;

    for (i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (strstr(plain, words[i]))
            return 1;
    return 0;
}

/* A user and a password before the host. */
static const char *user_drop(const char *url, apr_pool_t *pool)
{
    const char *slashes = strstr(url, "://"), *at;

    if (!slashes)
        return url;
    slashes += 3;
    for (at = slashes + strcspn(slashes, "/?#"); at > slashes && *at != '@'; at--)
        ;
    return *at == '@' ? apr_pstrcat(pool, apr_pstrmemdup(pool, url, (apr_size_t)(slashes - url)),
                                    "***", at, NULL)
                      : url;
}

const char *ds_src_url_show(const char *given, apr_pool_t *pool)
{
    const char *url = user_drop(given, pool);
    apr_size_t before = strcspn(url, "?#");
    const char *shown = apr_pstrmemdup(pool, url, before), *p = url + before;

    while (*p && *p != '#') {
        char separator[] = {*p, '\0'};
        apr_size_t size = strcspn(++p, "&#"), name = strcspn(p, "=&#");
        int hidden = name < size && is_secret(p, name, pool);

        shown =
            apr_pstrcat(pool, shown, separator, apr_pstrmemdup(pool, p, hidden ? name + 1 : size),
                        hidden ? "***" : "", NULL);
        p += size;
    }
    return shown;
}
