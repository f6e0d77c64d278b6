/* The multipart reader, case by case. Each body is read in one piece and in pieces of 1, 2, 3 and 7
 * bytes. */
#include <apr_errno.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "ds_fmt_multipart.h"
#include "tap.h"

#define EXPECT_STOP (APR_OS_START_USERERR + 1)

static apr_pool_t *pool;

typedef struct seen_t {
    const char *text;
    int stop_at_data;
} seen_t;

static const char *or_dash(const char *text)
{
    return text == NULL ? "-" : text;
}

static apr_status_t seen_begin(void *baton, const ds_fmt_part_t *part)
{
    seen_t *seen = baton;

    seen->text = apr_pstrcat(pool, seen->text, "<", part->name, "|", or_dash(part->filename), "|",
                             or_dash(part->content_type), "|", NULL);
    return APR_SUCCESS;
}

static apr_status_t seen_data(void *baton, const char *data, apr_size_t size)
{
    seen_t *seen = baton;

    seen->text = apr_pstrcat(pool, seen->text, apr_pstrmemdup(pool, data, size), NULL);
    return seen->stop_at_data ? EXPECT_STOP : APR_SUCCESS;
}

static apr_status_t seen_end(void *baton)
{
    seen_t *seen = baton;

    seen->text = apr_pstrcat(pool, seen->text, ">", NULL);
    return APR_SUCCESS;
}

static const ds_fmt_multipart_events_t events = {seen_begin, seen_data, seen_end};

/* The parts as text, or the fault. */
static const char *body_read(const char *body, apr_size_t size, apr_size_t piece)
{
    static const ds_fmt_multipart_limits_t limits = {3, 200};
    seen_t seen = {"", 0};
    ds_fmt_multipart_t *reader = ds_fmt_multipart_make("b0", &limits, &events, &seen, pool);
    apr_status_t status = APR_SUCCESS;
    apr_size_t at, taken;

    for (at = 0; at < size && status == APR_SUCCESS; at += taken) {
        taken = piece < size - at ? piece : size - at;
        status = ds_fmt_multipart_feed(reader, body + at, taken);
    }
    if (status == APR_SUCCESS) {
        status = ds_fmt_multipart_end(reader);
    }
    return status == APR_SUCCESS ? seen.text : or_dash(ds_fmt_multipart_fault(reader));
}

typedef struct case_t {
    const char *name;
    const char *body;
    apr_size_t size;
    const char *parts;
} case_t;

#define TEXT(text) text, sizeof(text) - 1
#define FILE_PART "--b0\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n"
#define PART(disposition) "--b0\r\nContent-Disposition: " disposition "\r\n\r\nx\r\n--b0--\r\n"
#define NAMED(parameters) PART("form-data; name=\"f\"" parameters)

static const char bad_disposition[] = "the Content-Disposition of a part is not well formed";
static const char bad_line[] = "a header line of a part is not well formed";
static const char bad_boundary[] = "something else than a line end follows a boundary";
static const char no_name[] = "a part has no name";
static const char cut_off[] = "the body ends without its closing boundary";
static const char control[] = "a header line of a part holds a control character";

static const case_t bodies[] = {
    {"a file arrives", TEXT(FILE_PART "Content-Type: text/csv\r\n\r\nid\r\n1\r\n\r\n--b0--\r\n"),
     "<file|a.csv|text/csv|id\r\n1\r\n>"},
    {"two parts", TEXT(FILE_PART "\r\n1\r\n" NAMED("")), "<file|a.csv|-|1><f|-|-|x>"},
    {"an empty file", TEXT(FILE_PART "\r\n\r\n--b0--"), "<file|a.csv|-|>"},
    {"a body without parts", TEXT("--b0--\r\n"), ""},
    {"text before and behind is no part", TEXT("hello\r\n" NAMED("") "bye\r\n--b0\r\n"),
     "<f|-|-|x>"},
    {"an empty line before", TEXT("\r\n" NAMED("")), "<f|-|-|x>"},
    {"blanks behind boundaries",
     TEXT("--b0 \t \r\nContent-Disposition: form-data; name=f\r\n\r\nx\r\n--b0-- \t"), "<f|-|-|x>"},
    {"what looks like a boundary is data",
     TEXT(FILE_PART "\r\n\r\n--b1\r\n-b0\r--b0\n--b0\r\r\n--b\r\n--b0--"),
     "<file|a.csv|-|\r\n--b1\r\n-b0\r--b0\n--b0\r\r\n--b>"},
    {"a boundary behind its own beginning", TEXT(FILE_PART "\r\n1\r\n--b\r\n--b0--"),
     "<file|a.csv|-|1\r\n--b>"},
    {"curl's quotes and backslashes", TEXT(NAMED("; filename=\"a\\\"b\\\\c.csv\"")),
     "<f|a\"b\\c.csv|-|x>"},
    {"browsers' quotes", TEXT(NAMED("; filename=\"a%22b%20.csv\"")), "<f|a\"b%20.csv|-|x>"},
    {"old browsers' paths", TEXT(NAMED("; filename=\"C:\\dir\\a.csv\"")), "<f|C:\\dir\\a.csv|-|x>"},
    {"names without quotes", TEXT(PART("form-data;name=f;filename=a.csv")), "<f|a.csv|-|x>"},
    {"semicolons in quotes", TEXT(NAMED("; filename=\"a;b=c.csv\"")), "<f|a;b=c.csv|-|x>"},
    {"names in any case, blanks anywhere",
     TEXT("--b0\r\ncontent-DISPOSITION:\t FORM-data ;  NAME=f ; FileName=\"a\" "
          ";\r\n\r\nx\r\n--b0--"),
     "<f|a|-|x>"},
    {"header lines that go on in the next line",
     TEXT(PART("form-data;\r\n name=\"f\";\r\n\tfilename=a")), "<f|a|-|x>"},
    {"other header lines do not count",
     TEXT("--b0\r\nX-A: \"b\r\nContent-Disposition: form-data; name=f\r\nContent-Length: "
          "9\r\n\r\nx\r\n--b0--"),
     "<f|-|-|x>"},
    {"a plain transfer encoding",
     TEXT("--b0\r\nContent-Transfer-Encoding: BINARY \r\nContent-Disposition: form-data; "
          "name=f\r\n\r\nx\r\n--b0--"),
     "<f|-|-|x>"},
    {"international file names",
     TEXT(NAMED("; filename=\"e.csv\"; filename*=utf-8'en'%e2%82%AC%20.csv")),
     "<f|\xE2\x82\xAC .csv|-|x>"},
    {"a broken international name leaves the plain one",
     TEXT(NAMED("; filename*=UTF-8''%e2%8; filename=\"e.csv\"")), "<f|e.csv|-|x>"},
    {"an international name of other bytes leaves the plain one",
     TEXT(NAMED("; filename*=UTF-8''%ff; filename=\"e.csv\"")), "<f|e.csv|-|x>"},
    {"a NUL cannot be put into a name", TEXT(NAMED("; filename*=UTF-8''a%00b")), "<f|-|-|x>"},
    {"multipart inside a part is data",
     TEXT("--b0\r\nContent-Disposition: form-data; name=f\r\nContent-Type: multipart/mixed; "
          "boundary=i\r\n\r\n"
          "--i\r\n\r\n1\r\n--i--\r\n--b0--"),
     "<f|-|multipart/mixed; boundary=i|--i\r\n\r\n1\r\n--i-->"},
    {"a client that goes away in the data", TEXT(FILE_PART "\r\nid\r\n"), cut_off},
    {"a client that goes away in the boundary", TEXT(FILE_PART "\r\nid\r\n--b0-"), cut_off},
    {"a client that goes away in a header", TEXT(FILE_PART), cut_off},
    {"an empty body", TEXT(""), cut_off},
    {"a body of something else", TEXT("{\"a\":1}"), cut_off},
    {"a longer boundary is not ours", TEXT("--b0x\r\n\r\n"), bad_boundary},
    {"a closing boundary with more behind it", TEXT(FILE_PART "\r\nid\r\n--b0--x"), bad_boundary},
    {"one dash closes nothing", TEXT("--b0-\r\n"), bad_boundary},
    {"a boundary line without CR", TEXT("--b0\n\r\n"), bad_boundary},
    {"a part without a name", TEXT(PART("form-data")), no_name},
    {"a part with an empty name", TEXT(PART("form-data; name=\"\"")), no_name},
    {"a part without header lines", TEXT("--b0\r\n\r\nx\r\n--b0--"), no_name},
    {"a part that is no form data", TEXT(PART("attachment; name=f")), bad_disposition},
    {"two names could be read in two ways", TEXT(NAMED("; name=g")), bad_disposition},
    {"two file names", TEXT(NAMED("; filename=a; filename=b")), bad_disposition},
    {"two international file names", TEXT(NAMED("; filename*=UTF-8''a; filename*=UTF-8''b")),
     bad_disposition},
    {"a second disposition",
     TEXT("--b0\r\nContent-Disposition: form-data; name=f\r\nContent-Disposition: form-data; "
          "name=g\r\n\r\n"),
     bad_disposition},
    {"a quote that is not closed", TEXT(NAMED("; filename=\"a")), bad_disposition},
    {"a quote that is escaped away", TEXT(NAMED("; filename=\"a\\\"")), bad_disposition},
    {"text behind a closing quote", TEXT(NAMED("; filename=\"a\"b")), bad_disposition},
    {"a parameter without a value", TEXT(NAMED("; filename")), bad_disposition},
    {"a parameter with an empty value", TEXT(NAMED("; filename=; x=y")), bad_disposition},
    {"a header line without a colon", TEXT("--b0\r\nabc\r\n\r\n"), bad_line},
    {"a header line that is all value", TEXT("--b0\r\n: abc\r\n\r\n"), bad_line},
    {"a blank before the colon", TEXT("--b0\r\nContent-Disposition : form-data; name=f\r\n\r\n"),
     bad_line},
    {"a NUL in a header", TEXT("--b0\r\nA: b\0c\r\n\r\n"), control},
    {"a line feed alone in a header", TEXT("--b0\r\nA: b\nC: d\r\n\r\n"), control},
    {"a CR alone in a header", TEXT("--b0\r\nA: b\rC: d\r\n\r\n"), control},
    {"two types", TEXT(FILE_PART "Content-Type: a/b\r\nContent-Type: c/d\r\n\r\n"),
     "a part has more than one Content-Type"},
    {"an encoding that would be stored undecoded",
     TEXT(FILE_PART "Content-Transfer-Encoding: base64\r\n\r\n"),
     "a part has a Content-Transfer-Encoding other than binary"},
    {"more parts than allowed",
     TEXT(FILE_PART "\r\n\r\n" FILE_PART "\r\n\r\n" FILE_PART "\r\n\r\n" FILE_PART "\r\n\r\n"),
     "the body has too many parts"},
};

static void bodies_check(void)
{
    static const apr_size_t pieces[] = {10000, 1, 2, 3, 7};
    apr_size_t i, j;

    for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        const case_t *c = &bodies[i];
        const char *got = NULL;

        for (j = 0; j < sizeof(pieces) / sizeof(pieces[0]); j++) {
            got = body_read(c->body, c->size, pieces[j]);
            if (strcmp(got, c->parts) != 0) {
                break;
            }
        }
        tap_is_text(got, c->parts, c->name);
    }
}

/* The limit of header bytes is 200 here. */
static const char *long_header_read(int filler)
{
    const char *body = apr_psprintf(pool,
                                    "--b0\r\nContent-Disposition: form-data; name=f\r\n"
                                    "X: %0*d\r\n\r\n\r\n--b0--",
                                    filler, 0);

    return body_read(body, strlen(body), 7);
}

static void header_limit_check(void)
{
    int filler = 200 - (int)strlen("Content-Disposition: form-data; name=f\r\nX: \r\n\r\n");

    tap_is_text(long_header_read(filler), "<f|-|-|>", "a header as long as allowed");
    tap_is_text(long_header_read(filler + 1), "the header of a part is too long",
                "a longer header cannot fill the memory");
}

static void callback_check(void)
{
    static const ds_fmt_multipart_limits_t limits = {3, 200};
    static const char body[] = FILE_PART "\r\nid\r\n--b0--";
    seen_t seen = {"", 1};
    ds_fmt_multipart_t *reader = ds_fmt_multipart_make("b0", &limits, &events, &seen, pool);

    tap_is_number(ds_fmt_multipart_feed(reader, body, sizeof(body) - 1), EXPECT_STOP,
                  "what stops the caller stops the reading, with the caller's reason");
    tap_is_text(ds_fmt_multipart_fault(reader), NULL, "that is not called a fault of the body");
}

static void boundary_check(void)
{
    static const char *const types[][2] = {
        {"multipart/form-data; boundary=abc", "abc"},
        {"Multipart/Form-Data;charset=utf-8; BOUNDARY=\"a b:c\"", "a b:c"},
        {"multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxk",
         "----WebKitFormBoundary7MA4YWxk"},
        {"multipart/form-data; boundary=a;", "a"},
        {"multipart/form-data", NULL},
        {"multipart/form-data; boundary=\"\"", NULL},
        {"multipart/form-data; boundary=\"a \"", NULL},
        {"multipart/form-data; boundary=a; boundary=b", NULL},
        {"multipart/form-data; boundary=a\"", NULL},
        {"multipart/form-data; boundary=\"a", NULL},
        {"multipart/form-data; boundary=a*b", NULL},
        {"multipart/form-data; boundary=\"a\rb\"", NULL},
        {"multipart/form-data boundary=a", NULL},
        {"multipart/mixed; boundary=a", NULL},
        {"multipart/form-dataX; boundary=a", NULL},
        {"text/csv", NULL},
        {"", NULL},
        {"multipart/form-data; boundary="
         "1234567890123456789012345678901234567890123456789012345678901234567890",
         "1234567890123456789012345678901234567890123456789012345678901234567890"},
        {"multipart/form-data; boundary="
         "12345678901234567890123456789012345678901234567890123456789012345678901",
         NULL}};
    apr_size_t i;

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        tap_is_text(ds_fmt_multipart_boundary(types[i][0], pool), types[i][1],
                    apr_psprintf(pool, "boundary of content type %d", (int)i + 1));
    }
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    bodies_check();
    header_limit_check();
    callback_check();
    boundary_check();
    apr_terminate();
    return tap_end();
}
