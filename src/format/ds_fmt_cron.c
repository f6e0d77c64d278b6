#include "ds_fmt_cron.h"

#include <string.h>

#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "ds_fmt_calendar.h"

/* Every date that exists comes at least once in so many years: 29 February on a certain weekday
 * can be away for 40. */
#define SEARCH_DAYS (41 * 366)

#define MINUTES_OF_DAY 1440

typedef struct field_t {
    const char *name;
    int low;
    int high;
    const char *names; /* three letters each, the first one for `first` */
    int first;
    const char *allowed;
} field_t;

enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY, FIELDS };

static const field_t fields[FIELDS] = {
    {"minute", 0, 59, "", 0, "0 to 59"},
    {"hour", 0, 23, "", 0, "0 to 23"},
    {"day-of-month", 1, 31, "", 0, "1 to 31"},
    {"month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec", 1, "1 to 12 or jan to dec"},
    {"day-of-week", 0, 7, "sunmontuewedthufrisat", 0, "0 to 7 (0 and 7 are Sunday) or sun to sat"},
};

typedef struct alias_t {
    const char *name;
    const char *text;
} alias_t;

static const alias_t aliases[] = {{"@hourly", "0 * * * *"},   {"@daily", "0 0 * * *"},
                                  {"@midnight", "0 0 * * *"}, {"@weekly", "0 0 * * 0"},
                                  {"@monthly", "0 0 1 * *"},  {"@yearly", "0 0 1 1 *"},
                                  {"@annually", "0 0 1 1 *"}};

/* One item of a list: "*", "a", "a-b", and each with "/n". */
typedef struct item_t {
    int low;
    int high;
    int step;
    int is_open; /* has no end of its own */
} item_t;

static int name_read(int *value, const char **at, const field_t *field)
{
    const char *name;

    for (name = field->names; *name != '\0'; name += 3) {
        if (apr_cstr_casecmpn(*at, name, 3) == 0) {
            *value = field->first + (int)(name - field->names) / 3;
            *at += 3;
            return 1;
        }
    }
    return 0;
}

/* Up to four digits, so that nothing overflows and 0007 is still a number. */
static int number_read(int *value, const char **at)
{
    int digits = 0;

    for (*value = 0; apr_isdigit(**at) && digits < 4; (*at)++, digits++) {
        *value = *value * 10 + (**at - '0');
    }
    return digits > 0;
}

static int value_read(int *value, const char **at, const field_t *field)
{
    return (number_read(value, at) && *value >= field->low && *value <= field->high) ||
           name_read(value, at, field);
}

/* NULL, or what is wrong with the item. */
static const char *item_read(item_t *item, const char *at, const field_t *field)
{
    *item = (item_t){field->low, field->high, 1, *at == '*'};
    if (*at == '*') {
        at++;
    }
    else if (!value_read(&item->low, &at, field)) {
        return "is no value of this field";
    }
    else if (*at == '-') {
        at++;
        if (!value_read(&item->high, &at, field)) {
            return "ends with no value of this field";
        }
        /* a week may end on Sunday, however it is written */
        if (field == &fields[WEEKDAY] && item->high == 0 && item->low > 0) {
            item->high = 7;
        }
    }
    else if (*at == '/') {
        item->is_open = 1;
    }
    else {
        item->high = item->low;
    }
    if (item->low > item->high) {
        return "runs backwards: write it as two ranges, a-b,c-d";
    }
    if (*at == '/') {
        at++;
        if (!number_read(&item->step, &at) || item->step < 1 || item->step > field->high) {
            return "has a step that is not between 1 and the highest value";
        }
    }
    return *at == '\0' ? NULL : "has something behind its end";
}

static const char *fault_print(const field_t *field, const char *item, const char *what,
                               apr_pool_t *pool)
{
    return apr_psprintf(pool,
                        "field %d (%s): '%s' %s; allowed are %s, ranges (a-b), steps (*/n, a-b/n, "
                        "a/n) and lists of them (a,b)",
                        (int)(field - fields) + 1, field->name, item, what, field->allowed);
}

/* Reads one field. *is_open: one of its items has no end. */
static const char *field_read(apr_uint64_t *bits, int *is_open, const field_t *field, char *text,
                              apr_pool_t *pool)
{
    const char *what;
    char *at = text, *next;
    item_t item;
    int value;

    *bits = 0;
    *is_open = 0;
    for (; at != NULL; at = next) {
        next = strchr(at, ',');
        if (next != NULL) {
            *next++ = '\0';
        }
        what = item_read(&item, at, field);
        if (what != NULL) {
            return fault_print(field, at, what, pool);
        }
        *is_open |= item.is_open;
        for (value = item.low; value <= item.high; value += item.step) {
            *bits |= APR_UINT64_C(1) << value;
        }
    }
    return NULL;
}

/* Cuts the text at its blanks. Returns how many words there are; at most FIELDS are stored. */
static int words_cut(char *words[FIELDS], char *text)
{
    int count = 0;

    for (;; count++) {
        text += strspn(text, " \t");
        if (*text == '\0') {
            return count;
        }
        if (count < FIELDS) {
            words[count] = text;
        }
        text += strcspn(text, " \t");
        if (*text != '\0') {
            *text++ = '\0';
        }
    }
}

static const char *text_fault(const char *text)
{
    apr_size_t i;

    for (i = 0; text[i] != '\0'; i++) {
        if (i == DS_FMT_CRON_MAX) {
            return "the cron expression has more than 256 bytes";
        }
        if (text[i] != '\t' && (!apr_isascii(text[i]) || !apr_isprint(text[i]))) {
            return "the cron expression holds a byte that is no printable ASCII character";
        }
    }
    return NULL;
}

/* What an alias stands for, text itself when it is none, NULL for one that is not known. */
static const char *alias_resolve(const char *text)
{
    apr_size_t i, length;

    text += strspn(text, " \t");
    length = strcspn(text, " \t");
    if (*text != '@') {
        return text;
    }
    for (i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
        if (strlen(aliases[i].name) == length &&
            apr_cstr_casecmpn(text, aliases[i].name, length) == 0 &&
            text[length + strspn(text + length, " \t")] == '\0') {
            return aliases[i].text;
        }
    }
    return NULL;
}

static const char *fields_read(ds_fmt_cron_t *cron, char *words[FIELDS], apr_pool_t *pool)
{
    apr_uint64_t *bits[FIELDS] = {&cron->minutes, &cron->hours, &cron->days, &cron->months,
                                  &cron->weekdays};
    const char *fault;
    int i, is_open[FIELDS];

    cron->is_either_day = words[DAY][0] != '*' && words[WEEKDAY][0] != '*';
    for (i = 0; i < FIELDS; i++) {
        fault = field_read(bits[i], &is_open[i], &fields[i], words[i], pool);
        if (fault != NULL) {
            return fault;
        }
    }
    cron->is_hour_open = is_open[HOUR];
    cron->weekdays |= cron->weekdays >> 7 & 1;
    return NULL;
}

apr_status_t ds_fmt_cron_parse(ds_fmt_cron_t **cron, const char **fault, const char *text,
                               apr_pool_t *pool)
{
    const char *fields_text = alias_resolve(text);
    char *words[FIELDS];
    apr_int64_t next;
    int count;

    *cron = apr_pcalloc(pool, sizeof(**cron));
    *fault = text_fault(text);
    if (*fault != NULL) {
        return APR_EINVAL;
    }
    if (fields_text == NULL) {
        *fault = apr_psprintf(pool,
                              "'%s' is not known; allowed are @hourly, @daily, @midnight, "
                              "@weekly, @monthly, @yearly and @annually",
                              text);
        return APR_EINVAL;
    }
    count = words_cut(words, apr_pstrdup(pool, fields_text));
    if (count != FIELDS) {
        *fault = apr_psprintf(pool,
                              "'%s' has %d field%s; a cron expression has five: minute, hour, "
                              "day-of-month, month, day-of-week",
                              text, count, count == 1 ? "" : "s");
        return APR_EINVAL;
    }
    *fault = fields_read(*cron, words, pool);
    if (*fault == NULL && ds_fmt_cron_next(&next, *cron, 0) != APR_SUCCESS) {
        *fault =
            apr_psprintf(pool, "'%s' never comes: no month of field 4 has a day of field 3", text);
    }
    return *fault == NULL ? APR_SUCCESS : APR_EINVAL;
}

static int bit_is_set(apr_uint64_t bits, int value)
{
    return (int)(bits >> value & 1);
}

static int date_matches(const ds_fmt_cron_t *cron, const ds_fmt_date_t *date, apr_int64_t day)
{
    int of_month = bit_is_set(cron->days, date->day);
    int of_week = bit_is_set(cron->weekdays, ds_fmt_calendar_weekday(day));

    return bit_is_set(cron->months, date->month) &&
           (cron->is_either_day ? of_month || of_week : of_month && of_week);
}

/* The first minute of a day, not before `from`, that matches; MINUTES_OF_DAY when there is none. */
static int minute_find(const ds_fmt_cron_t *cron, int from)
{
    int minute;

    for (minute = from; minute < MINUTES_OF_DAY; minute++) {
        if (!bit_is_set(cron->hours, minute / 60)) {
            minute = minute / 60 * 60 + 59;
        }
        else if (bit_is_set(cron->minutes, minute % 60)) {
            return minute;
        }
    }
    return MINUTES_OF_DAY;
}

static void date_advance(ds_fmt_date_t *date)
{
    date->day++;
    if (date->day > ds_fmt_calendar_month_days(date->year, date->month)) {
        date->day = 1;
        date->month = date->month % 12 + 1;
        date->year += date->month == 1;
    }
}

apr_status_t ds_fmt_cron_next(apr_int64_t *next, const ds_fmt_cron_t *cron, apr_int64_t after)
{
    apr_int64_t first = ds_fmt_calendar_floor(after + 1, MINUTES_OF_DAY), day;
    int from = (int)(after + 1 - first * MINUTES_OF_DAY), minute;
    ds_fmt_date_t date;

    ds_fmt_calendar_date(&date, first);
    for (day = first; day <= first + SEARCH_DAYS; day++, from = 0, date_advance(&date)) {
        if (!date_matches(cron, &date, day)) {
            continue;
        }
        minute = minute_find(cron, from);
        if (minute < MINUTES_OF_DAY) {
            *next = day * MINUTES_OF_DAY + minute;
            return APR_SUCCESS;
        }
    }
    return APR_NOTFOUND;
}
