/* What datasyncctl prints: tables, forms and JSON from the same values. */
#include "ctl.h"

#include <apr_strings.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ds_clock.h"
#include "ds_value.h"

#define COLUMNS_MAX 16

int ctl_fail(int code, const char *format, ...)
{
    va_list values;

    fputs("datasyncctl: ", stderr);
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    fputc('\n', stderr);
    return code;
}

int ctl_fail_status(const ctl_t *ctl, apr_status_t status, const char *action)
{
    const char *said = ctl->db ? ds_db_error(ctl->db) : NULL;
    const char *text = ds_problem_status_text(status, ctl->pool);

    if ((status == DS_EDB || status == DS_ECONSTRAINT) && said && *said) {
        return ctl_fail(CTL_DATABASE, "cannot %s: %s (%s)", action, text, said);
    }
    return ctl_fail(CTL_DATABASE, "cannot %s: %s", action, text);
}

json_t *ctl_json_text(const char *text, apr_pool_t *pool)
{
    apr_size_t chars, bad, length;
    char *copy;

    if (!text) {
        return json_null();
    }
    length = strlen(text);
    if (ds_value_utf8(&chars, &bad, text, length)) {
        return json_stringn(text, length);
    }
    copy = apr_pstrdup(pool, text);
    for (char *c = copy; *c; c++) {
        if ((unsigned char)*c >= 0x80) {
            *c = '?';
        }
    }
    return json_string(copy);
}

json_t *ctl_json_time(apr_time_t when, apr_pool_t *pool)
{
    return when ? json_string(ds_clock_rfc3339(when, pool)) : json_null();
}

json_t *ctl_json_id(apr_int64_t id)
{
    return id ? json_integer((json_int_t)id) : json_null();
}

const char *ctl_text_clean(const char *text, apr_pool_t *pool)
{
    char *clean = apr_pstrdup(pool, text);

    for (unsigned char *c = (unsigned char *)clean; *c; c++) {
        if (*c < 0x20 || *c == 0x7f) {
            *c = ' ';
        }
        else if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0) {
            c[0] = c[1] = ' ';
        }
    }
    return clean;
}

static const char *value_text(const json_t *object, const char *key, apr_pool_t *pool)
{
    const json_t *value = json_object_get(object, key);

    switch (json_typeof(value)) {
    case JSON_STRING: return ctl_text_clean(json_string_value(value), pool);
    case JSON_INTEGER:
        return apr_psprintf(pool, "%" APR_INT64_T_FMT, (apr_int64_t)json_integer_value(value));
    case JSON_TRUE: return "yes";
    case JSON_FALSE: return "no";
    case JSON_ARRAY: return apr_psprintf(pool, "%d", (int)json_array_size(value));
    default: return "-";
    }
}

/* In characters: UTF-8 continuation bytes take no room. */
static int text_width(const char *text)
{
    int width = 0;

    for (; *text; text++) {
        width += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return width;
}

static void cell_print(const char *text, int width, int right, int last)
{
    int room = width - text_width(text);

    printf("%*s%s%*s", right ? room : 0, "", text, right || last ? 0 : room, "");
    fputs(last ? "\n" : "  ", stdout);
}

static int json_print(json_t *value)
{
    json_dumpf(value, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(value);
    return CTL_OK;
}

static void table_print(const ctl_t *ctl, const json_t *rows, const ctl_column_t *columns)
{
    int widths[COLUMNS_MAX];
    int numbers[COLUMNS_MAX];
    int count;
    apr_size_t i;
    const json_t *row;

    for (count = 0; count < COLUMNS_MAX && columns[count].key; count++) {
        widths[count] = text_width(columns[count].title);
        numbers[count] = 1;
        json_array_foreach(rows, i, row)
        {
            int width = text_width(value_text(row, columns[count].key, ctl->pool));

            widths[count] = width > widths[count] ? width : widths[count];
            numbers[count] &= !json_is_string(json_object_get(row, columns[count].key));
        }
    }
    for (int c = 0; c < count; c++) {
        cell_print(columns[c].title, widths[c], numbers[c], c == count - 1);
    }
    json_array_foreach(rows, i, row)
    {
        for (int c = 0; c < count; c++) {
            cell_print(value_text(row, columns[c].key, ctl->pool), widths[c], numbers[c],
                       c == count - 1);
        }
    }
}

int ctl_rows_print(const ctl_t *ctl, json_t *rows, const ctl_column_t *columns)
{
    if (ctl->json) {
        return json_print(rows);
    }
    if (json_array_size(rows)) {
        table_print(ctl, rows, columns);
    }
    else {
        fputs("none\n", stdout);
    }
    json_decref(rows);
    return CTL_OK;
}

int ctl_form_print(const ctl_t *ctl, json_t *object, const ctl_column_t *columns)
{
    int width = 0;

    if (ctl->json) {
        return json_print(object);
    }
    for (const ctl_column_t *column = columns; column->key; column++) {
        width = text_width(column->title) > width ? text_width(column->title) : width;
    }
    for (const ctl_column_t *column = columns; column->key; column++) {
        cell_print(column->title, width, 0, 0);
        cell_print(value_text(object, column->key, ctl->pool), 0, 0, 1);
    }
    json_decref(object);
    return CTL_OK;
}

int ctl_result_print(const ctl_t *ctl, json_t *object, const char *format, ...)
{
    va_list values;

    if (ctl->json) {
        return json_print(object);
    }
    json_decref(object);
    va_start(values, format);
    vprintf(format, values);
    va_end(values);
    putchar('\n');
    return CTL_OK;
}
