#include <string.h>

#include <apr_cstr.h>
#include <apr_errno.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "ds_fmt_header.h"
#include "ds_fmt_multipart.h"

#define BOUNDARY_MAX 70 /* RFC 2046, 5.1.1 */

typedef enum state_e {
    IN_PREAMBLE,
    BEHIND_BOUNDARY,
    BEHIND_DASH, /* the first of the two that close the body */
    IN_PADDING,  /* spaces and tabs up to the line's end */
    BEHIND_CR,
    IN_HEADER,
    IN_DATA,
    IN_EPILOGUE
} state_e;

struct ds_fmt_multipart_t {
    ds_fmt_multipart_limits_t limits;
    ds_fmt_multipart_events_t events;
    void *baton;
    const char *delimiter; /* CRLF, two dashes, the boundary: CR stands at its beginning only */
    apr_size_t delimiter_size;
    apr_size_t matched; /* so many bytes of the delimiter were the last ones of the pieces before */
    state_e state;
    int closed; /* the closing boundary was seen */
    int parts;
    char
        *header; /* "\r\n" and the header lines so far, so that their end is always an empty line */
    apr_size_t header_size;
    const char *fault;
};

/* The boundary */

static int boundary_is_allowed(const char *boundary)
{
    apr_size_t length = strlen(boundary), i;

    if (length < 1 || length > BOUNDARY_MAX || boundary[length - 1] == ' ') {
        return 0;
    }
    for (i = 0; i < length; i++) {
        if (!apr_isalnum(boundary[i]) && strchr("'()+_,-./:=? ", boundary[i]) == NULL) {
            return 0;
        }
    }
    return 1;
}

const char *ds_fmt_multipart_boundary(const char *content_type, apr_pool_t *pool)
{
    char *cursor = apr_pstrdup(pool, content_type);
    const char *boundary = NULL;
    ds_fmt_parameter_t parameter;
    int found;

    if (apr_cstr_casecmp(ds_fmt_header_word(&cursor), "multipart/form-data") != 0) {
        return NULL;
    }
    while ((found = ds_fmt_header_parameter(&parameter, &cursor)) == 1) {
        if (apr_cstr_casecmp(parameter.name, "boundary") != 0) {
            continue;
        }
        if (boundary != NULL) {
            return NULL;
        }
        boundary = parameter.value;
    }
    return found == 0 && boundary != NULL && boundary_is_allowed(boundary) ? boundary : NULL;
}

ds_fmt_multipart_t *ds_fmt_multipart_make(const char *boundary,
                                          const ds_fmt_multipart_limits_t *limits,
                                          const ds_fmt_multipart_events_t *events, void *baton,
                                          apr_pool_t *pool)
{
    ds_fmt_multipart_t *reader = apr_pcalloc(pool, sizeof(*reader));

    reader->limits = *limits;
    reader->events = *events;
    reader->baton = baton;
    reader->delimiter = apr_pstrcat(pool, "\r\n--", boundary, NULL);
    reader->delimiter_size = strlen(reader->delimiter);
    reader->header = apr_palloc(pool, 2 + limits->header_bytes);
    /* the first boundary may be the body's first line: as if a line had ended before */
    reader->matched = 2;
    return reader;
}

static apr_status_t fault_set(ds_fmt_multipart_t *reader, const char *fault)
{
    reader->fault = fault;
    return APR_EINVAL;
}

/* The header of a part */

/* Each line must end with CRLF and hold no other control character than tabs. A line that goes on
 * in the next one is made one line (RFC 5322, 2.2.3). text ends with CRLF and NUL. */
static int header_lines_unfold(char *text, apr_size_t size)
{
    apr_size_t i;

    for (i = 0; i < size; i++) {
        if (text[i] == '\r' && text[i + 1] == '\n') {
            if (text[i + 2] == ' ' || text[i + 2] == '\t') {
                text[i] = text[i + 1] = ' ';
            }
            i++;
        }
        else if (apr_iscntrl(text[i]) && text[i] != '\t') {
            return 0;
        }
    }
    return 1;
}

/* Keep the value of something that may stand there once. */
static int once_set(const char **target, const char *value)
{
    if (*target != NULL) {
        return 0;
    }
    *target = value;
    return 1;
}

/* Content-Disposition (RFC 7578, 4.2). Returns 0 when it is not well formed. */
static int disposition_parse(ds_fmt_part_t *part, char *value)
{
    char *extended = NULL;
    ds_fmt_parameter_t parameter;
    int found, good = apr_cstr_casecmp(ds_fmt_header_word(&value), "form-data") == 0;

    while (good && (found = ds_fmt_header_parameter(&parameter, &value)) != 0) {
        if (found < 0) {
            return 0;
        }
        if (apr_cstr_casecmp(parameter.name, "name") == 0) {
            ds_fmt_header_quote_decode(parameter.value);
            good = once_set(&part->name, parameter.value);
        }
        else if (apr_cstr_casecmp(parameter.name, "filename") == 0) {
            ds_fmt_header_quote_decode(parameter.value);
            good = once_set(&part->filename, parameter.value);
        }
        else if (apr_cstr_casecmp(parameter.name, "filename*") == 0) {
            good = extended == NULL;
            extended = parameter.value;
        }
    }
    if (extended != NULL) {
        extended = ds_fmt_header_extended_decode(extended);
        part->filename = extended != NULL ? extended : part->filename;
    }
    return good;
}

static int encoding_is_plain(const char *encoding)
{
    return apr_cstr_casecmp(encoding, "binary") == 0 || apr_cstr_casecmp(encoding, "8bit") == 0 ||
           apr_cstr_casecmp(encoding, "7bit") == 0;
}

/* The value behind the colon, without the blanks around it. */
static char *value_trim(char *value)
{
    apr_size_t length;

    value += strspn(value, " \t");
    for (length = strlen(value); length > 0 && strchr(" \t", value[length - 1]); length--) {
        value[length - 1] = '\0';
    }
    return value;
}

/* One line, without its end. Returns the fault, or NULL. */
static const char *header_line_parse(ds_fmt_part_t *part, char *line)
{
    char *colon = strchr(line, ':'), *value;

    if (colon == NULL || colon == line || strcspn(line, " \t\"") < (apr_size_t)(colon - line)) {
        return "a header line of a part is not well formed";
    }
    *colon = '\0';
    value = value_trim(colon + 1);
    if (apr_cstr_casecmp(line, "Content-Disposition") == 0) {
        if (part->name != NULL || !disposition_parse(part, value)) {
            return "the Content-Disposition of a part is not well formed";
        }
    }
    else if (apr_cstr_casecmp(line, "Content-Type") == 0) {
        if (!once_set(&part->content_type, value)) {
            return "a part has more than one Content-Type";
        }
    }
    else if (apr_cstr_casecmp(line, "Content-Transfer-Encoding") == 0) {
        if (!encoding_is_plain(value)) {
            return "a part has a Content-Transfer-Encoding other than binary";
        }
    }
    return NULL;
}

/* All header lines of a part; each ends with CRLF. Returns the fault, or NULL. */
static const char *header_parse(ds_fmt_part_t *part, char *text, apr_size_t size)
{
    const char *fault;
    char *end;

    if (!header_lines_unfold(text, size)) {
        return "a header line of a part holds a control character";
    }
    for (; *text != '\0'; text = end + 2) {
        end = strstr(text, "\r\n");
        *end = '\0';
        fault = header_line_parse(part, text);
        if (fault != NULL) {
            return fault;
        }
    }
    return part->name == NULL || *part->name == '\0' ? "a part has no name" : NULL;
}

/* Called when the empty line was seen: the lines stand in header from 2 to size - 2. */
static apr_status_t part_begin(ds_fmt_multipart_t *reader)
{
    ds_fmt_part_t part = {0};
    const char *fault;

    if (++reader->parts > reader->limits.parts) {
        return fault_set(reader, "the body has too many parts");
    }
    reader->header[reader->header_size - 2] = '\0';
    fault = header_parse(&part, reader->header + 2, reader->header_size - 4);
    if (fault != NULL) {
        return fault_set(reader, fault);
    }
    reader->state = IN_DATA;
    return reader->events.part_begin(reader->baton, &part);
}

/* The four readers below take what is theirs from the piece and move *at. */

static apr_status_t header_read(ds_fmt_multipart_t *reader, const char **at, const char *end)
{
    apr_size_t known = reader->header_size, room = 2 + reader->limits.header_bytes - known;
    apr_size_t taken = (apr_size_t)(end - *at) < room ? (apr_size_t)(end - *at) : room;
    apr_size_t from = known > 3 ? known - 3 : 0;
    const char *found;

    memcpy(reader->header + known, *at, taken);
    found = memmem(reader->header + from, known + taken - from, "\r\n\r\n", 4);
    if (found == NULL) {
        reader->header_size = known + taken;
        *at += taken;
        return taken < room ? APR_SUCCESS : fault_set(reader, "the header of a part is too long");
    }
    reader->header_size = (apr_size_t)(found + 4 - reader->header);
    *at += reader->header_size - known;
    return part_begin(reader);
}

static apr_status_t data_send(ds_fmt_multipart_t *reader, const char *data, apr_size_t size)
{
    if (reader->state != IN_DATA || size == 0) {
        return APR_SUCCESS;
    }
    return reader->events.part_data(reader->baton, data, size);
}

static apr_status_t delimiter_pass(ds_fmt_multipart_t *reader)
{
    int in_part = reader->state == IN_DATA;

    reader->matched = 0;
    reader->state = BEHIND_BOUNDARY;
    return in_part ? reader->events.part_end(reader->baton) : APR_SUCCESS;
}

/* The pieces before ended with the first bytes of a delimiter: does it go on? */
static apr_status_t delimiter_resume(ds_fmt_multipart_t *reader, const char **at, const char *end)
{
    apr_size_t matched = reader->matched;

    while (*at < end && matched < reader->delimiter_size && **at == reader->delimiter[matched]) {
        matched++;
        (*at)++;
    }
    reader->matched = matched;
    if (matched == reader->delimiter_size) {
        return delimiter_pass(reader);
    }
    if (*at == end) {
        return APR_SUCCESS;
    }
    reader->matched = 0;
    return data_send(reader, reader->delimiter, matched);
}

/* How many of the last bytes may be the beginning of a delimiter? Only its first byte is a CR, so
 * only the last CR can begin one. */
static apr_size_t delimiter_begun(const ds_fmt_multipart_t *reader, const char *data,
                                  apr_size_t size)
{
    apr_size_t tail = size < reader->delimiter_size ? size : reader->delimiter_size - 1;
    const char *cr = memrchr(data + size - tail, '\r', tail);
    apr_size_t begun = cr == NULL ? 0 : (apr_size_t)(data + size - cr);

    return memcmp(data + size - begun, reader->delimiter, begun) == 0 ? begun : 0;
}

/* Data of a part, or the preamble: everything up to the next delimiter. */
static apr_status_t data_read(ds_fmt_multipart_t *reader, const char **at, const char *end)
{
    apr_size_t size = (apr_size_t)(end - *at);
    const char *data = *at, *found;
    apr_status_t status;

    if (reader->matched > 0) {
        return delimiter_resume(reader, at, end);
    }
    found = memmem(data, size, reader->delimiter, reader->delimiter_size);
    if (found == NULL) {
        *at = end;
        reader->matched = delimiter_begun(reader, data, size);
        return data_send(reader, data, size - reader->matched);
    }
    *at = found + reader->delimiter_size;
    status = data_send(reader, data, (apr_size_t)(found - data));
    return status == APR_SUCCESS ? delimiter_pass(reader) : status;
}

/* One byte behind a boundary, up to the end of its line. */
static apr_status_t boundary_line_read(ds_fmt_multipart_t *reader, char c)
{
    if (reader->state == BEHIND_BOUNDARY && c == '-') {
        reader->state = BEHIND_DASH;
    }
    else if (reader->state == BEHIND_DASH && c == '-') {
        reader->closed = 1;
        reader->state = IN_PADDING;
    }
    else if (reader->state == BEHIND_CR && c == '\n') {
        reader->state = reader->closed ? IN_EPILOGUE : IN_HEADER;
        memcpy(reader->header, "\r\n", 2);
        reader->header_size = 2;
    }
    else if ((reader->state == BEHIND_BOUNDARY || reader->state == IN_PADDING) &&
             (c == ' ' || c == '\t' || c == '\r')) {
        reader->state = c == '\r' ? BEHIND_CR : IN_PADDING;
    }
    else {
        return fault_set(reader, "something else than a line end follows a boundary");
    }
    return APR_SUCCESS;
}

apr_status_t ds_fmt_multipart_feed(ds_fmt_multipart_t *reader, const char *data, apr_size_t size)
{
    const char *at = data, *end = data + size;
    apr_status_t status = APR_SUCCESS;

    while (at < end && status == APR_SUCCESS) {
        switch (reader->state) {
        case IN_PREAMBLE:
        case IN_DATA: status = data_read(reader, &at, end); break;
        case IN_HEADER: status = header_read(reader, &at, end); break;
        case IN_EPILOGUE: at = end; break;
        default: status = boundary_line_read(reader, *at++); break;
        }
    }
    return status;
}

apr_status_t ds_fmt_multipart_end(ds_fmt_multipart_t *reader)
{
    if (!reader->closed) {
        return fault_set(reader, "the body ends without its closing boundary");
    }
    return APR_SUCCESS;
}

const char *ds_fmt_multipart_fault(const ds_fmt_multipart_t *reader)
{
    return reader->fault;
}
