#include "ds_fmt_literal.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

typedef struct {
    const char *at;
    char *to;
    int is_wrong;
} literal_t;

static void text_add(literal_t *literal, const char *text)
{
    apr_size_t length = strlen(text);

    memcpy(literal->to, text, length);
    literal->to += length;
}

static void unit_add(literal_t *literal, unsigned unit)
{
    literal->to += apr_snprintf(literal->to, 7, "\\u%04x", unit);
}

/* So many hex digits, a character: \x41, \u0041 or \U00000041. */
static void number_take(literal_t *literal, int digits)
{
    unsigned long value = 0;
    int i;

    for (i = 0; i < digits; i++, literal->at++) {
        if (!apr_isxdigit(*literal->at)) {
            literal->is_wrong = 1;
            return;
        }
        value = value * 16 + (unsigned long)(apr_isdigit(*literal->at)
                                                 ? *literal->at - '0'
                                                 : (*literal->at | 0x20) - 'a' + 10);
    }
    if (value > 0x10ffff)
        literal->is_wrong = 1;
    else if (value > 0xffff) {
        unit_add(literal, 0xd800 + (unsigned)((value - 0x10000) >> 10));
        unit_add(literal, 0xdc00 + (unsigned)((value - 0x10000) & 0x3ff));
    }
    else
        unit_add(literal, (unsigned)value);
}

/* Behind a backslash. What Python does not know stands for itself, with its backslash. */
static void escape_take(literal_t *literal)
{
    static const char same[] = "\\\"/bfnrt";
    char c = *literal->at++;

    switch (c) {
    case '\0':
        literal->at--;
        literal->is_wrong = 1;
        break;
    case '\'': text_add(literal, "'"); break;
    case '\n': break;
    case 'a': unit_add(literal, 7); break;
    case 'v': unit_add(literal, 11); break;
    case 'x': number_take(literal, 2); break;
    case 'u': number_take(literal, 4); break;
    case 'U': number_take(literal, 8); break;
    default: text_add(literal, strchr(same, c) ? "\\" : "\\\\"); *literal->to++ = c;
    }
}

static void quoted_take(literal_t *literal)
{
    char quote = *literal->at++;

    *literal->to++ = '"';
    while (*literal->at && *literal->at != quote && !literal->is_wrong) {
        unsigned char c = (unsigned char)*literal->at++;

        if (c == '\\')
            escape_take(literal);
        else if (c == '"')
            text_add(literal, "\\\"");
        else if (c < 0x20)
            unit_add(literal, c);
        else
            *literal->to++ = (char)c;
    }
    *literal->to++ = '"';
    if (*literal->at == quote)
        literal->at++;
    else
        literal->is_wrong = 1;
}

/* A word; u'...' and u"..." are texts. */
static void word_take(literal_t *literal)
{
    static const char *const words[][2] = {{"True", "true"}, {"False", "false"}, {"None", "null"},
                                           {"true", "true"}, {"false", "false"}, {"null", "null"}};
    apr_size_t length = 0, i;

    while (apr_isalnum(literal->at[length]) || literal->at[length] == '_')
        length++;
    if (length == 1 && *literal->at == 'u' && strchr("'\"", literal->at[1]) && literal->at[1]) {
        literal->at++;
        return;
    }
    for (i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (strlen(words[i][0]) == length && !memcmp(words[i][0], literal->at, length)) {
            text_add(literal, words[i][1]);
            literal->at += length;
            return;
        }
    literal->is_wrong = 1;
}

/* A number, with its exponent; whether it is one is seen later. */
static void figure_take(literal_t *literal)
{
    while (*literal->at && (apr_isalnum(*literal->at) || strchr(".+-", *literal->at)))
        *literal->to++ = *literal->at++;
}

/* A comma, unless it stands before the end of a list or map. */
static void comma_take(literal_t *literal)
{
    const char *next = ++literal->at;

    while (apr_isspace(*next))
        next++;
    if (!*next || !strchr(")]}", *next))
        *literal->to++ = ',';
}

const char *ds_fmt_literal_to_json(const char *text, apr_pool_t *pool)
{
    /* A byte becomes six at most: a control character. */
    char *json = apr_palloc(pool, 6 * strlen(text) + 1);
    literal_t literal = {.at = text, .to = json};

    while (*literal.at && !literal.is_wrong) {
        char c = *literal.at;

        if (c == '\'' || c == '"')
            quoted_take(&literal);
        else if (c == ',')
            comma_take(&literal);
        else if (apr_isdigit(c))
            figure_take(&literal);
        else if (apr_isalpha(c) || c == '_')
            word_take(&literal);
        else {
            *literal.to++ = c == '(' ? '[' : c == ')' ? ']' : c;
            literal.at++;
        }
    }
    *literal.to = '\0';
    return literal.is_wrong ? NULL : json;
}
