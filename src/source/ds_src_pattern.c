#include "ds_src_pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <string.h>

#include <apr_strings.h>

#define PATTERN_MAX 1000 /* bytes */
#define PARENTHESES_MAX 50
#define STEPS_MAX 100000 /* less than a tenth of a second */
#define DEPTH_MAX 10000
#define HEAP_MAX 4096 /* KiB */

/* As ECMA-262 has it: $ is the end alone, \u0041 is a character, [] is nothing, and a group that
 * took no part is empty. */
#define AS_ECMA                                                                                    \
    (PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_BSUX | PCRE2_ALLOW_EMPTY_CLASS |                 \
     PCRE2_MATCH_UNSET_BACKREF | PCRE2_NEVER_BACKSLASH_C)

/* NULL, and *fault at *at, where it is none. */
static pcre2_code *code_make(int *fault, PCRE2_SIZE *at, const char *pattern)
{
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    pcre2_code *code = NULL;

    *fault = PCRE2_ERROR_HEAP_FAILED;
    *at = 0;
    if (!context)
        return NULL;
    pcre2_set_max_pattern_length(context, PATTERN_MAX);
    pcre2_set_parens_nest_limit(context, PARENTHESES_MAX);
    code = pcre2_compile((PCRE2_SPTR)pattern, strlen(pattern), AS_ECMA, fault, at, context);
    pcre2_compile_context_free(context);
    return code;
}

const char *ds_src_pattern_fault(const char *pattern, apr_pool_t *pool)
{
    PCRE2_SIZE at;
    PCRE2_UCHAR text[120];
    int fault;
    pcre2_code *code = code_make(&fault, &at, pattern);

    pcre2_code_free(code);
    if (code)
        return NULL;
    pcre2_get_error_message(fault, text, sizeof(text));
    return apr_psprintf(pool, "at character %lu: %s", (unsigned long)at + 1, (const char *)text);
}

static int code_match(const pcre2_code *code, const char *text)
{
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    pcre2_match_context *context = pcre2_match_context_create(NULL);
    int found = PCRE2_ERROR_NOMEMORY;

    if (data && context) {
        pcre2_set_match_limit(context, STEPS_MAX);
        pcre2_set_depth_limit(context, DEPTH_MAX);
        pcre2_set_heap_limit(context, HEAP_MAX);
        found = pcre2_match(code, (PCRE2_SPTR)text, strlen(text), 0, 0, data, context);
    }
    pcre2_match_context_free(context);
    pcre2_match_data_free(data);
    return found >= 0 ? 1 : found == PCRE2_ERROR_NOMATCH ? 0 : -1;
}

int ds_src_pattern_matches(const char *pattern, const char *text)
{
    PCRE2_SIZE at;
    int fault, found;
    pcre2_code *code = code_make(&fault, &at, pattern);

    if (!code)
        return -1;
    found = code_match(code, text);
    pcre2_code_free(code);
    return found;
}
