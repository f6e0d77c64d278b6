#include "dsw_letter.h"

#include <string.h>

#include <jansson.h>

#include <apr_base64.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "ds_clock.h"

#define WORD_BYTES 42  /* of a text in one encoded word: 56 characters, and 12 around them */
#define LINE_LENGTH 75 /* of quoted-printable, and "=" behind it where the line goes on */

/* --- how it is spelled --- */

/* The bytes of the UTF-8 character at text. */
static apr_size_t character_size(const char *text)
{
    apr_size_t size = 1;

    while ((text[size] & 0xC0) == 0x80)
        size++;
    return size;
}

/* RFC 2047: words in base64, none of them cut in the middle of a character, each on its line. */
static const char *words_encode(const char *text, apr_pool_t *pool)
{
    const char *words = "";

    while (*text) {
        apr_size_t size = 0, next;
        char code[128];

        for (; text[size] && size + (next = character_size(text + size)) <= WORD_BYTES;
             size += next)
            ;
        apr_base64_encode(code, text, (int)size);
        words = apr_pstrcat(pool, words, *words ? "\r\n " : "", "=?utf-8?B?", code, "?=", NULL);
        text += size;
    }
    return words;
}

typedef struct {
    char *text;
    apr_size_t length;
    int column;
} printable_t;

static void piece_add(printable_t *to, const char *piece)
{
    int length = (int)strlen(piece);

    if (to->column + length > LINE_LENGTH) {
        memcpy(to->text + to->length, "=\r\n", 3);
        to->length += 3;
        to->column = 0;
    }
    memcpy(to->text + to->length, piece, (apr_size_t)length);
    to->length += (apr_size_t)length;
    to->column += length;
}

/* RFC 2045, 6.7. A space before a line end and a dot at its beginning are safe in code only. */
static int is_plain(char c, char next, int column)
{
    if (c == ' ')
        return next && next != '\n';
    return apr_isgraph(c) && c != '=' && (c != '.' || column > 0);
}

static const char *printable_encode(const char *text, apr_pool_t *pool)
{
    printable_t to = {.text = apr_palloc(pool, 4 * strlen(text) + 8)};
    char piece[4];

    for (; *text; text++) {
        if (*text == '\n') {
            memcpy(to.text + to.length, "\r\n", 2);
            to.length += 2;
            to.column = 0;
            continue;
        }
        apr_snprintf(piece, sizeof(piece), is_plain(*text, text[1], to.column) ? "%c" : "=%02X",
                     (unsigned char)*text);
        piece_add(&to, piece);
    }
    to.text[to.length] = '\0';
    return to.text;
}

/* --- what it says --- */

static const char *text_get(const json_t *data, const char *name, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(data, name));

    return text ? text : otherwise;
}

static const char *number_get(const json_t *data, const char *name, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%" APR_INT64_T_FMT,
                        (apr_int64_t)json_integer_value(json_object_get(data, name)));
}

static const char *time_get(const json_t *data, const char *name, apr_pool_t *pool)
{
    apr_time_t when = json_integer_value(json_object_get(data, name));

    return when ? ds_clock_rfc3339(when, pool) : "not at all";
}

/* The states that mail tells, in the words of the protocol that asks for mail. */
static const char *state_text(const json_t *data)
{
    const char *state = text_get(data, "state", "");

    if (!strcmp(state, "finished"))
        return "Completed";
    return strcmp(state, "rejected") ? "Failed" : "Rejected";
}

static const char *name_get(const json_t *data)
{
    return text_get(data, "job", text_get(data, "sync", ""));
}

static const char *link_text(const dsw_letter_t *letter, apr_pool_t *pool)
{
    if (!letter->link)
        return "";
    return apr_pstrcat(pool, "\nThe result can be fetched until ",
                       ds_clock_rfc3339(letter->link_until, pool),
                       ". Whoever has this address can do so:\n", letter->link, "\n", NULL);
}

static const char *body_write(const dsw_letter_t *letter, const json_t *data, apr_pool_t *pool)
{
    return apr_pstrcat(pool, "The ", text_get(data, "kind", ""), " job \"", name_get(data),
                       "\" of ", text_get(data, "object", ""), ": ", state_text(data), "\n\n",
                       text_get(data, "message", ""), "\n\nJob: ", text_get(data, "uuid", ""),
                       "\nSubmitted: ", time_get(data, "scheduled_at", pool),
                       "\nBegun: ", time_get(data, "started_at", pool),
                       "\nEnded: ", time_get(data, "finished_at", pool),
                       "\nRows read: ", number_get(data, "rows_read", pool),
                       "\nRows done: ", number_get(data, "rows_ok", pool),
                       "\nRows failed: ", number_get(data, "rows_failed", pool),
                       "\nRows skipped: ", number_get(data, "rows_skipped", pool),
                       "\nRows with a warning: ", number_get(data, "rows_warned", pool), "\n",
                       link_text(letter, pool), NULL);
}

static const char *date_text(apr_time_t when, apr_pool_t *pool)
{
    char text[APR_RFC822_DATE_LEN];

    apr_rfc822_date(text, when);
    return apr_psprintf(pool, "%.25s +0000", text);
}

/* A server that gets the same message twice may tell by its id. */
static const char *head_write(const dsw_letter_t *letter, const ds_message_t *message,
                              const json_t *data, apr_pool_t *pool)
{
    const char *subject =
        apr_pstrcat(pool, "Job \"", name_get(data), "\": ", state_text(data), NULL);

    return apr_pstrcat(
        pool, "Date: ", date_text(letter->now, pool), "\r\nFrom: <", letter->from, ">\r\nTo: <",
        message->recipient, ">\r\nSubject: ", words_encode(subject, pool), "\r\nMessage-ID: <",
        text_get(data, "uuid", ""), ".", apr_psprintf(pool, "%" APR_INT64_T_FMT, message->id),
        strchr(letter->from, '@'),
        ">\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\nAuto-Submitted: auto-generated\r\n\r\n",
        NULL);
}

const char *dsw_letter_write(const dsw_letter_t *letter, const ds_message_t *message,
                             apr_pool_t *pool)
{
    json_t *data = json_loads(message->data, 0, NULL);
    const char *text = NULL;

    if (data)
        text = apr_pstrcat(pool, head_write(letter, message, data, pool),
                           printable_encode(body_write(letter, data, pool), pool), NULL);
    json_decref(data);
    return text;
}

const char *dsw_letter_result(const ds_message_t *message, apr_pool_t *pool)
{
    json_t *data = json_loads(message->data, 0, NULL);
    const char *uuid = NULL;

    if (!strcmp(text_get(data, "kind", ""), "export") &&
        !strcmp(text_get(data, "state", ""), "finished"))
        uuid = apr_pstrdup(pool, text_get(data, "uuid", ""));
    json_decref(data);
    return uuid;
}
