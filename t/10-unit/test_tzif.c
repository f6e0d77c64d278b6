/* Time zone files: bytes made by hand, good ones and bad ones, and the rules of TZ strings. */
#include <apr_general.h>
#include <apr_strings.h>

#include "ds_fmt_calendar.h"
#include "ds_fmt_tzif.h"
#include "tap.h"

static apr_pool_t *pool;

typedef struct bytes_t {
    char data[1024];
    apr_size_t size;
} bytes_t;

static void number_add(bytes_t *bytes, apr_int64_t number, int size)
{
    for (size--; size >= 0; size--) {
        bytes->data[bytes->size++] = (char)((apr_uint64_t)number >> 8 * size);
    }
}

static void zeros_add(bytes_t *bytes, int size)
{
    memset(bytes->data + bytes->size, 0, (apr_size_t)size);
    bytes->size += (apr_size_t)size;
}

static void header_add(bytes_t *bytes, char version, int leaps, int times, int types)
{
    memcpy(bytes->data + bytes->size, "TZif", 4);
    bytes->size += 4;
    number_add(bytes, version, 1);
    zeros_add(bytes, 15);
    zeros_add(bytes, 4 + 4);
    number_add(bytes, leaps, 4);
    number_add(bytes, times, 4);
    number_add(bytes, types, 4);
    number_add(bytes, 4, 4);
}

/* What differs between the files of the tests; the rest is a zone of +1 h that changes to +2 h at
 * `first` and to +3 h at `second`. */
typedef struct file_t {
    char version;
    int leaps;
    apr_int64_t first;
    apr_int64_t second;
    int index;
    int offset;
    const char *footer;
} file_t;

static const file_t plain = {'2', 0, 1000, 2000, 2, 10800, "\nXXX-3\n"};

static bytes_t file_make(const file_t *file)
{
    bytes_t bytes = {.size = 0};

    header_add(&bytes, file->version, 0, 0, 1);
    zeros_add(&bytes, 6 + 4);
    header_add(&bytes, file->version, file->leaps, 2, 3);
    number_add(&bytes, file->first, 8);
    number_add(&bytes, file->second, 8);
    number_add(&bytes, 1, 1);
    number_add(&bytes, file->index, 1);
    number_add(&bytes, 3600, 4);
    zeros_add(&bytes, 2);
    number_add(&bytes, 7200, 4);
    zeros_add(&bytes, 2);
    number_add(&bytes, file->offset, 4);
    zeros_add(&bytes, 2);
    zeros_add(&bytes, 4 + 12 * file->leaps);
    memcpy(bytes.data + bytes.size, file->footer, strlen(file->footer));
    bytes.size += strlen(file->footer);
    return bytes;
}

static void fault_check(const file_t *file, const char *part, const char *name)
{
    bytes_t bytes = file_make(file);
    const char *fault = NULL;
    ds_fmt_tzif_t *zone;

    ds_fmt_tzif_parse(&zone, &fault, bytes.data, bytes.size, pool);
    if (!tap_ok(part ? fault && strstr(fault, part) : fault == NULL, name)) {
        printf("#      got: %s\n#   wanted: %s\n", fault ? fault : "none", part ? part : "none");
    }
}

#define FILE_WITH(...) (&(file_t){__VA_ARGS__})

static void faults_check(void)
{
    fault_check(&plain, NULL, "a good file is read");
    fault_check(FILE_WITH('3', 0, 1000, 2000, 2, 10800, "\nXXX-3YYY,J1/-167,J365/167\n"), NULL,
                "version 3 is read");
    fault_check(FILE_WITH('\0', 0, 1000, 2000, 2, 10800, ""), "version 1", "version 1 is refused");
    fault_check(FILE_WITH('2', 1, 1000, 2000, 2, 10800, "\nXXX-3\n"), "leap seconds",
                "a file that counts leap seconds is refused");
    fault_check(FILE_WITH('2', 0, 2000, 2000, 2, 10800, "\nXXX-3\n"), "disorder",
                "changes must ascend");
    fault_check(FILE_WITH('2', 0, 1000, 2000, 3, 10800, "\nXXX-3\n"), "does not have",
                "a type that is not there is refused");
    fault_check(FILE_WITH('2', 0, 1000, 2000, 2, 93600, "\nXXX-3\n"), "26 hours",
                "an offset of more than a day is refused");
    fault_check(FILE_WITH('2', 0, 1000, 2000, 2, -93600, "\nXXX-3\n"), "26 hours",
                "to the west as well");
    fault_check(FILE_WITH('2', 0, 1000, 2000, 2, 10800, ""), "no TZ string",
                "a footer must be there");
    fault_check(FILE_WITH('2', 0, 1000, 2000, 2, 10800, "\nXXX-3"), "no TZ string",
                "a footer must end");
    fault_check(FILE_WITH('2', 0, 1000, 2000, 2, 10800, "\nXXX\n"), "cannot be read",
                "a TZ string must have an offset");
}

static void prefixes_check(void)
{
    bytes_t bytes = file_make(&plain);
    const char *fault;
    ds_fmt_tzif_t *zone;
    apr_size_t size, read = 0;

    for (size = 0; size < bytes.size; size++) {
        read += ds_fmt_tzif_parse(&zone, &fault, apr_pmemdup(pool, bytes.data, size), size, pool) ==
                APR_SUCCESS;
    }
    tap_is_number((int64_t)read, 0, "a file that is cut off anywhere is refused");
}

static const char *span_print(ds_fmt_tzspan_t span)
{
    return apr_psprintf(pool, "%s %s %d",
                        span.begin == INT64_MIN ? "-" : apr_ltoa(pool, (long)span.begin),
                        span.end == INT64_MAX ? "-" : apr_ltoa(pool, (long)span.end), span.offset);
}

static void spans_check(const file_t *file, apr_int64_t when, const char *wanted, const char *name)
{
    bytes_t bytes = file_make(file);
    const char *fault = NULL;
    ds_fmt_tzif_t *zone;
    apr_status_t rv = ds_fmt_tzif_parse(&zone, &fault, bytes.data, bytes.size, pool);

    tap_is_text(rv == APR_SUCCESS ? span_print(ds_fmt_tzif_span(zone, when)) : fault, wanted, name);
}

static void changes_check(void)
{
    static const file_t endless = {'2', 0, 1000, 2000, 2, 10800, "\n\n"};
    static const file_t negative = {'2', 0, -2000, -1000, 2, -10800, "\nXXX-4\n"};

    spans_check(&plain, 999, "- 1000 3600", "the second before a change has the old clock");
    spans_check(&plain, 1000, "1000 2000 7200", "the second of a change has the new clock");
    spans_check(&plain, 1999, "1000 2000 7200", "up to the next change");
    spans_check(&plain, 2000, "2000 - 10800", "after the last change the rule holds");
    spans_check(&endless, 5000, "2000 - 10800", "without a rule the last clock goes on");
    spans_check(&negative, -1001, "-2000 -1000 7200", "changes before 1970 are read");
    spans_check(&negative, 0, "-1000 - 14400", "the rule counts more than the last type");
}

typedef struct rule_case_t {
    const char *text;
    int year, month, day; /* midnight UTC of this day */
    int offset;           /* minutes; -9999: refused */
} rule_case_t;

static const rule_case_t rule_cases[] = {
    {"UTC0", 2026, 1, 1, 0},
    {"<+0545>-5:45", 2026, 1, 1, 345},
    {"XXX+1:02:00", 2026, 1, 1, -62},
    {"CET-1CEST,M3.5.0,M10.5.0/3", 2026, 3, 29, 60},
    {"CET-1CEST,M3.5.0,M10.5.0/3", 2026, 3, 30, 120},
    {"CET-1CEST,M3.5.0,M10.5.0/3", 2026, 10, 25, 120},
    {"CET-1CEST,M3.5.0,M10.5.0/3", 2026, 10, 26, 60},
    {"AEST-10AEDT,M10.1.0,M4.1.0/3", 2026, 1, 1, 660},
    {"AEST-10AEDT,M10.1.0,M4.1.0/3", 2026, 7, 1, 600},
    {"IST-1GMT0,M10.5.0,M3.5.0/1", 2026, 1, 1, 0},
    {"IST-1GMT0,M10.5.0,M3.5.0/1", 2026, 7, 1, 60},
    {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 2026, 3, 29, -120},
    {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 2026, 3, 30, -60},
    {"EET-2EEST,M3.4.4/50,M10.4.4/50", 2026, 3, 27, 120},
    {"EET-2EEST,M3.4.4/50,M10.4.4/50", 2026, 3, 28, 180},
    {"XXX3EDT4,0/0,J365/23", 2026, 1, 1, -240}, /* the whole year */
    {"XXX3EDT4,0/0,J365/23", 2026, 7, 1, -240},
    {"XXX0YYY,J60/0,J61/0", 2028, 2, 29, 0}, /* 1 March in every year */
    {"XXX0YYY,J60/0,J61/0", 2028, 3, 1, 60},
    {"XXX0YYY,59/0,60/0", 2028, 2, 29, 60}, /* day 59 is a leap day */
    {"XXX0YYY,59/0,60/0", 2028, 3, 1, 0},
    {"XXX0YYY,365/0,0/167", 2028, 12, 31, 60},
    {"XXX0YYY,365/0,0/167", 2029, 1, 7, 60},
    {"XXX0YYY,365/0,0/167", 2029, 1, 8, 0},
    {"XXX0YYY", 2026, 1, 1, -9999},
    {"XX0", 2026, 1, 1, -9999},
    {"<+1>-1", 2026, 1, 1, -9999},
    {"XXX", 2026, 1, 1, -9999},
    {"XXX25", 2026, 1, 1, -9999},
    {"XXX0 ", 2026, 1, 1, -9999},
    {"XXX0YYY,M13.1.0,M1.1.0", 2026, 1, 1, -9999},
    {"XXX0YYY,M1.6.0,M1.1.0", 2026, 1, 1, -9999},
    {"XXX0YYY,M1.1.7,M1.1.0", 2026, 1, 1, -9999},
    {"XXX0YYY,J0,J1", 2026, 1, 1, -9999},
    {"XXX0YYY,J1/168,J2", 2026, 1, 1, -9999},
    {"XXX0YYY,J1,J2,", 2026, 1, 1, -9999},
    {":Europe/Berlin", 2026, 1, 1, -9999},
    {"", 2026, 1, 1, -9999},
};

static void rules_check(void)
{
    apr_size_t i;

    for (i = 0; i < sizeof(rule_cases) / sizeof(rule_cases[0]); i++) {
        const rule_case_t *c = &rule_cases[i];
        ds_fmt_date_t date = {c->year, c->month, c->day};
        apr_int64_t when = ds_fmt_calendar_day(&date) * 86400;
        ds_fmt_tzrule_t rule;
        int offset = -9999;

        if (ds_fmt_tzrule_parse(&rule, c->text)) {
            offset = ds_fmt_tzrule_span(&rule, when).offset / 60;
        }
        tap_is_number(offset, c->offset,
                      c->offset == -9999
                          ? apr_psprintf(pool, "the TZ string '%s' is refused", c->text)
                          : apr_psprintf(pool, "'%s' on %d-%02d-%02d is right", c->text, c->year,
                                         c->month, c->day));
    }
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    faults_check();
    prefixes_check();
    changes_check();
    rules_check();
    apr_terminate();
    return tap_end();
}
