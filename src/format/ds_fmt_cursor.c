#include "ds_fmt_cursor.h"

#include <apr_encode.h>
#include <apr_strings.h>

#include <string.h>

static const char WORD[] = "skip:";

/* The decoder is generous; the text must be what would be encoded again. */
static const char *plain_get(const char *text, apr_pool_t *scratch)
{
    apr_size_t length = strlen(text);
    const char *given, *plain, *again;
    int padding;

    for (padding = 0; padding < 2 && length && text[length - 1] == '='; padding++) {
        length--;
    }
    given = apr_pstrmemdup(scratch, text, length);
    if (padding > (int)((4 - length % 4) % 4)) {
        return NULL;
    }
    plain = apr_pdecode_base64(scratch, given, (apr_ssize_t)length, APR_ENCODE_NONE, NULL);
    if (!plain) {
        return NULL;
    }
    again = apr_pencode_base64(scratch, plain, APR_ENCODE_STRING, APR_ENCODE_NOPADDING, NULL);
    return again && !strcmp(again, given) ? plain : NULL;
}

int ds_fmt_cursor_read(apr_int64_t *skip, const char *text, apr_pool_t *scratch)
{
    const char *plain = plain_get(text, scratch), *number;

    if (!plain || strncmp(plain, WORD, sizeof(WORD) - 1)) {
        return 0;
    }
    number = plain + sizeof(WORD) - 1;
    *skip = apr_strtoi64(number, NULL, 10);
    return *number && !number[strspn(number, "0123456789")];
}

static const char *link_print(const char *path, apr_int64_t skip, const char *name,
                              apr_pool_t *pool)
{
    const char *plain = apr_psprintf(pool, "%s%" APR_INT64_T_FMT, WORD, skip);
    const char *cursor = apr_pencode_base64(pool, plain, APR_ENCODE_STRING, APR_ENCODE_NONE, NULL);

    return apr_psprintf(pool, "<%s?cursor=%s>; rel=\"%s\"", path, cursor, name);
}

const char *ds_fmt_cursor_link(const char *path, apr_int64_t skip, int page, int has_more,
                               apr_pool_t *pool)
{
    const char *prev = NULL, *next = NULL;

    if (skip > 0) {
        prev = link_print(path, skip > page ? skip - page : 0, "prev", pool);
    }
    if (has_more) {
        next = link_print(path, skip + page, "next", pool);
    }
    return prev && next ? apr_pstrcat(pool, prev, ",", next, NULL) : prev ? prev : next;
}
