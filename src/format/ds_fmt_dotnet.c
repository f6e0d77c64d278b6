#include "ds_fmt_dotnet.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "ds_fmt_calendar.h"

#define DAY apr_time_from_sec(86400)

/* A byte of a format is printed as at most two ("K" as one, "zzz" as six). */
#define ROOM (2 * DS_FMT_DOTNET_LENGTH_MAX + 1)

typedef struct printer_t {
    char *to;
    ds_fmt_date_t date;
    apr_int64_t rest; /* microseconds of the day */
} printer_t;

static void number_print(printer_t *printer, apr_int64_t number, int digits)
{
    int i;

    for (i = digits; i-- > 0; number /= 10) {
        printer->to[i] = (char)('0' + number % 10);
    }
    printer->to += digits;
}

static void fraction_print(printer_t *printer, int digits)
{
    apr_int64_t ticks = printer->rest % APR_USEC_PER_SEC * 10; /* of 100 ns, as .NET counts */
    int i;

    for (i = digits; i < 7; i++) {
        ticks /= 10;
    }
    number_print(printer, ticks, digits);
}

/* A run of the same letter. Returns 0 when there is no such specifier. */
static int specifier_print(printer_t *printer, char letter, int run)
{
    apr_int64_t seconds = printer->rest / APR_USEC_PER_SEC;

    if (letter == 'f' && run <= 7) {
        fraction_print(printer, run);
        return 1;
    }
    if (letter == 'z' && run == 3) {
        memcpy(printer->to, "+00:00", 6);
        printer->to += 6;
        return 1;
    }
    if (run != (letter == 'y' ? 4 : letter == 'K' ? 1 : 2)) {
        return 0;
    }
    switch (letter) {
    case 'y': number_print(printer, printer->date.year, 4); return 1;
    case 'M': number_print(printer, printer->date.month, 2); return 1;
    case 'd': number_print(printer, printer->date.day, 2); return 1;
    case 'H': number_print(printer, seconds / 3600, 2); return 1;
    case 'm': number_print(printer, seconds / 60 % 60, 2); return 1;
    case 's': number_print(printer, seconds % 60, 2); return 1;
    case 'K': *printer->to++ = 'Z'; return 1;
    default: return 0;
    }
}

static const char *letter_fault(char letter)
{
    switch (letter) {
    case 'y': return "write yyyy for the year";
    case 'M': return "write MM for the month";
    case 'd': return "write dd for the day";
    case 'h': return "write HH for the hour, which counts to 23";
    case 'H': return "write HH for the hour";
    case 'm': return "write mm for the minute";
    case 's': return "write ss for the second";
    case 'f':
    case 'F': return "write one to seven f for the fraction of a second";
    case 'z': return "write zzz or K for the zone";
    case 'K': return "write K once";
    default: return "there is no such part of a time: put text into single quotes";
    }
}

/* *cursor stands on the opening quote. */
static const char *quoted_print(printer_t *printer, const char **cursor)
{
    const char *end = strchr(*cursor + 1, **cursor);
    apr_size_t size;

    if (!end) {
        return "the quote is not closed";
    }
    size = (apr_size_t)(end - *cursor) - 1;
    memcpy(printer->to, *cursor + 1, size);
    printer->to += size;
    *cursor = end + 1;
    return NULL;
}

/* What begins at *cursor. */
static const char *part_print(printer_t *printer, const char **cursor)
{
    char c = **cursor;
    int run = 1;

    if (c == '\'' || c == '"') {
        return quoted_print(printer, cursor);
    }
    if (c == '\\' && !(*cursor)[1]) {
        return "a character is missing after the backslash";
    }
    if (c == '%') {
        return "% is not supported: put text into single quotes";
    }
    if (c == '\\' || !apr_isalpha(c) || c == 'T' || c == 'Z') {
        *cursor += c == '\\';
        *printer->to++ = *(*cursor)++;
        return NULL;
    }
    while ((*cursor)[run] == c) {
        run++;
    }
    if (!specifier_print(printer, c, run)) {
        return letter_fault(c);
    }
    *cursor += run;
    return NULL;
}

const char *ds_fmt_dotnet_print(const char **text, int *at, apr_time_t when, const char *format,
                                apr_pool_t *pool)
{
    apr_int64_t day = ds_fmt_calendar_floor(when, DAY);
    printer_t printer = {.rest = when - day * DAY};
    const char *cursor = format, *fault = NULL;
    char *room = apr_palloc(pool, ROOM);

    *at = 1;
    if (!*format) {
        return "the format is empty";
    }
    if (strlen(format) > DS_FMT_DOTNET_LENGTH_MAX) {
        return "the format is too long";
    }
    ds_fmt_calendar_date(&printer.date, day);
    printer.to = room;
    while (*cursor && !fault) {
        fault = part_print(&printer, &cursor);
    }
    *at = (int)(cursor - format) + 1;
    *printer.to = '\0';
    *text = room;
    return fault;
}
